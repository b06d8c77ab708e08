import { setTimeout as wait } from 'node:timers/promises';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createResources } from '../../../fixtures/contoso/azure/arm/resources.ts';
import type { Environment } from '../../../fixtures/environments/schema.ts';
import { contosoOptionsOf } from '../../../scripts/local-store.ts';
import { clientCredential } from '../../../telemetry/azure-credential.ts';
import { type MetricsSource, readClock, readMetrics, wallTimeOf } from '../../../telemetry/azure-monitor.ts';
import { trustCertificates } from '../../../telemetry/trust.ts';
import { type Searches, searchesOf } from '../../support/searches.ts';
import { soon } from '../../support/soon.ts';
import { startTestStore, type TestStore } from '../../support/store.ts';

const timeScale = 120;
/** Real milliseconds of control-plane minutes. */
const minutesMs = (minutes: number) => (minutes * 60_000) / timeScale;

/** An instance of one core: little load is past its threshold. */
const withOneCore = (environment: Environment): Environment => ({
  ...environment,
  plans: environment.plans.map(({ autoscale, ...plan }) => ({
    ...plan,
    sku: 'S1',
    ...(autoscale ? { autoscale: { ...autoscale, minimum: 1, default: 1 } } : {}),
  })),
});

let searches: Searches | undefined;
const trusted = tls.getCACertificates('default');
let store: TestStore;
let source: MetricsSource;
beforeAll(async () => {
  store = await startTestStore({ timeScale, change: withOneCore });
  trustCertificates(store.caFile);
  const { auth } = store.environment;
  if (auth.kind !== 'client-secret') throw new Error(`auth is ${auth.kind}`);
  const endpoint = store.contoso.controlUrl;
  source = { endpoint, credential: clientCredential(auth), clock: await readClock(endpoint) };
});
afterAll(async () => {
  await searches?.stop();
  await store.close();
  tls.setDefaultCACertificates(trusted);
});

const planName = 'plan-westeurope';
const plan = () => store.contoso.state().plans.find(({ name }) => name === planName);
/** Flapping and failures too; but before the first minute has ended, there is no metric, and that is an event as well. */
const events = () => (plan()?.autoscale?.events ?? []).filter(({ kind }) => kind !== 'MetricsMissing');
const lifecycle = (instance: string) =>
  (store.contoso.state().stamps[0]?.slots[0]?.events ?? []).filter((event) => event.instance === instance);

/** Average CPU of the plan's instances by minute, from Azure's own metrics client. */
async function cpuByMinute(fromMs: number, toMs: number): Promise<number[]> {
  const { series } = await readMetrics(source, {
    resourceIds: [createResources(contosoOptionsOf(store.environment)).plan(planName).id],
    namespace: 'Microsoft.Web/serverfarms',
    metrics: ['CpuPercentage'],
    aggregations: ['average'],
    from: fromMs,
    to: toMs,
  });
  return series.flatMap(({ points }) => points.flatMap(({ values }) => values?.average ?? []));
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('load past the scale-out threshold', () => {
  it('gives the documented sequence: metric, event, start-up, CPU falls, cool-down, scale-in, and no flapping', async () => {
    // 79 % of one core, 40 % of two.
    searches = searchesOf(store, 'westeurope', 22);
    await soon(() => expect(events()).toHaveLength(1));
    const [out] = events();
    expect(out).toMatchObject({ kind: 'ScaleAction', direction: 'Increase', from: 1, to: 2 });
    expect(out?.reason).toMatch(/^CpuPercentage (7[0-9]|8[0-9]|9[0-9])(\.\d)? > 70 over PT5M$/);
    const outAt = wallTimeOf(out?.at ?? 0, source.clock);

    // Start-up takes two minutes of the control plane; nothing is served from there before.
    const added = `${planName}-1`;
    await soon(() => expect(lifecycle(added).at(-1)?.state).toBe('warm'));
    expect(lifecycle(added)[0]?.state).toBe('starting');
    const warmAt = lifecycle(added).at(-1)?.at ?? 0;
    expect(warmAt - outAt).toBeGreaterThanOrEqual(minutesMs(2) - 5);

    await wait(minutesMs(6));
    const underLoadUntil = Date.now();
    const answers = await searches.stop();
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(answers.filter(({ instance, at }) => instance === added && at < warmAt)).toEqual([]);
    expect(answers.some(({ instance }) => instance === added)).toBe(true);
    // With two instances CPU lies between the thresholds: neither a second scale-out, nor a way back under load.
    expect(events()).toHaveLength(1);

    await soon(() => expect(events()).toHaveLength(2));
    const back = events()[1];
    expect(back).toMatchObject({ kind: 'ScaleAction', direction: 'Decrease', from: 2, to: 1 });
    expect((back?.at ?? 0) - (out?.at ?? 0)).toBeGreaterThanOrEqual(5 * 60_000);
    await wait(minutesMs(10));
    expect(events()).toHaveLength(2);
    expect(plan()?.instances).toHaveLength(1);

    // The metric as clients read it: over the window before the event above the threshold, with two instances below.
    expect(mean(await cpuByMinute(outAt - minutesMs(5), outAt))).toBeGreaterThan(60);
    const after = mean(await cpuByMinute(warmAt + minutesMs(1), underLoadUntil - minutesMs(1)));
    expect(after).toBeGreaterThan(30);
    expect(after).toBeLessThan(55);
  });
});
