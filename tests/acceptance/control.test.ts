import { rmSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { cleanUpLeftovers } from '../../synthetics/cleanup.ts';
import { readUnderWay, underWayFolder } from '../../synthetics/monitor/under-way.ts';
import { tokenSource } from '../../synthetics/runners/token.ts';
import { trustCertificates } from '../../telemetry/trust.ts';
import type { TestStore } from '../support/store.ts';
import { changesLeft, controlState, judgementNamed, startLoad, toldBusy, verdictOf } from './load-run.ts';
import { processesWith, script } from './process.ts';
import { startNamedStore } from './support.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

type Stamp = Environment['stamps'][number];

/** Stamps by region, each with a plan of its own that doesn't scale by itself; the last ones in the list on standby. */
const withStamps =
  (regions: readonly (readonly [name: string, region: string, role: Stamp['role']])[]) =>
  (environment: Environment): Environment => {
    const [first] = environment.stamps as [Stamp];
    const stamps = regions.map(([name, region, role], i): Stamp => {
      const { resourceId: _, ...rest } = first;
      const slots = first.slots.map((slot) => ({ ...slot, endpoint: `https://localhost:${9_100 + i}` }));
      return {
        ...rest,
        name,
        region,
        role,
        slots: i === 0 ? slots : [],
        plan: `plan-${name}`,
        endpoint: `https://localhost:${9_000 + i}`,
      };
    });
    const plans = regions.map(([name]) => ({ name: `plan-${name}`, sku: 'S2' as const, instances: 2, servesProduction: false }));
    return { ...environment, stamps, plans, shoppers: { ...environment.shoppers, count: 10 } };
  };
const twoRegions = withStamps([
  ['near', 'westeurope', 'active'],
  ['far-a', 'eastus', 'active'],
  ['far-b', 'eastus', 'active'],
]);
const blueGreen = withStamps([
  ['blue', 'westeurope', 'active'],
  ['green', 'westeurope', 'standby'],
]);

async function storeWith(what: string, change: (environment: Environment) => Environment): Promise<TestStore> {
  const store = await startNamedStore(what, { change });
  closing.push(() => store.close());
  closing.push(async () => rmSync(underWayFolder(store.environment.name), { recursive: true, force: true }));
  return store;
}

const soon = (holds: () => Promise<boolean> | boolean) =>
  vi.waitFor(async () => expect(await holds()).toBe(true), { timeout: 60_000, interval: 50 });

describe('npm run load against the local store', () => {
  it('swaps a good build in without a dropped request, and back', async () => {
    const store = await storeWith('swap', blueGreen);
    const before = await controlState(store);
    const { output } = await startLoad(store, 'swap', '--rate', '30', '--duration', '12').ended;
    const folder = /^reports: (.*)$/m.exec(output)?.[1] ?? '';
    const comparison = await script('compare', [folder, folder]).ended;
    const verdict = verdictOf(output);
    // What changes the store under load is told to the monitor like any load.
    const announced = readUnderWay(underWayFolder(store.environment.name), Date.now(), () => undefined);
    expect(announced.map(({ kind, why }) => `${kind}: ${why}`)).toEqual(['load: load test swap']);
    // One run is no spread to judge latencies by; every figure stands beside itself all the same.
    expect([comparison.code, comparison.output]).toEqual([2, expect.stringMatching(/^\? .*too few for a spread/)]);
    expect(comparison.output).toMatch(/browse RU .* 0 %/);
    const events = (await store.table('AppEvents')).filter(({ Name }) => Name === 'load verdict');
    expect(events.map(({ Properties }) => Properties)).toEqual([
      expect.objectContaining({ scenario: 'swap', targets: 'blue', verdict: verdict.verdict }),
    ]);
    expect(judgementNamed(verdict, 'dropped requests')).toMatchObject({ verdict: 'pass', value: 0 });
    expect(judgementNamed(verdict, 'dropped requests')?.samples).toBeGreaterThan(120);
    expect(judgementNamed(verdict, 'swap duration')?.value).toBeGreaterThan(0.4);
    expect(output).toMatch(/^load 0:1\d, .* · 4 instances · [\d,]+ RU\/s$/m);
    expect(verdict.targets).toEqual(['blue']);
    expect(verdict.events?.map(({ name }) => name)).toEqual(['swap', 'swap: done', 'put back']);
    expect(verdict.verdict === 'pass' || toldBusy(verdict), verdict.reasons.join('\n')).toBe(true);
    expect([await controlState(store), changesLeft(store)]).toEqual([before, []]);
  });

  it('sees the others carry a region that leaves, 75/25 by their weights, and it comes back', async () => {
    const store = await storeWith('failover', twoRegions);
    await weigh(store, { 'far-a': 75, 'far-b': 25 });
    const before = await controlState(store);
    const { output } = await startLoad(store, 'failover', '--rate', '40', '--duration', '16').ended;
    const verdict = verdictOf(output);
    expect(judgementNamed(verdict, 'share before')).toMatchObject({ verdict: 'pass', value: 100 });
    for (const name of ['carried by the others', 'time to shift', 'errors in the gap', 'share after it is back'])
      expect(judgementNamed(verdict, name), name).toMatchObject({ verdict: 'pass' });
    expect(judgementNamed(verdict, 'while it is away: share of far-a')).toMatchObject({ verdict: 'pass', limit: 75 });
    expect(judgementNamed(verdict, 'while it is away: share of far-b')).toMatchObject({ verdict: 'pass', limit: 25 });
    expect(verdict.verdict === 'pass' || toldBusy(verdict), verdict.reasons.join('\n')).toBe(true);
    expect([await controlState(store), changesLeft(store)]).toEqual([before, []]);
  });

  it('shifts 10, 50 and 100 % to a new stamp, and back', async () => {
    const store = await storeWith('shift', blueGreen);
    const before = await controlState(store);
    const { output } = await startLoad(store, 'shift', '--rate', '40', '--duration', '20').ended;
    const verdict = verdictOf(output);
    for (const percent of [10, 50])
      expect(judgementNamed(verdict, `shift to ${percent} %: share of green`)).toMatchObject({ verdict: 'pass', limit: percent });
    expect(judgementNamed(verdict, 'shift to 100 %: share of blue')).toMatchObject({ verdict: 'pass', value: 0 });
    expect(verdict.verdict === 'pass' || toldBusy(verdict), verdict.reasons.join('\n')).toBe(true);
    expect([await controlState(store), changesLeft(store)]).toEqual([before, []]);
  });

  it.each([
    ['swap', 'in the middle of a swap', 1, 12],
    ['shift', 'with two steps made', 2, 12],
  ] as const)('killed with -9, %s %s, is put back by npm run restore', async (scenario, _when, changes, seconds) => {
    const store = await storeWith(`kill-${scenario}`, blueGreen);
    await store.admin('POST', '/admin/stamps/blue/deploy', { slot: 'staging', build: 'costly' });
    const before = await controlState(store);
    const run = startLoad(store, scenario, '--rate', '20', '--duration', String(seconds));
    await soon(() => changesLeft(store).length === changes);
    if (scenario === 'shift')
      await soon(async () => (await controlState(store)).origins?.every(({ enabled }) => enabled) === true);
    run.child.kill('SIGKILL');
    expect((await run.ended).signal).toBe('SIGKILL');
    // Whoever comes next is told, and starts nothing.
    const next = await startLoad(store, scenario).ended;
    expect([next.code, next.output]).toEqual([3, expect.stringContaining('npm run restore, then this again')]);
    const restored = await script('restore', ['--env', store.environmentFile]).ended;
    expect(restored.code, restored.output).toBe(0);
    if (scenario === 'shift')
      expect(restored.output).toMatch(/origin blue: put back \(in, weight 50\)\norigin green: put back \(out/);
    expect([await controlState(store), changesLeft(store)]).toEqual([before, []]);
    // Its reader gone, k6 ends by itself.
    await soon(() => processesWith(store.environmentFile).length === 0);
  });

  it('at Ctrl-C stops k6, judges what there is, puts back and cleans up', async () => {
    const store = await storeWith('interrupt', twoRegions);
    trustCertificates(store.caFile);
    const before = await controlState(store);
    const run = startLoad(store, 'failover', '--rate', '40', '--duration', '20');
    await soon(async () => (await controlState(store)).origins?.[0]?.enabled === false);
    run.child.kill('SIGINT');
    const { code, output } = await run.ended;
    expect(code).toBe(130);
    const verdict = verdictOf(output);
    expect(verdict.verdict).toBe('inconclusive');
    expect(verdict.reasons[0]).toMatch(/^interrupted before its end \(after [\d.]+ s of 20 s\)/);
    expect(verdict.events?.map(({ name }) => name)).toEqual(['westeurope leaves', 'westeurope leaves: done', 'put back']);
    expect([await controlState(store), changesLeft(store)]).toEqual([before, []]);
    expect(output).toMatch(/^cleaned up after the run: \d+ carts, \d+ reviews, \d+ orders$/m);
    const { environment } = store;
    const tokens = tokenSource(environment.auth, {});
    const { removed } = await cleanUpLeftovers({ environment, tokens, olderThanMs: 0, nowMs: Date.now() + 60_000 });
    expect(removed).toEqual({ carts: 0, reviews: 0, orders: 0 });
    expect(processesWith(store.environmentFile)).toEqual([]);
  });
});

async function weigh(store: TestStore, weights: Readonly<Record<string, number>>): Promise<void> {
  trustCertificates(store.caFile);
  const { armOf } = await import('../../scripts/azure.ts');
  const { resourceIdsOf } = await import('../../scripts/resource-ids.ts');
  const arm = await armOf(store.environment);
  for (const [stamp, weight] of Object.entries(weights))
    await arm.patch(resourceIdsOf(store.environment).origin(stamp), '2024-09-01', { properties: { weight } });
}
