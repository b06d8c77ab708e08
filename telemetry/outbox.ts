import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { SQLInputValue } from 'node:sqlite';
import { type AvailabilityResult, availabilityResultSchema } from '../synthetics/result.ts';
import type { TelemetryEvent } from './event.ts';
import { cannotOpen, type Opened, openDatabase } from './outbox-file.ts';
import { dropOrder, type ItemState, noneDropped, OutboxNotes } from './outbox-notes.ts';
import { readable } from './outbox-read.ts';

export { OutboxError } from './outbox-file.ts';

type ItemKind = 'availability' | 'event';

/** A row on its way out; `body` is JSON that its reader parses anew, since the file outlives the code that wrote it. */
export interface OutboxItem {
  /** Grows with the order of arrival. */
  readonly seq: number;
  readonly id: string;
  readonly kind: ItemKind;
  /** Start of a result, time of an event: milliseconds since the epoch. */
  readonly at: number;
  readonly body: string;
  readonly attempts: number;
}

/** An item, and what became of it by now. */
export interface OutboxRow extends OutboxItem {
  readonly journey: string;
  readonly target: string;
  readonly state: ItemState;
  /** Why it was parked, or still waits after an attempt. */
  readonly reason?: string;
}

/** What became of one item in one attempt to deliver it. */
export type Mark =
  | { readonly id: string; readonly state: 'delivered' }
  | { readonly id: string; readonly state: 'waiting' | 'parked'; readonly reason: string };

interface OutboxCounts {
  readonly waiting: number;
  readonly delivered: number;
  readonly parked: number;
  /** Rows that the size rule removed since the file was made; `waiting` ones never reached Application Insights. */
  readonly dropped: Readonly<Record<ItemState, number>>;
}

interface Added {
  readonly added: number;
  /** Ids that were there already, and stay as they were. */
  readonly repeated: number;
  readonly dropped: Readonly<Record<ItemState, number>>;
}

interface RecentQuery {
  /** Start of the results, milliseconds since the epoch. */
  readonly since: number;
  readonly journey?: string;
  readonly target?: string;
  /** Default 10,000. */
  readonly limit?: number;
}

export interface OutboxOptions {
  readonly now: () => number;
  /** Rows of all states together; default 200,000, some three days of eight journeys on six targets a minute. */
  readonly maxRows?: number;
  /** Says what was set aside or dropped; default standard error. */
  readonly warn?: (message: string) => void;
}

interface NewRow {
  /** kind, id, at, journey, target */
  readonly columns: readonly SQLInputValue[];
  readonly body: string;
}

const defaultMaxRows = 200_000;

/** `.local/outbox/<environment>.db` of this checkout: results of different environments never mix. */
export function outboxPath(environmentName: string): string {
  return resolve(join(__dirname, '..', '.local', 'outbox', `${environmentName}.db`));
}

/** Results wait here until Application Insights has confirmed each; several processes may use one file at once. */
export class Outbox extends OutboxNotes {
  readonly path: string;
  /** Where a damaged predecessor of this file went; undefined when there was none. */
  readonly setAside: string | undefined;
  private readonly now: () => number;
  private readonly maxRows: number;
  private readonly warn: (message: string) => void;

  constructor(path: string, opened: Opened, options: OutboxOptions) {
    super(opened.database);
    this.path = path;
    this.setAside = opened.setAside;
    this.now = options.now;
    this.maxRows = options.maxRows ?? defaultMaxRows;
    this.warn = options.warn ?? ((message) => console.error(message));
  }

  /** Stores results in one transaction: all of them or, on an error, none. */
  add(results: readonly AvailabilityResult[]): Added {
    return this.insert(
      results.map((r) => ({
        columns: ['availability', r.id, Date.parse(r.startedAt), r.journey, r.target.name],
        body: JSON.stringify(r),
      })),
    );
  }

  addEvents(events: readonly TelemetryEvent[]): Added {
    return this.insert(events.map((e) => ({ columns: ['event', e.id, Date.parse(e.at), e.name, ''], body: JSON.stringify(e) })));
  }

  /** Rows of another outbox as they are, readable or not. */
  addRows(rows: readonly OutboxRow[]): Added {
    return this.insert(
      rows.map(({ kind, id, at, journey, target, body }) => ({ columns: [kind, id, at, journey, target], body })),
    );
  }

  /** Oldest first, after the given place in the order of arrival. */
  waiting(limit: number, afterSeq = 0): OutboxItem[] {
    return this.rows(limit, afterSeq, 'waiting');
  }

  /** The same of one state, or of all, delivered ones too. */
  rows(limit: number, afterSeq = 0, state?: ItemState): OutboxRow[] {
    const only = state === undefined ? '' : 'state = ? and';
    return this.all(
      `select seq, id, kind, at, journey, target, body, attempts, state, reason from item join content using (seq) where ${only} seq > ? order by seq limit ?`,
      ...(state === undefined ? [] : [state]),
      afterSeq,
      limit,
    ).map((row) => ({
      seq: Number(row.seq),
      id: String(row.id),
      kind: row.kind === 'event' ? 'event' : 'availability',
      at: Number(row.at),
      journey: String(row.journey),
      target: String(row.target),
      body: String(row.body),
      attempts: Number(row.attempts),
      state: String(row.state) as ItemState,
      ...(row.reason !== null && { reason: String(row.reason) }),
    }));
  }

  /** Latest first: what came in while older items wait to be drained. */
  newest(limit: number): OutboxItem[] {
    const [last] = this.all('select max(seq) as seq from item');
    return this.waiting(limit, Math.max(0, Number(last?.seq ?? 0) - limit)).reverse();
  }

  /** Records what became of items. Delivered is final: a slower process that failed with the same item can't undo it. */
  mark(marks: readonly Mark[]): void {
    const statement = this.prepared(
      `update item set state = ?, reason = ?, attempts = attempts + 1, changedAt = ? where id = ? and state <> 'delivered'`,
    );
    this.transaction(() => {
      for (const mark of marks) statement.run(mark.state, mark.state === 'delivered' ? null : mark.reason, this.now(), mark.id);
    });
  }

  /** Gives parked items another chance, after their cause was mended; answers how many. */
  requeueParked(): number {
    return Number(
      this.database.prepare(`update item set state = 'waiting', changedAt = ? where state = 'parked'`).run(this.now()).changes,
    );
  }

  counts(): OutboxCounts {
    return { ...this.undelivered(), delivered: this.count('delivered'), dropped: this.dropped() };
  }

  /** Asked with every delivery, and cheap: it counts what is left, not the days of results that arrived. */
  undelivered(): Pick<OutboxCounts, 'waiting' | 'parked'> {
    return { waiting: this.count('waiting'), parked: this.count('parked') };
  }

  /** Why items are parked or still waiting after an attempt, with how many of each, most first. */
  reasons(state: 'waiting' | 'parked'): { reason: string; items: number }[] {
    return this.all(
      `select reason, count(*) as items from item where state = ? and reason is not null group by reason order by items desc, reason`,
      state,
    ).map((row) => ({ reason: String(row.reason), items: Number(row.items) }));
  }

  /** Results by their start, oldest first, each id once, whatever became of their delivery. */
  recent(query: RecentQuery): AvailabilityResult[] {
    const rows = this.all(
      `select body from (select at, seq from item where kind = 'availability' and at >= ?
         and (? is null or journey = ?) and (? is null or target = ?) order by at desc, seq desc limit ?)
       join content using (seq) order by at, seq`,
      query.since,
      query.journey ?? null,
      query.journey ?? null,
      query.target ?? null,
      query.target ?? null,
      query.limit ?? 10_000,
    );
    return [...this.results(rows)];
  }

  /** All results that began since a time, in order of arrival, one by one: an hour of thousands of checks is no array. */
  since(startMs: number): Generator<AvailabilityResult> {
    const rows = this.database.prepare(
      `select body from item join content using (seq) where kind = 'availability' and at >= ? order by seq`,
    );
    return this.results(rows.iterate(startMs));
  }

  /** The result of an id, whatever became of its delivery. */
  find(id: string): AvailabilityResult | undefined {
    const rows = this.all(`select body from item join content using (seq) where id = ? and kind = 'availability'`, id);
    return [...this.results(rows)][0];
  }

  private results(rows: Iterable<Record<string, unknown>>): Generator<AvailabilityResult> {
    return readable(availabilityResultSchema, rows, (what) => this.warn(`outbox ${this.path}: ${what}`));
  }

  close(): void {
    this.database.close();
  }

  private insert(rows: readonly NewRow[]): Added {
    const statement = this.prepared(
      `insert into item(kind, id, at, journey, target, state, attempts, changedAt)
       values (?, ?, ?, ?, ?, 'waiting', 0, ?) on conflict(id) do nothing`,
    );
    const content = this.prepared('insert into content(seq, body) values (?, ?)');
    const now = this.now();
    let added = 0;
    const dropped = this.transaction(() => {
      for (const { body, columns } of rows) {
        const { changes, lastInsertRowid } = statement.run(...columns, now);
        if (changes === 0) continue;
        content.run(lastInsertRowid, body);
        added++;
      }
      return this.bound();
    });
    const lost = dropped.waiting + dropped.parked;
    if (lost > 0) this.warn(`outbox ${this.path} is full: ${lost} undelivered results were dropped, the oldest first`);
    return { added, repeated: rows.length - added, dropped };
  }

  /** Keeps the file within its rows: delivered ones go first, then the oldest parked, then the oldest waiting. */
  private bound(): Record<ItemState, number> {
    const dropped = { ...noneDropped };
    // The span of the sequence bounds the count from above. Asked apart: SQLite scans the table for both at once.
    const span = this.all('select (select max(seq) from item) - (select min(seq) from item) + 1 as span')[0];
    if (Number(span?.span ?? 0) <= this.maxRows) return dropped;
    let excess = Number(this.all('select count(*) as rows from item')[0]?.rows) - this.maxRows;
    for (const state of dropOrder) {
      if (excess <= 0) break;
      const oldest = 'where seq in (select seq from item where state = ? order by seq limit ?)';
      // Of those that arrived some more, so that a full file is not counted again with every result.
      const most = state === 'delivered' ? excess + Math.floor(this.maxRows / 100) : excess;
      this.database.prepare(`delete from content ${oldest}`).run(state, most);
      dropped[state] = Number(this.database.prepare(`delete from item ${oldest}`).run(state, most).changes);
      excess -= dropped[state];
    }
    this.addDropped(dropped);
    return dropped;
  }

  private count(state: ItemState): number {
    return Number(this.all('select count(*) as rows from item where state = ?', state)[0]?.rows);
  }

  /** `immediate` takes the write lock at once: a read that turns into a write fails where another process wrote meanwhile. */
  private transaction<T>(act: () => T): T {
    this.prepared('begin immediate').run();
    try {
      const value = act();
      this.prepared('commit').run();
      return value;
    } catch (error) {
      // A full disk has rolled back by itself; that there is nothing to roll back is not what went wrong.
      if (this.database.isTransaction) this.prepared('rollback').run();
      throw error;
    }
  }
}

/** Opens or makes the outbox at a path; a damaged file is renamed, said, and replaced by an empty one. */
export function openOutbox(path: string, options: OutboxOptions): Outbox {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (cause) {
    throw cannotOpen(path, cause);
  }
  const opened = openDatabase(path, options.now);
  const outbox = new Outbox(path, opened, options);
  if (opened.setAside !== undefined)
    (options.warn ?? ((message: string) => console.error(message)))(
      `outbox ${path} was damaged (${opened.damage}); it was set aside as ${opened.setAside}, and results go to a new one`,
    );
  return outbox;
}
