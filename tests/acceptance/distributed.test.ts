import { rmSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { LoadOptions } from '../../load/run.ts';
import { judgeDistributed } from '../../scripts/load-distributed.ts';
import { environmentAt } from '../load/live.ts';
import { type Segments, startSegments } from '../load/segments.ts';
import { startTinyShop } from '../load/tiny-shop.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function twoSegments(durationSeconds: number, during: (segments: Segments, sent: () => number) => Promise<void>) {
  const shop = await startTinyShop();
  const live = environmentAt(shop.url);
  const asked = {
    environment: live.environment,
    nameOrPath: live.environmentFile,
    scenario: 'target',
    ratePerSecond: 60,
  } as const;
  const options: LoadOptions = { ...asked, durationSeconds, runDirectory: live.folder };
  const segments = startSegments(options, 2);
  closing.push(
    () => shop.close(),
    () => live.close(),
    () => rmSync(segments.samples, { recursive: true, force: true }),
  );
  await during(segments, () => shop.routes.length);
  await segments.ended;
  return { verdict: await judgeDistributed(options, 2, segments.samples), sent: shop.routes.length };
}

describe('two k6 with half of the load each', () => {
  it('are judged as one, none of their samples lost', async () => {
    const { verdict, sent } = await twoSegments(4, async () => undefined);
    expect(verdict.judgements[0]).toMatchObject({ name: 'run', verdict: 'pass' });
    expect(verdict.requests).toBe(sent);
    expect(verdict.requests).toBeGreaterThan(60 * 4 * 0.8);
  });

  it('are inconclusive when one of them dies, and say which', async () => {
    const { verdict } = await twoSegments(8, async ({ runners: [, second] }, sent) => {
      await vi.waitUntil(() => sent() > 60, { timeout: 60_000, interval: 50 });
      second?.kill('SIGKILL');
    });
    expect(verdict.verdict).toBe('inconclusive');
    expect(verdict.reasons[0]).toMatch(/^runner 2 of 2 left no summary, so it did not end/);
  });
});
