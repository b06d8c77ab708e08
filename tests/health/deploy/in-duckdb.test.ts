import { describe, expect, it } from 'vitest';
import type { Environment } from '../../../fixtures/environments/schema.ts';
import { alertQueries } from '../../../health/deploy/alert-queries.ts';
import { workbookData } from '../../../health/deploy/workbook.ts';
import { allowedShare, objectiveOf } from '../../../health/objectives.ts';
import { asked } from '../kql/agreement.ts';
import { runKql, type Tables } from '../kql/run.ts';
import { inWorkspaces } from '../on-azure.ts';
import { type Situation, tablesOf } from '../situation.ts';
import { environment, nodes, place, withFunctions } from './deployed.ts';

const timeout = 600_000;
const tables = (given: Situation['given'], base: Situation['base'] = 'well') =>
  inWorkspaces(tablesOf({ title: 'deployed', base, given, states: {} }));
const well = tables([]);
const hot = tables([['cpuPercent', 'plan-westeurope', '90x12']]);
const warm = tables([['cpuPercent', 'plan-westeurope', '70x12']]);
const nothing = tables([], 'nothing');

/** An alert, and the rows on which its query is run. */
interface Case {
  readonly name: string;
  readonly of?: Environment;
  readonly tables: Tables;
}

/** What the queries of alerts answer, all in one run of DuckDB. */
async function answers(cases: readonly Case[]): Promise<Record<string, unknown>[][]> {
  const runs = cases.map(({ name, of = environment, tables: given }) => {
    const alert = alertQueries(of, nodes).find((each) => each.name === name);
    if (!alert) throw new RangeError(`no alert is called ${name}`);
    return { query: withFunctions(alert.query), tables: given };
  });
  return runKql<Record<string, unknown>>(runs, asked);
}

describe('alerts on the root', () => {
  const wanted = [
    // A region that is all there is of one stamp is unhealthy with it; the store has another.
    ['root-unhealthy', [], ['region:westeurope'], [], []],
    ['root-degraded', [], ['store'], ['region:westeurope', 'store'], []],
    // Fires where no row is: nothing is known.
    ['unknown', ['store'], ['store'], ['store'], []],
  ] as const;

  it('name the store and the regions that are so', { timeout }, async () => {
    const cases = wanted.flatMap(([name]) => [well, hot, warm, nothing].map((each) => ({ name, tables: each })));
    const rows = (await answers(cases)).map((each) => each.map(({ Id }) => Id).sort());
    expect(wanted.map(([name], at) => [name, ...rows.slice(4 * at, 4 * at + 4)])).toEqual(wanted);
  });
});

describe('alerts on budgets, at their bounds', () => {
  const slowMs = 1_000;
  const of: Environment = {
    ...environment,
    objectives: { ...environment.objectives, journeys: [{ journey: 'checkout', latencyMs: slowMs, latencyPercent: 99 }] },
  };
  const objective = objectiveOf(of, 'checkout', 'westeurope');
  /** Results of the last minutes: so many bad ones, all of them recent. */
  const results = (total: number, bad: number, how: { outcome: string; durationMs: number }): Tables => ({
    AppAvailabilityResults: Array.from({ length: total }, (_, at) => ({
      TimeGenerated: new Date(asked.getTime() - 500 - at * 500).toISOString(),
      Workspace: place.workspace,
      Id: `result-${at}`,
      Location: 'weu',
      DurationMs: at < bad ? how.durationMs : slowMs,
      Properties: {
        journey: 'checkout',
        target: 'westeurope',
        targetKind: 'stamp',
        region: 'westeurope',
        outcome: at < bad ? how.outcome : 'passed',
      },
    })),
  });
  const rows = of.alerts.burnRates.flatMap((rule) =>
    (['availability', 'latency'] as const).map((kind) => [`burn-rate-${rule.longMinutes}m`, kind, rule] as const),
  );

  it('fire at the share that a rule allows of each kind, and not at one result less', { timeout }, async () => {
    const cases = rows.flatMap(([name, kind, rule]) => {
      const how = kind === 'latency' ? { outcome: 'passed', durationMs: slowMs + 1 } : { outcome: 'failed', durationMs: 100 };
      const share = rule.rate * allowedShare(objective, kind);
      // So many that the rule's least number of failures isn't what decides.
      const total = Math.ceil((rule.minFailures + 1) / share);
      const least = Math.ceil(share * total - 1e-9);
      return [least, least - 1].map((bad) => ({ name, of, tables: results(total, bad, how) }));
    });
    const seen = (await answers(cases)).map((each) => each.map(({ Kind, Journey, Place }) => `${Kind} ${Journey} ${Place}`));
    expect(seen).toEqual(rows.flatMap(([, kind]) => [[`${kind} checkout westeurope`], []]));
  });
});

interface Item {
  readonly name?: string;
  readonly type: number;
  readonly content: { readonly query?: string } & Record<string, unknown>;
}

/** Fields by which a workbook's settings name a column of their query. */
const naming = new Set(['columnMatch', 'nodeIdField', 'sourceIdField', 'targetIdField', 'nodeColorField', 'exportFieldName']);
const columnsIn = (settings: unknown): string[] =>
  typeof settings !== 'object' || settings === null
    ? []
    : Object.entries(settings).flatMap(([key, value]) =>
        naming.has(key) && typeof value === 'string' ? [value] : columnsIn(value),
      );

describe('the workbook', () => {
  const { items } = workbookData(place, nodes) as { readonly items: readonly Item[] };
  const failing = tables([['journeyFailed', 'checkout@westeurope', '100/2x12']]);

  it('shows what its queries answer, and its settings name columns of theirs', { timeout }, async () => {
    const queries = items.filter(({ type }) => type === 3);
    expect(queries.map(({ name }) => name)).toEqual(['graph', 'children', 'signals', 'failures', 'matrix']);
    const clicked = (query = '') => withFunctions(query.replaceAll('{node}', 'flow:checkout@westeurope'));
    const seen = await runKql<Record<string, unknown>>(
      queries.map(({ content }) => ({ query: clicked(content.query), tables: failing })),
      asked,
    );
    for (const [at, { name, content }] of queries.entries()) {
      const columns = Object.keys(seen[at]?.[0] ?? {});
      expect(columns.length, name).toBeGreaterThan(0);
      expect(columns, name).toEqual(expect.arrayContaining(columnsIn(content)));
    }
    const [graph = [], children = [], signals = [], failures = [], matrix = []] = seen;
    expect(graph.filter(({ Id }) => Id)).toHaveLength(nodes.length);
    expect(graph.filter(({ Source }) => Source)).toHaveLength(nodes.flatMap(({ children: own }) => own).length);
    expect(graph.find(({ Id }) => Id === 'flow:checkout@westeurope')).toMatchObject({ State: 'unhealthy', Stamp: 'westeurope' });
    expect(children.map(({ Id }) => Id).sort()).toEqual(['api', 'cosmos', 'payment', 'plan'].map((name) => `westeurope/${name}`));
    expect(signals).toContainEqual(
      expect.objectContaining({ Signal: 'failed results', Degraded: '≥ 20 %', Unhealthy: '≥ 50 %' }),
    );
    expect(failures).toMatchObject([{ Journey: 'checkout', Target: 'westeurope', Failed: 24 }]);
    expect(matrix.find(({ Journey, Target }) => Journey === 'checkout' && Target === 'westeurope')).toMatchObject({
      Results: expect.any(Number),
    });
  });
});
