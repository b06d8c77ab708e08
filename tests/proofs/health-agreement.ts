import type { Environment } from '../../fixtures/environments/schema.ts';
import { expandModel } from '../../health/expand.ts';
import { asked, differences, observationsOf, pictureOf, queryOf, wide, wrongByKql } from '../health/kql/agreement.ts';
import { breaksEvaluator, brokenByQuery, changes } from '../health/kql/changes.ts';
import { drawnTables } from '../health/kql/drawn.ts';
import { operators, operatorTrials } from '../health/kql/operators.ts';
import { runKql } from '../health/kql/run.ts';
import { partedByQuery } from '../health/kql/trials.ts';
import { situations } from '../health/situations.ts';
import { exactly, type ProofArea, type ProofRow } from './proof.ts';

/** Each draws a situation for every stamp of the environment. */
const draws = 200;
/** Every stamp twice. */
const environment: Environment = {
  ...wide,
  stamps: [...wide.stamps, ...wide.stamps.map((stamp) => ({ ...stamp, name: `${stamp.name}-b`, plan: `${stamp.plan}-b` }))],
  plans: [...wide.plans, ...wide.plans.map((plan) => ({ ...plan, name: `${plan.name}-b` }))],
};
/** At a time, since the tables of one are some megabytes. */
const batch = 20;

function batches<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / batch) }, (_, at) => all.slice(at * batch, (at + 1) * batch));
}

async function drawnRow(say: (line: string) => void): Promise<ProofRow> {
  const model = expandModel(environment);
  const query = queryOf(model, environment);
  let parted = 0;
  const seeds = Array.from({ length: draws }, (_, at) => at + 1);
  for (const some of batches(seeds)) {
    const drawn = some.map((seed) => drawnTables(model, seed));
    const runs = drawn.map((tables) => ({ query, tables }));
    const answers = await runKql(runs, asked);
    for (const [at, tables] of drawn.entries())
      if (differences(pictureOf(model, observationsOf(tables)), answers[at] ?? []).length > 0) parted += 1;
    say(`${some.at(-1)} of ${draws} drawn stores, ${parted} parted`);
  }
  return exactly(
    `drawn situations of ${draws * environment.stamps.length} stamps in ${draws} stores: stores that parted`,
    parted,
    0,
  );
}

async function handRow(): Promise<ProofRow> {
  const wrong = await wrongByKql(situations);
  return exactly(`${situations.length} situations with states by hand: nodes that KQL has wrong`, wrong.length, 0);
}

async function changeRows(say: (line: string) => void): Promise<ProofRow[]> {
  const all = changes();
  const byQuery: string[] = [];
  for (const some of batches(all)) {
    byQuery.push(...(await brokenByQuery(some)));
    say(`${byQuery.length} changes of the query alone broke the agreement`);
  }
  return [
    exactly(`single changes of the query alone, of ${all.length}: that broke the agreement`, byQuery.length, all.length),
    exactly(
      `single changes of the evaluator alone, of ${all.length}: that broke it`,
      all.filter(breaksEvaluator).length,
      all.length,
    ),
  ];
}

async function operatorRow(say: (line: string) => void): Promise<ProofRow> {
  const all = operators();
  const broken = new Set<string>();
  for (const some of batches(all)) {
    for (const name of await partedByQuery(operatorTrials(some))) broken.add(name);
    say(`${broken.size} operators of the query, each another, broke the agreement`);
  }
  for (const { name } of all) if (!broken.has(name)) say(`didn't break it: ${name}`);
  return exactly(`operators of the query, each alone another, of ${all.length}: that broke it`, broken.size, all.length);
}

export const healthAgreement: ProofArea = {
  title: 'Evaluator and KQL say the same of drawn situations, and part by any single change',
  covers: [
    'health/kql',
    'health/thresholds.ts',
    'health/rows.ts',
    'health/series.ts',
    'health/signal-state.ts',
    'health/model.ts',
    'health/expand.ts',
    'health/evaluate.ts',
    'tests/health/kql',
  ],
  prove: async (say) => [await handRow(), ...(await changeRows(say)), await operatorRow(say), await drawnRow(say)],
};
