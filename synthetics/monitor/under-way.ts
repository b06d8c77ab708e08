import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf } from './log.ts';

const noteSchema = z.strictObject({
  kind: z.enum(['load', 'experiment']),
  why: z.string().min(1),
  /** Of the stamps or the global endpoint; absent: all. */
  targets: z.array(z.string()).optional(),
  fromMs: z.number(),
  /** Holds no longer than this, also where whoever wrote it was killed. */
  untilMs: z.number(),
});

/** A load test or an experiment that is under way, as a file that other processes read. */
export type UnderWay = z.infer<typeof noteSchema>;

const root = join(__dirname, '..', '..');

/** `.local/under-way/<environment>` of this checkout. */
export const underWayFolder = (environmentName: string): string => join(root, '.local', 'under-way', environmentName);

/** Says that something is under way; the answer takes it back. Results of the time between are kept out of objectives. */
export function announce(folder: string, note: UnderWay): () => void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${note.kind}-${process.pid}-${note.fromMs}.json`);
  write(file, note);
  // Not removed: a journey that began within it ends after it, and is marked then.
  return () => write(file, { ...note, untilMs: Math.min(note.untilMs, Date.now()) });
}

/** Moved into place, so that no reader finds half a note and takes it for none. */
function write(file: string, note: UnderWay): void {
  const aside = `${file}.new`;
  writeFileSync(aside, JSON.stringify(note));
  renameSync(aside, file);
}

/** How long notes stay after their end, so that results which began before it still see them. */
const keptMs = 10 * 60_000;

/** Hears of a note, or of the folder, that can't be read: results of a load test would count as any others. */
export type OnUnread = (path: string, reason: string) => void;

/** All notes of a folder; removes what ended long ago. */
export function readUnderWay(folder: string, nowMs: number, onUnread: OnUnread): UnderWay[] {
  return filesOf(folder, onUnread).flatMap((file) => {
    const note = noteOf(file, onUnread);
    if (note && note.untilMs + keptMs >= nowMs) return [note];
    // One that says nothing is no note of ours, and is left to who wrote it.
    if (note) rmSync(file, { force: true });
    return [];
  });
}

function filesOf(folder: string, onUnread: OnUnread): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith('.json'))
      .map((file) => join(folder, file));
  } catch (error) {
    sayUnlessGone(folder, error, onUnread);
    return [];
  }
}

function noteOf(file: string, onUnread: OnUnread): UnderWay | undefined {
  try {
    return noteSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    sayUnlessGone(file, error, onUnread);
    return undefined;
  }
}

/** Where nothing was ever announced there is no folder, and another process may remove what has ended. */
function sayUnlessGone(path: string, error: unknown, onUnread: OnUnread): void {
  const isGone = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  if (!isGone) onUnread(path, error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error));
}
