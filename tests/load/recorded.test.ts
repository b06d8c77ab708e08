import { describe, expect, it } from 'vitest';
import { readBaseline } from '../../load/baselines.ts';
import type { Baseline } from '../../load/verdict/baseline.ts';
import { isAlarm, namesStep, recordedIn, resampled, sizes } from './recording.ts';

describe('1,000 comparisons of recorded runs', () => {
  const [good, slower] = [readBaseline(recordedIn('good')), readBaseline(recordedIn('slower'))] as [Baseline, Baseline];

  it.each(sizes)('call at most one in a hundred unchanged builds slower: %d earlier runs', (size) => {
    expect(resampled(good, good, size).filter(isAlarm).length).toBeLessThanOrEqual(10);
  });

  it('find the step that is a fifth slower by name', () => {
    expect(resampled(good, slower, 12).filter(namesStep).length).toBeGreaterThanOrEqual(950);
  });
});
