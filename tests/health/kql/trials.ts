import type { ModelNode } from '../../../health/expand.ts';
import { asked, differences, observationsOf, pictureOf } from './agreement.ts';
import { type Run, runKql, type Tables } from './run.ts';

/** A query that is not as it should be, on rows that tell it from the right one. */
export interface Trial {
  readonly name: string;
  readonly model: readonly ModelNode[];
  readonly right: string;
  readonly changed: string;
  readonly tables: Tables;
}

/**
 * Trials whose query parts from the evaluator. The right query is run on the same rows: that it agrees is half of the proof.
 * @throws Error where the right query parts from it too
 */
export async function partedByQuery(trials: readonly Trial[]): Promise<string[]> {
  const runs: Run[] = [];
  const places = new Map<string, Map<Tables, number>>();
  const placeOf = (query: string, tables: Tables): number => {
    const known = places.get(query) ?? new Map<Tables, number>();
    places.set(query, known);
    const place = known.get(tables) ?? runs.push({ query, tables }) - 1;
    known.set(tables, place);
    return place;
  };
  const placed = trials.map(({ right, changed, tables }) => [placeOf(right, tables), placeOf(changed, tables)] as const);
  const answers = await runKql(runs, asked);
  const parted = trials.filter(({ model, tables }, at) => {
    const [right = -1, changed = -1] = placed[at] ?? [];
    const picture = pictureOf(model, observationsOf(tables));
    const agreed = differences(picture, answers[right] ?? []);
    if (agreed.length > 0) throw new Error(`without any change: ${agreed.join('; ')}`);
    return differences(picture, answers[changed] ?? []).length > 0;
  });
  return [...new Set(parted.map(({ name }) => name))];
}
