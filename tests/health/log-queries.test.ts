import { expect, it } from 'vitest';
import { evaluate } from '../../health/evaluate.ts';
import { expandModel } from '../../health/expand.ts';
import { observationsQuery } from '../../health/log-queries.ts';
import type { HealthPicture, Observation } from '../../health/picture.ts';
import { type LogRow, sourceTables } from '../../health/rows.ts';
import { Observations } from '../../health/series.ts';
import { asked, observationsOf, wide, workspacesOf } from './kql/agreement.ts';
import { drawnTables } from './kql/drawn.ts';
import { runKql } from './kql/run.ts';
import { minuteMs, nowMs } from './situation.ts';

const model = expandModel(wide);
const fromMs = Math.floor(nowMs / minuteMs) * minuteMs - 200 * minuteMs;

function statesOf(rows: readonly Observation[]): string[] {
  const observations = new Observations();
  observations.add(rows);
  observations.prune(model, nowMs);
  const { nodes }: HealthPicture = evaluate(model, observations.series(model, nowMs), nowMs);
  return nodes.flatMap(({ id, state, signals }) => [`${id} ${state}`, ...signals.map((each) => `${each.id} ${each.state}`)]);
}

it('Log Analytics puts rows together without another state for it', { timeout: 600_000 }, async () => {
  const drawn = [11, 12].map((seed) => drawnTables(model, seed));
  const asks = drawn.flatMap((tables) =>
    sourceTables.map((table) => ({ tables, ...observationsQuery(table, workspacesOf(wide), fromMs) })),
  );
  const answers = await runKql<LogRow>(asks, asked);
  for (const tables of drawn) {
    const read = asks.flatMap((ask, at) => (ask.tables === tables ? ask.observations(answers[at] ?? []) : []));
    expect(read.length).toBeGreaterThan(0);
    expect(statesOf(read)).toEqual(statesOf(observationsOf(tables)));
  }
});
