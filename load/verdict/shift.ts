import { judgeControl, judgeHeld, judgeWeights, servedIn, sharePercent, unlessEarly } from './moves.ts';
import type { Move, RunObservation } from './observation.ts';
import { count, percent } from './units.ts';
import type { Judgement } from './verdict.ts';

const steps = [/^shift to 10 %$/, /^shift to 50 %$/, /^shift to 100 %$/];
/** Of all answers, once everything has moved. */
const leftPercent = 1;

/** Does the new stamp get the share of each step, and do the objectives hold meanwhile? */
export function judgeShift(run: RunObservation): Judgement[] {
  const { control } = run;
  const moves = (control?.moves ?? []).filter(({ failed }) => failed === undefined);
  const endMs = (run.samples.lastAtMs ?? 0) + 1;
  return [
    ...judgeControl(run, steps),
    ...moves.flatMap((move, index) => {
      const toMs = moves[index + 1]?.askedAtMs ?? endMs;
      // Front Door's edges learn of it one by one: the second half tells what the step came to.
      const settled = { fromMs: (move.askedAtMs + toMs) / 2, toMs };
      const shares = [...judgeWeights(move.name, run, move, settled), ...judgeGone(run, move, settled)];
      return [
        ...shares.map((share) => (control ? unlessEarly(share, control, move.askedAtMs, toMs) : share)),
        judgeHeld(`in ${move.name}`, run, { fromMs: move.askedAtMs, toMs }),
      ];
    }),
  ];
}

function judgeGone(
  run: RunObservation,
  { name, gone }: Move,
  span: { readonly fromMs: number; readonly toMs: number },
): Judgement[] {
  if (gone === undefined) return [];
  const served = servedIn(run, span);
  const samples = Object.values(served).reduce((sum, n) => sum + n, 0);
  const base = { name: `${name}: share of ${gone.join(', ')}`, limit: leftPercent, unit: '%', samples };
  const value = sharePercent(served, gone);
  if (value === undefined)
    return [{ ...base, verdict: 'inconclusive', reason: `${name}: ${count(samples)} samples are too few` }];
  if (value <= leftPercent) return [{ ...base, value, verdict: 'pass' }];
  return [{ ...base, value, verdict: 'fail', reason: `${name}: ${gone.join(', ')} still serve ${percent(value)}` }];
}
