import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CosmosSnapshot } from '../../fixtures/contoso/azure/cosmos/types.ts';
import { soon } from '../support/soon.ts';
import type { TestStore } from '../support/store.ts';
import { startNamedStore } from './support.ts';

/** Health results are held ten control-plane seconds: at this scale five real ones, whatever else the machine does. */
const timeScale = 2;
const cachePeriodMs = 10_000 / timeScale;

let store: TestStore;
let headers: Record<string, string>;

beforeAll(async () => {
  store = await startNamedStore('health', { timeScale });
  headers = { authorization: `Bearer ${await store.token()}` };
});
afterEach(() => store.admin('DELETE', '/admin/faults'));
afterAll(() => store.close());

interface Health {
  readonly status: string;
  readonly checkedAt: string;
  readonly dependencies: readonly { readonly name: string; readonly healthy: boolean }[];
}

async function ask(target: string) {
  const { status, json, headers: answered } = await store.send(`${store.contoso.urls[target]}/api/health`, { headers });
  return { status, body: json as Health, instance: String(answered['x-contoso-instance']) };
}

const failing = ({ dependencies }: Health) => dependencies.filter(({ healthy }) => !healthy).map(({ name }) => name);

describe('a Cosmos DB that fails', () => {
  it.each([
    ['reads', 'cosmos-reads', 503, 'unhealthy', ['cosmos-read']],
    ['writes', 'cosmos-writes', 200, 'degraded', ['cosmos-write']],
    ['both', 'cosmos-gone', 503, 'unhealthy', ['cosmos-read', 'cosmos-write']],
  ] as const)('at %s shows so, there alone', async (_what, kind, status, word, dependencies) => {
    await store.admin('POST', '/admin/faults', { kind, region: 'eastus', seconds: 600 });
    const seen = await soon(async () => {
      const [one, other] = [await ask('eastus'), await ask('eastus')];
      expect([failing(one.body), failing(other.body)]).toEqual([dependencies, dependencies]);
      return one;
    });
    expect([seen.status, seen.body.status]).toEqual([status, word]);
    await soon(async () => expect((await ask('westeurope')).body.status).toBe('healthy'));
    await store.admin('DELETE', '/admin/faults');
    await soon(async () => expect((await ask('eastus')).body.status).toBe('healthy'));
  });
});

const snapshot = async () =>
  ((await store.admin('GET', '/admin/state')).json as { cosmosAccounts: CosmosSnapshot[] }).cosmosAccounts[0]?.containers ?? [];

/** Rounds that both instances of a stamp began: the times of their results. */
async function roundsSeen(callers: number): Promise<Map<string, Set<string>>> {
  const rounds = new Map<string, Set<string>>();
  const answers = await Promise.all(Array.from({ length: callers }, () => ask('westeurope')));
  for (const { instance, body } of answers) rounds.set(instance, (rounds.get(instance) ?? new Set()).add(body.checkedAt));
  return rounds;
}

describe('a flood of callers', () => {
  it('of 200 a second causes one round of probes per instance and cache period', async () => {
    const startedAt = performance.now();
    const seen = new Map<string, Set<string>>();
    // Front Door and App Service probe too; the held result serves them all.
    for (let second = 0; second < 2; second += 1)
      for (const [instance, rounds] of await roundsSeen(200))
        for (const round of rounds) seen.set(instance, (seen.get(instance) ?? new Set()).add(round));
    const periods = Math.ceil((performance.now() - startedAt) / cachePeriodMs);
    expect(seen.size).toBe(2);
    // A result held from before, and one more with every period that ended meanwhile.
    for (const rounds of seen.values()) expect(rounds.size).toBeLessThanOrEqual(1 + periods);
  });

  it('leaves nothing behind in any container and region', async () => {
    await soon(async () => {
      const health = (await snapshot()).filter(({ container }) => container === 'health');
      expect(health.map(({ documents }) => documents)).toEqual([0, 0]);
    });
    const counted = async () => (await snapshot()).map(({ container, region, documents }) => [container, region, documents]);
    const before = (await counted()).filter(([container]) => container !== 'health');
    const { checkedAt } = (await ask('eastus')).body;
    await roundsSeen(200);
    await soon(async () => expect((await ask('eastus')).body.checkedAt > checkedAt).toBe(true));
    await soon(async () => {
      const after = await counted();
      expect(after.filter(([container]) => container !== 'health')).toEqual(before);
      expect(after.filter(([container]) => container === 'health').map(([, , documents]) => documents)).toEqual([0, 0]);
    });
  });
});
