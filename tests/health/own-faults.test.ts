import { describe, expect, it } from 'vitest';
import { minuteMs } from '../../health/bins.ts';
import { IncidentStore } from '../../health/incident-store.ts';
import type { OwnFault } from '../../health/own-faults.ts';
import { evaluateRound } from '../../health/round.ts';
import { day, environmentWith } from './day.ts';

/** `on`, `off` by minute; the rounds' openings and ends. */
function playFault(name: string, isOnAt: (minute: number) => boolean, minutes: number) {
  const store = new IncidentStore(':memory:');
  const seen: string[] = [];
  let own: OwnFault = { name, isOn: false, sinceMs: 0, seen: '' };
  for (let minute = 0; minute < minutes; minute += 1) {
    const nowMs = day + minute * minuteMs;
    const isOn = isOnAt(minute);
    if (isOn !== own.isOn) own = { name, isOn, sinceMs: nowMs, seen: 'database or disk is full' };
    const { opened, resolved } = evaluateRound({
      environment: environmentWith(),
      store,
      results: [],
      expected: [],
      nowMs,
      own: [own],
    });
    for (const { kind, cause, place, urgency } of opened) seen.push(`${minute} opened ${kind} ${cause} ${place} ${urgency}`);
    for (const { cause } of resolved) seen.push(`${minute} resolved ${cause}`);
  }
  store.close();
  return seen;
}

describe('faults of the monitor itself', () => {
  it('open at once and close when they have stayed away', () => {
    expect(playFault('disk-fault', (minute) => minute >= 3 && minute < 6, 20)).toEqual([
      '3 opened monitor disk-fault local page',
      '11 resolved disk-fault',
    ]);
  });

  it('that come and go are one incident, and an overrun wakes nobody', () => {
    expect(playFault('overrun', (minute) => minute >= 3 && minute < 13 && minute % 2 === 1, 30)).toEqual([
      '3 opened monitor overrun local ticket',
      '17 resolved overrun',
    ]);
  });
});
