import { describe, expect, it } from 'vitest';
import { attribute, layerOf, layersLine } from '../../load/verdict/attribution.ts';
import { isLostForGood } from '../../load/verdict/autostop.ts';
import { judge } from '../../load/verdict/judge.ts';
import type { Refusal } from '../../load/verdict/observation.ts';
import { observed } from './sample-load.ts';

const refusal = (change: Partial<Refusal>): Refusal => ({
  name: 'GET /api/products',
  status: 503,
  layer: '',
  code: '',
  external: '',
  byApp: false,
  retried: false,
  count: 1,
  ...change,
});

const { generator } = observed();
const saturated = { ...generator, coresUsed: 1.9 };

describe('a failed request is put down to', () => {
  it.each([
    { layer: 'cosmos', because: { layer: 'cosmos', code: 'cosmos_throttled', byApp: true } },
    { layer: 'cosmos', because: { code: 'cosmos_unavailable', byApp: true } },
    { layer: 'cosmos', because: { layer: 'cosmos', code: 'cosmos_throttled', byApp: true, external: 'OriginError' } },
    { layer: 'dependency', because: { status: 502, code: 'payment_unavailable', byApp: true } },
    { layer: 'dependency', because: { status: 402, code: 'payment_refused', byApp: true } },
    { layer: 'front-door', because: { external: 'OriginConnectionRefused' } },
    { layer: 'front-door', because: { external: 'OriginTimeout', code: 'OriginTimeout' } },
    { layer: 'application', because: { status: 500, code: 'internal', byApp: true } },
    { layer: 'application', because: { status: 404, code: 'product_not_found', byApp: true } },
    { layer: 'app-service', because: { code: 'queue_full' } },
    { layer: 'app-service', because: { status: 429 } },
    { layer: 'app-service', because: { status: 502 } },
    { layer: 'unknown', because: { status: 418 } },
  ])('$layer, by $because', ({ layer, because }) => expect(layerOf(refusal(because))).toBe(layer));

  it.each([
    { title: 'a refused connection', code: '1212', by: generator, layer: 'network' },
    { title: 'a name that does not resolve', code: '1101', by: generator, layer: 'network' },
    { title: 'a timeout', code: '1050', by: generator, layer: 'network' },
    { title: 'a timeout of a saturated generator', code: '1050', by: saturated, layer: 'generator' },
    { title: 'a refused connection all the same', code: '1212', by: saturated, layer: 'network' },
    { title: 'an address that is none', code: '1020', by: generator, layer: 'generator' },
  ] as const)('$layer without an answer: $title', ({ code, by, layer }) => {
    const { failed } = attribute({ failed: 4, refusals: [], unanswered: { [code]: 4 } }, by);
    expect(failed[layer]).toBe(4);
    expect(failed.unknown).toBe(0);
  });
});

describe('attribution', () => {
  const samples = {
    failed: 100,
    unanswered: { '1212': 5 },
    refusals: [
      refusal({ layer: 'cosmos', code: 'cosmos_throttled', byApp: true, retried: false, count: 40 }),
      refusal({ layer: 'cosmos', code: 'cosmos_unavailable', byApp: true, retried: false, count: 7 }),
      refusal({ layer: 'cosmos', code: 'cosmos_unavailable', byApp: true, retried: true, count: 3 }),
      refusal({ code: 'queue_full', count: 20 }),
      refusal({ external: 'OriginTimeout', count: 3 }),
      refusal({ name: 'DELETE /api/carts/{id}', status: 404, byApp: true, retried: false, count: 12 }),
      refusal({ name: 'GET /api/carts/{id}', status: 404, byApp: true, retried: false, count: 2 }),
    ],
  };

  it('accounts for every failure once', () => {
    const { failed, intended } = attribute(samples, generator);
    expect(failed).toMatchObject({ cosmos: 50, 'app-service': 20, 'front-door': 3, application: 2, network: 5, unknown: 8 });
    expect(Object.values(failed).reduce((sum, n) => sum + n, 0) + intended).toBe(samples.failed);
  });

  it('counts throttling by the layer that throttles', () => {
    expect(attribute(samples, generator).throttled).toMatchObject({
      cosmos: 43,
      'app-service': 20,
      'front-door': 3,
      application: 0,
    });
  });

  it('says the layers, the most first', () => {
    expect(layersLine(attribute(samples, generator).failed)).toMatch(
      /^50 by Cosmos DB, 20 by App Service, 8 by an unknown layer/,
    );
    expect(layersLine(attribute({ failed: 0, refusals: [], unanswered: {} }, generator).failed)).toBe('');
  });

  it('stands in the verdict and its reason', () => {
    const verdict = judge(observed({ samples }));
    expect(verdict.reasons[0]).toMatch(
      /^errors 2\.4 % are over 1 % \(88 of 3,600 requests, 5 without an answer.*: 50 by Cosmos DB/,
    );
    expect(verdict.layers).toContainEqual({ layer: 'cosmos', failed: 50, throttled: 43 });
  });

  it("leaves a clean-up's 404 out of the errors", () => {
    const refusals = [refusal({ name: 'DELETE /api/carts/{id}', status: 404, byApp: true, retried: false, count: 200 })];
    expect(judge(observed({ samples: { failed: 200, refusals } })).verdict).toBe('pass');
  });
});

describe('autostop', () => {
  // 60/s for 60 s with 1 % of errors: 36 are allowed, and a tenth more for what varies.
  const meant = [refusal({ name: 'DELETE /api/carts/{id}', status: 404, count: 30 })];
  it.each([
    { title: 'goes on while the run can still pass', scenario: 'target', failed: 39, lost: false },
    { title: 'stops once it can not', scenario: 'target', failed: 40, lost: true },
    { title: 'leaves out what is meant to fail', scenario: 'target', failed: 65, refusals: meant, lost: false },
    { title: 'ends a soak test, too', scenario: 'soak', failed: 40, lost: true },
    { title: 'lets a flash sale show what happens then', scenario: 'hot-product', failed: 4000, lost: false },
    { title: 'lets a spike be absorbed', scenario: 'spike', failed: 4000, lost: false },
  ])('$title', ({ scenario, failed, refusals = [], lost }) => {
    expect(isLostForGood(observed({ wanted: { scenario } }).wanted, { failed, refusals })).toBe(lost);
  });

  it('fails the run for its errors, and says that it ended early', () => {
    const samples = { requests: 600, failed: 60, lastAtMs: Date.UTC(2026, 0, 5, 0, 0, 10) };
    const { verdict, reasons } = judge(observed({ samples, generator: { exitCode: 105, enough: true } }));
    expect(verdict).toBe('fail');
    expect(reasons[0]).toMatch(/^errors 10 % are over 1 %/);
    expect(reasons).toContain('stopped after 10 s of 60 s: more errors than the whole run may have');
  });
});
