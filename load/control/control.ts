import { type Action, type Change, type ControlArm, describeBefore, type Found, kinds, type ResourceIds } from './actions.ts';
import type { Journal } from './journal.ts';

export interface PutBack {
  /** A line each. */
  readonly done: readonly string[];
  readonly failed: readonly string[];
}

type Row = {
  readonly before: (arm: ControlArm, ids: ResourceIds, action: Action) => Promise<Change>;
  readonly act: (arm: ControlArm, action: Action, change: Change, note: (more: Partial<Change>) => void) => Promise<void>;
  readonly back: (arm: ControlArm, change: Change, note: (more: Partial<Change>) => void) => Promise<Found>;
};
// Each row takes its own kind alone; that they are called with it, the compiler can't see.
const rowOf = (kind: Action['kind']) => kinds[kind] as unknown as Row;

/** Does one action: what it will change is written down first. Resolves when it is done. */
export async function perform(action: Action, arm: ControlArm, ids: ResourceIds, journal: Journal): Promise<void> {
  const { before, act } = rowOf(action.kind);
  const now = await before(arm, ids, action);
  // What stood before the first of several changes is what is put back; a swap is undone by as many swaps.
  const known = action.kind === 'swap' ? undefined : journal.list().find(({ path }) => path === now.path);
  if (!known) journal.add(now);
  await act(arm, action, known ?? now, noting(journal, known ?? now));
}

function noting(journal: Journal, first: Change): (more: Partial<Change>) => void {
  let change = first;
  return (more) => {
    change = journal.note(change, more as Partial<typeof change>);
  };
}

/** Puts everything back that the journal names, and takes it out. What fails stays in it, for the next attempt. */
export async function putBack(arm: ControlArm, journal: Journal): Promise<PutBack> {
  const done: string[] = [];
  const failed: string[] = [];
  for (const change of inOrder(journal.list())) {
    try {
      // What its process asked for and did not see end must be over first, or it would come after.
      if (change.operation) await arm.over(change.operation);
      const latest = { change };
      const note = (more: Partial<Change>) => {
        latest.change = journal.note(latest.change, more as Partial<Change>);
      };
      const found = await rowOf(change.kind).back(arm, change, note);
      journal.remove(latest.change);
      done.push(`${change.what}: ${describeFound(found, change)}`);
    } catch (error) {
      failed.push(`${change.what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { done, failed };
}

function describeFound(found: Found, change: Change): string {
  if (typeof found === 'object') return `left at ${found.leftAt}`;
  return found === 'put back' ? `${found} (${describeBefore(change)})` : found;
}

/** The latest first, but origins that come in before any that go out: the endpoint is never without one. */
function inOrder(changes: readonly Change[]): Change[] {
  const opens = (change: Change) => change.kind === 'origin' && change.before.enabledState === 'Enabled';
  const latestFirst = [...changes].reverse();
  return [...latestFirst.filter(opens), ...latestFirst.filter((change) => !opens(change))];
}
