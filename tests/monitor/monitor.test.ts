import { afterEach, describe, expect, test } from 'vitest';
import { announce } from '../../synthetics/monitor/under-way.ts';
import type { Cause } from '../../synthetics/result.ts';
import { openOutbox } from '../../telemetry/outbox.ts';
import { environmentWith } from './checks.ts';
import { liveThrough, smallEnvironment } from './days.ts';
import { noon, ofJourneys, type Simulation, type SimulationOptions, simulate, type World } from './simulated.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const open: Simulation[] = [];

function started(options?: SimulationOptions): Simulation {
  const simulation = simulate(options);
  open.push(simulation);
  simulation.monitor.start();
  return simulation;
}

afterEach(() => {
  for (const simulation of open.splice(0)) simulation.close();
});

/** An outbox whose disk takes nothing while the test says so. */
const breakable =
  (path: string, isBroken: () => boolean, alsoReads = false) =>
  () => {
    const outbox = openOutbox(path, { now: () => noon });
    for (const name of ['add', 'addEvents', 'setNote', ...(alsoReads ? (['undelivered', 'dropped'] as const) : [])] as const) {
      const real = outbox[name].bind(outbox) as (...values: unknown[]) => never;
      const failing = (...values: unknown[]) => {
        if (isBroken()) throw new Error('database or disk is full');
        return real(...values);
      };
      Object.assign(outbox, { [name]: failing });
    }
    return outbox;
  };

const everything =
  (cause: Cause, from: number, to: number): World =>
  ({ minute }) =>
    minute >= from && minute < to ? cause : undefined;

describe('monitor on a simulated clock', () => {
  test('runs each check once a minute, and beats once a round', async () => {
    const { clock, monitor, results } = started();
    await clock.pass(10 * minuteMs);
    await clock.pass(minuteMs);
    const all = results();
    expect(ofJourneys(all.filter(({ startedAt }) => Date.parse(startedAt) < noon + 10 * minuteMs))).toHaveLength(400);
    const beats = all.filter(({ journey }) => journey === 'heartbeat');
    expect(beats.map(({ outcome }) => outcome)).toEqual(new Array(11).fill('passed'));
    expect(beats[0]).toMatchObject({ target: { kind: 'location', name: 'local' }, location: 'local' });
    expect(beats[0]?.warnings).toEqual(['40 passed, 0 failed, 0 inconclusive of 40']);
    expect(monitor.health()).toMatchObject({ healthy: true });
  });

  test('neither drifts, nor misses a check, nor grows in twelve hours', async () => {
    const { grownMb, longestDelayMs, ...rounds } = await liveThrough(12);
    expect(rounds).toEqual({ rounds: 12 * 60, whole: 12 * 60, gaps: 0 });
    expect(longestDelayMs).toBeLessThanOrEqual(1);
    expect(grownMb).toBeLessThan(10);
  });

  test('sees an outage within a period, with its cause, and its end', async () => {
    const world: World = ({ check, minute }) =>
      check.target.region === 'eastus' && minute >= 3.5 && minute < 8.5 ? 'connect' : undefined;
    const { clock, results } = started({ world });
    await clock.pass(12 * minuteMs);
    for (const result of ofJourneys(results())) {
      const minute = (Date.parse(result.startedAt) - noon) / minuteMs;
      const isDown = result.target.region === 'eastus' && minute >= 3.5 && minute < 8.5;
      // A retry that comes after the outage's end passes.
      if (isDown && minute < 8.4) expect(result.failure?.cause).toBe('connect');
      else if (!isDown) expect(result.outcome).toBe('passed');
    }
    const failed = ofJourneys(results()).filter(({ outcome }) => outcome === 'failed');
    // 16 checks of the region and its slot, for five minutes.
    expect(failed.length).toBeGreaterThan(5 * 16 - 8);
    expect(failed.length).toBeLessThanOrEqual(5 * 16);
  });

  test('publishes an outage within a period and the time limit of a journey', async () => {
    const { clock, results } = started({ world: everything('connect', 2, 60) });
    await clock.pass(2 * minuteMs);
    await clock.pass(minuteMs + 10_000);
    const begins = ofJourneys(results()).filter(({ startedAt }) => Date.parse(startedAt) >= noon + 2 * minuteMs);
    const first = new Set(begins.map(({ journey, target }) => `${journey} ${target.name}`));
    expect(first.size).toBe(40);
    expect(begins.every(({ outcome }) => outcome === 'failed')).toBe(true);
  });

  test('a one-off blip passes on retry, and keeps its first cause', async () => {
    const seen = new Set<string>();
    const world: World = ({ check, minute }) => {
      if (check.journey.name !== 'checkout' || Math.floor(minute) !== 4 || seen.has(check.target.name)) return undefined;
      seen.add(check.target.name);
      return 'http';
    };
    const { clock, results, alerts } = started({ world });
    await clock.pass(15 * minuteMs);
    const all = ofJourneys(results());
    expect(all.every(({ outcome }) => outcome === 'passed')).toBe(true);
    const retried = all.filter(({ attempts }) => attempts.length > 1);
    expect(retried.map(({ attempts }) => attempts[0]?.failure?.cause)).toEqual(new Array(5).fill('http'));
    expect(alerts()).toEqual([]);
  });

  test('a day of blips raises no alert, and each result tells', async () => {
    let attempts = 0;
    // Every 97th attempt fails: one in a hundred.
    const { clock, log, alerts, results } = started({
      environment: smallEnvironment(),
      inMemory: true,
      world: () => (++attempts % 97 === 0 ? 'timeout' : undefined),
    });
    await clock.pass(24 * hourMs);
    expect(alerts()).toEqual([]);
    expect(log.filter(({ event }) => event === 'round')).toHaveLength(24 * 60);
    const all = ofJourneys(results());
    expect(all).toHaveLength(24 * 60 * 7);
    const retried = all.filter((result) => result.attempts.length > 1).length;
    expect(retried).toBeGreaterThan(90);
    expect(all.filter(({ outcome }) => outcome === 'failed')).toHaveLength(0);
  });

  test('reports an overrun and never runs a check twice at once', async () => {
    const at = new Map<string, number>();
    let most = 0;
    const { clock, results, alerts, log } = started({
      world: ({ check, atMs }) => {
        if (check.journey.name !== 'search' || check.target.name !== 'global') return undefined;
        most = Math.max(most, at.has('search') && atMs < (at.get('search') ?? 0) ? 2 : 1);
        at.set('search', atMs + 90_000);
        return 'hangs';
      },
      environment: environmentWith({ retries: { count: 0, spacingMs: 0 } }),
    });
    await clock.pass(10 * minuteMs);
    expect(most).toBe(1);
    expect(results({ journey: 'search', target: 'global' })).toHaveLength(5);
    expect(log.filter(({ event }) => event === 'overrun').length).toBeGreaterThanOrEqual(4);
    expect(alerts()).toContain('overrun opened');
    // The others were not held up.
    expect(results({ journey: 'search', target: 'westeurope' })).toHaveLength(10);
    const beats = results({ journey: 'heartbeat' }).map(({ outcome }) => outcome);
    expect(beats).toContain('inconclusive');
  });

  test('says rounds that it slept through, and beats on', async () => {
    const { clock, alerts, results } = started();
    await clock.pass(5 * minuteMs);
    clock.suspend(3 * hourMs);
    await clock.pass(5 * minuteMs);
    expect(alerts()).toEqual(['missing-rounds opened', 'missing-rounds resolved']);
    expect(ofJourneys(results()).length).toBeLessThan(11 * 40);
  });

  test.each([
    { down: 0, missing: undefined },
    { down: 30_000, missing: undefined },
    { down: 10 * minuteMs, missing: '10 rounds from 2026-11-23T12:03:00.000Z, found at the start' },
  ])('counts rounds missing after $down ms without a monitor: $missing', async ({ down, missing }) => {
    const first = started();
    await first.clock.pass(3 * minuteMs + 5_000);
    first.crash();
    const second = first.again({ startMs: first.clock.now() + down });
    second.monitor.start();
    await second.clock.pass(1);
    const seen = second.log.find(
      ({ event, alert, state }) => event === 'alert' && alert === 'missing-rounds' && state === 'opened',
    );
    expect(seen?.seen).toBe(missing);
    second.close();
  });

  test('counts the rounds that a kill lost with the memory, at the next start', async () => {
    const folder = started();
    let isBroken = false;
    folder.crash();
    const first = started({ folder: folder.folder, options: { openOutbox: breakable(folder.path, () => isBroken) } });
    await first.clock.pass(3 * minuteMs + 5_000);
    isBroken = true;
    await first.clock.pass(5 * minuteMs);
    expect(first.monitor.health()).toMatchObject({ disk: 'fails, results wait in memory' });
    first.crash();
    const second = folder.again({ startMs: first.clock.now() });
    second.monitor.start();
    await second.clock.pass(1);
    const gap = second.log.find(({ alert, state }) => alert === 'missing-rounds' && state === 'opened');
    expect(gap?.seen).toBe('5 rounds from 2026-11-23T12:03:00.000Z, found at the start');
    second.close();
  });

  test('keeps results in memory while the disk fails, and alerts', async () => {
    const folder = started();
    let isBroken = false;
    const { clock, alerts, monitor, results } = started({
      folder: folder.folder,
      options: {
        deliver: (outbox) => Promise.resolve({ accepted: 0, undelivered: outbox.counts().waiting, parked: 0, late: 0 }),
        openOutbox: breakable(folder.path, () => isBroken),
      },
    });
    folder.crash();
    await clock.pass(2 * minuteMs);
    isBroken = true;
    await clock.pass(3 * minuteMs);
    expect(monitor.health()).toMatchObject({ healthy: false, disk: 'fails, results wait in memory' });
    expect(ofJourneys(results())).toHaveLength(80);
    isBroken = false;
    await clock.pass(minuteMs);
    expect(monitor.health()).toMatchObject({ healthy: true });
    expect(ofJourneys(results()).length).toBeGreaterThanOrEqual(6 * 40 - 2);
    expect(alerts()).toEqual(['disk-fault opened', 'disk-fault resolved']);
  });

  test('goes on judging rounds while the disk can not even be read', async () => {
    const folder = started();
    let isBroken = false;
    const judged: number[] = [];
    const { clock, monitor, log } = started({
      folder: folder.folder,
      options: {
        openOutbox: breakable(folder.path, () => isBroken, true),
        afterRound: ({ summary }) => Promise.resolve(void judged.push(summary.passed)),
      },
    });
    folder.crash();
    await clock.pass(2 * minuteMs);
    isBroken = true;
    await clock.pass(3 * minuteMs);
    expect(judged).toEqual(new Array(judged.length).fill(40));
    expect(judged.length).toBeGreaterThanOrEqual(4);
    expect(monitor.health()).toMatchObject({ healthy: false, disk: 'fails, results wait in memory' });
    expect(log.filter(({ alert }) => alert === 'disk-fault')).toHaveLength(1);
  });

  test('marks what happens under maintenance, load and experiments', async () => {
    const window = { why: 'patch day', timeZone: 'UTC', from: '12:02', to: '12:04', targets: ['eastus'] };
    const { clock, results, folder } = started({ environment: environmentWith({ maintenance: [window] }) });
    await clock.pass(5 * minuteMs);
    announce(`${folder}/under-way`, { kind: 'load', why: 'target', fromMs: clock.now(), untilMs: clock.now() + minuteMs });
    await clock.pass(3 * minuteMs);
    const marked = ofJourneys(results()).filter(({ marks }) => marks);
    const maintained = marked.filter(({ marks }) => marks?.maintenance === 'patch day');
    expect(new Set(maintained.map(({ target }) => target.name))).toEqual(new Set(['eastus']));
    expect(maintained.length).toBeGreaterThanOrEqual(16);
    expect(maintained.length).toBeLessThan(19);
    expect(marked.filter(({ marks }) => marks?.load === 'target').length).toBeGreaterThanOrEqual(40);
  });

  test('says when the global endpoint was served by a region that fails', async () => {
    const { clock, results } = started({
      world: ({ check, minute }) => (minute >= 3 && check.target.name === 'westeurope' ? 'http' : undefined),
    });
    await clock.pass(6 * minuteMs);
    const global = results({ journey: 'browse', target: 'global' }).map((result) => result.servedByHealthyRegion);
    expect(global.slice(1, 3)).toEqual([true, true]);
    expect(global.slice(-2)).toEqual([false, false]);
  });

  test('looks at certificates hourly, in results of their own', async () => {
    const { clock, results } = started({ inMemory: true });
    await clock.pass(3 * hourMs - minuteMs);
    expect(results({ journey: 'certificate' })).toHaveLength(3 * 5);
    expect(results({ journey: 'certificate', target: 'global' }).map(({ outcome }) => outcome)).toEqual([
      'passed',
      'passed',
      'passed',
    ]);
  });

  test('takes another configuration without a restart', async () => {
    const { clock, monitor, results } = started();
    await clock.pass(2 * minuteMs - 1);
    monitor.use(environmentWith({ everyMinutes: { checkout: 5 } }));
    await clock.pass(10 * minuteMs);
    const runs = results({ journey: 'checkout', target: 'global' }).filter(
      ({ startedAt }) => Date.parse(startedAt) >= noon + 2 * minuteMs,
    );
    expect(runs).toHaveLength(2);
  });

  test.each([
    { what: 'finishes what is under way', hangs: false, abandoned: 0 },
    { what: 'abandons what hangs', hangs: true, abandoned: 1 },
  ])('a stop $what and takes no longer than it may', async ({ hangs, abandoned }) => {
    const { clock, monitor, log } = started({ world: () => (hangs ? 'hangs' : undefined) });
    await clock.pass(30_000);
    let isStopped = false;
    void monitor.stop(9_000).then(() => {
      isStopped = true;
    });
    await clock.pass(hangs ? 8_900 : 1_500);
    if (hangs) await clock.pass(200);
    expect(isStopped).toBe(true);
    expect(log.filter(({ event }) => event === 'abandoned')).toHaveLength(abandoned);
    expect(monitor.health().healthy).toBe(false);
  });

  test('runs on though a check breaks in a way that it never should', async () => {
    const { clock, log, results } = started({
      world: ({ check }) => {
        if (check.journey.name === 'browse') throw new Error('a fault of ours');
        return undefined;
      },
    });
    await clock.pass(3 * minuteMs);
    expect(log.filter(({ event }) => event === 'check broke')).toHaveLength(15);
    expect(ofJourneys(results())).toHaveLength(3 * 35);
    const [beat] = results({ journey: 'heartbeat' });
    expect([beat?.outcome, beat?.failure?.seen]).toEqual([
      'inconclusive',
      '0 missed, 0 still running from before, 5 without a result',
    ]);
  });
});
