import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { minuteMs } from './bins.ts';
import type { BuildChange, Incident } from './incident.ts';
import { type Notice, type NoticeState, noticeOf } from './notice.ts';
import type { Silence } from './silences.ts';
import { IncidentReader, type UnreadIncident } from './unread-incidents.ts';

/** Results of a journey at a place in one bucket. */
export interface Tally {
  readonly journey: string;
  /** A region, or `global`. */
  readonly place: string;
  readonly startMs: number;
  readonly total: number;
  readonly failed: number;
  /** Of the failed, those within an incident that was told. */
  readonly failedTold: number;
  /** Passed, but slower than the objective. */
  readonly slow: number;
  readonly slowTold: number;
}

export type Sum = Omit<Tally, 'startMs'>;

interface Ack {
  readonly key: string;
  readonly atMs: number;
  readonly why: string;
}

const schema = `
  create table if not exists incident(key text primary key, openedAt integer not null, resolvedAt integer, body text not null);
  create index if not exists incident_open on incident(resolvedAt, openedAt);
  create table if not exists notice(
    seq integer primary key autoincrement, key text not null, state text not null, at integer not null,
    attempts integer not null, outcome text not null, delivery text not null);
  create index if not exists notice_delivery on notice(delivery, seq);
  create table if not exists silence(
    id integer primary key autoincrement, subject text not null, fromAt integer not null, untilAt integer not null, why text not null);
  create table if not exists ack(key text not null, at integer not null, why text not null);
  create table if not exists build(target text not null, build text not null, before text not null, at integer not null);
  create index if not exists build_at on build(target, at);
  create table if not exists tally(
    minutes integer not null, startAt integer not null, journey text not null, place text not null, total integer not null,
    failed integer not null, failedTold integer not null, slow integer not null, slowTold integer not null,
    primary key (minutes, startAt, journey, place)) without rowid;`;

/** How long one process waits for another's write: a command may write while the monitor does. */
const busyTimeoutMs = 5_000;

/** `.local/incidents/<environment>.db` of this checkout. */
export function incidentsPath(environmentName: string): string {
  return resolve(join(__dirname, '..', '.local', 'incidents', `${environmentName}.db`));
}

/** Incidents, what was told of them, silences, acknowledgements, builds and tallies: what outlives the windows. */
export class IncidentStore {
  private readonly database: DatabaseSync;
  private readonly statements = new Map<string, StatementSync>();
  private readonly reader: IncidentReader;

  /** @param file its path, `:memory:`, or one that is open, and taken as it is; `onUnread` hears of each incident that can't be read once. Default: said on stderr */
  constructor(file: string | DatabaseSync, onUnread?: (unread: UnreadIncident) => void) {
    this.reader = new IncidentReader(onUnread);
    if (typeof file !== 'string') {
      this.database = file;
      return;
    }
    if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
    this.database = new DatabaseSync(file, { timeout: busyTimeoutMs });
    this.database.exec(`pragma journal_mode = wal; pragma synchronous = normal; ${schema}`);
  }

  openIncidents(): Incident[] {
    return this.incidents('select key, body from incident where resolvedAt is null order by openedAt, key');
  }

  /** Open, or resolved since; latest first. */
  recentIncidents(sinceMs: number, limit = 1_000): Incident[] {
    const where = 'where resolvedAt is null or resolvedAt >= ? or openedAt >= ?';
    return this.incidents(`select key, body from incident ${where} order by openedAt desc, key limit ?`, sinceMs, sinceMs, limit);
  }

  /** By its key or the beginning of it. */
  findIncidents(keyPrefix: string): Incident[] {
    return this.incidents(
      `select key, body from incident where substr(key, 1, ?) = ? order by openedAt desc`,
      keyPrefix.length,
      keyPrefix,
    );
  }

  /** Writes incidents as they are now; the same key is the same incident. */
  putIncidents(incidents: readonly Incident[]): void {
    const statement = this.prepared(
      `insert into incident(key, openedAt, resolvedAt, body) values (?, ?, ?, ?)
       on conflict(key) do update set resolvedAt = excluded.resolvedAt, body = excluded.body`,
    );
    this.transaction(() => {
      for (const incident of incidents)
        statement.run(incident.key, incident.openedAtMs, incident.resolvedAtMs ?? null, JSON.stringify(incident));
    });
  }

  addNotice(key: string, state: NoticeState, atMs: number): void {
    this.run(
      `insert into notice(key, state, at, attempts, outcome, delivery) values (?, ?, ?, 0, '', 'waiting')`,
      key,
      state,
      atMs,
    );
  }

  /** Oldest first; default: all. */
  notices(delivery: Notice['delivery'], limit = -1): Notice[] {
    return this.all('select * from notice where delivery = ? order by seq limit ?', delivery, limit).map(noticeOf);
  }

  countNotices(delivery: Notice['delivery'], sinceMs = 0): number {
    const [row] = this.all('select count(*) as count from notice where delivery = ? and at >= ?', delivery, sinceMs);
    return Number(row?.count);
  }

  /** Of the latest `most` messages all stay; of those before only what still waits, which is given up in a day. */
  pruneNotices(most: number): void {
    this.run(`delete from notice where seq <= (select max(seq) from notice) - ? and delivery <> 'waiting'`, most);
  }

  noticesOf(key: string): Notice[] {
    return this.all('select * from notice where key = ? order by seq', key).map(noticeOf);
  }

  markNotice(seq: number, delivery: Notice['delivery'], attempts: number, outcome: string): void {
    this.run(
      'update notice set delivery = ?, attempts = attempts + ?, outcome = ? where seq = ?',
      delivery,
      attempts,
      outcome,
      seq,
    );
  }

  addSilence({ subject, fromMs, untilMs, why }: Omit<Silence, 'id'>): number {
    const sql = 'insert into silence(subject, fromAt, untilAt, why) values (?, ?, ?, ?)';
    return Number(this.prepared(sql).run(subject, fromMs, untilMs, why).lastInsertRowid);
  }

  /** Ends a silence before its time; false where none of that id was in force. */
  endSilence(id: number, nowMs: number): boolean {
    return this.run('update silence set untilAt = ? where id = ? and untilAt > ?', nowMs, id, nowMs) > 0;
  }

  /** Those that end after the given time, and so with 0 all that ever were. */
  silences(endingAfterMs: number): Silence[] {
    return this.all('select * from silence where untilAt > ? order by id', endingAfterMs).map((row) => ({
      id: Number(row.id),
      subject: String(row.subject),
      fromMs: Number(row.fromAt),
      untilMs: Number(row.untilAt),
      why: String(row.why),
    }));
  }

  addAck({ key, atMs, why }: Ack): void {
    this.run('insert into ack(key, at, why) values (?, ?, ?)', key, atMs, why);
  }

  acks(): Ack[] {
    return this.all('select * from ack order by at').map((row) => ({
      key: String(row.key),
      atMs: Number(row.at),
      why: String(row.why),
    }));
  }

  /** Keeps the build that a target was seen to serve; the first one is no change. Answers whether it was one. */
  sawBuild(target: string, build: string, atMs: number): boolean {
    const [last] = this.all('select build from build where target = ? order by at desc limit 1', target);
    if (last?.build === build) return false;
    this.run('insert into build(target, build, before, at) values (?, ?, ?, ?)', target, build, String(last?.build ?? ''), atMs);
    return last !== undefined;
  }

  /** The last deployment or swap seen on any of the targets, up to a time. */
  lastChange(targets: readonly string[], untilMs: number): BuildChange | undefined {
    const places = targets.map(() => '?').join(', ');
    const [row] = this.all(
      `select * from build where target in (${places}) and before <> '' and at <= ? order by at desc, target limit 1`,
      ...targets,
      untilMs,
    );
    return row && { target: String(row.target), from: String(row.before), to: String(row.build), atMs: Number(row.at) };
  }

  /** Counts only grow, so what saw less of a bucket, such as a window that begins in it, doesn't overwrite what saw more. */
  putTallies(minutes: number, tallies: readonly Tally[]): void {
    const statement = this.prepared(
      `insert into tally values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do update set total = excluded.total,
       failed = excluded.failed, failedTold = excluded.failedTold, slow = excluded.slow, slowTold = excluded.slowTold
       where excluded.total >= total`,
    );
    this.transaction(() => {
      for (const { startMs, journey, place, total, failed, failedTold, slow, slowTold } of tallies)
        statement.run(minutes, startMs, journey, place, total, failed, failedTold, slow, slowTold);
    });
  }

  /** Numbers are bound as floating point, hence the casts. Makes coarse buckets, from that time on, anew from fine ones; those must be whole, so `fromMs` begins a coarse one. */
  rollUp(fineMinutes: number, coarseMinutes: number, fromMs: number): void {
    const width = coarseMinutes * minuteMs;
    this.run(
      `insert into tally select ?, cast(startAt / ? as integer) * ?, journey, place, sum(total), sum(failed), sum(failedTold), sum(slow), sum(slowTold)
       from tally where minutes = ? and startAt >= ? group by cast(startAt / ? as integer), journey, place
       on conflict do update set total = excluded.total, failed = excluded.failed, failedTold = excluded.failedTold,
       slow = excluded.slow, slowTold = excluded.slowTold where excluded.total >= total`,
      coarseMinutes,
      width,
      width,
      fineMinutes,
      fromMs,
      width,
    );
  }

  /** Sums of the buckets that begin in [from, to). */
  sums(minutes: number, fromMs: number, toMs: number): Sum[] {
    return this.all(
      `select journey, place, sum(total) as total, sum(failed) as failed, sum(failedTold) as failedTold, sum(slow) as slow,
       sum(slowTold) as slowTold from tally where minutes = ? and startAt >= ? and startAt < ? group by journey, place
       order by journey, place`,
      minutes,
      fromMs,
      toMs,
    ).map((row) => ({
      journey: String(row.journey),
      place: String(row.place),
      total: Number(row.total),
      failed: Number(row.failed),
      failedTold: Number(row.failedTold),
      slow: Number(row.slow),
      slowTold: Number(row.slowTold),
    }));
  }

  pruneTallies(minutes: number, beforeMs: number): void {
    this.run('delete from tally where minutes = ? and startAt < ?', minutes, beforeMs);
  }

  close(): void {
    this.database.close();
  }

  /** All of it or, on an error, nothing; within another it is part of that. */
  transaction<T>(act: () => T): T {
    if (this.database.isTransaction) return act();
    this.database.exec('begin immediate');
    try {
      const value = act();
      this.database.exec('commit');
      return value;
    } catch (error) {
      if (this.database.isTransaction) this.database.exec('rollback');
      throw error;
    }
  }

  private incidents(sql: string, ...values: SQLInputValue[]): Incident[] {
    return this.all(sql, ...values).flatMap(({ key, body }) => this.reader.read(String(key), String(body)));
  }

  private prepared(sql: string): StatementSync {
    const statement = this.statements.get(sql) ?? this.database.prepare(sql);
    this.statements.set(sql, statement);
    return statement;
  }

  private all(sql: string, ...values: SQLInputValue[]) {
    return this.prepared(sql).all(...values);
  }

  private run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.prepared(sql).run(...values).changes);
  }
}
