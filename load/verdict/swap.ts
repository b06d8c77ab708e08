import { type Attribution, attributedSeconds } from './attribution.ts';
import { sum } from './breakpoint.ts';
import { controlLimitOf, judgeControl, judgeHeld, moveNamed, p95In, requestsIn, secondsAround, secondsIn } from './moves.ts';
import type { Control, Move, RunObservation } from './observation.ts';
import { count, ms, seconds } from './units.ts';
import type { Judgement } from './verdict.ts';

/** Did the swap take place, drop a request, take too long, or make shoppers wait: while it ran, and under the new build. */
export function judgeSwap(run: RunObservation, attribution: Attribution): Judgement[] {
  const control = judgeControl(run, [/^swap$/]);
  const move = moveNamed(run, /^swap$/);
  if (!move || !run.control) return control;
  const endMs = (run.samples.lastAtMs ?? move.endedAtMs) + 1;
  return [
    ...control,
    judgeDropped(run, attribution, move, endMs),
    withBefore(judgeHeld('after the swap', run, { fromMs: move.endedAtMs, toMs: endMs }), run, move),
    // From the second before to that after: a swap of a local store is over in one or two.
    judgeHeld('during the swap', run, { fromMs: move.askedAtMs - 1_000, toMs: move.endedAtMs + 1_000 }),
    judgeDuration(run, run.control, move),
  ];
}

type Seconds = ReturnType<typeof secondsAround>;
/** What failed in some seconds, but for what was meant to. */
const lostIn = (seconds: Seconds) => sum(seconds.flatMap(({ layers = {} }) => Object.values(layers)));

/** Every failure from the moment of asking to the end: whichever build gave it, the swap brought it. */
function judgeDropped(given: RunObservation, attribution: Attribution, move: Move, endMs: number): Judgement {
  const { samples: all, generator } = given;
  const run = { ...given, samples: { ...all, seconds: attributedSeconds(all, generator, attribution) } };
  const during = secondsAround(run, { fromMs: move.askedAtMs, toMs: move.endedAtMs });
  const after = secondsAround(run, { fromMs: move.endedAtMs, toMs: endMs }).filter((second) => !during.includes(second));
  const samples = requestsIn(during) + requestsIn(after);
  const base = { name: 'dropped requests', limit: 0, unit: '', samples };
  if (requestsIn(after) === 0)
    return { ...base, verdict: 'inconclusive', reason: 'dropped requests: none was sent after the swap' };
  const value = lostIn(during) + lostIn(after);
  if (value === 0) return { ...base, value, verdict: 'pass' };
  const parts = `${count(lostIn(during))} while it ran, ${count(lostIn(after))} under the new build`;
  const reason = `the swap dropped ${count(value)} of ${count(samples)} requests (${parts}${mostRefused(run)})`;
  return { ...base, value, verdict: 'fail', reason };
}

function mostRefused({ samples }: RunObservation): string {
  const [most] = [...samples.refusals].sort((a, b) => b.count - a.count);
  return most === undefined ? '' : `; mostly ${most.name}: ${most.status}`;
}

/** What was slow before the swap, too, isn't its doing: the reason shows both. */
function withBefore(judgement: Judgement, run: RunObservation, move: Move): Judgement {
  const before = p95In(secondsIn(run, { fromMs: 0, toMs: move.askedAtMs }));
  if (!judgement.reason?.includes('latency') || before === undefined) return judgement;
  return { ...judgement, reason: `${judgement.reason} (before it: p95 ${ms(before)})` };
}

function judgeDuration(run: RunObservation, control: Control, { askedAtMs, endedAtMs }: Move): Judgement {
  const [value, limit] = [(endedAtMs - askedAtMs) / 1_000, controlLimitOf(control)];
  const base = {
    name: 'swap duration',
    value,
    limit,
    unit: 's',
    samples: run.samples.requests,
    source: 'Azure Resource Manager',
  };
  if (value <= limit) return { ...base, verdict: 'pass' };
  return { ...base, verdict: 'fail', reason: `the swap took ${seconds(value)}, limit ${seconds(limit)}` };
}
