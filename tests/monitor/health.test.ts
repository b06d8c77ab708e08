import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { IncidentStore } from '../../health/incident-store.ts';
import type { SignalReader } from '../../scripts/health-signals.ts';
import { MonitorHealth, type MonitorHealthOptions } from '../../scripts/monitor-health.ts';
import type { RunAttempt } from '../../synthetics/monitor/attempts.ts';
import type { EndedRound } from '../../synthetics/monitor/monitor.ts';
import type { TelemetryEvent } from '../../telemetry/event.ts';
import { openOutbox } from '../../telemetry/outbox.ts';
import { environmentWith } from './checks.ts';
import type { SimulatedClock } from './clock.ts';
import { smallEnvironment } from './days.ts';
import { noon, ofJourneys, runIn, type Simulation, type SimulationOptions, simulate, type World } from './simulated.ts';

const minuteMs = 60_000;
const open: { close(): void }[] = [];
afterEach(() => {
  for (const each of open.splice(0).reverse()) each.close();
});

interface Judged {
  readonly simulation: Simulation;
  readonly incidents: () => IncidentStore;
  /** `opened outage connect eastus`, in order. */
  readonly told: () => string[];
  readonly events: () => TelemetryEvent[];
  readonly again: (startMs: number) => Judged;
}

/** A simulated monitor whose rounds are judged as `npm run monitor` judges them. */
function judged(given: SimulationOptions = {}, options: Partial<MonitorHealthOptions> = {}, before?: Judged): Judged {
  let health: MonitorHealth | undefined;
  const hook = { ...given.options, afterRound: (round: EndedRound) => health?.afterRound(round) ?? Promise.resolve() };
  const simulation = before ? before.simulation.again({ ...given, options: hook }) : simulate({ ...given, options: hook });
  const { clock, path, folder, log } = simulation;
  const note = (event: string, fields?: object) => void log.push({ ...fields, event });
  const file = join(folder, 'incidents.db');
  health = new MonitorHealth({
    resultsSince(since) {
      const outbox = openOutbox(path, { now: clock.now });
      const results = outbox.recent({ since, limit: 1_000_000 });
      outbox.close();
      return results;
    },
    openStore: () => new IncidentStore(file),
    nowMs: clock.now,
    log: { info: note, warn: note },
    sinceMs: clock.now(),
    dryRun: false,
    ...options,
  });
  open.push(simulation, health);
  simulation.monitor.start();
  const reader = new IncidentStore(file);
  open.push(reader);
  return {
    simulation,
    incidents: () => reader,
    told: () =>
      log
        .filter(({ event }) => event === 'incident')
        .map(({ state, kind, cause, place }) => [state, kind, cause, place].join(' ')),
    events() {
      const outbox = openOutbox(path, { now: clock.now });
      const items = outbox.waiting(1_000_000).filter(({ kind }) => kind === 'event');
      outbox.close();
      return items.map(({ body }) => JSON.parse(body) as TelemetryEvent).filter(({ name }) => name === 'Incident');
    },
    again: (startMs) => judged({ ...given, startMs }, options, { simulation } as Judged),
  };
}

/** A check that hangs for good from some minute on, and no other. */
function neverEnding(journey: string, target: string, from: number): RunAttempt {
  return async (given, keep) => {
    const { check, clock } = given;
    const isStuck = check.journey.name === journey && check.target.name === target && clock.now() >= noon + from * minuteMs;
    if (isStuck) await new Promise(() => undefined);
    return runIn(() => undefined, clock as SimulatedClock)(given, keep);
  };
}

const eastDown =
  (from: number, to: number): World =>
  ({ check, minute }) =>
    check.target.region === 'eastus' && minute >= from && minute < to ? 'connect' : undefined;

describe('a monitor whose rounds are judged', () => {
  test('opens one incident for a region, tells Application Insights, and resolves it', async () => {
    const { simulation, told, events, incidents } = judged({ world: eastDown(3, 12) });
    await simulation.clock.pass(20 * minuteMs);
    expect(told()).toEqual(['opened outage connect eastus', 'resolved outage connect eastus']);
    const [opened, resolved] = events();
    expect(opened?.properties).toMatchObject({ state: 'opened', place: 'eastus', environment: 'local', location: 'local' });
    expect(resolved?.properties.key).toBe(opened?.properties.key);
    expect(opened?.traceId).toMatch(/^[0-9a-f]{32}$/);
    const [incident] = incidents().recentIncidents(0);
    expect(incident?.openedAtMs).toBeLessThan(noon + 7 * minuteMs);
  });

  test('sees one bad instance in three within ten minutes, though retries pass', async () => {
    let request = 0;
    const world: World = ({ check, minute }) =>
      check.target.name === 'westeurope' && minute >= 20 && ++request % 3 === 0 ? 'http' : undefined;
    const { simulation, told } = judged({ world });
    await simulation.clock.pass(20 * minuteMs);
    expect(told()).toEqual([]);
    await simulation.clock.pass(10 * minuteMs);
    expect(told()).toEqual(['opened first-attempts first attempts westeurope']);
    expect(ofJourneys(simulation.results()).every(({ outcome }) => outcome === 'passed')).toBe(true);
  });

  test('opens nothing in a day of blips that pass on retry', async () => {
    let attempts = 0;
    const { simulation, told } = judged({
      environment: smallEnvironment(),
      // Every 97th attempt fails: one in a hundred.
      world: () => (++attempts % 97 === 0 ? 'timeout' : undefined),
    });
    await simulation.clock.pass(24 * 60 * minuteMs);
    expect(attempts).toBeGreaterThan(24 * 60 * 7);
    expect(told()).toEqual([]);
  }, 240_000);

  test('raises one alert of its own after three rounds in a row without a network', async () => {
    const { simulation, told } = judged({
      environment: environmentWith({ controls: ['https://one.example/', 'https://two.example/'] }),
      world: ({ minute }) => (minute >= 5 && minute < 9 ? 'dns' : undefined),
      options: { reach: () => Promise.resolve(isUp()) },
    });
    function isUp(): boolean {
      const minute = (simulation.clock.now() - noon) / minuteMs;
      return minute < 5 || minute >= 9.5;
    }
    await simulation.clock.pass(7.9 * minuteMs);
    expect(told()).toEqual([]);
    await simulation.clock.pass(1.1 * minuteMs);
    expect(told()).toEqual(['opened probe probe local']);
    await simulation.clock.pass(8 * minuteMs);
    expect(told()).toEqual(['opened probe probe local', 'resolved probe probe local']);
    expect(ofJourneys(simulation.results()).map(({ outcome }) => outcome)).not.toContain('failed');
  });

  test('goes on with an incident after a restart, and opens it no second time', async () => {
    const first = judged({ world: eastDown(3, 20) });
    await first.simulation.clock.pass(8 * minuteMs);
    expect(first.told()).toEqual(['opened outage connect eastus']);
    first.simulation.crash();
    const second = first.again(first.simulation.clock.now() + 2 * minuteMs);
    await second.simulation.clock.pass(20 * minuteMs);
    const ofOutages = (told: string) => told.includes('outage');
    expect(second.told().filter(ofOutages)).toEqual(['resolved outage connect eastus']);
    expect(
      second
        .incidents()
        .recentIncidents(0)
        .filter(({ kind }) => kind === 'outage'),
    ).toHaveLength(1);
  });

  test('takes a start in the middle of a minute for no silence, and what never ends for one', async () => {
    const { simulation, told } = judged({ options: { run: neverEnding('browse', 'global', 10) }, startMs: noon + 25_000 });
    await simulation.clock.pass(9 * minuteMs);
    expect(told()).toEqual([]);
    await simulation.clock.pass(9 * minuteMs);
    expect(told()).toEqual(['opened monitor overrun local', 'opened silence no data global']);
  });

  test('judges from memory while the disk takes no incidents, and says the disk', async () => {
    let isBroken = true;
    const { simulation, told } = judged(
      { world: eastDown(3, 30) },
      {
        openStore() {
          if (isBroken) throw new Error('attempt to write a readonly database');
          return new IncidentStore(':memory:');
        },
      },
    );
    await simulation.clock.pass(10 * minuteMs);
    expect(told()).toEqual(['opened outage connect eastus']);
    expect(simulation.log.filter(({ event }) => event === 'incidents wait in memory')).toHaveLength(1);
    isBroken = false;
    await simulation.clock.pass(2 * minuteMs);
    // It is the same one, and goes on.
    expect(told()).toEqual(['opened outage connect eastus']);
  });

  test('tells the end of what it told of from memory, once the disk takes incidents again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mended-'));
    let isBroken = false;
    const failing =
      <A extends unknown[], R>(act: (...given: A) => R) =>
      (...given: A): R => {
        if (isBroken) throw new Error('database or disk is full');
        return act(...given);
      };
    const openBreakable = () => {
      const outbox = openOutbox(join(folder, 'outbox.db'), { now: () => noon });
      return Object.assign(outbox, { add: failing(outbox.add.bind(outbox)), setNote: failing(outbox.setNote.bind(outbox)) });
    };
    const openStore = () => {
      const store = new IncidentStore(join(folder, 'incidents.db'));
      return Object.assign(store, { transaction: failing(store.transaction.bind(store)) });
    };
    const { simulation, told, incidents } = judged({ folder, options: { openOutbox: openBreakable } }, { openStore });
    await simulation.clock.pass(2 * minuteMs);
    isBroken = true;
    await simulation.clock.pass(3 * minuteMs);
    expect(told()).toEqual(['opened monitor disk-fault local']);
    isBroken = false;
    await simulation.clock.pass(12 * minuteMs);
    expect(told()).toEqual(['opened monitor disk-fault local', 'resolved monitor disk-fault local']);
    expect(
      incidents()
        .notices('waiting')
        .map(({ state }) => state),
    ).toEqual(['opened', 'resolved']);
    // Of a disk that fails for hours it is said once why.
    expect(simulation.log.filter(({ event }) => event === 'disk still fails')).toHaveLength(1);
    simulation.close();
    rmSync(folder, { recursive: true });
  });

  test('tells of the rounds that a kill lost with the memory, once, after the next start', async () => {
    let isBroken = false;
    const folder = mkdtempSync(join(tmpdir(), 'killed-'));
    const openBreakable = () => {
      const outbox = openOutbox(join(folder, 'outbox.db'), { now: () => noon });
      const broken = (write: (...given: never[]) => unknown) =>
        ((...given: never[]) => {
          if (isBroken) throw new Error('database or disk is full');
          return write(...given);
        }) as never;
      return Object.assign(outbox, { add: broken(outbox.add.bind(outbox)), setNote: broken(outbox.setNote.bind(outbox)) });
    };
    const first = judged({ folder, options: { openOutbox: openBreakable } });
    await first.simulation.clock.pass(3 * minuteMs + 5_000);
    isBroken = true;
    await first.simulation.clock.pass(5 * minuteMs);
    first.simulation.crash();
    isBroken = false;
    const second = first.again(first.simulation.clock.now());
    await second.simulation.clock.pass(15 * minuteMs);
    const ofRounds = second.told().filter((told) => told.includes('missing-rounds'));
    expect(ofRounds).toEqual(['opened monitor missing-rounds local', 'resolved monitor missing-rounds local']);
    const [incident] = second.incidents().recentIncidents(0);
    expect(incident).toMatchObject({ cause: 'missing-rounds', urgency: 'ticket', openedAtMs: expect.any(Number) });
    expect(incident?.evidence.seen).toBe('5 rounds from 2026-11-23T12:03:00.000Z, found at the start');
    // What waits is what the webhook gets.
    const told = second.incidents().noticesOf(incident?.key ?? '');
    expect(told.map(({ state }) => state)).toEqual(['opened', 'resolved']);
    rmSync(folder, { recursive: true });
  });

  test('judges what journeys say though the model can not be worked out', async () => {
    const signals = {
      addResults: () => undefined,
      refresh: () => Promise.resolve(),
      picture() {
        throw new Error('no such signal');
      },
    } as unknown as SignalReader;
    const { simulation, told } = judged({ world: eastDown(3, 30) }, { signals: () => signals });
    await simulation.clock.pass(10 * minuteMs);
    expect(told()).toEqual(['opened outage connect eastus']);
    expect(simulation.log).toContainEqual({ event: 'health not evaluated', reason: 'no such signal' });
  });

  test('that can not be judged at all make the monitor unhealthy, until they can', async () => {
    let isBroken = true;
    const afterRound = () => (isBroken ? Promise.reject(new Error('no judge')) : Promise.resolve());
    const simulation = simulate({ options: { afterRound } });
    open.push(simulation);
    simulation.monitor.start();
    await simulation.clock.pass(2 * minuteMs);
    expect(simulation.monitor.health()).toMatchObject({ healthy: false, judging: expect.stringContaining('fails') });
    isBroken = false;
    await simulation.clock.pass(minuteMs);
    expect(simulation.monitor.health()).toMatchObject({ healthy: true, judging: 'works' });
  });

  test('shows in a dry run what would be sent, and keeps and sends nothing', async () => {
    const { simulation, incidents, events } = judged({ world: eastDown(3, 12) }, { dryRun: true });
    await simulation.clock.pass(20 * minuteMs);
    const shown = simulation.log.filter(({ event }) => event === 'would send').map(({ body }) => body as { state: string });
    expect(shown.map(({ state }) => state)).toEqual(['opened', 'resolved']);
    expect(shown[0]).toMatchObject({ place: 'eastus', cause: 'connect', evidence: { rule: 'status 201' } });
    expect([incidents().recentIncidents(0), incidents().notices('waiting'), events()]).toEqual([[], [], []]);
  });

  test('counts missed rounds after a reload with other frequencies by the new ones', async () => {
    const { simulation, told } = judged();
    await simulation.clock.pass(3 * minuteMs);
    simulation.monitor.use(environmentWith({ everyMinutes: { checkout: 5, browse: 5 } }));
    await simulation.clock.pass(30 * minuteMs);
    expect(told()).toEqual([]);
  });
});
