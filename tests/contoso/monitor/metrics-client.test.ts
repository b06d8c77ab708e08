import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { MetricsClient } from '@azure/monitor-query-metrics';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { minuteMs } from '../../../fixtures/contoso/clock.ts';
import { environmentSchema } from '../../../fixtures/environments/schema.ts';
import { read } from '../../../scripts/metrics-place.ts';
import { clientCredential } from '../../../telemetry/azure-credential.ts';
import {
  type MetricsSource,
  metricTimeOf,
  readArrivedMetrics,
  readClock,
  readMetrics,
  wallTimeOf,
} from '../../../telemetry/azure-monitor.ts';
import { trustCertificates } from '../../../telemetry/trust.ts';
import { client } from '../azure-control/support.ts';
import { type Managed, managed } from './support.ts';

let m: Managed;
let folder: string;
let planId: string;
const trusted = tls.getCACertificates('default');

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'metrics-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(async () => {
  m = await managed();
  writeFileSync(join(folder, 'ca.pem'), m.authority.ca);
  trustCertificates(join(folder, 'ca.pem'));
  planId = m.management.resources.plan('plan-weu').id;
});
afterEach(async () => {
  await m.close();
  tls.setDefaultCACertificates(trusted);
});

const source = async (): Promise<MetricsSource> => ({
  endpoint: m.control.url,
  credential: clientCredential(
    { tokenEndpoint: `${m.control.issuer}/oauth2/v2.0/token`, clientId: client.id, clientSecret: client.secret },
    m.hand.now,
  ),
  clock: await readClock(m.control.url),
});
/** CPU of two instances in the minute that runs. */
const emit = (...cpu: readonly number[]) =>
  cpu.forEach((value, i) => {
    m.management.monitor.watcher.instanceMinute({
      at: m.controlClock.now(),
      plan: 'plan-weu',
      instance: `plan-weu-${i}`,
      cpuPercent: value,
      memoryPercent: 40,
      httpQueueLength: 0,
      totals: { arrivals: 0, refused: 0, busyMs: 0, waitedMs: 0, queueLength: 0 },
    });
  });
const cpu = (from: number, to: number) => ({
  resourceIds: [planId],
  namespace: 'Microsoft.Web/serverfarms',
  metrics: ['CpuPercentage'],
  aggregations: ['average'] as const,
  from,
  to,
});

describe('the real metrics client', () => {
  test('reads the points that the state shows', async () => {
    for (const [a, b] of [
      [20, 30],
      [50, 70],
      [90, 100],
    ] as const) {
      emit(a, b);
      m.passMinutes(1);
    }
    m.passMinutes(2);
    const state = (await m.ask('/admin/state', { headers: { authorization: 'Bearer admin-token-of-this-test' } })).json<{
      metrics: Record<string, Record<string, { timeStamp: string; average?: number; maximum?: number }[]>>;
    }>();
    const shown = state.metrics[planId]?.CpuPercentage ?? [];
    expect(shown.flatMap(({ average }) => average ?? [])).toEqual([25, 60, 95]);
    const { credential, endpoint } = await source();
    const reader = new MetricsClient(endpoint, credential);
    const results = await reader.queryResources([planId], ['CpuPercentage'], 'Microsoft.Web/serverfarms', {
      startTime: new Date(shown[0]?.timeStamp ?? ''),
      endTime: new Date(Date.parse(shown.at(-1)?.timeStamp ?? '') + minuteMs),
      aggregation: 'average,count,maximum,minimum,total',
    });
    const read = results[0]?.metrics[0]?.timeseries[0]?.data ?? [];
    const asShown = read.map(({ timeStamp, ...rest }) => ({
      ...Object.fromEntries(Object.entries(rest).filter(([, v]) => v !== undefined)),
      timeStamp: timeStamp.toISOString().replace('.000Z', 'Z'),
    }));
    expect(asShown).toEqual(shown);
  });

  test('is refused without a token of the store', async () => {
    const stranger = { getToken: () => Promise.resolve({ token: 'a.b.c', expiresOnTimestamp: Date.now() + 3_600_000 }) };
    const reading = readMetrics({ ...(await source()), credential: stranger }, cpu(m.hand.now() - 1_000, m.hand.now()));
    await expect(reading).rejects.toMatchObject({ statusCode: 401 });
  });

  test('refuses http before it sends a token', async () => {
    const plain = { ...(await source()), endpoint: m.control.url.replace('https', 'http') };
    await expect(readMetrics(plain, cpu(m.hand.now() - 1_000, m.hand.now()))).rejects.toThrow(/https/i);
  });
});

describe('readings', () => {
  test('carry wall time, and holes as holes', async () => {
    const aligned = Math.ceil(m.controlClock.now() / minuteMs) * minuteMs;
    m.hand.pass((m.controlClock.wallTime(aligned) - m.hand.now()) / 1_000 + 0.001);
    const from = m.controlClock.wallTime(aligned);
    emit(40);
    m.passMinutes(2);
    emit(0);
    m.passMinutes(5);
    const { series, failures } = await readMetrics(await source(), cpu(from + 0.01, from + 3_500));
    expect(failures).toEqual([]);
    expect(series[0]).toMatchObject({ resourceId: planId, metric: 'CpuPercentage', unit: 'Percent', dimensions: {} });
    // A grain of one control-plane minute is one real second; a zero is a value, a hole is none.
    expect(series[0]?.points.map(({ at, values }) => [Math.round(at - from), values])).toEqual([
      [0, { average: 40 }],
      [1_000, undefined],
      [2_000, { average: 0 }],
      [3_000, undefined],
    ]);
  });

  test('split by dimensions, more than ten of them', async () => {
    emit(...Array.from({ length: 12 }, (_, i) => i));
    m.passMinutes(4);
    const { series } = await readMetrics(await source(), { ...cpu(m.hand.now() - 6_000, m.hand.now()), by: ['Instance'] });
    expect(series.map(({ dimensions }) => dimensions.instance).sort()).toEqual(
      Array.from({ length: 12 }, (_, i) => `plan-weu-${i}`).sort(),
    );
  });

  test('say that a split may have been cut', async () => {
    emit(...Array.from({ length: 1_000 }, (_, i) => i / 10));
    m.passMinutes(4);
    const asked = { ...cpu(m.hand.now() - 6_000, m.hand.now()), by: ['Instance'] };
    const { failures } = await readMetrics(await source(), asked);
    expect(failures).toEqual([
      { resourceId: planId, metric: 'CpuPercentage', reason: expect.stringContaining('1000 series came') },
    ]);
  });

  test('are not waited for without end', async () => {
    await expect(readMetrics(await source(), cpu(m.hand.now() - 1_000, m.hand.now()), 0)).rejects.toThrow(/abort/i);
  });

  test.each([
    { title: 'ten minutes ahead', byMs: 600_000, says: /clock is (599|60\d) s ahead of Azure Monitor's: its samples/ },
    { title: 'ten minutes behind', byMs: -600_000, says: /clock is (599|60\d|59\d) s behind Azure Monitor's: its samples/ },
  ])('are none for a machine whose clock is $title', async ({ byMs, says }) => {
    const { endpoint, credential } = await source();
    const { from, to, ...asked } = cpu(m.hand.now() - 60_000, m.hand.now() - 30_000);
    const environment = environmentSchema.parse(JSON.parse(readFileSync('fixtures/environments/local.json', 'utf8')));
    const span = { fromMs: from, toMs: to, minuteMs: 60_000, patienceMinutes: -100 };
    const ask = () => read({ environment, source: () => ({ endpoint, credential }), ...span }, 'westeurope', asked);
    const now = Date.now;
    await expect(ask()).resolves.toBeInstanceOf(Array);
    vi.spyOn(Date, 'now').mockImplementation(() => now() + byMs);
    await expect(ask().finally(() => vi.restoreAllMocks())).rejects.toThrow(says);
  });

  test('wait until the last bucket has arrived', async () => {
    emit(10);
    // A moment into the minute, for wall time has fractions of milliseconds.
    const from = m.controlClock.wallTime(Math.floor(m.controlClock.now() / minuteMs) * minuteMs) + 0.01;
    let asked = 0;
    const patience = {
      until: m.hand.now() + 60_000,
      everyMs: 500,
      now: m.hand.now,
      sleep: async () => {
        asked += 1;
        m.hand.pass(0.5);
      },
    };
    const { series } = await readArrivedMetrics(await source(), cpu(from, from + 500), patience);
    expect(series[0]?.points.map(({ values }) => values)).toEqual([{ average: 10 }]);
    expect(asked).toBeGreaterThanOrEqual(2);
  });

  test('give up at the end of their patience, with the hole', async () => {
    m.passMinutes(1);
    const patience = { until: m.hand.now() + 3_000, everyMs: 500, now: m.hand.now, sleep: async () => m.hand.pass(0.5) };
    const { series } = await readArrivedMetrics(await source(), cpu(m.hand.now(), m.hand.now() + 1_000), patience);
    expect(series.flatMap(({ points }) => points.filter(({ values }) => values))).toEqual([]);
  });
});

describe('time', () => {
  const facts = { epoch: 1_000_000, timeScale: 60 };
  test.each([
    ['at the epoch', 1_000_000, 1_000_000],
    ['a control-plane minute later', 1_060_000, 1_001_000],
    ['an hour later', 1_000_000 + 3_600_000, 1_060_000],
    ['before it', 940_000, 999_000],
  ])('maps to wall time %s', (_when, metricMs, wallMs) => {
    expect(wallTimeOf(metricMs, facts)).toBe(wallMs);
    expect(metricTimeOf(wallMs, facts)).toBe(metricMs);
  });

  test('is the same on Azure', () => {
    expect([wallTimeOf(123), metricTimeOf(123)]).toEqual([123, 123]);
  });

  test('comes from the clock endpoint', async () => {
    expect(await readClock(m.control.url)).toEqual({ epoch: m.controlClock.epoch, timeScale: 60 });
  });
});
