import { describe, expect, it } from 'vitest';
import { breaksEvaluator, brokenByQuery, changes } from './changes.ts';
import { operators, operatorTrials } from './operators.ts';
import { partedByQuery } from './trials.ts';

const all = changes();

/** One of each kind is run here; `npm run prove -- health-agreement` runs all of them. */
const sampled = [
  'cpuPercent: degradedAt',
  'probeFailed: windowMinutes',
  'single: worsen',
  'lookbackBins: one less',
  'staleBins: one less',
  'paymentFailed: ResultCode !=',
  'store ← global: weight',
];

const sampledOperators = ['serverLatencyMs 33:', 'Layer 2:'];

describe('the proof of agreement', () => {
  // A weight needs the rows of a whole store: every fifth is tried here.
  it('is broken by every single change of the evaluator alone', { timeout: 600_000 }, () => {
    const unseen = all
      .filter(({ name }, at) => !name.endsWith(': weight') || at % 5 === 0)
      .filter((change) => !breaksEvaluator(change));
    expect(unseen.map(({ name }) => name)).toEqual([]);
  });

  it('is broken by a change of the query alone', { timeout: 600_000 }, async () => {
    const some = all.filter(({ name }) => sampled.includes(name));
    expect([...(await brokenByQuery(some))].sort()).toEqual([...sampled].sort());
  });

  it('is broken by another operator in the query', { timeout: 600_000 }, async () => {
    const some = operators().filter(({ name }) => sampledOperators.some((each) => name.startsWith(each)));
    expect(await partedByQuery(operatorTrials(some))).toEqual(some.map(({ name }) => name));
    expect(some).toHaveLength(sampledOperators.length);
  });
});
