import type { Browser } from '@playwright/test';
import { serveStatusPage } from '../pages/status/server.ts';
import { statusOf } from '../pages/status/status.ts';
import { troubled, twentyStamps } from '../tests/pages/sample-status.ts';
import { launchBrowser } from '../tests/support/browser.ts';
import { type BenchRow, rowOf } from './rows.ts';

/** Milliseconds from asking for the page to its first paint, and to the whole graph and matrix, twenty stamps. */
const goal = { atMost: 1_000 };
const runs = 7;

export async function benchStatusPagePaint(): Promise<BenchRow> {
  const known = troubled(twentyStamps(), Date.now());
  const server = await serveStatusPage({
    port: 0,
    nowMs: Date.now,
    healthz: () => ({ healthy: true }),
    metrics: { contentType: 'text/plain', metrics: async () => '' },
    state: () => statusOf(known),
  });
  const browser = await launchBrowser();
  try {
    const times: number[] = [];
    // The first run bundles the page's code and starts the browser's processes: it doesn't count.
    for (let run = 0; run <= runs; run += 1) {
      const ms = await paintMs(browser, `http://localhost:${server.port}/`);
      if (run > 0) times.push(ms);
    }
    return rowOf('status-page-paint', 'ms', times, goal);
  } finally {
    await browser.close();
    await server.close();
  }
}

/** Both must be there: the later of the two. A context of its own has nothing in its cache. */
async function paintMs(browser: Browser, url: string): Promise<number> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length > 0);
  const times = await page.evaluate(() =>
    ['first-contentful-paint', 'drawn'].map((name) => performance.getEntriesByName(name)[0]?.startTime),
  );
  await context.close();
  if (times.includes(undefined)) throw new Error('the page was not drawn');
  return Math.max(...times.map(Number));
}
