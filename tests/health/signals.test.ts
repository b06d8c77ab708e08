import { describe, expect, it } from 'vitest';
import { minuteMs } from '../../health/bins.ts';
import type { Expected } from '../../health/findings.ts';
import { IncidentStore } from '../../health/incident-store.ts';
import { evaluateRound } from '../../health/round.ts';
import type { AvailabilityResult } from '../../synthetics/result.ts';
import { day, environmentWith, journeys, type Meets, play, resultAt, targets } from './day.ts';

const within = (minute: number, from: number, to: number) => minute >= from && minute < to;
const named = (incidents: readonly { kind: string; place: string; urgency: string }[]) =>
  incidents.map(({ kind, place, urgency }) => `${kind} ${place} ${urgency}`);

const expected: Expected[] = targets.flatMap((target) =>
  journeys.map(
    (journey): Expected => ({ journey, place: { kind: target === 'global' ? 'global' : 'stamp', target, region: target } }),
  ),
);

describe('silence', () => {
  const rows: readonly (readonly [string, (minute: number, target: string, journey: string) => boolean, string[]])[] = [
    ['of everything', (minute) => within(minute, 20, 40), ['silence store page']],
    ['of one target', (minute, target) => target === 'eastus' && within(minute, 20, 40), ['silence eastus page']],
    ['of one journey', (minute, _, journey) => journey === 'cart' && within(minute, 20, 40), ['silence store page']],
    ['of four minutes', (minute) => within(minute, 20, 24), []],
    ['now and then', (minute) => minute % 3 !== 0, []],
  ];
  it.each(rows)('%s raises the alerts it deserves', (_, isSilent, alerts) => {
    const { opened, resolved, last } = play({
      minutes: 60,
      meets: ({ minute, target, journey }) => (isSilent(minute, target, journey) ? 'none' : undefined),
    });
    expect(named(opened)).toEqual(alerts);
    expect(resolved).toHaveLength(alerts.length);
    expect(last.open).toEqual([]);
  });

  it('opens after five bins without a result, and no earlier', () => {
    const { opened } = play({ minutes: 40, meets: ({ minute }) => (minute >= 20 ? 'none' : undefined) });
    // Bins 20 to 24 are empty at the end of minute 25, whose own results may still come.
    expect(opened.map(({ startedAtMs, openedAtMs }) => [startedAtMs - day, openedAtMs - day])).toEqual([
      [20 * minuteMs, 25 * minuteMs + 59_000],
    ]);
  });

  it('of what never spoke is seen where it is expected', () => {
    const store = new IncidentStore(':memory:');
    const round = evaluateRound({ environment: environmentWith(), store, results: [], nowMs: day, expected });
    expect(named(round.opened)).toEqual(['silence store page']);
    expect(round.budgets).toEqual([]);
    store.close();
  });

  it('before the monitor ran is nobody’s', () => {
    const { opened } = play({ minutes: 10, meets: () => undefined, expected, sinceMs: day });
    expect(opened).toEqual([]);
  });

  it('keeps an outage open: missing is not healthy', () => {
    const meets = ({ minute, target }: { minute: number; target: string }): Meets =>
      target !== 'eastus' || minute < 20 ? undefined : minute < 30 ? { cause: 'http' } : 'none';
    const { opened, resolved } = play({ minutes: 130, meets });
    expect(named(opened)).toEqual(['outage eastus page', 'silence eastus page']);
    expect(resolved).toEqual([]);
  });
});

describe('rounds that say nothing', () => {
  it.each([
    ['two in a row', [20, 21], []],
    ['three in a row', [20, 21, 22], ['probe local page']],
    ['three with one between', [20, 21, 23], []],
  ] as const)('%s', (_, minutes, alerts) => {
    const { opened, resolved } = play({
      minutes: 40,
      meets: ({ minute }) => ((minutes as readonly number[]).includes(minute) ? 'inconclusive' : undefined),
    });
    expect(named(opened)).toEqual(alerts);
    expect(resolved).toHaveLength(alerts.length);
  });

  it('count as such only if no result of them says anything', () => {
    const { opened } = play({
      minutes: 40,
      meets: ({ minute, journey }) => (minute >= 20 && journey !== 'cart' ? 'inconclusive' : undefined),
    });
    expect(opened).toEqual([]);
  });
});

describe('first attempts', () => {
  it('show one bad instance in three within ten minutes', () => {
    // Round robin over three instances: each third check meets the bad one, and passes on retry.
    const meets = ({ minute, target, journey }: { minute: number; target: string; journey: string }): Meets =>
      target === 'eastus' && minute >= 20 && (minute + journeys.indexOf(journey as 'cart')) % 3 === 0 ? 'retried' : undefined;
    const { opened, last } = play({ minutes: 40, meets });
    expect(named(opened)).toEqual(['first-attempts eastus ticket']);
    expect((opened[0]?.openedAtMs ?? 0) - day).toBeLessThan(30 * minuteMs);
    expect(last.firstAttempts).toContainEqual({ target: 'eastus', results: 60, failedFirst: 20, share: 1 / 3 });
  });

  it('of one bad minute, or a rare one, are no alert', () => {
    const meets = ({ minute, journey }: { minute: number; journey: string }): Meets =>
      minute === 30 || (minute % 9 === 0 && journey === 'cart') ? 'retried' : undefined;
    expect(play({ minutes: 90, meets }).opened).toEqual([]);
  });

  it('are over when retries are', () => {
    const { resolved } = play({
      minutes: 60,
      meets: ({ minute, target }) => (target === 'eastus' && within(minute, 10, 25) ? 'retried' : undefined),
    });
    expect(named(resolved)).toEqual(['first-attempts eastus ticket']);
  });
});

describe('certificates', () => {
  const look = (minute: number, changes: Partial<AvailabilityResult>, target = 'eastus') => ({
    ...resultAt({ journey: 'certificate', target, minute }, undefined),
    ...changes,
  });
  const failing = (rule: string): Partial<AvailabilityResult> => ({
    outcome: 'failed',
    failure: { step: 'expiry', rule, seen: 'one that ends in 3.0 days', cause: 'tls' },
  });
  const endsSoon = { warnings: ['the certificate is one that ends in 15.0 days'] };
  const tooFew = failing('a certificate for at least 7 more days');

  it.each([
    ['that last', [{}], []],
    ['that end soon', [endsSoon], ['certificate eastus ticket']],
    ['that end very soon', [tooFew], ['certificate eastus page']],
    ['that couldn’t be looked at', [failing('an answer')], []],
    ['that were renewed', [tooFew, {}], []],
  ] as const)('%s', (_, looks, alerts) => {
    const store = new IncidentStore(':memory:');
    const results = looks.map((changes, i) => look(i * 20, changes));
    const round = evaluateRound({ environment: environmentWith(), store, results, nowMs: day + 30 * minuteMs });
    expect(named(round.open)).toEqual(alerts);
    store.close();
  });

  it('wake somebody when what could wait no longer can', () => {
    const store = new IncidentStore(':memory:');
    const round = (minute: number, results: AvailabilityResult[]) =>
      evaluateRound({ environment: environmentWith(), store, results, nowMs: day + minute * minuteMs });
    expect(named(round(1, [look(0, endsSoon)]).opened)).toEqual(['certificate eastus ticket']);
    const urgent = round(70, [look(60, tooFew)]);
    expect([named(urgent.opened), named(urgent.reminded)]).toEqual([[], ['certificate eastus page']]);
    expect(urgent.reminded[0]?.evidence.seen).toBe('one that ends in 3.0 days');
    expect(round(71, []).reminded).toEqual([]);
    store.close();
  });

  it('open one incident for all targets, and close it with the renewal', () => {
    const store = new IncidentStore(':memory:');
    const round = (minute: number, results: AvailabilityResult[]) =>
      evaluateRound({ environment: environmentWith(), store, results, nowMs: day + minute * minuteMs });
    expect(named(round(1, [look(0, tooFew, 'eastus'), look(0, tooFew, 'westeurope')]).opened)).toEqual([
      'certificate store page',
    ]);
    expect(round(70, [look(60, {}, 'eastus'), look(60, tooFew, 'westeurope')]).resolved).toEqual([]);
    expect(named(round(130, [look(120, {}, 'eastus'), look(120, {}, 'westeurope')]).resolved)).toEqual([
      'certificate store page',
    ]);
    store.close();
  });
});
