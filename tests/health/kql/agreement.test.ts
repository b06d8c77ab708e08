import { describe, expect, it } from 'vitest';
import { expandModel } from '../../../health/expand.ts';
import { asked, differences, observationsOf, pictureOf, queryOf, wide } from './agreement.ts';
import { drawnTables } from './drawn.ts';
import { runKql } from './run.ts';

const model = expandModel(wide);
const seeds = Array.from({ length: 6 }, (_, at) => at + 1);

describe('evaluator and KQL on drawn situations', () => {
  it('have the same state and score for every node', { timeout: 600_000 }, async () => {
    const query = queryOf(model, wide);
    const drawn = seeds.map((seed) => drawnTables(model, seed));
    const answers = await runKql(
      drawn.map((tables) => ({ query, tables })),
      asked,
    );
    const states = new Set<string>();
    for (const [at, tables] of drawn.entries()) {
      const picture = pictureOf(model, observationsOf(tables));
      for (const { state } of picture.nodes) states.add(state);
      expect(differences(picture, answers[at] ?? []), `seed ${seeds[at]}`).toEqual([]);
    }
    expect([...states].sort()).toEqual(['degraded', 'healthy', 'unhealthy', 'unknown']);
  });
});
