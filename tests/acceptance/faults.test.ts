import tls from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { faultTable } from '../../fixtures/contoso/fault-table.ts';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { shopperOf } from '../../synthetics/journeys/plan.ts';
import type { AvailabilityResult } from '../../synthetics/result.ts';
import { runOnNode } from '../../synthetics/runners/node.ts';
import type { Check } from '../../synthetics/runners/prepare.ts';
import { tokenSource } from '../../synthetics/runners/token.ts';
import type { TestStore } from '../support/store.ts';
import { elsewhere, type FaultRow, faultRows, sites } from './fault-rows.ts';
import { checksIn, nameOf, startNamedStore } from './support.ts';

let store: TestStore;
let checks: Check[];
/** Fetched before identity is broken, to read the health check's details with. */
let token: string;
const trusted = tls.getCACertificates('default');

/** Time limits that a busy machine keeps, short enough for the rows that exceed them. */
const patient = (environment: Environment): Environment => ({
  ...environment,
  budgets: { ...environment.budgets, requestMs: 8_000, journeyMs: 30_000 },
  objectives: { ...environment.objectives, replicationMs: 6_000 },
});

beforeAll(async () => {
  store = await startNamedStore('faults', { change: patient });
  tls.setDefaultCACertificates([...trusted, store.contoso.ca]);
  checks = checksIn(store.environment);
  token = await store.token();
  // Every instance holds its tokens, so that a row can be run alone.
  await known({}, []);
});
afterAll(async () => {
  tls.setDefaultCACertificates(trusted);
  await store.close();
});

// Also after a failure: one row's fault is none of the next row's business.
afterEach(() => store.admin('DELETE', '/admin/faults'));

/** Side by side, each on behalf of a shopper of its own. */
function run(some: readonly Check[]): Promise<AvailabilityResult[]> {
  const { environment } = store;
  const tokens = tokenSource(environment.auth, {});
  const one = (check: Check, index: number) =>
    runOnNode({ environment, check, tokens, shopperId: shopperOf(environment.shoppers, index) });
  return Promise.all(some.map(one));
}

const checkName = ({ journey, target }: Check) => nameOf({ journey: journey.name, target });
const unwell = (results: readonly AvailabilityResult[]) => results.filter(({ outcome }) => outcome !== 'passed');

/** Until every instance of every site, and Front Door, know what the row says; the row of no fault is empty. */
const known = ({ health, leaves = [] }: Partial<FaultRow>, silent: readonly string[]) =>
  vi.waitFor(
    async () => {
      const reporting = sites.filter((site) => !silent.includes(site));
      const seen = await Promise.all(reporting.map(async (site) => [site, await failing(site), await failing(site)]));
      const wanted = (site: string) => (health?.at.includes(site) ? health.dependencies : []);
      expect(seen).toEqual(reporting.map((site) => [site, wanted(site), wanted(site)]));
      const { frontDoor } = (await store.admin('GET', '/admin/state')).json as State;
      expect(frontDoor.origins.filter((origin) => !origin.healthy).map(({ name }) => name)).toEqual(leaves);
    },
    { timeout: 60_000, interval: 50 },
  );

interface State {
  readonly frontDoor: { readonly origins: readonly { readonly name: string; readonly healthy: boolean }[] };
}

async function failing(site: string): Promise<string[]> {
  const headers = { authorization: `Bearer ${token}` };
  const { json } = await store.send(`${store.contoso.urls[site]}/api/health`, { headers });
  const { dependencies } = json as { dependencies: { name: string; healthy: boolean }[] };
  return dependencies.filter(({ healthy }) => !healthy).map(({ name }) => name);
}

const titleOf = ({ kind, ...where }: FaultRow['fault']) => `${kind} ${Object.values(where).join(' ')}`.trim();

describe('faults', () => {
  it('have a row each, or are known to be tested elsewhere', () => {
    const here = new Set<string>(faultRows.map(({ fault }) => fault.kind));
    expect(Object.keys(faultTable).filter((kind) => !here.has(kind) && !elsewhere.includes(kind))).toEqual([]);
  });

  it('are none at the start: every journey passes everywhere', async () => {
    expect(unwell(await run(checks))).toEqual([]);
  });

  it.each(faultRows.map((row) => [titleOf(row.fault), row] as const))('%s', async (_title, row) => {
    expect((await store.admin('POST', '/admin/faults', { ...row.fault, seconds: 300 })).status).toBe(201);
    const isDown = row.fault.kind === 'region-down';
    await known(row, isDown ? sites.filter((site) => site.startsWith(String(row.fault.region))) : []);
    const results = unwell(await run(checks));
    expect(results.map(nameOf).sort()).toEqual([...row.fails].sort());
    for (const { outcome, failure, steps } of results) {
      expect(outcome).toBe(row.outcome ?? 'failed');
      expect(failure).toMatchObject({ cause: row.failure?.cause, rule: expect.any(String) });
      expect(steps.map(({ name }) => name)).toContain(failure?.step);
      expect([failure?.rule, failure?.seen]).toEqual([row.failure?.rule, expect.stringMatching(row.failure?.seen ?? /never/)]);
    }
    await store.admin('DELETE', '/admin/faults');
    await known({}, []);
    // What was held back on its way between regions still has to arrive.
    const failed = checks.filter((check) => row.fails.includes(checkName(check)));
    await vi.waitFor(async () => expect(unwell(await run(failed))).toEqual([]), { timeout: 60_000, interval: 100 });
  });

  it('leave nothing behind: every journey passes everywhere again', async () => {
    expect(unwell(await run(checks))).toEqual([]);
  });
});
