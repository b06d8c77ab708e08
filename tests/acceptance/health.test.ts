import { afterEach, describe, expect, it } from 'vitest';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { expandModel } from '../../health/expand.ts';
import { ingestionMinutes } from '../../health/kql/queries.ts';
import { trustCertificates } from '../../telemetry/trust.ts';
import { differences, observationsOf, pictureOf, queryOf } from '../health/kql/agreement.ts';
import { runKql } from '../health/kql/run.ts';
import { LiveHealth } from '../support/health-live.ts';
import type { TestStore } from '../support/store.ts';
import { script } from './process.ts';
import { startNamedStore } from './support.ts';

let store: TestStore | undefined;
let closeLive: (() => Promise<void>) | undefined;
afterEach(async () => {
  await closeLive?.();
  await store?.close();
});

describe('npm run health -- gate --target staging', () => {
  it.each([
    ['good', 0, [/healthy +search +westeurope-staging/, /^no flow would be degraded$/m]],
    [
      'failing',
      1,
      [
        /unhealthy +search +westeurope-staging\n +search › .* got 500/,
        /healthy +checkout +westeurope-staging/,
        /^the release would degrade a flow$/m,
      ],
    ],
  ] as const)('looks at a %s build in a live slot and ends with %i', async (build, code, says) => {
    store = await startNamedStore(`health-gate-${build}`);
    const { status } = await store.admin('POST', '/admin/stamps/westeurope/deploy', { build, slot: 'staging' });
    expect(status).toBeLessThan(400);
    const { environmentFile } = store;
    const look = () => script('health', ['gate', '--target', 'staging', '--env', environmentFile]).ended;
    let ended = await look();
    // A busy machine can make any build slow; it makes no bad one pass.
    for (let again = 0; again < 2 && ended.code !== code; again += 1) ended = await look();
    for (const line of says) expect(ended.output).toMatch(line);
    expect(ended.code, ended.output).toBe(code);
  });
});

/** The store's own tables through the generated query say what the evaluator says of them: of signals, nodes and scores. */
async function agree(environment: Environment, live: LiveHealth): Promise<void> {
  const model = expandModel(environment);
  const atMs = live.minutes.at(-1)?.picture.atMs ?? 0;
  const tables = await live.tables();
  for (const table of ['AppRequests', 'AppDependencies', 'AppAvailabilityResults', 'AppServiceHTTPLogs', 'CDBDataPlaneRequests'])
    expect([table, (tables[table] ?? []).length > 20]).toEqual([table, true]);
  const run = { query: queryOf(model, environment), tables };
  const [answered = []] = await runKql([run], new Date(atMs + ingestionMinutes * 60_000));
  const picture = pictureOf(model, observationsOf(tables), atMs);
  expect(differences(picture, answered)).toEqual([]);
  expect(new Set(picture.nodes.map(({ state }) => state))).toContain('unhealthy');
  expect(picture.nodes.find(({ id }) => id === 'global')?.state).toBe('healthy');
}

describe('the health model of a live store', { timeout: 600_000 }, () => {
  it('sees a region go and come back, names the cause, and tells of it once', async () => {
    // A minute in two and a half seconds.
    store = await startNamedStore('health-region', { timeScale: 24 });
    trustCertificates(store.caFile);
    const live = await LiveHealth.of(store.environment);
    closeLive = () => live.close();
    await live.minutesUntil('healthy at first', ({ states }) => [...states.values()].every((state) => state === 'healthy'), 120);
    live.begin();
    await store.admin('POST', '/admin/faults', { kind: 'region-down', region: 'westeurope', seconds: 300 });
    const isDown = () => live.told().includes('opened');
    await live.minutesUntil('the outage is told of', isDown, 10);
    const down = live.minutes.at(-1)?.states;
    // One of two regions: the store still sells.
    expect([down?.get('westeurope/api'), down?.get('region:westeurope'), down?.get('store')]).toEqual([
      'unhealthy',
      'unhealthy',
      'degraded',
    ]);
    // It takes all the traffic now, and a busy machine lets it be slow: shoppers don't meet errors.
    expect(down?.get('region:eastus')).not.toBe('unhealthy');
    expect(down?.get('global')).toBe('healthy');
    expect(live.incidents()).toMatchObject([{ kind: 'health', cause: 'api', place: 'westeurope', urgency: 'page' }]);
    await agree(store.environment, live);
    await store.admin('DELETE', '/admin/faults');
    const isBack = () => live.incidents().every(({ resolvedAtMs }) => resolvedAtMs !== undefined);
    await live.minutesUntil('it is over', isBack, 80);
    expect(live.told()).toEqual(['opened', 'resolved']);
    expect(live.minutes.at(-1)?.states.get('store')).toBe('healthy');
  });
});
