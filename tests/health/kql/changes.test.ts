import { describe, expect, it } from 'vitest';
import { observationsOf, pictureOf } from './agreement.ts';
import { brokenByQuery, changedModel, changes } from './changes.ts';

const all = changes();

/** One of each kind is run here; `npm run prove -- health-agreement` runs all of them. */
const sampled = [
  'cpuPercent: degradedAt',
  'serverLatencyMs: unhealthyAt',
  'probeFailed: windowMinutes',
  'single: worsen',
  'weighted: degradedBelow',
  'store ← global: weight',
];

describe('the proof of agreement', () => {
  it('is broken by every single change of the evaluator alone', { timeout: 300_000 }, () => {
    const unseen = all.filter(({ within, situations }) =>
      situations.every((situation) => {
        const rows = observationsOf(situation());
        const changed = within((model) => JSON.stringify(pictureOf(model, rows).nodes));
        return changed === JSON.stringify(pictureOf(changedModel, rows).nodes);
      }),
    );
    expect(unseen.map(({ name }) => name)).toEqual([]);
  });

  it.each(sampled)('is broken by a change of the query alone: %s', { timeout: 300_000 }, async (name) => {
    expect(await brokenByQuery(all.filter((change) => change.name === name))).toEqual([name]);
  });
});
