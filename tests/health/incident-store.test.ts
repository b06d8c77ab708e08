import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Incident } from '../../health/incident.ts';
import { IncidentStore } from '../../health/incident-store.ts';
import type { UnreadIncident } from '../../health/unread-incidents.ts';

const incident: Incident = {
  key: 'good',
  environment: 'local',
  kind: 'outage',
  cause: 'connect',
  place: 'westeurope',
  breadth: 1,
  urgency: 'page',
  members: ['browse@westeurope'],
  startedAtMs: 1,
  openedAtMs: 2,
  lastOpenMs: 3,
  evidence: { rule: 'a result that passed', seen: 'none' },
  failures: 4,
};

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'incidents-'));
  file = join(folder, 'incidents.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What is in the file, whoever can read it. */
function bodies(): Record<string, string> {
  const database = new DatabaseSync(file);
  const rows = database.prepare('select key, body from incident').all();
  database.close();
  return Object.fromEntries(rows.map(({ key, body }) => [String(key), String(body)]));
}

/** Beside a good one, one of another version and one that is cut short. */
function spoil(): void {
  const store = new IncidentStore(file);
  store.putIncidents([incident, { ...incident, key: 'other' }, { ...incident, key: 'short' }]);
  store.close();
  const database = new DatabaseSync(file);
  database.prepare(`update incident set body = ? where key = 'other'`).run(JSON.stringify({ ...incident, kind: 'eclipse' }));
  database.prepare(`update incident set body = substr(body, 1, 20) where key = 'short'`).run();
  database.close();
}

describe('incidents that can’t be read', () => {
  it('are counted, said once each with the reason, and kept in the file', () => {
    spoil();
    const before = bodies();
    const said: UnreadIncident[] = [];
    const store = new IncidentStore(file, (unread) => said.push(unread));
    expect(store.openIncidents()).toEqual([incident]);
    expect(store.recentIncidents(0)).toEqual([incident]);
    expect(store.findIncidents('o')).toEqual([]);
    store.close();
    expect(said.map(({ key, count }) => `${count} ${key}`)).toEqual(['1 other', '2 short']);
    expect(said[0]?.why).toMatch(/kind/);
    expect(said[1]?.why).toMatch(/JSON/);
    expect(bodies()).toEqual(before);
    expect(Object.keys(before)).toEqual(['good', 'other', 'short']);
  });

  it('are said on stderr where nobody else listens', () => {
    spoil();
    const stderr = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const store = new IncidentStore(file);
    store.openIncidents();
    store.openIncidents();
    store.close();
    expect(stderr.mock.calls.map(([line]) => String(line).split(':')[0])).toEqual([
      "incident other can't be read and is left out (1 so far)",
      "incident short can't be read and is left out (2 so far)",
    ]);
    stderr.mockRestore();
  });
});
