import type { Mark, Outbox, OutboxRow } from './outbox.ts';

/** Rows moved at once. */
const atOnce = 512;

/**
 * Gives one outbox all that another has: results and events whatever became of them, their evidence, and the count of those
 * that were dropped. Moved again after it failed half-way, ids that are there already stay as they are.
 */
export function moveItems(from: Outbox, to: Outbox): void {
  let seq = 0;
  for (let rows = from.rows(atOnce); rows.length > 0; rows = from.rows(atOnce, seq)) {
    seq = rows.at(-1)?.seq ?? seq;
    // As they are: one that can't be read must not keep the others where they are.
    to.addRows(rows);
    to.mark(rows.flatMap(markOf));
    for (const { id } of rows) {
      const evidence = from.evidenceOf(id);
      if (evidence !== undefined) to.keepEvidence(id, evidence);
    }
  }
  to.addDropped(from.dropped());
}

function markOf({ id, state, reason }: OutboxRow): Mark[] {
  if (state === 'delivered') return [{ id, state }];
  return reason === undefined ? [] : [{ id, state, reason }];
}
