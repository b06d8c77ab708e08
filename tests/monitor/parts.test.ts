import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadEnvironment } from '../../fixtures/environments/load.ts';
import { callDeadMan } from '../../synthetics/monitor/dead-man.ts';
import { jsonLog } from '../../synthetics/monitor/log.ts';
import { reloadOnChange } from '../../synthetics/monitor/reload.ts';
import { percentile, summarise } from '../../synthetics/monitor/summary.ts';
import { aResult } from '../support/results.ts';
import { environmentWith } from './checks.ts';
import { failedResult } from './ran.ts';

const folder = mkdtempSync(join(tmpdir(), 'monitor-parts-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('reload', () => {
  test('takes a good file, refuses a bad one and keeps the old', async () => {
    const file = join(folder, 'environment.json');
    const text = (changes: object) => JSON.stringify({ ...environmentWith(), ...changes });
    writeFileSync(file, text({}));
    const used: string[] = [];
    const lines: { event: string; faults?: unknown; reason?: unknown }[] = [];
    const log = {
      info: (event: string) => void lines.push({ event }),
      warn: (event: string, fields?: object) => void lines.push({ event, ...fields }),
    };
    const read = () => loadEnvironment(file, {});
    const stop = reloadOnChange(file, read, ({ location }) => used.push(location), log, 50);
    // At once: what is written before the first look is a change, too.
    writeFileSync(file, text({ location: 'elsewhere' }));
    await expect.poll(() => used, { timeout: 60_000 }).toEqual(['elsewhere']);
    writeFileSync(file, text({ stamps: [] }));
    await expect.poll(() => lines.at(-1)?.event, { timeout: 60_000 }).toBe('configuration refused');
    expect(JSON.stringify(lines.at(-1)?.faults)).toContain('stamps');
    writeFileSync(file, text({ name: 'another' }));
    await expect.poll(() => String(lines.at(-1)?.reason), { timeout: 60_000 }).toContain('takes a restart');
    rmSync(file);
    await expect.poll(() => JSON.stringify(lines.at(-1)), { timeout: 60_000 }).toMatch(/configuration refused.*(ENOENT|no file)/);
    expect(used).toEqual(['elsewhere']);
    stop();
  });
});

describe('dead man', () => {
  test.each([
    { status: 200, said: undefined },
    { status: 204, said: undefined },
    { status: 302, said: 'status 302' },
    { status: 404, said: 'status 404' },
    { status: 503, said: 'status 503' },
  ])('with status $status: $said', async ({ status, said }) => {
    const http = createServer((_, response) => response.writeHead(status).end('x'));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    expect(await callDeadMan(`http://127.0.0.1:${(http.address() as AddressInfo).port}/secret`)).toBe(said);
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });

  test('that is not there is said without its address', async () => {
    expect(await callDeadMan('http://127.0.0.1:1/secret')).toBe('ECONNREFUSED');
  });
});

describe('summary', () => {
  test('counts what says something of the store, and shows the rest', () => {
    const results = [
      aResult(1),
      failedResult(2, 'http'),
      failedResult(3, 'connect', { outcome: 'inconclusive' }),
      failedResult(4, 'http', { marks: { load: 'target' } }),
      aResult(5, { durationMs: 100 }),
      aResult(6, { journey: 'heartbeat' }),
    ];
    const [row, ...others] = summarise(results);
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      journey: 'checkout',
      target: 'westeurope',
      counted: 3,
      passed: 2,
      inconclusive: 1,
      marked: 1,
      p95Ms: 812.4,
    });
    expect(row?.availabilityPercent).toBeCloseTo(66.67, 2);
    expect(row?.lastFailure).toContain('a fault of http');
  });

  test('does not call green what nothing is known of', () => {
    const [row] = summarise([failedResult(3, 'connect', { outcome: 'inconclusive' })]);
    expect(row).toMatchObject({ availabilityPercent: undefined, p95Ms: undefined });
  });

  test.each([
    { values: [], share: 0.95, is: undefined },
    { values: [7], share: 0.95, is: 7 },
    { values: [3, 1, 2], share: 0.5, is: 2 },
    { values: Array.from({ length: 100 }, (_, i) => i + 1), share: 0.95, is: 95 },
  ])('percentile $share of $values.length values is $is', ({ values, share, is }) => {
    expect(percentile(values, share)).toBe(is);
  });
});

describe('log', () => {
  test('is a line of JSON an entry', () => {
    const lines: string[] = [];
    const log = jsonLog(
      (line) => lines.push(line),
      () => 0,
    );
    log.info('round', { failed: 1 });
    log.warn('overrun');
    expect(lines).toEqual([
      '{"at":"1970-01-01T00:00:00.000Z","level":"info","event":"round","failed":1}\n',
      '{"at":"1970-01-01T00:00:00.000Z","level":"warn","event":"overrun"}\n',
    ]);
  });
});
