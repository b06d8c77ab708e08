import { describe, expect, it } from 'vitest';
import { seeded } from '../../fixtures/data/random.ts';
import { chooser, meanRequests, sharesOf } from '../../load/k6/mix.ts';
import { arrivalsOf, requestsOfJourneys } from '../../load/k6/profiles.ts';
import { evenPoint, iterationSeed } from '../../load/k6/random.ts';
import { shareOfFirst, zipf } from '../../load/k6/zipf.ts';

const localMix = { browse: 60, search: 20, reviews: 10, cart: 6, checkout: 4 };
const draw = (seed: number, times: number) => {
  const random = seeded(seed);
  return Array.from({ length: times }, random);
};

describe('seeded numbers', () => {
  it('are the same for the same seed alone', () => {
    expect(draw(7, 50)).toEqual(draw(7, 50));
    expect(draw(7, 50)).not.toEqual(draw(8, 50));
  });

  it('fill [0, 1) evenly', () => {
    const numbers = draw(1, 20_000);
    for (let decile = 0; decile < 10; decile += 1) {
      const inside = numbers.filter((n) => n >= decile / 10 && n < (decile + 1) / 10).length;
      expect(Math.abs(inside - 2000)).toBeLessThan(200);
    }
  });

  it('differ from iteration to iteration', () => {
    const seeds = new Set(Array.from({ length: 10_000 }, (_, iteration) => iterationSeed(1, iteration)));
    expect(seeds.size).toBe(10_000);
    expect(iterationSeed(1, 5)).not.toBe(iterationSeed(2, 5));
  });
});

describe("products by Zipf's law", () => {
  it.each([
    { exponent: 1, count: 200, first: 20 },
    { exponent: 0.5, count: 200, first: 20 },
    { exponent: 0, count: 200, first: 20 },
    { exponent: 2, count: 10, first: 1 },
  ])('choose the popular with their share: exponent $exponent', ({ exponent, count, first }) => {
    const random = seeded(3);
    const chosen = Array.from({ length: 20_000 }, () => zipf(random, count, exponent));
    expect(Math.min(...chosen)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...chosen)).toBeLessThan(count);
    const share = chosen.filter((rank) => rank < first).length / chosen.length;
    expect(share).toBeCloseTo(shareOfFirst(first, count, exponent), 1);
  });

  it('give rank 1 twice as often as rank 2 at exponent 1', () => {
    expect(shareOfFirst(1, 2, 1)).toBeCloseTo(2 / 3, 10);
    expect(shareOfFirst(20, 200, 1)).toBeCloseTo(0.612, 3);
    expect(shareOfFirst(20, 200, 0)).toBeCloseTo(0.1, 10);
  });

  it.each([0, 0.999_999_999])('stay in range at the edge %d', (edge) => {
    expect([0, 9]).toContain(zipf(() => edge, 10, 1));
    expect(zipf(() => edge, 1, 1)).toBe(0);
  });
});

describe('the mix of journeys', () => {
  it('keeps its shares in every stretch of a run', () => {
    const choose = chooser(localMix);
    for (const seed of [1, 2, 3, 99]) {
      for (const iterations of [50, 200, 1000]) {
        const counts: Record<string, number> = {};
        for (let i = 0; i < iterations; i += 1) {
          const name = choose(evenPoint(seed, i)[0]);
          counts[name] = (counts[name] ?? 0) + 1;
        }
        for (const [name, share] of sharesOf(localMix))
          expect(Math.abs((counts[name] ?? 0) - share * iterations)).toBeLessThan(4);
      }
    }
  });

  it('spreads each journey over all targets', () => {
    const choose = chooser(localMix);
    const seen: Record<string, number> = {};
    for (let i = 0; i < 3000; i += 1) {
      const [forJourney, forTarget] = evenPoint(1, i);
      const cell = `${choose(forJourney)}/${Math.floor(forTarget * 3)}`;
      seen[cell] = (seen[cell] ?? 0) + 1;
    }
    for (const [name, share] of sharesOf(localMix)) {
      for (const target of [0, 1, 2]) expect((seen[`${name}/${target}`] ?? 0) / (share * 1000)).toBeCloseTo(1, 0.5);
    }
  });

  it.each([
    { title: 'leaves out weight 0', mix: { browse: 1, checkout: 0 }, shares: { browse: 1 } },
    { title: 'needs no sum of 100', mix: { browse: 3, cart: 1 }, shares: { browse: 0.75, cart: 0.25 } },
  ])('$title', ({ mix, shares }) => expect(Object.fromEntries(sharesOf(mix))).toEqual(shares));

  it.each([
    { mix: {}, point: 0 },
    { mix: { browse: 0 }, point: 0.5 },
  ])('refuses a mix without a journey', ({ mix, point }) => {
    expect(() => chooser(mix)(point)).toThrow('the mix is empty');
  });

  it('chooses by half-open bands', () => {
    const choose = chooser({ browse: 1, cart: 1 });
    expect([0, 0.4999, 0.5, 0.9999].map(choose)).toEqual(['browse', 'browse', 'cart', 'cart']);
  });

  it('names the journeys that it knows for one that it does not', () => {
    expect(() => meanRequests({ brwose: 1 }, requestsOfJourneys(1))).toThrow(/brwose.*none of: browse, search/);
  });
});

describe('arrivals', () => {
  const requestsPerIteration = meanRequests(localMix, requestsOfJourneys(1));
  const wish = { ratePerSecond: 60, durationSeconds: 60, requestsPerIteration, latencyP95Ms: 200 };

  it('follow from the rate by the requests of the mix', () => {
    const arrivals = arrivalsOf(wish);
    expect(arrivals.requestsPerIteration).toBeCloseTo(3.45, 2);
    expect(arrivals.iterationsPerSecond).toBeCloseTo(17.4, 1);
    expect(arrivals.iterations).toBe(1044);
  });

  it.each([
    { title: 'rate × latency, twice over', change: {}, pre: 24, max: 72 },
    { title: 'slow objective', change: { latencyP95Ms: 1000 }, pre: 120, max: 360 },
    { title: 'never fewer than 20', change: { ratePerSecond: 5 }, pre: 20, max: 20 },
  ])('have their virtual users: $title', ({ change, pre, max }) => {
    expect(arrivalsOf({ ...wish, ...change })).toMatchObject({ preAllocatedVUs: pre, maxVUs: max });
  });
});
