import { describe, expect, it } from 'vitest';
import { minuteMs } from '../../health/bins.ts';
import { incidentKey } from '../../health/incident.ts';
import { IncidentStore } from '../../health/incident-store.ts';
import { evaluateRound } from '../../health/round.ts';
import { type Check, day, environmentWith, journeys, type Meets, offsetOf, play, resultAt, targets } from './day.ts';

const within = (minute: number, from: number, to: number) => minute >= from && minute < to;
const named = (incidents: readonly { cause: string; place: string }[]) =>
  incidents.map(({ cause, place }) => `${cause} in ${place}`);
const westDown = ({ minute, target }: Check): Meets =>
  target === 'westeurope' && within(minute, 20, 40) ? { cause: 'connect' } : undefined;

describe('one incident for one cause', () => {
  it('tells payment failing everywhere from a region that goes down meanwhile', () => {
    const meets = (check: Check): Meets =>
      westDown({ ...check, minute: check.minute - 15 }) ??
      (check.journey === 'checkout' && within(check.minute, 20, 70) ? { cause: 'http', step: 'pay' } : undefined);
    const { opened, resolved } = play({ minutes: 90, meets });
    expect(named(opened)).toEqual(['pay in store', 'connect in westeurope']);
    expect(named(resolved)).toEqual(['connect in westeurope', 'pay in store']);
  });

  it('widens from a journey to its region, and tells it once more under the same key', () => {
    const meets = (check: Check): Meets =>
      westDown({ ...check, minute: check.minute - 15 }) ??
      (check.journey === 'cart' && check.target === 'westeurope' && within(check.minute, 20, 40) ? { cause: 'http' } : undefined);
    const { opened, reminded, resolved } = play({ minutes: 90, meets });
    expect([named(opened), named(reminded), named(resolved)]).toEqual([
      ['choose a product in westeurope'],
      ['connect in westeurope'],
      ['connect in westeurope'],
    ]);
    expect(new Set([...opened, ...reminded, ...resolved].map(({ key }) => key)).size).toBe(1);
  });

  it('takes what compares regions for part of the one that is down', () => {
    const meets = (check: Check): Meets =>
      westDown(check) ??
      (check.journey === 'reviews' && check.target === 'eastus' && within(check.minute, 20, 40)
        ? { cause: 'timeout', step: 'read in westeurope' }
        : undefined);
    expect(named(play({ minutes: 60, meets }).opened)).toEqual(['connect in westeurope']);
  });

  it('keeps two journeys that fail at different times apart', () => {
    const meets = ({ journey, target, minute }: Check): Meets =>
      target === 'eastus' && ((journey === 'cart' && within(minute, 20, 50)) || (journey === 'search' && within(minute, 30, 50)))
        ? { cause: 'http', step: journey }
        : undefined;
    expect(named(play({ minutes: 70, meets }).opened)).toEqual(['cart in eastus', 'search in eastus']);
  });

  it('gives the next outage another key', () => {
    const { opened, resolved } = play({
      minutes: 80,
      meets: ({ minute, target }) =>
        target === 'eastus' && (within(minute, 20, 25) || within(minute, 40, 45)) ? { cause: 'http' } : undefined,
    });
    expect([new Set(opened.map(({ key }) => key)).size, resolved.length]).toEqual([2, 2]);
  });

  it('counts the failures that it spent, and names its first', () => {
    const { resolved } = play({ minutes: 60, meets: westDown });
    const { availabilityPercent, budgetHours } = environmentWith().objectives;
    // Twenty of all the checks of a journey in the longest window, one a minute, of which so few may fail.
    const allowed = Math.max(...budgetHours) * 60 * (1 - availabilityPercent / 100);
    expect(resolved[0]?.budgetPercent).toBeCloseTo((100 * 20) / allowed, 6);
    expect(resolved[0]).toMatchObject({
      startedAtMs: day + 20 * minuteMs,
      failures: 20 * journeys.length,
      members: journeys.map((journey) => `${journey}@westeurope`).sort(),
    });
    expect(resolved[0]?.evidence.at?.slice(0, 16)).toBe('2026-11-23T00:20');
  });
});

describe('several locations', () => {
  it('derive the same keys', () => {
    const meets = (check: Check, offsetMs: number): Meets =>
      within(check.minute + offsetMs / minuteMs, 20.4, 40) && check.target === 'eastus' ? { cause: 'http' } : undefined;
    const keys = ['amsterdam', 'boston'].map((location) =>
      play({ minutes: 60, meets, location, environment: environmentWith({ location }) }).opened.map(({ key }) => key),
    );
    expect(keys[0]).toHaveLength(1);
    expect(keys[1]).toEqual(keys[0]);
  });

  it.each([
    ['cause', incidentKey('b', 'p', 0), false],
    ['place', incidentKey('a', 'q', 0), false],
    ['opening bin', incidentKey('a', 'p', minuteMs), false],
    ['nothing but milliseconds of the same bin', incidentKey('a', 'p', minuteMs - 1), true],
  ])('count another %s by itself', (_, key, same) => expect(key === incidentKey('a', 'p', 0)).toBe(same));
});

describe('results that are not in order', () => {
  const all = Array.from({ length: 30 }, (_, minute) =>
    targets.flatMap((target) =>
      journeys.map((journey) =>
        resultAt(
          { journey, target, minute },
          target === 'eastus' && minute >= 20 ? { cause: 'http' } : undefined,
          offsetOf(journey, target),
        ),
      ),
    ),
  ).flat();
  const judge = (results: typeof all) => {
    const store = new IncidentStore(':memory:');
    const round = evaluateRound({ environment: environmentWith(), store, results, nowMs: day + 30 * minuteMs });
    store.close();
    return { keys: round.opened.map(({ key, failures }) => `${key} ${failures}`), budgets: round.budgets };
  };

  it('say the same late, twice and backwards', () => {
    const once = judge(all);
    expect(once.keys).toHaveLength(1);
    expect(judge([...all].reverse())).toEqual(once);
    expect(judge([...all, ...all])).toEqual(once);
  });

  it('open nothing anew when a round is judged twice', () => {
    const store = new IncidentStore(':memory:');
    const input = { environment: environmentWith(), store, results: all, nowMs: day + 30 * minuteMs };
    const [first, second] = [evaluateRound(input), evaluateRound(input)];
    expect([first.opened.length, second.opened.length, second.open.length, store.notices('waiting').length]).toEqual([
      1, 0, 1, 1,
    ]);
    expect(second.budgets).toEqual(first.budgets);
    store.close();
  });
});

describe('what changes around an incident', () => {
  it('names the last build seen before it, where it is', () => {
    const meets = (check: Check): Meets =>
      westDown(check) ??
      (check.target === 'westeurope'
        ? { build: check.minute < 18 ? '1.0.0' : '1.1.0' }
        : check.minute < 5
          ? undefined
          : { build: '2.0.0' });
    const [incident] = play({ minutes: 30, meets }).opened;
    expect(incident?.lastChange).toEqual({ target: 'westeurope', from: '1.0.0', to: '1.1.0', atMs: day + 18 * minuteMs });
  });

  it('ends it with the stamp that was taken away', () => {
    const { store, last } = play({ minutes: 30, meets: westDown });
    expect(last.open).toHaveLength(1);
    const environment = environmentWith();
    const without = { ...environment, stamps: environment.stamps.filter(({ name }) => name !== 'westeurope') };
    const after = play({
      minutes: 5,
      from: 30,
      meets: westDown,
      store,
      environment: without,
    });
    expect([named(after.resolved), named(after.opened)]).toEqual([['connect in westeurope'], []]);
  });

  it('survives a restart: the history knows what is open', () => {
    const { store } = play({ minutes: 30, meets: westDown });
    const { opened, resolved } = play({ minutes: 30, from: 30, meets: westDown, store });
    expect([named(opened), named(resolved)]).toEqual([[], ['connect in westeurope']]);
  });
});
