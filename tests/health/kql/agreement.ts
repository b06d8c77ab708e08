import type { Environment } from '../../../fixtures/environments/schema.ts';
import { evaluate, pointsOf } from '../../../health/evaluate.ts';
import { expandModel, type ModelNode } from '../../../health/expand.ts';
import { functionKinds, healthQuery, ingestionMinutes } from '../../../health/kql/queries.ts';
import type { Workspace } from '../../../health/kql/rows.ts';
import type { Health } from '../../../health/model.ts';
import type { HealthPicture, Observation } from '../../../health/picture.ts';
import { readRows } from '../../../health/rows.ts';
import { Observations } from '../../../health/series.ts';
import { environmentWith } from '../day.ts';
import { environments, minuteMs, nowMs, type Situation, tablesOf } from '../situation.ts';
import { type Answered, runKql, type Tables } from './run.ts';

/** When the query is asked: logs of the minute that it speaks of have arrived. */
export const asked = new Date(nowMs + ingestionMinutes * minuteMs);

export const workspacesOf = ({ stamps }: Environment): Workspace[] =>
  ['global', ...new Set(stamps.map(({ region }) => region))].map((name) => ({ name, resource: name }));

export const queryOf = (model: readonly ModelNode[], environment: Environment): string =>
  healthQuery(model, workspacesOf(environment), functionKinds.ContosoHealth);

export const observationsOf = (tables: Tables): Observation[] =>
  Object.entries(tables).flatMap(([table, rows]) => readRows(table, rows));

/** What the evaluator makes of the same rows. */
export function pictureOf(model: readonly ModelNode[], rows: readonly Observation[], atMs = nowMs): HealthPicture {
  const observations = new Observations();
  observations.add(rows);
  observations.prune(model, atMs);
  return evaluate(model, observations.series(model, atMs), atMs);
}

/** As an Azure Monitor health model takes a state. */
const codeOf = { healthy: 0, degraded: 1, unhealthy: 2, unknown: null } as const satisfies Record<Health, number | null>;

/** Where query and evaluator part, a line each; empty where they agree on every state and score, of nodes and of signals. */
export function differences({ nodes }: HealthPicture, answered: readonly Answered[]): string[] {
  const byId = new Map(answered.map((row) => [row.Id, row]));
  const signals = nodes.flatMap((node) => node.signals.map(({ id, state }) => ({ id, state, score: pointsOf(state) })));
  const parted = [...nodes, ...signals].flatMap(({ id, state, score }) => {
    const row = byId.get(id);
    const seen = row?.Score ?? undefined;
    const isNear = score === undefined ? seen === undefined : Math.abs((seen ?? Number.NaN) - score) < 1e-9;
    if (row?.State === state && row.Code === codeOf[state] && isNear) return [];
    return [`${id}: evaluator ${state} ${score}, query ${row?.State} ${row?.Code} ${row?.Score}`];
  });
  const all = nodes.length + signals.length;
  return answered.length === all ? parted : [...parted, `${answered.length} of ${all} answered`];
}

/** Stamps of every kind: blue and green, two in a region, one alone; and a journey that runs every other minute. */
export const wide: Environment = environmentWith({
  stamps: [
    ['blue', 'westeurope', 'active'],
    ['green', 'westeurope', 'standby'],
    ['eastus-1', 'eastus', 'active'],
    ['eastus-2', 'eastus', 'active'],
    ['southeastasia', 'southeastasia', 'active'],
  ].map(([name, region, role], at) => ({
    name,
    region,
    role,
    endpoint: `https://localhost:${8_444 + 2 * at}`,
    plan: `plan-${name}`,
    cosmos: 'contoso',
  })),
  plans: ['blue', 'green', 'eastus-1', 'eastus-2', 'southeastasia'].map((name) => ({ name: `plan-${name}`, sku: 'S2' })),
  cosmosAccounts: [
    {
      name: 'contoso',
      regions: ['westeurope', 'eastus', 'southeastasia'],
      mode: 'manual',
      ruPerSecond: 4000,
      multiRegionWrites: true,
    },
  ],
  monitor: { everyMinutes: { reviews: 2 } },
});

/** Situations whose states by hand the query doesn't answer, each with what it answers. */
export async function wrongByKql(all: readonly Situation[]): Promise<string[]> {
  const runs = all.map((situation) => {
    const environment = environments[situation.environment ?? 'two-regions'];
    return { query: queryOf(expandModel(environment), environment), tables: tablesOf(situation) };
  });
  const answers = await runKql(runs, asked);
  return all.flatMap(({ title, states }, at) => {
    const seen = new Map((answers[at] ?? []).map(({ Id, State }) => [Id, State]));
    const wanted = Object.entries(states).flatMap(([ids, state]) => ids.split(' ').map((id) => [id, state] as const));
    return wanted.filter(([id, state]) => seen.get(id) !== state).map(([id]) => `${title}: ${id} is ${seen.get(id)}`);
  });
}
