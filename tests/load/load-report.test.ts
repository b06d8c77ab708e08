import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verdictSchemaText } from '../../load/verdict/json-schema.ts';
import { type BaselineComparison, type LoadVerdict, loadVerdictSchema } from '../../load/verdict/verdict.ts';
import { gateMarkdown } from '../../pages/report/gate-markdown.ts';
import { reportHtml } from '../../pages/report/html.ts';
import { loadMarkdown } from '../../pages/report/load-markdown.ts';
import { loadTables } from '../../pages/report/load-tables.ts';
import { verdictEvent } from '../../scripts/load-report.ts';
import { telemetryEventSchema } from '../../telemetry/event.ts';
import { sampleLoad, sampleReport } from '../support/sample-run.ts';

const baseline: BaselineComparison = {
  verdict: 'fail',
  reason: 'baseline: checkout › pay p50 is 21 % slower',
  runs: 6,
  rows: [
    { name: 'browse RU', unit: 'RU', before: 42.7, now: 42.7, changePercent: 0, change: 'same' },
    { name: 'checkout › pay p50', unit: 'ms', before: 100, now: 121, changePercent: 21, change: 'worse' },
  ],
};
const whole: LoadVerdict = sampleLoad({
  events: [{ atMs: 65_000, name: 'swap done', detail: 'westeurope' }],
  layers: [
    { layer: 'network', failed: 2, throttled: 0 },
    { layer: 'cosmos', failed: 40, throttled: 38 },
  ],
  ru: {
    source: 'pass-through',
    journeys: [
      { journey: 'browse', iterations: 600, ru: 42.7, withinRu: 0.4, steps: [{ step: 'open the catalogue', ru: 41.7 }] },
      { journey: 'search', iterations: 200, ru: 84.4, withinRu: 1, steps: [] },
    ],
    projectedRuPerSecond: 870,
    projectedWithin: 12,
    budgetRuPerSecond: 4000,
    throttleRetries: 12,
    retryP95Ms: 900,
    calmP95Ms: 41,
    partitions: [{ container: 'products', partition: '0', peakPercent: 97 }],
  },
  baseline,
  seconds: [{ atMs: 0, requests: 60, failed: 0, ru: 800 }],
});

describe('what a load run says beside its judgements', () => {
  it.each([
    { title: 'Events', row: ['1', '1:05', 'swap done', 'westeurope'] },
    { title: 'Errors by layer', row: ['cosmos', '40', '38'] },
    { title: 'Request units', row: ['browse', '42.7', '0.4', '600', 'open the catalogue 41.7'] },
    { title: 'Partitions, the hottest first', row: ['products', '0', '97'] },
    { title: 'Against the baseline', row: ['checkout › pay p50', '100 ms', '121 ms', '+21 %', '✗ worse'] },
  ])('stands in the table "$title", the worst first', ({ title, row }) => {
    expect(loadTables(whole).find((table) => table.title === title)?.rows[0]).toEqual(row);
  });

  it('says where steps could not be told apart', () => {
    expect(loadTables(whole)[2]?.rows[1]?.at(-1)).toBe('not told apart');
  });

  it('shows hidden retries as latency', () => {
    expect(loadTables(whole)[2]?.lead).toContain('12 throttled attempts were made again, p95 900 ms then, 41 ms else');
  });

  it('is no table where there is nothing to tell', () => expect(loadTables(sampleLoad())).toEqual([]));

  it('is in the page, as text', () => {
    const layers = [{ layer: '<script>', failed: 1, throttled: 0 }];
    const page = reportHtml(sampleReport({ load: { ...whole, layers }, results: [] }));
    expect(page).toContain('&lt;script&gt;</td>');
    expect(page).toContain('<h2>Request units</h2>');
    expect(page).not.toContain('Journeys × targets');
    expect(reportHtml(sampleReport())).toContain('Journeys × targets');
  });

  it('fits the schema of verdict.json', () => expect(loadVerdictSchema.parse(JSON.parse(JSON.stringify(whole)))).toEqual(whole));
});

describe('the Markdown for a pull request', () => {
  const lines = loadMarkdown(whole).split('\n');
  it('begins with the verdict and its reasons', () => {
    expect(lines[0]).toMatch(/^## ✗ load target: fail, 59\.7 of 60 requests\/s/);
    expect(lines[2]).toBe('- latency p95 312 ms is over 200 ms (3,512 samples)');
  });

  it('has every judgement and every table', () => {
    expect(lines.filter((line) => /^- [✓✗?] /.test(line))).toHaveLength(whole.judgements.length);
    expect(lines.filter((line) => line.startsWith('### '))).toHaveLength(5);
    expect(lines).toContain('| 1 | 1:05 | swap done | westeurope |');
    expect(lines).toContain('| checkout › pay p50 | 100 ms | 121 ms | +21 % | ✗ worse |');
  });

  it('keeps a bar within its cell', () => {
    const rows = [{ ...baseline.rows[0], name: 'a|b\nc' } as BaselineComparison['rows'][number]];
    expect(loadMarkdown(sampleLoad({ baseline: { ...baseline, rows } }))).toContain('| a\\|b c | ');
  });
});

describe('text of the store in Markdown', () => {
  const hostile = '<img src=x> ![a](http://evil) `code` a\\|b\n# title';
  const shown = '&lt;img src=x> !\\[a\\](http://evil) \\`code\\` a\\\\\\|b # title';
  it('stays text in a load verdict', () => {
    const text = loadMarkdown(sampleLoad({ reasons: [hostile] }));
    expect(text).toContain(`- ${shown}\n`);
    expect(text).not.toContain('<img');
  });

  it('stays text in a gate’s, which begins with the reason', () => {
    const parts = [
      { name: 'journeys', verdict: 'fail' as const, reasons: [hostile] },
      { name: 'target', verdict: 'pass' as const, reasons: [], page: 'target/report.html' },
    ];
    const lines = gateMarkdown(sampleReport({ parts, notes: [hostile] }), 'fail').split('\n');
    expect(lines.slice(0, 3)).toEqual(['## ✗ gate local: fail', '', `journeys: ${shown}`]);
    expect(lines).toContain(`| journeys | ✗ fail | ${shown} |`);
    expect(lines).toContain('| [target](target/report.html) | ✓ pass |  |');
    expect(lines).toContain(`- ${shown}`);
  });
});

describe('the verdict as an event', () => {
  it('is one that the outbox takes, with the figures', () => {
    const event = telemetryEventSchema.parse(verdictEvent(whole));
    expect(event).toMatchObject({
      name: 'load verdict',
      at: whole.endedAt,
      properties: { scenario: 'target', verdict: 'fail', reason: whole.reasons[0], targets: 'westeurope, eastus' },
      measurements: { 'latency p95': 312, errors: 0.1, requests: 3582 },
    });
    expect(event.measurements).not.toHaveProperty('checkout');
    expect(verdictEvent(whole).id).not.toBe(event.id);
  });
});

describe('the schema of verdict.json', () => {
  it('is the one beside it', () => {
    expect(readFileSync(join(__dirname, '../../load/verdict/verdict.schema.json'), 'utf8')).toBe(verdictSchemaText());
  });
});
