import { describe, expect, it } from 'vitest';
import { loadVerdictSchema } from '../../load/verdict/verdict.ts';
import { autoscaleRuns, runAutoscale } from '../support/autoscale-run.ts';

// The rows that fail are run by `npm run prove -- autoscale`; tests/load/autoscale.test.ts has all of them as observations.
describe('the autoscale scenario against the local store', { timeout: 300_000 }, () => {
  const [rightSized] = autoscaleRuns;
  if (!rightSized) throw new Error('no row');

  it('passes a right-sized plan, with each stretch measured', async () => {
    let verdict = await runAutoscale(rightSized);
    // A busy machine can make any plan slow; it makes no wrong one pass.
    if (verdict.verdict !== 'pass') verdict = await runAutoscale(rightSized);
    expect(verdict.reasons).toEqual([]);
    expect(verdict.verdict).toBe('pass');
    const names = verdict.judgements.map(({ name }) => name);
    for (const name of ['first step: decided', 'second step: new instance serves', 'scale-in after the load', 'flapping'])
      expect(names).toContain(name);
    expect(verdict.judgements.find(({ name }) => name === 'instances reached')).toMatchObject({ value: 3, limit: 3 });
    expect(loadVerdictSchema.safeParse(verdict).success).toBe(true);
  });
});
