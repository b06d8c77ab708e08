import { IncidentStore } from './incident-store.ts';
import type { Notice } from './notice.ts';

/** Longest history that a copy takes along: that of the windows is an hour. */
const recentMs = 6 * 60 * 60_000;

/**
 * What a round needs of a history, in memory: open and recent incidents, messages that wait, silences and acknowledgements.
 * Tallies stay behind, so that budgets are those of the time since.
 */
export function copyInMemory(from: IncidentStore, nowMs: number): IncidentStore {
  const copy = new IncidentStore(':memory:');
  copy.putIncidents(from.recentIncidents(nowMs - recentMs));
  for (const silence of from.silences(nowMs)) copy.addSilence(silence);
  for (const ack of from.acks()) copy.addAck(ack);
  for (const { key, state, atMs } of from.notices('waiting')) copy.addNotice(key, state, atMs);
  return copy;
}

const nameOf = ({ key, state, atMs }: Notice) => `${key} ${state} ${atMs}`;

/**
 * Brings home what became of incidents while the file could not be written, such as the one about that very disk: without it
 * nobody would be told of their end. Throws where the file still takes nothing; what was sent meanwhile is not sent again.
 */
export function bringHome(memory: IncidentStore, file: IncidentStore, nowMs: number): void {
  file.transaction(() => {
    file.putIncidents(memory.recentIncidents(nowMs - recentMs));
    const waiting = new Map(file.notices('waiting').map((notice) => [nameOf(notice), notice.seq]));
    for (const notice of memory.notices('waiting'))
      if (!waiting.has(nameOf(notice))) file.addNotice(notice.key, notice.state, notice.atMs);
    for (const delivery of ['delivered', 'given-up'] as const)
      for (const notice of memory.notices(delivery)) {
        const seq = waiting.get(nameOf(notice));
        if (seq !== undefined) file.markNotice(seq, delivery, notice.attempts, notice.outcome);
      }
  });
}
