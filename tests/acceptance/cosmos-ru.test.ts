import { describe, expect, it } from 'vitest';
import { alone, offByPercent, patient, runRu, withRu } from '../support/cosmos-ru-run.ts';

const littleRu = 400;

// `npm run prove -- cosmos-ru` runs whole turns of the whole mix, with pass-through and without.
describe('RU of a run against the local store', () => {
  it("agrees with Cosmos DB's own log of each journey's requests within 3 %", async () => {
    const { verdict, counted } = await runRu({
      change: (environment) => patient(alone(environment)),
      durationSeconds: 9,
      ratePerSecond: 15,
      windowSeconds: 3,
    });
    const { ru } = verdict;
    expect(ru?.source).toBe('pass-through');
    expect(ru?.journeys.map(({ journey }) => journey).sort()).toEqual(['browse', 'checkout', 'search']);
    for (const { journey } of ru?.journeys ?? []) {
      expect(counted[journey]?.ru).toBeGreaterThan(50);
      expect(offByPercent(verdict, counted, journey), journey).toBeLessThan(3);
    }
    expect(ru?.partitions.map(({ container }) => container)).toContain('products');
  });

  it('fails with the 429s put down to Cosmos DB where it has too little', async () => {
    const { verdict } = await runRu({
      change: (environment) => withRu(littleRu)(alone(environment)),
      durationSeconds: 9,
      ratePerSecond: 60,
      windowSeconds: 3,
    });
    expect(verdict.verdict).toBe('fail');
    expect(verdict.reasons[0]).toMatch(/^Cosmos DB throttled \d+ of [\d,]+ requests \(429,/);
    expect(verdict.reasons.join('\n')).toMatch(/RU\/s at the target rate are over the budget of 400/);
    expect(verdict.layers?.[0]).toMatchObject({ layer: 'cosmos' });
    expect(verdict.ru?.throttleRetries).toBeGreaterThan(0);
    expect(verdict.ru?.partitions[0]?.peakPercent).toBeGreaterThanOrEqual(99);
  });

  it('names the partition that a flash sale runs hot', async () => {
    const { verdict } = await runRu({
      change: (environment) => withRu(littleRu, 'container')(alone(environment)),
      scenario: 'hot-product',
      durationSeconds: 9,
      ratePerSecond: 60,
    });
    expect(verdict.reasons[0]).toMatch(/^partition 0 of products was at 100 % of its RU, while the others were at [\d.]+ %/);
    expect(verdict.verdict).toBe('fail');
  });
});
