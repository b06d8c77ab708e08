import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Annotator } from '../../synthetics/monitor/annotator.ts';
import { isWithin, maintenanceOf } from '../../synthetics/monitor/maintenance.ts';
import { marksOf } from '../../synthetics/monitor/marks.ts';
import { announce, readUnderWay } from '../../synthetics/monitor/under-way.ts';
import { countsForObjectives } from '../../synthetics/result.ts';
import { aResult } from '../support/results.ts';
import { environmentWith } from './checks.ts';

const at = (text: string) => Date.parse(text);
const sunday = { why: 'patch day', timeZone: 'Europe/Amsterdam', from: '02:00', to: '04:00', days: ['sunday' as const] };
const nightly = { why: 'backup', timeZone: 'UTC', from: '23:30', to: '00:30' };
const once = { why: 'move', timeZone: 'America/New_York', from: '22:00', to: '01:00', date: '2026-11-23' };

describe('maintenance window', () => {
  test.each([
    // 2026-11-22 is a Sunday; Amsterdam is at UTC+1 then.
    { window: sunday, moment: '2026-11-22T00:59:59Z', is: false },
    { window: sunday, moment: '2026-11-22T01:00:00Z', is: true },
    { window: sunday, moment: '2026-11-22T02:59:59Z', is: true },
    { window: sunday, moment: '2026-11-22T03:00:00Z', is: false },
    { window: sunday, moment: '2026-11-23T01:30:00Z', is: false },
    // In summer at UTC+2: the same time on the clocks there.
    { window: sunday, moment: '2026-07-05T00:30:00Z', is: true },
    { window: sunday, moment: '2026-07-05T02:30:00Z', is: false },
    // The night in which clocks go forward, 2026-03-29, has no 02:30; its 03:30 comes an hour after 01:30.
    { window: sunday, moment: '2026-03-29T00:59:59Z', is: false },
    { window: sunday, moment: '2026-03-29T01:00:00Z', is: true },
    { window: sunday, moment: '2026-03-29T02:00:00Z', is: false },
    // And that in which they go back, 2026-10-25, has 02:30 twice.
    { window: sunday, moment: '2026-10-25T00:30:00Z', is: true },
    { window: sunday, moment: '2026-10-25T01:30:00Z', is: true },
    { window: nightly, moment: '2026-11-22T23:29:00Z', is: false },
    { window: nightly, moment: '2026-11-22T23:30:00Z', is: true },
    { window: nightly, moment: '2026-11-23T00:29:59Z', is: true },
    { window: nightly, moment: '2026-11-23T00:30:00Z', is: false },
    // On that date there, over midnight: 03:00 to 06:00 UTC of the next day.
    { window: once, moment: '2026-11-24T02:59:00Z', is: false },
    { window: once, moment: '2026-11-24T03:00:00Z', is: true },
    { window: once, moment: '2026-11-24T05:59:00Z', is: true },
    { window: once, moment: '2026-11-24T06:00:00Z', is: false },
    { window: once, moment: '2026-11-25T04:00:00Z', is: false },
    { window: { ...nightly, days: ['monday' as const] }, moment: '2026-11-24T00:10:00Z', is: true },
    { window: { ...nightly, days: ['monday' as const] }, moment: '2026-11-23T00:10:00Z', is: false },
  ])('$window.why, $moment: $is', ({ window, moment, is }) => {
    expect(isWithin(window, at(moment))).toBe(is);
  });

  test('concerns the targets it names, and all where it names none', () => {
    const windows = [{ ...nightly, targets: ['westeurope'] }];
    const moment = at('2026-11-22T23:45:00Z');
    expect(maintenanceOf(windows, 'westeurope', moment, moment)).toBe('backup');
    expect(maintenanceOf(windows, 'eastus', moment, moment)).toBeUndefined();
    expect(maintenanceOf([nightly], 'eastus', moment, moment)).toBe('backup');
  });

  test('marks a journey that runs into it', () => {
    expect(maintenanceOf([nightly], 'x', at('2026-11-22T23:29:58Z'), at('2026-11-22T23:30:02Z'))).toBe('backup');
  });
});

describe('marks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'under-way-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const result = aResult(0);
  const startMs = Date.parse(result.startedAt);
  const note = { kind: 'load' as const, why: 'target at 60/s', fromMs: startMs - 60_000, untilMs: startMs + 60_000 };

  test.each([
    { what: 'a load test around it', notes: [note], marks: { load: 'target at 60/s' } },
    { what: 'an experiment', notes: [{ ...note, kind: 'experiment' as const }], marks: { experiment: 'target at 60/s' } },
    { what: 'one on this target', notes: [{ ...note, targets: ['westeurope'] }], marks: { load: 'target at 60/s' } },
    { what: 'one on another target', notes: [{ ...note, targets: ['eastus'] }], marks: {} },
    { what: 'one that ended before', notes: [{ ...note, untilMs: startMs - 1 }], marks: {} },
    { what: 'one that began while it ran', notes: [{ ...note, fromMs: startMs + 800 }], marks: { load: 'target at 60/s' } },
    { what: 'one that began after it', notes: [{ ...note, fromMs: startMs + 900 }], marks: {} },
    { what: 'nothing', notes: [], marks: {} },
  ])('name $what', ({ notes, marks }) => {
    expect(marksOf(result, [], notes)).toEqual(marks);
  });

  test.each([
    { changes: {}, counts: true },
    { changes: { outcome: 'failed' as const }, counts: true },
    { changes: { outcome: 'inconclusive' as const }, counts: false },
    { changes: { marks: { maintenance: 'patch day' } }, counts: false },
    { changes: { marks: { load: 'x' } }, counts: false },
    { changes: { marks: { experiment: 'x' } }, counts: false },
    { changes: { marks: {} }, counts: true },
    { changes: { journey: 'heartbeat' }, counts: false },
    { changes: { journey: 'certificate' }, counts: false },
  ])('decide with the outcome what objectives count: $changes is $counts', ({ changes, counts }) => {
    expect(countsForObjectives(aResult(0, changes))).toBe(counts);
  });

  test('reach other processes as files, and end when taken back', () => {
    const now = Date.now();
    const end = announce(folder, { ...note, fromMs: now - 1_000, untilMs: now + 3_600_000 });
    writeFileSync(join(folder, 'half.json'), '{"kind":');
    writeFileSync(join(folder, 'note.txt'), JSON.stringify({ ...note, why: 'no note of ours', untilMs: now + 3_600_000 }));
    const unread: string[] = [];
    const read = (atMs: number, where = folder) => readUnderWay(where, atMs, (path) => unread.push(basename(path)));
    expect(read(now).map(({ why }) => why)).toEqual(['target at 60/s']);
    end();
    const [left] = read(now);
    expect(left?.untilMs).toBeLessThan(now + 60_000);
    // Long after: gone, with its file; the broken one stays for whoever is writing it.
    expect(read(now + 3_600_000)).toEqual([]);
    expect(readdirSync(folder)).toEqual(['half.json', 'note.txt']);
    // Each time it is told what counts as none though it is there; what never was is none.
    expect([read(now, join(folder, 'absent')), unread]).toEqual([[], ['half.json', 'half.json', 'half.json']]);
    expect([read(now, join(folder, 'half.json')), unread.length]).toEqual([[], 4]);
  });

  test('that can not be read are said once by who marks results', () => {
    const said: string[] = [];
    let nowMs = Date.now();
    writeFileSync(join(folder, 'odd.json'), JSON.stringify({ ...note, kind: 'picnic' }));
    const annotator = new Annotator(
      folder,
      () => nowMs,
      60_000,
      (path, reason) => said.push(`${basename(path)} ${reason}`),
    );
    for (let round = 0; round < 3; round += 1) {
      expect(annotator.annotate(environmentWith(), { result: aResult(round), answered: true }).result.marks).toBeUndefined();
      nowMs += 60_000;
    }
    expect(said.filter((line) => line.startsWith('odd.json'))).toEqual([expect.stringContaining('at kind')]);
  });
});
