import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alertsSchema } from '../../../fixtures/environments/alerting.ts';
import type { Environment } from '../../../fixtures/environments/schema.ts';
import { targetsOf } from '../../../fixtures/environments/targets.ts';
import type { Alert } from '../../../health/alerts.ts';
import { IncidentStore } from '../../../health/incident-store.ts';
import { MonitorHealth } from '../../../scripts/monitor-health.ts';
import { Monitor } from '../../../synthetics/monitor/monitor.ts';
import { checksOf } from '../../../synthetics/runners/prepare.ts';
import { tokenSource } from '../../../synthetics/runners/token.ts';
import { closeExporter } from '../../../telemetry/application-insights.ts';
import { openOutbox } from '../../../telemetry/outbox.ts';
import { startTestStore, type TestStore } from '../../support/store.ts';
import { fastClock } from './fast-clock.ts';

/** A minute in three seconds: a round of nine journeys takes half of one where others work, too. */
const speed = 20;
const minuteMs = 60_000;
const clock = fastClock(speed);
const minutes = (count: number) => (count * minuteMs) / speed;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

let store: TestStore;
let receiver: Server;
let monitor: Monitor;
let health: MonitorHealth;
let incidents: IncidentStore;
const folder = mkdtempSync(join(tmpdir(), 'alerts-'));
const trusted = tls.getCACertificates('default');
const got: { readonly alert: Alert; readonly key: string }[] = [];
/** An overrun of minutes that last three seconds is the test's own matter. */
const alerts = () => got.map(({ alert }) => alert).filter(({ kind }) => kind !== 'monitor');
const told = () => alerts().map(({ state, kind, cause, place }) => [state, kind, cause, place].join(' '));
/** Few a minute, so that a busy machine keeps up. */
const checks = (environment: Environment) =>
  checksOf(environment, targetsOf(environment)).checks.filter(({ journey }) =>
    ['browse', 'sign-in', 'checkout'].includes(journey.name),
  );

beforeAll(async () => {
  receiver = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      got.push({ alert: JSON.parse(text) as Alert, key: String(request.headers['idempotency-key']) });
      response.writeHead(202).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  // Requests keep real time, so the limits of a round are those of a clock that runs so many times as fast.
  store = await startTestStore({
    change: (environment) => ({
      ...environment,
      stamps: environment.stamps.map((stamp) => ({ ...stamp, slots: [] })),
      budgets: { ...environment.budgets, requestMs: 20_000, journeyMs: 120_000 },
      monitor: { ...environment.monitor, retries: { count: 0, spacingMs: 0 } },
      alerts: alertsSchema.parse({ reminderMinutes: 1, webhook: { url } }),
    }),
  });
  tls.setDefaultCACertificates([...trusted, store.contoso.ca]);
  const log = { info: () => undefined, warn: () => undefined };
  const outbox = join(folder, 'outbox.db');
  incidents = new IncidentStore(join(folder, 'incidents.db'));
  health = new MonitorHealth({
    resultsSince: () => [],
    openStore: () => new IncidentStore(join(folder, 'incidents.db')),
    nowMs: clock.now,
    log,
    sinceMs: clock.now(),
    checks,
    dryRun: false,
  });
  monitor = new Monitor({
    environment: store.environment,
    tokens: ({ auth }) => tokenSource(auth, {}),
    openOutbox: () => openOutbox(outbox, { now: clock.now }),
    underWayFolder: join(folder, 'under-way'),
    clock,
    log,
    checks,
    afterRound: (round) => health.afterRound(round),
  });
  monitor.start();
  await pause(minutes(2));
});

afterAll(async () => {
  await monitor.stop(minuteMs);
  monitor.close();
  health.close();
  incidents.close();
  tls.setDefaultCACertificates(trusted);
  await closeExporter();
  await store.close();
  await new Promise((resolve) => receiver.close(resolve));
  rmSync(folder, { recursive: true });
});

const outages = () =>
  incidents
    .openIncidents()
    .filter(({ kind }) => kind === 'outage')
    .map(({ cause, place }) => [cause, place]);
const on = (fault: object) => store.admin('POST', '/admin/faults', { ...fault, seconds: 600 });
const off = () => store.admin('DELETE', '/admin/faults');

describe('alerts of a monitor against the local store', () => {
  test('a region that is down is one alert, within the window that opens it', async () => {
    expect(told()).toEqual([]);
    await on({ kind: 'region-down', region: 'eastus' });
    // Three of five minutes open it, and the first and the last of them are not whole.
    await expect.poll(told, { timeout: minutes(6) }).toEqual(['opened outage connect eastus']);
    const [opened] = alerts();
    expect(opened?.journeys).toEqual(expect.arrayContaining(['browse', 'checkout', 'sign-in']));
    expect(opened?.evidence.traceId).toMatch(/^[0-9a-f]{32}$/);
  });

  test('it is reminded of until somebody acknowledges it', async () => {
    await expect.poll(() => told().at(-1), { timeout: minutes(6) }).toBe('reminded outage connect eastus');
    const outage = incidents.openIncidents().find(({ kind }) => kind === 'outage');
    incidents.addAck({ key: outage?.key ?? '', atMs: clock.now(), why: 'on it' });
    await pause(minutes(1.2));
    const before = told().length;
    await pause(minutes(2.5));
    expect(told().length).toBe(before);
  });

  test('its end is told under the same key, and nothing else was', async () => {
    await off();
    await expect.poll(() => told().at(-1), { timeout: minutes(10) }).toBe('resolved outage connect eastus');
    expect(new Set(alerts().map(({ key }) => key)).size).toBe(1);
    expect(new Set(got.map(({ key }) => key)).size).toBe(got.length);
    expect(told().filter((line) => line.startsWith('opened'))).toHaveLength(1);
    expect(outages()).toEqual([]);
  });

  test('what is silenced is kept in the history and told to nobody', async () => {
    const before = alerts().length;
    incidents.addSilence({ subject: 'checkout', fromMs: clock.now(), untilMs: clock.now() + 120 * minuteMs, why: 'works' });
    await on({ kind: 'payment-down', region: 'westeurope' });
    await expect.poll(outages, { timeout: minutes(6) }).toEqual([['pay', 'westeurope']]);
    await off();
    await expect.poll(outages, { timeout: minutes(10) }).toEqual([]);
    expect(alerts().length).toBe(before);
  });
});
