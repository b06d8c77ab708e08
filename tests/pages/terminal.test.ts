import { describe, expect, test } from 'vitest';
import { complete } from '../../load/verdict/verdict.ts';
import { countLine, deliveryLine, headline, matrixOf } from '../../pages/report/run-report.ts';
import { judgementLine, renderLoad, renderRun } from '../../pages/terminal.ts';
import { figure, milliseconds } from '../../pages/words.ts';
import { sampleLoad, sampleReport, sampleResult, sampleResults } from '../support/sample-run.ts';

const escapeCode = String.fromCharCode(27);

describe('the table in the terminal', () => {
  test('shows outcome, latency and cause of each cell', () => {
    const text = renderRun(sampleReport(), false);
    expect(text).toMatch(/browse\s+│ ✓ 123 ms\s+│ ✓ 123 ms\s+│ ✓ 123 ms/);
    expect(text).toMatch(/checkout\s+│ ✗ 1\.8 s http\s+│ –\s+│ –/);
    expect(text).toMatch(/cart\s+│ \? 1\.8 s auth/);
  });

  test('prints rule and observation of each failure', () => {
    expect(renderRun(sampleReport(), false)).toContain(
      '✗ checkout › pay (westeurope): expected status 201, got 503 after 812 ms',
    );
  });

  test('prints the load verdict with its figures', () => {
    const text = renderRun(sampleReport(), false);
    expect(text).toContain('✗ load target: fail, 59.7 of 60 requests/s, 3,582 requests');
    expect(text).toContain('✗ latency p95 312 ms is over 200 ms (3,512 samples)');
    expect(text).toContain('✓ errors 0.1 of 1 %');
  });

  test('prints the reasons of a load verdict before its judgements', () => {
    const lines = renderLoad(sampleLoad(), false).split('\n');
    expect(lines[1]).toBe('  ✗ latency p95 312 ms is over 200 ms (3,512 samples)');
    expect(lines[2]).toBe('  ✓ errors 0.1 of 1 %');
  });

  test('puts what held side by side, in lines that fit a terminal', () => {
    const held = (name: string) => complete({ name, verdict: 'pass' as const, value: 12, limit: 200, unit: 'ms', samples: 9 });
    const judgements = Array.from({ length: 12 }, (_, i) => held(`journey ${i} p95`));
    const lines = renderLoad(sampleLoad({ verdict: 'pass', reasons: [], judgements }), false)
      .split('\n')
      .slice(1);
    expect(lines[0]).toMatch(/^ {2}✓ journey 0 p95 12 of 200 ms · journey 1/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(114);
    expect(lines.join(' ').match(/journey \d+ p95/g)).toHaveLength(12);
  });

  test('says what was left out on purpose', () => {
    expect(renderRun(sampleReport({ notes: ['not run: load, since this is production'] }), false)).toContain(
      '– not run: load, since',
    );
  });

  test('warns of what did not fail but matters', () => {
    const results = [sampleResult({ warnings: ['a cookie pins clients: ARRAffinity'] })];
    expect(renderRun(sampleReport({ results }), false)).toContain('! browse (westeurope): a cookie pins clients: ARRAffinity');
  });

  test('colours only when asked to', () => {
    expect(renderRun(sampleReport(), false)).not.toContain(escapeCode);
    expect(renderRun(sampleReport(), true)).toContain(`${escapeCode}[31m`);
  });
});

describe('figures and lines', () => {
  test.each([
    [0, '0'],
    [99.94, '99.9'],
    [100.4, '100'],
    [3582, '3,582'],
  ])('%d is written %s', (value, text) => expect(figure(value)).toBe(text));

  test.each([
    [999.4, '999 ms'],
    [1000, '1.0 s'],
    [12_345, '12.3 s'],
  ])('%d ms is written %s', (value, text) => expect(milliseconds(value)).toBe(text));

  test('a value without samples is said, not shown as zero', () => {
    expect(
      judgementLine({ name: 'errors', verdict: 'inconclusive', unit: '%', limit: 1, samples: 0, reason: 'no samples' }),
    ).toBe('errors not seen (limit 1 %; 0 samples, k6)');
    expect(judgementLine(complete({ name: 'p95', verdict: 'pass', value: 41, unit: 'ms', limit: 200, samples: 9 }))).toBe(
      'p95 41 ms (limit 200 ms, margin 159 ms; 9 samples, k6)',
    );
  });

  test('counts name only the outcomes that occurred', () => {
    expect(countLine(sampleResults())).toBe('3 passed, 1 failed, 1 inconclusive');
    expect(countLine([sampleResult()])).toBe('1 passed');
    expect(countLine([])).toBe('no results');
  });

  test.each([
    [{ accepted: 5, undelivered: 0, parked: 0 }, '5 results accepted by Application Insights'],
    [
      { accepted: 3, undelivered: 2, parked: 0, reason: '503' },
      '3 results accepted by Application Insights; 2 undelivered, kept for the next run or npm run publish (503)',
    ],
    [
      { accepted: 4, undelivered: 0, parked: 1 },
      '4 results accepted by Application Insights; 1 refused or unreadable, and parked',
    ],
  ])('delivery %j reads as a sentence', (delivery, line) => expect(deliveryLine(delivery)).toBe(line));

  test.each([
    [0, 'pass'],
    [1, 'fail'],
    [2, 'inconclusive'],
    [3, 'fail'],
  ])('exit code %d heads the report with %s', (exitCode, word) => expect(headline(sampleReport({ exitCode })).word).toBe(word));

  test('a journey that was not run on a target leaves a hole', () => {
    const { targets, rows } = matrixOf(sampleResults());
    expect(targets).toEqual(['westeurope', 'global', 'westeurope-staging']);
    expect(rows.find((r) => r.journey === 'checkout')?.cells.map((c) => c?.outcome)).toEqual(['failed', undefined, undefined]);
  });

  test('the headline counts faults of the suite itself', () => {
    const report = sampleReport({ faults: ['k6 could not be started'], load: undefined, exitCode: 3 });
    expect(headline(report).text).toBe('local: 3 passed, 1 failed, 1 inconclusive; 1 faults');
    expect(renderRun(report, false)).toContain('✗ k6 could not be started');
  });
});
