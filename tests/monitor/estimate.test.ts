import { describe, expect, test } from 'vitest';
import { estimate, readPrices, usageOf } from '../../synthetics/monitor/estimate.ts';
import { aResult } from '../support/results.ts';
import { environmentWith } from './checks.ts';

describe('estimate', () => {
  const prices = readPrices();

  test('says of every price its date, unit and source', () => {
    expect(prices.date).toMatch(/^\d{4}-\d\d-\d\d$/);
    for (const { source, checked } of Object.values(prices.items))
      expect([source.startsWith('https://'), checked]).toEqual([true, 'memory']);
  });

  test('multiplies checks, usage and prices', () => {
    const usage = { requests: 4, requestUnits: 100, bytes: 2_000 };
    const measured = Object.fromEntries(
      ['browse', 'search', 'reviews', 'sign-in', 'cart', 'checkout', 'health', 'across-regions'].map((name) => [name, usage]),
    );
    const month = estimate(environmentWith(), prices, measured);
    expect(month).toMatchObject({ checks: 40 * 43_800, requests: 160 * 43_800, requestUnits: 4_000 * 43_800, assumed: [] });
    expect(month.gigabytes).toBeCloseTo((80_000 * 43_800 + 43_800 * 1_250) / 1e9, 6);
    expect(month.lines[0]?.cost).toBeCloseTo(month.gigabytes * prices.items.ingestionPerGb.price, 6);
    expect(month.lines[2]?.cost).toBeCloseTo(((8 * 4 * 43_800) / 10_000) * prices.items.frontDoorPer10000Requests.price, 6);
    expect(month.cost).toBeCloseTo(
      month.lines.reduce((sum, { cost }) => sum + cost, 0),
      9,
    );
  });

  test('costs less where a journey runs less often', () => {
    const every = estimate(environmentWith(), prices);
    const rare = estimate(environmentWith({ everyMinutes: { checkout: 10 } }), prices);
    expect(every.checks - rare.checks).toBeCloseTo(5 * 43_800 * 0.9, 6);
    expect(rare.cost).toBeLessThan(every.cost);
    expect(every.assumed).toHaveLength(8);
  });

  test('charges serverless accounts for each request unit', () => {
    const environment = environmentWith();
    const [account] = environment.cosmosAccounts;
    if (!account) throw new Error('no account');
    const month = estimate({ ...environment, cosmosAccounts: [{ ...account, mode: 'serverless' }] }, prices);
    expect(month.lines[1]?.cost).toBeCloseTo((month.requestUnits / 1e6) * prices.items.cosmosServerlessPerMillionRu.price, 6);
  });

  test('takes means of what results say', () => {
    const usage = usageOf([aResult(1), aResult(2)], Date.now());
    expect(usage.checkout).toMatchObject({ requests: 3, requestUnits: 12.5 });
    expect(usage.checkout?.bytes).toBeGreaterThan(900);
  });
});
