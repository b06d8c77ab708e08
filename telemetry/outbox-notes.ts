import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

export type ItemState = 'waiting' | 'delivered' | 'parked';

/** What has arrived already goes first; what nobody has seen yet goes last. */
export const dropOrder: readonly ItemState[] = ['delivered', 'parked', 'waiting'];
export const noneDropped: Readonly<Record<ItemState, number>> = { waiting: 0, delivered: 0, parked: 0 };

/** Exchanges kept beside results; each is bounded by who makes it. */
const maxEvidence = 1_000;

/** What an outbox's file keeps beside its items: evidence of failures, and numbers that outlive the process. */
export class OutboxNotes {
  protected readonly database: DatabaseSync;
  private readonly statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.database = database;
  }

  /** Keeps JSON beside a result, such as the exchange that failed; bounded by the count of rows, the oldest go first. */
  keepEvidence(id: string, evidence: unknown): void {
    this.prepared('insert into evidence(id, body) values (?, ?) on conflict(id) do nothing').run(id, JSON.stringify(evidence));
    this.prepared('delete from evidence where rowid <= (select max(rowid) from evidence) - ?').run(maxEvidence);
  }

  evidenceOf(id: string): unknown {
    const [row] = this.all('select body from evidence where id = ?', id);
    return row && JSON.parse(String(row.body));
  }

  /** A number that outlives the process, such as the last round that ended; 0 where it was never set. */
  note(name: string): number {
    return this.number(`note ${name}`);
  }

  setNote(name: string, value: number): void {
    this.setNumber(`note ${name}`, value);
  }

  /** Until when an endpoint asked to be left alone, milliseconds since the epoch; 0 when it didn't. */
  backoffUntil(host: string): number {
    return this.number(`backoff ${host}`);
  }

  setBackoff(host: string, untilMs: number): void {
    this.setNumber(`backoff ${host}`, untilMs);
  }

  /** Rows that the size rule removed since the file was made. */
  dropped(): Readonly<Record<ItemState, number>> {
    const numbers = dropOrder.map((state): [ItemState, number] => [state, this.number(`dropped ${state}`)]);
    return { ...noneDropped, ...Object.fromEntries(numbers) };
  }

  /** Counts rows that were removed, here or in another outbox whose rows came here. */
  addDropped(dropped: Readonly<Record<ItemState, number>>): void {
    const statement = this.prepared(
      'insert into number(name, value) values (?, ?) on conflict(name) do update set value = value + excluded.value',
    );
    for (const state of dropOrder) if (dropped[state] > 0) statement.run(`dropped ${state}`, dropped[state]);
  }

  protected number(name: string): number {
    return Number(this.all('select value from number where name = ?', name)[0]?.value ?? 0);
  }

  private setNumber(name: string, value: number): void {
    this.prepared('insert into number(name, value) values (?, ?) on conflict(name) do update set value = excluded.value').run(
      name,
      value,
    );
  }

  protected all(sql: string, ...values: SQLInputValue[]) {
    return this.prepared(sql).all(...values);
  }

  /** Compiled once: with every result anew it would take as long as storing it. Not for iterating, which others may do meanwhile. */
  protected prepared(sql: string): StatementSync {
    const known = this.statements.get(sql) ?? this.database.prepare(sql);
    this.statements.set(sql, known);
    return known;
  }
}
