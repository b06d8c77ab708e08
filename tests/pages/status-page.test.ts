import type { Browser, Page } from '@playwright/test';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { seriesBins } from '../../health/series.ts';
import { History } from '../../pages/status/history.ts';
import { type StatusServer, type StatusServerOptions, serveStatusPage } from '../../pages/status/server.ts';
import { type Known, statusOf } from '../../pages/status/status.ts';
import type { AvailabilityResult } from '../../synthetics/result.ts';
import { launchBrowser } from '../support/browser.ts';
import {
  allBad,
  historyOf,
  incidentAt,
  knownOf,
  pictureOf,
  type Trouble,
  troubled,
  twentyStamps,
  twoStamps,
} from './sample-status.ts';

const patience = { timeout: 60_000 };
const minuteMs = 60_000;
let browser: Browser;
const opened: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
});
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});
afterAll(() => browser?.close());

interface Opened {
  readonly page: Page;
  readonly server: StatusServer;
  readonly origin: string;
  readonly requests: string[];
  /** Errors of scripts, and what the policy refused. */
  readonly errors: string[];
  know(known: Known): string | undefined;
}

interface Given {
  readonly width?: number;
  readonly colorScheme?: 'light' | 'dark';
  readonly server?: Partial<StatusServerOptions>;
}

async function serve(state: StatusServerOptions['state'], changes: Partial<StatusServerOptions> = {}): Promise<StatusServer> {
  const metrics = { contentType: 'text/plain', metrics: async () => '' };
  return serveStatusPage({ port: 0, nowMs: Date.now, healthz: () => ({ healthy: true }), metrics, state, ...changes });
}

async function open(first: Known, { width = 1280, colorScheme = 'light', server: changes }: Given = {}): Promise<Opened> {
  let known = first;
  const server = await serve(() => statusOf(known), changes);
  const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
  opened.push(server, page);
  const [requests, errors]: [string[], string[]] = [[], []];
  page.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  const origin = `http://localhost:${server.port}`;
  await page.goto(`${origin}/`);
  await page.locator('#live', { hasText: /Live|judged|ago/ }).waitFor();
  const know = (next: Known) => {
    known = next;
    return server.update();
  };
  return { page, server, origin, requests, errors, know };
}

const environment = twoStamps();
const text = (page: Page, selector: string) => page.locator(selector).innerText();
const chip = (page: Page, name: RegExp) => page.locator('#graph .chips > button[id]', { hasText: name });

describe('the status page', () => {
  test('shows what is wrong, why, since when, and all that is beside it', async () => {
    const nowMs = Date.now();
    const { page, requests, errors, origin } = await open(troubled(environment, nowMs));
    expect(await text(page, '#headline')).toBe('! local degraded');
    expect(await text(page, '#lead')).toContain('Cosmos 429s 7 % ≥ 5 % (westeurope)');
    expect(await text(page, '#roots')).toMatch(/! degraded: Cosmos DB in westeurope since \d\d:\d\d UTC/);
    expect(await text(page, '#open')).toContain('checkout fails in westeurope');
    expect(await text(page, '#open')).toContain(
      '9 failed results, 22.3 % of the error budget; acknowledged; npm run replay -- 00f067aa0ba902b7',
    );
    expect(await text(page, '#warnings')).toContain('instances of plan-westeurope reach their maximum');
    expect(await text(page, '#under-way')).toContain('load: spike at 400 requests/s');
    expect(await text(page, '#silences')).toContain('connect: the firewall is being replaced');
    expect(await text(page, '#delivery')).toContain('! waiting for Application Insights: 120');
    expect(await text(page, '#past')).toContain('41 failed results');
    expect(await text(page, '#budgets')).toMatch(/checkout availability\s+westeurope\s+99.9 %\s+✗ -\d+/);
    expect(await text(page, '#budgets')).toContain('too fast');
    const cell = page.locator('#matrix tr', { hasText: 'westeurope' }).first().locator('td[data-journey=checkout]');
    expect(await cell.innerText()).toContain('✗ failed');
    expect(await text(page, '#matrix .legend')).toContain('A bar is 10 minutes; a cell says its latest bar');
    expect(await cell.locator('svg').getAttribute('aria-label')).toMatch(/^checkout at westeurope: failed at \d\d:\d\d/);
    await expect.poll(() => page.locator('#latency canvas').count(), patience).toBe(6);
    expect(requests.filter((url) => !url.startsWith(`${origin}/`))).toEqual([]);
    expect(errors).toEqual([]);
  });

  test('says on a chart of latency that there is nothing in it', async () => {
    const nowMs = Date.now();
    const known = troubled(environment, nowMs);
    const { page, know } = await open({ ...known, history: new History() });
    const titles = page.locator('#latency .u-title');
    await expect.poll(() => titles.allInnerTexts(), patience).toContain('checkout: no data, none passed');
    expect((await titles.allInnerTexts()).filter((title) => title.endsWith('no data, none passed'))).toHaveLength(6);
    const later = nowMs + minuteMs;
    know({ ...known, nowMs: later, judgedAtMs: later });
    await expect.poll(() => titles.allInnerTexts(), patience).toContain('checkout');
    expect(await titles.allInnerTexts()).not.toContainEqual(expect.stringContaining('no data'));
  });

  test('opens a light to its signals and reasons, by keyboard alone', async () => {
    const { page } = await open(troubled(environment, Date.now()));
    expect(await page.locator('#graph .chips > button[tabindex="0"]').count()).toBe(1);
    await page.locator('#graph .chips > button[tabindex="0"]').focus();
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('store');
    await page.keyboard.press('ArrowRight');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('all regions');
    await page.keyboard.press('End');
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    expect(await page.locator('#detail h3').innerText()).toBe('! degraded: store');
    await page.locator('#detail button', { hasText: 'all regions' }).press('Enter');
    expect(await page.locator('#detail h3').innerText()).toBe('! degraded: all regions');
    await page.keyboard.press('Escape');
    expect(await page.locator('#detail').count()).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-expanded'))).toBe('false');
  });

  test('a link opens the node that it names, with signals, bounds and what it matters to', async () => {
    const { page, origin } = await open(troubled(environment, Date.now()));
    await page.goto(`${origin}/#westeurope/cosmos`);
    await page.locator('#detail').waitFor();
    const detail = await text(page, '#detail');
    expect(detail).toContain('! degraded: Cosmos DB in westeurope');
    expect(detail).toMatch(/Cosmos 429s\s+! degraded\s+7\s+degraded ≥ 5, unhealthy ≥ 20 %/);
    expect(detail).toContain('✗ checkout in westeurope unhealthy');
    expect(await chip(page, /store/).first().getAttribute('class')).toContain('related');
  });

  test('says of an unknown node that its score is of some parts alone', async () => {
    const nowMs = Date.now();
    const unread: Trouble = [['serverLatencyMs', 'westeurope', Number.NaN, seriesBins()]];
    const { page, origin } = await open(knownOf(environment, nowMs, { picture: pictureOf(environment, nowMs, unread) }));
    await page.goto(`${origin}/#store`);
    await page.locator('#detail').waitFor();
    expect(await text(page, '#detail')).toContain('? unknown: store');
    expect(await text(page, '#detail')).toContain('score 100 of 100 by what is known');
  });

  test('follows the server, and keeps open what is open', async () => {
    const nowMs = Date.now();
    const { page, know, errors } = await open(knownOf(environment, nowMs));
    expect(await text(page, '#headline')).toBe('✓ local healthy');
    await page.locator('#live', { hasText: 'Live' }).waitFor();
    await chip(page, /Cosmos DB/)
      .first()
      .click();
    know(troubled(environment, nowMs + 1));
    await expect.poll(() => text(page, '#headline'), patience).toBe('! local degraded');
    expect(await text(page, '#detail h3')).toContain('! degraded: Cosmos DB in westeurope');
    know(knownOf(environment, nowMs + 2));
    await expect.poll(() => text(page, '#headline'), patience).toBe('✓ local healthy');
    expect(await text(page, '#open')).toContain('none');
    expect(errors).toEqual([]);
  });

  test('says that it is cut off, comes back by itself and has missed nothing', async () => {
    const nowMs = Date.now();
    const { page, server, origin } = await open(knownOf(environment, nowMs));
    await page.locator('#live', { hasText: 'Live' }).waitFor();
    await server.close();
    await page.locator('#live', { hasText: 'Not connected' }).waitFor();
    opened.push(await serve(() => statusOf(troubled(environment, Date.now())), { port: Number(new URL(origin).port) }));
    await expect.poll(() => text(page, '#headline'), patience).toBe('! local degraded');
    expect(await text(page, '#live')).toContain('Live');
  });

  test.each([
    { name: 'old', judgedAtMs: Date.now() - 5 * minuteMs, said: 'the last known picture is of' },
    { name: 'none', judgedAtMs: undefined, said: 'nothing has been judged yet' },
  ])('is unknown, not healthy, when the picture is $name', async ({ judgedAtMs, said }) => {
    const { page } = await open({ ...knownOf(environment, Date.now()), judgedAtMs });
    expect(await text(page, '#headline')).toBe('? local unknown');
    expect(await text(page, '#live')).toContain(said);
    expect(await page.locator('body.old').count()).toBe(1);
    expect(await page.locator('#graph button.node').count()).toBe(await page.locator('#graph button.node.unsure').count());
    for (const part of ['#matrix', '#budgets']) expect([part, await page.locator(`${part} td.good`).count()]).toEqual([part, 0]);
    for (const part of ['#roots', '#open', '#warnings']) expect(await text(page, part)).toContain('? unknown');
  });

  test('becomes unknown by itself when nothing more is judged', async () => {
    const { page } = await open(knownOf(environment, Date.now(), { staleAfterMs: 5_000 }));
    await expect.poll(() => text(page, '#headline'), { timeout: 60_000 }).toBe('? local unknown');
    await expect.poll(() => page.locator('#graph button.node.good').count(), patience).toBe(0);
  });

  test('without a picture, results or a history nothing is green', async () => {
    const { page } = await open({
      ...knownOf(environment, Date.now()),
      picture: undefined,
      outcome: undefined,
      historyRead: false,
    });
    expect(await text(page, '#headline')).toBe('? local unknown');
    expect(await text(page, '#lead')).toBe('from local');
    for (const part of ['#roots', '#warnings', '#silences', '#budgets', '#past', '#delivery'])
      expect(await text(page, part)).toContain('? unknown');
    expect(await text(page, '#delivery')).not.toContain('✓ alerts');
    expect(await page.locator('#graph button.node.unsure').count()).toBeGreaterThan(30);
    expect(await page.locator('#graph button.node.unsure').count()).toBe(await page.locator('#graph button.node').count());
  });

  test('what ended hours ago is no result of now', async () => {
    const nowMs = Date.now();
    const ended = (result: AvailabilityResult) =>
      result.journey === 'cart' && nowMs - Date.parse(result.startedAt) < 60 * minuteMs
        ? { ...result, startedAt: new Date(nowMs - 120 * minuteMs).toISOString() }
        : result;
    const { page } = await open(knownOf(environment, nowMs, { history: historyOf(environment, nowMs, ended) }));
    expect(await text(page, '#matrix tr:first-child td[data-journey=cart]')).toContain('? no result');
    expect(await text(page, '#matrix tr:first-child td[data-journey=search]')).toContain('✓ passed');
    const seldom = { history: historyOf(environment, nowMs, ended), everyMinutes: { cart: 120 } };
    const hourly = await open(knownOf(environment, nowMs, seldom));
    expect(await text(hourly.page, '#matrix tr:first-child td[data-journey=cart]')).toContain('✓ passed');
  });

  test('a broken link breaks nothing else', async () => {
    const { page, origin, errors } = await open(knownOf(environment, Date.now()));
    await page.goto('about:blank');
    await page.goto(`${origin}/#%E0%A4%A`);
    await page.locator('#live', { hasText: 'Live' }).waitFor();
    expect(errors).toEqual([]);
  });

  test('shows text from the store as text', async () => {
    const hostile = '<img src=x onerror="document.title=1"></script><script>document.title=2</script>';
    const nowMs = Date.now();
    const known = troubled(environment, nowMs);
    const evidence = { rule: hostile, seen: hostile };
    const lastChange = { target: 'westeurope', from: hostile, to: hostile, atMs: nowMs };
    const incidents = [
      incidentAt('c'.repeat(16), nowMs - minuteMs, { evidence, lastChange, cause: hostile }),
      incidentAt('d'.repeat(16), nowMs - 9 * minuteMs, { evidence, lastChange, resolvedAtMs: nowMs }),
    ];
    const underWay = known.underWay.map((each) => ({ ...each, why: hostile, targets: [hostile] }));
    const silences = known.silences.map((each) => ({ ...each, subject: hostile, why: hostile }));
    const bad = { ...known, incidents, underWay, silences };
    const { page, errors, know } = await open(bad);
    know({ ...bad, nowMs: nowMs + 1, judgedAtMs: nowMs + 1, silences: [] });
    await expect.poll(() => text(page, '#silences'), patience).toContain('none');
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.title()).toBe('! local degraded');
    for (const part of ['#open', '#past', '#under-way']) expect(await text(page, part)).toContain('<img src=x onerror=');
    expect(errors).toEqual([]);
  });

  test.each([
    { width: 390, colorScheme: 'light' },
    { width: 360, colorScheme: 'dark' },
  ] as const)('fits $width px in $colorScheme without scrolling sideways', async ({ width, colorScheme }) => {
    const { page } = await open(troubled(environment, Date.now()), { width, colorScheme });
    await page.locator('#latency canvas').last().waitFor();
    await chip(page, /checkout/)
      .first()
      .click();
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth), patience).toBeLessThanOrEqual(width);
  });

  test.each(['light', 'dark'] as const)('has words that can be read in %s', async (colorScheme) => {
    const { page } = await open(troubled(environment, Date.now()), { colorScheme });
    expect(await page.evaluate(leastContrast)).toBeGreaterThanOrEqual(4.5);
  });

  test('asks for its token once, and its events know it too', async () => {
    const token = 'correct-horse-battery-staple';
    let known = knownOf(environment, Date.now());
    const server = await serve(() => statusOf(known), { token });
    const context = await browser.newContext({ httpCredentials: { username: 'any', password: token } });
    opened.push(server, context);
    const page = await context.newPage();
    await page.goto(`http://localhost:${server.port}/`);
    await page.locator('#live', { hasText: 'Live' }).waitFor();
    known = troubled(environment, Date.now());
    server.update();
    await expect.poll(() => text(page, '#headline'), patience).toBe('! local degraded');
  });
});

describe('with twenty stamps', () => {
  const many = twentyStamps();

  test('an update stays below 50 KB though all turns bad at once', async () => {
    const nowMs = Date.now();
    const { page, know } = await open(knownOf(many, nowMs));
    await page.locator('#live', { hasText: 'Live' }).waitFor();
    const bad = { ...troubled(many, nowMs + 1), picture: pictureOf(many, nowMs + 1, allBad(many)) };
    const sent = know(bad) ?? '';
    expect(sent).toContain('event: patch');
    expect(Buffer.byteLength(sent)).toBeLessThan(50_000);
    await expect.poll(() => text(page, '#headline'), patience).toBe('✗ local unhealthy');
    expect(await page.locator('#graph .chips > button.bad').count()).toBeGreaterThan(300);
    expect(await page.locator('#matrix tbody tr').count()).toBe(21);
  });

  test('a quiet round changes little', async () => {
    const nowMs = Date.now();
    const known = knownOf(many, nowMs);
    const { page, know } = await open(known);
    await page.locator('#live', { hasText: 'Live' }).waitFor();
    expect(know(known)).toBeUndefined();
    const sent = know({ ...known, judgedAtMs: nowMs + 1 }) ?? '';
    expect(sent).toContain('event: patch');
    expect(Buffer.byteLength(sent)).toBeLessThan(200);
  });
});

/** The least contrast of a text to what lies behind it, by https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio; runs in the page. */
function leastContrast(): number {
  const channels = (colour: string) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (colour: string) => {
    const [r = 0, g = 0, b = 0] = channels(colour).map((each) => {
      const part = each / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element: Element | null): string => {
    if (!element) return 'rgb(255, 255, 255)';
    const { backgroundColor } = getComputedStyle(element);
    return channels(backgroundColor)[3] === 0 ? behind(element.parentElement) : backgroundColor;
  };
  const texts = [...document.querySelectorAll('h1, h2, h3, p, li, td, th, button, strong')];
  return Math.min(
    ...texts.map((element) => {
      const [a, b] = [luminance(getComputedStyle(element).color), luminance(behind(element))];
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    }),
  );
}
