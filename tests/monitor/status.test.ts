import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { IncidentStore } from '../../health/incident-store.ts';
import type { StatusServer } from '../../pages/status/server.ts';
import type { StatusState } from '../../pages/status/state.ts';
import { MonitorHealth } from '../../scripts/monitor-health.ts';
import { MonitorStatus } from '../../scripts/monitor-status.ts';
import { announce, type UnderWay } from '../../synthetics/monitor/under-way.ts';
import { openOutbox } from '../../telemetry/outbox.ts';
import { environmentWith } from './checks.ts';
import { noon, type Simulation, simulate, type World } from './simulated.ts';

const minuteMs = 60_000;
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

interface Watched {
  readonly simulation: Simulation;
  readonly incidents: IncidentStore;
  state(): Promise<StatusState>;
}

interface Given {
  readonly world?: World;
  readonly openStore?: () => IncidentStore;
  readonly startMs?: number;
  readonly folder?: string;
}

/** A simulated monitor with its page, wired as `npm run monitor` wires them. */
async function watched({ world = () => undefined, openStore, startMs = noon, folder }: Given = {}): Promise<Watched> {
  const judges: { health?: MonitorHealth; status?: MonitorStatus } = {};
  const simulation = simulate({
    world,
    startMs,
    ...(folder && { folder }),
    options: {
      afterRound(round) {
        judges.status?.ended(round);
        return judges.health?.afterRound(round) ?? Promise.resolve();
      },
    },
  });
  const { clock, path, log } = simulation;
  const note = (event: string, fields?: object) => void log.push({ ...fields, event });
  const incidents = new IncidentStore(join(simulation.folder, 'incidents.db'));
  const given = {
    resultsSince(since: number) {
      const outbox = openOutbox(path, { now: clock.now });
      const results = [...outbox.since(since)];
      outbox.close();
      return results;
    },
    openStore: openStore ?? (() => new IncidentStore(join(simulation.folder, 'incidents.db'))),
    nowMs: clock.now,
    log: { info: note, warn: note },
  };
  const status = new MonitorStatus({
    ...given,
    environment: environmentWith(),
    underWayFolder: join(simulation.folder, 'under-way'),
  });
  const health = new MonitorHealth({
    ...given,
    sinceMs: clock.now(),
    dryRun: false,
    onOutcome: (outcome) => status.judge(outcome),
  });
  Object.assign(judges, { health, status });
  simulation.monitor.start();
  const server: StatusServer = await status.serve(simulation.monitor, 0, undefined);
  open.push(simulation, incidents, health, server);
  return {
    simulation,
    incidents,
    async state() {
      server.update();
      const { body } = await request(`http://127.0.0.1:${server.port}/state`);
      return ((await body.json()) as { state: StatusState }).state;
    },
  };
}

const eastDown: World = ({ check, minute }) =>
  check.target.region === 'eastus' && minute >= 3 && minute < 12 ? 'connect' : undefined;

const pairOf = ({ shape }: StatusState, journey: string, target: string) =>
  shape.targets.indexOf(target) * shape.journeys.length + shape.journeys.indexOf(journey);
const barsOf = (state: StatusState, journey: string, target: string) =>
  Object.values(state.columns)
    .map(({ outcomes }) => outcomes[pairOf(state, journey, target)])
    .join('');

describe('what the status page shows of a monitor', () => {
  test('needs a port of its own', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const { simulation } = await watched();
    const status = new MonitorStatus({
      environment: environmentWith(),
      resultsSince: () => [],
      openStore: () => new IncidentStore(':memory:'),
      underWayFolder: simulation.folder,
      nowMs: simulation.clock.now,
      log: { info: () => undefined, warn: () => undefined },
    });
    await expect(status.serve(simulation.monitor, port, undefined)).rejects.toThrow(
      `monitor.port: got ${port}, which is in use; allowed: a free port`,
    );
    taken.close();
  });

  test('is unknown before the first round, and judged after it', async () => {
    const { simulation, state } = await watched();
    const before = await state();
    expect([before.atMs, before.health, before.shape.nodes.at(-1)?.id]).toEqual([0, undefined, 'store']);
    await simulation.clock.pass(2 * minuteMs);
    const seen = await state();
    expect(seen.atMs).toBeGreaterThan(noon);
    expect(seen.delivery).toMatchObject({ parked: 0, lost: 0, onDisk: true });
    expect(seen.delivery.waiting).toBeGreaterThan(0);
    expect(seen.historyRead).toBe(true);
  });

  test('has an outage as bars, as an open incident and then as a past one', async () => {
    const { simulation, state } = await watched({ world: eastDown });
    await simulation.clock.pass(9 * minuteMs);
    const during = await state();
    expect(Object.values(during.incidents).map(({ title }) => title)).toEqual([expect.stringContaining('eastus')]);
    expect(barsOf(during, 'checkout', 'eastus')).toMatch(/^-{35}s$/);
    expect(barsOf(during, 'checkout', 'westeurope')).toMatch(/^-{35}p$/);
    await simulation.clock.pass(15 * minuteMs);
    const after = await state();
    expect(Object.values(after.incidents).map(({ resolvedAtMs }) => resolvedAtMs)).toEqual([expect.any(Number)]);
    expect(barsOf(after, 'checkout', 'eastus')).toMatch(/^-{33}ssp$/);
    expect(after.uptime[pairOf(after, 'checkout', 'eastus')]).toBeLessThan(100);
  });

  test('has the hours before from what was kept, each result once', async () => {
    const before = await watched({ world: eastDown });
    await before.simulation.clock.pass(20 * minuteMs);
    const last = await before.state();
    before.simulation.crash();
    const { folder } = before.simulation;
    const again = await watched({ folder, startMs: noon + 25 * minuteMs });
    await expect.poll(async () => barsOf(await again.state(), 'checkout', 'eastus'), { timeout: 60_000 }).toMatch(/^-{33}ss-$/);
    const seen = await again.state();
    expect(seen.uptime).toEqual(last.uptime);
  });

  test('has silences, load tests while they last, and alerts that nobody took', async () => {
    const { simulation, incidents, state } = await watched({ world: eastDown });
    incidents.addSilence({ subject: 'westus', fromMs: noon, untilMs: noon + 20 * minuteMs, why: 'works' });
    const note: UnderWay = { kind: 'load', why: 'spike', targets: ['eastus'], fromMs: noon, untilMs: noon + 12 * minuteMs };
    announce(join(simulation.folder, 'under-way'), note);
    await simulation.clock.pass(2 * minuteMs);
    const during = await state();
    expect(during.silences).toEqual([{ subject: 'westus', why: 'works', untilMs: noon + 20 * minuteMs }]);
    expect(during.underWay).toEqual([note]);
    await simulation.clock.pass(25 * minuteMs);
    const after = await state();
    expect([after.silences, after.underWay]).toEqual([[], []]);
    incidents.addNotice('a'.repeat(16), 'opened', simulation.clock.now());
    expect((await state()).delivery.alertsWaiting).toBe(after.delivery.alertsWaiting + 1);
  });

  test('counts an alert that was given up lately behind many of long ago', async () => {
    const { simulation, incidents, state } = await watched();
    const giveUp = (key: string, atMs: number) => {
      incidents.addNotice(key, 'opened', atMs);
      incidents.markNotice(incidents.noticesOf(key)[0]?.seq ?? 0, 'given-up', 1, 'answered 410');
    };
    incidents.transaction(() => {
      for (let count = 0; count < 120; count += 1) giveUp(`old-${count}`, noon - 30 * 24 * 60 * minuteMs);
      giveUp('new', simulation.clock.now());
    });
    expect((await state()).delivery.alertsGivenUp).toBe(1);
  });

  test('says that the history cannot be read, once in the log, and still shows what is open', async () => {
    const broken = () => {
      throw new Error('disk I/O error');
    };
    const { simulation, state } = await watched({ world: eastDown, openStore: broken });
    await simulation.clock.pass(9 * minuteMs);
    const seen = await state();
    expect(seen.historyRead).toBe(false);
    expect(Object.keys(seen.incidents)).toHaveLength(1);
    expect(simulation.log.filter(({ event }) => event === 'history of incidents not read')).toHaveLength(1);
  });
});
