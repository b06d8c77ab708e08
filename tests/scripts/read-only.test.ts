import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IncidentStore } from '../../health/incident-store.ts';
import { openOutbox } from '../../telemetry/outbox.ts';
import { aResult } from '../support/results.ts';

let folder: string;
let outbox: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'read-only-'));
  outbox = join(folder, 'a.db');
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true, force: true });
});

function kept() {
  const results = openOutbox(outbox, { now: Date.now });
  results.add([aResult(1), aResult(2)]);
  const incidents = new IncidentStore(join(folder, 'a-incidents.db'));
  incidents.addSilence({ subject: 'eastus', fromMs: 0, untilMs: 1, why: 'works' });
  return { close: () => [results, incidents].forEach((each) => void each.close()) };
}

/** No write passes, as on a read-only disk; what root may do regardless, the process below gives up. */
function forbidWrites(): void {
  for (const file of readdirSync(folder)) chmodSync(join(folder, file), 0o444);
  chmodSync(folder, 0o555);
}

function asReader(): { results: number; silences: number; write: string; said: string } {
  const code = `
    const { keptOutbox } = require('./scripts/kept-outbox.ts');
    const { withIncidents } = require('./scripts/incidents.ts');
    if (process.getuid?.() === 0) process.seteuid(65534);
    const [environment, file] = [{ name: 'any' }, ${JSON.stringify(outbox)}];
    const kept = keptOutbox(environment, file);
    const results = kept.recent({ since: 0 }).length + kept.counts().waiting;
    kept.close();
    const silences = withIncidents(environment, file, (store) => store.silences(0).length);
    let write = 'written';
    try {
      withIncidents(environment, file, (store) => store.addAck({ key: 'a', atMs: 1, why: '' }));
    } catch (error) {
      write = error.name + ': ' + error.message;
    }
    console.log(JSON.stringify({ results, silences, write }));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-r', './scripts/register.cjs', '-e', code], { encoding: 'utf8' });
  if (!stdout) throw new Error(stderr);
  return { ...JSON.parse(stdout), said: stderr };
}

describe('on a disk that takes nothing', { timeout: 60_000 }, () => {
  it.each([
    ['after the monitor has ended', false],
    // Its log is there, which SQLite then reads by itself.
    ['while it runs', true],
  ])('what is kept can be read %s', (_, isOpen) => {
    const open = kept();
    if (!isOpen) open.close();
    forbidWrites();
    const seen = asReader();
    if (isOpen) open.close();
    expect([seen.results, seen.silences]).toEqual([4, 1]);
    expect(seen.said.includes(`${outbox} can't be written to, and is shown as it is`)).toBe(!isOpen);
    expect(seen.write).toBe(
      'IncidentsError: nothing was written to the history of incidents: attempt to write a readonly database',
    );
  });
});
