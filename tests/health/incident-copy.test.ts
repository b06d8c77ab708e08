import { describe, expect, it } from 'vitest';
import { bringHome, copyInMemory } from '../../health/incident-copy.ts';
import { IncidentStore } from '../../health/incident-store.ts';
import { type Check, day, type Meets, play } from './day.ts';

const nowMs = day + 40 * 60_000;
const eastDown = ({ minute, target }: Check): Meets => (target === 'eastus' && minute >= 20 ? { cause: 'http' } : undefined);

describe('what happened in memory', () => {
  it('comes home: incidents as they are now, what was sent as sent, and what still waits', () => {
    const { store: file } = play({ minutes: 40, meets: eastDown });
    const memory = copyInMemory(file, nowMs);
    const [incident] = memory.openIncidents();
    const [waiting] = memory.notices('waiting');
    if (!incident || !waiting) throw new Error('nothing is open, or told');
    memory.markNotice(waiting.seq, 'delivered', 1, 'answered 204');
    memory.putIncidents([{ ...incident, resolvedAtMs: nowMs }]);
    memory.addNotice(incident.key, 'resolved', nowMs);
    for (const time of ['once', 'again']) {
      bringHome(memory, file, nowMs);
      expect([time, file.openIncidents(), file.recentIncidents(0).length]).toEqual([time, [], 1]);
      expect(file.noticesOf(incident.key).map(({ state, delivery }) => `${state} ${delivery}`)).toEqual([
        'opened delivered',
        'resolved waiting',
      ]);
    }
  });

  it('leaves alone what only the file knows', () => {
    const { store: file } = play({ minutes: 40, meets: eastDown });
    bringHome(new IncidentStore(':memory:'), file, nowMs);
    expect([file.openIncidents().length, file.notices('waiting').length]).toEqual([1, 1]);
  });
});
