import { describe, expect, it } from 'vitest';
import { evaluate } from '../../health/evaluate.ts';
import { expandModel } from '../../health/expand.ts';
import type { HealthPicture } from '../../health/picture.ts';
import { readRows } from '../../health/rows.ts';
import { Observations } from '../../health/series.ts';
import { environments, nowMs, type Situation, tablesOf } from './situation.ts';
import { moreSituations, situations } from './situations.ts';

function pictureOf(situation: Situation): HealthPicture {
  const model = expandModel(environments[situation.environment ?? 'two-regions']);
  const observations = new Observations();
  for (const [table, rows] of Object.entries(tablesOf(situation))) observations.add(readRows(table, rows));
  observations.prune(model, nowMs);
  return evaluate(model, observations.series(model, nowMs), nowMs);
}

describe('situations with states by hand', () => {
  it.each([...situations, ...moreSituations].map((each) => [each.title, each] as const))('%s', (_, situation) => {
    const states = new Map(pictureOf(situation).nodes.map(({ id, state }) => [id, state]));
    const wanted = Object.entries(situation.states).flatMap(([ids, state]) => ids.split(' ').map((id) => [id, state] as const));
    expect(Object.fromEntries(wanted.map(([id]) => [id, states.get(id)]))).toEqual(Object.fromEntries(wanted));
  });
});
