import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Outbox, OutboxError, type OutboxOptions, openOutbox, outboxPath } from '../../telemetry/outbox.ts';
import { aResult, results } from '../support/results.ts';

const noon = Date.UTC(2026, 10, 23, 12);
const none = { waiting: 0, delivered: 0, parked: 0 };

let folder: string;
let path: string;
let said: string[];
let opened: Outbox[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outbox-'));
  path = join(folder, 'deeper', 'outbox.db');
  said = [];
  opened = [];
});
afterEach(() => {
  for (const outbox of opened) outbox.close();
  rmSync(folder, { recursive: true });
});

function open(options: Partial<OutboxOptions> = {}): Outbox {
  const outbox = openOutbox(path, { now: () => noon, warn: (message) => said.push(message), ...options });
  opened.push(outbox);
  return outbox;
}

const id = (number: number) => aResult(number).id;
const waitingIds = (outbox: Outbox) => outbox.waiting(1_000).map((row) => row.id);

describe('outbox', () => {
  it('holds results in the order they came', () => {
    const outbox = open();
    expect(outbox.add([aResult(2), aResult(0)])).toEqual({ added: 2, repeated: 0, dropped: none });
    outbox.add([aResult(1)]);
    expect(waitingIds(outbox)).toEqual([id(2), id(0), id(1)]);
    expect(outbox.waiting(2).map((row) => row.id)).toEqual([id(2), id(0)]);
    expect(outbox.waiting(10, outbox.waiting(2)[1]?.seq).map((row) => row.id)).toEqual([id(1)]);
  });

  it('takes the same id once and leaves the first as it was', () => {
    const outbox = open();
    outbox.add([aResult(0)]);
    outbox.mark([{ id: id(0), state: 'delivered' }]);
    expect(outbox.add([aResult(0, { outcome: 'failed' }), aResult(1), aResult(1)])).toEqual({
      added: 1,
      repeated: 2,
      dropped: none,
    });
    expect(outbox.counts()).toMatchObject({ waiting: 1, delivered: 1 });
    expect(outbox.recent({ since: 0 })[0]?.outcome).toBe('passed');
  });

  it('stores all results of a call or none', () => {
    const outbox = open();
    const broken = aResult(1, { journey: null as unknown as string });
    expect(() => outbox.add([aResult(0), broken])).toThrow(/NOT NULL/);
    expect(outbox.counts().waiting).toBe(0);
    expect(outbox.add([aResult(0)]).added).toBe(1);
  });

  it('keeps everything for the next process to open it', () => {
    open().add(results(3));
    const again = open();
    expect(waitingIds(again)).toEqual([id(0), id(1), id(2)]);
    expect(again.recent({ since: 0 })).toEqual(results(3));
  });

  it('carries events beside results', () => {
    const outbox = open();
    const event = {
      id: '00000000000000ff',
      name: 'load verdict',
      at: aResult(0).startedAt,
      properties: { a: 'b' },
      measurements: {},
    };
    outbox.add([aResult(0)]);
    expect(outbox.addEvents([event, event])).toMatchObject({ added: 1, repeated: 1 });
    expect(outbox.waiting(10).map((row) => [row.kind, JSON.parse(row.body)])).toEqual([
      ['availability', aResult(0)],
      ['event', event],
    ]);
    expect(outbox.recent({ since: 0 })).toEqual([aResult(0)]);
  });

  it('tells environments apart by their file', () => {
    expect(outboxPath('local')).toMatch(/\.local\/outbox\/local\.db$/);
    expect(outboxPath('local')).not.toBe(outboxPath('production'));
  });
});

describe('marks', () => {
  it('count each state and each reason', () => {
    const outbox = open();
    outbox.add(results(6));
    outbox.mark([
      { id: id(0), state: 'delivered' },
      { id: id(1), state: 'parked', reason: 'too large' },
      { id: id(2), state: 'parked', reason: 'too large' },
      { id: id(3), state: 'parked', reason: 'malformed' },
      { id: id(4), state: 'waiting', reason: 'throttled' },
    ]);
    expect(outbox.counts()).toEqual({ waiting: 2, delivered: 1, parked: 3, dropped: none });
    expect(outbox.reasons('parked')).toEqual([
      { reason: 'too large', items: 2 },
      { reason: 'malformed', items: 1 },
    ]);
    expect(outbox.reasons('waiting')).toEqual([{ reason: 'throttled', items: 1 }]);
    expect(outbox.waiting(10).map((row) => [row.id, row.attempts])).toEqual([
      [id(4), 1],
      [id(5), 0],
    ]);
  });

  it('never undo a delivery', () => {
    const outbox = open();
    outbox.add([aResult(0)]);
    outbox.mark([{ id: id(0), state: 'delivered' }]);
    outbox.mark([{ id: id(0), state: 'waiting', reason: 'a slower process failed' }]);
    outbox.mark([{ id: id(0), state: 'parked', reason: 'another one too' }]);
    expect(outbox.counts()).toMatchObject({ waiting: 0, delivered: 1, parked: 0 });
  });

  it('let a parked item be delivered by another process', () => {
    const outbox = open();
    outbox.add([aResult(0)]);
    outbox.mark([{ id: id(0), state: 'parked', reason: 'refused' }]);
    outbox.mark([{ id: id(0), state: 'delivered' }]);
    expect(outbox.counts()).toMatchObject({ delivered: 1, parked: 0 });
    expect(outbox.requeueParked()).toBe(0);
  });
});

describe('recent results', () => {
  const target = (name: string) => ({ ...aResult(0).target, name });
  const rows: [string, Parameters<Outbox['recent']>[0], number[]][] = [
    ['all, oldest first', { since: 0 }, [0, 1, 2, 3]],
    ['from a time on, inclusive', { since: noon + 2 }, [2, 3]],
    ['none after the last', { since: noon + 4 }, []],
    ['of a journey', { since: 0, journey: 'browse' }, [1, 3]],
    ['of a target', { since: 0, target: 'eastus' }, [2, 3]],
    ['of both', { since: 0, journey: 'browse', target: 'eastus' }, [3]],
    ['of an unknown journey', { since: 0, journey: 'swim' }, []],
    ['the latest of many', { since: 0, limit: 2 }, [2, 3]],
  ];
  it.each(rows)('%s', (_, query, expected) => {
    const outbox = open();
    outbox.add([
      aResult(3, { journey: 'browse', target: target('eastus') }),
      aResult(0),
      aResult(2, { target: target('eastus') }),
      aResult(1, { journey: 'browse' }),
    ]);
    outbox.mark([
      { id: id(1), state: 'delivered' },
      { id: id(2), state: 'parked', reason: 'refused' },
    ]);
    expect(outbox.recent(query).map((r) => r.id)).toEqual(expected.map(id));
  });
});

describe('a full disk', () => {
  it('is what is told, and nothing of the result is kept', () => {
    const outbox = open();
    const { database } = outbox as unknown as { database: DatabaseSync };
    const pages = Number(Object.values(database.prepare('pragma page_count').get() ?? {})[0]);
    database.exec(`pragma max_page_count = ${pages}`);
    const large = aResult(1, { warnings: ['x'.repeat(100_000)] });
    expect(() => outbox.add([large])).toThrow('database or disk is full');
    expect(outbox.counts()).toMatchObject({ waiting: 0 });
  });
});

describe('a full outbox', () => {
  it('drops delivered, then parked, then waiting, the oldest first', () => {
    const outbox = open({ maxRows: 6 });
    outbox.add(results(6));
    outbox.mark([4, 5].map((n) => ({ id: id(n), state: 'delivered' })));
    outbox.mark([2, 3].map((n) => ({ id: id(n), state: 'parked', reason: 'refused' })));
    expect(outbox.add([aResult(6)]).dropped).toEqual({ ...none, delivered: 1 });
    expect(said).toEqual([]);
    expect(outbox.add([aResult(7), aResult(8)]).dropped).toEqual({ waiting: 0, delivered: 1, parked: 1 });
    expect(outbox.add([aResult(9), aResult(10)]).dropped).toEqual({ waiting: 1, delivered: 0, parked: 1 });
    expect(waitingIds(outbox)).toEqual([1, 6, 7, 8, 9, 10].map(id));
    expect(outbox.counts()).toEqual({ waiting: 6, delivered: 0, parked: 0, dropped: { waiting: 1, delivered: 2, parked: 2 } });
    expect(said).toEqual([
      expect.stringContaining('1 undelivered results were dropped'),
      expect.stringContaining('2 undelivered results were dropped'),
    ]);
  });

  it.each([
    [4, 0],
    [5, 0],
    [6, 1],
  ])('%i results in an outbox of 5 rows: %i dropped', (count, dropped) => {
    expect(open({ maxRows: 5 }).add(results(count)).dropped.waiting).toBe(dropped);
  });

  it('keeps counting what was dropped after it is opened anew', () => {
    open({ maxRows: 2 }).add(results(5));
    expect(open({ maxRows: 2 }).counts()).toEqual({ waiting: 2, delivered: 0, parked: 0, dropped: { ...none, waiting: 3 } });
  });
});

describe('a damaged outbox', () => {
  const fillPages = () => {
    const outbox = openOutbox(path, { now: () => noon });
    outbox.add(results(500));
    outbox.close();
  };
  const damages: [string, () => void][] = [
    ['no database at all', () => writeFileSync(path, 'results, once upon a time '.repeat(400))],
    ['cut short', () => writeFileSync(path, readFileSync(path).subarray(0, 150_001))],
    ['overwritten in the middle', () => writeFileSync(path, readFileSync(path).fill(0xee, 20_000, 120_000))],
    ['overwritten at its head', () => writeFileSync(path, readFileSync(path).fill(0x20, 0, 200))],
  ];
  it.each(damages)('%s is set aside, said, and replaced', (_, damage) => {
    fillPages();
    damage();
    const bytes = readFileSync(path);
    const outbox = open();
    expect(outbox.setAside).toBe(`${path}.damaged-2026-11-23T12-00-00.000Z`);
    expect(readFileSync(outbox.setAside ?? '')).toEqual(bytes);
    expect(said).toEqual([expect.stringMatching(/was damaged \(.+\); it was set aside as .+ and results go to a new one/s)]);
    expect(outbox.add(results(2)).added).toBe(2);
    expect(open().setAside).toBeUndefined();
  });

  it('keeps the write-ahead log beside the file set aside', () => {
    fillPages();
    writeFileSync(path, 'no database');
    writeFileSync(`${path}-wal`, 'its log');
    const { setAside } = open();
    expect(readFileSync(`${setAside}-wal`, 'utf8')).toBe('its log');
  });

  it('is not what an empty file is', () => {
    mkdirSync(join(folder, 'deeper'));
    writeFileSync(path, '');
    expect(open().setAside).toBeUndefined();
  });
});

describe('rows of another version', () => {
  const unreadable = () => {
    const outbox = open();
    outbox.add([aResult(0), aResult(1, { durationMs: -1 }), aResult(2, { outcome: 'skipped' as never }), aResult(3)]);
    return outbox;
  };

  it.each([
    ['recent', (outbox: Outbox) => outbox.recent({ since: 0 })],
    ['since', (outbox: Outbox) => [...outbox.since(0)]],
  ])('are counted and said by %s, and hold up no other', (_, read) => {
    const outbox = unreadable();
    expect(read(outbox).map((result) => result.id)).toEqual([id(0), id(3)]);
    expect(said).toEqual([expect.stringMatching(/can't read are left out: 2 \(durationMs: .+\)$/)]);
    expect(outbox.counts().waiting).toBe(4);
  });

  it('are said where one is asked for by its id', () => {
    const outbox = unreadable();
    expect(outbox.find(id(1))).toBeUndefined();
    expect(said).toHaveLength(1);
    expect(outbox.find(id(0))?.id).toBe(id(0));
    expect(said).toHaveLength(1);
  });

  it('are said where they are no JSON at all', () => {
    const outbox = unreadable();
    const other = new DatabaseSync(path);
    other.exec(`update content set body = '{"id":' where seq = 1`);
    other.close();
    expect(outbox.recent({ since: 0 }).map((result) => result.id)).toEqual([id(3)]);
    expect(said[0]).toMatch(/left out: 3 \(.*JSON/);
  });
});

describe('an outbox that cannot be opened', () => {
  it('says so and sets nothing aside when the path is a folder', () => {
    mkdirSync(path, { recursive: true });
    expect(() => open()).toThrow(OutboxError);
    expect(() => open()).toThrow(`cannot open the outbox ${path}: `);
    expect(readdirSync(join(folder, 'deeper'))).toEqual(['outbox.db']);
  });

  it('says so when its folder can not be made', () => {
    writeFileSync(join(folder, 'deeper'), 'a file where a folder should be');
    expect(() => open()).toThrow(OutboxError);
    expect(() => open()).toThrow(`cannot open the outbox ${path}: `);
  });

  it('says so when its tables are of another shape', () => {
    mkdirSync(join(folder, 'deeper'));
    const other = new DatabaseSync(path);
    other.exec('create table item(what text)');
    other.close();
    expect(() => open()).toThrow(/cannot open the outbox .*: no such column/);
    expect(existsSync(path)).toBe(true);
  });

  it.skipIf(process.getuid?.() === 0)('says so when it may not be written', () => {
    open().add(results(1));
    chmodSync(path, 0o400);
    expect(() => open()).toThrow(OutboxError);
  });
});
