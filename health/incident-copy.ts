import { IncidentStore } from './incident-store.ts';

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
