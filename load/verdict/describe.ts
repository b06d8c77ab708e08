import { count, rate } from './units.ts';
import type { Judgement, LoadVerdict, Verdict } from './verdict.ts';

/** 0 pass, 1 fail, 2 inconclusive. */
export function exitCodeOf(verdict: Verdict): 0 | 1 | 2 {
  return ({ pass: 0, fail: 1, inconclusive: 2 } as const)[verdict];
}

const marks: Readonly<Record<Verdict, string>> = { pass: '✓', fail: '✗', inconclusive: '?' };

/** The verdict, its reasons worst first, and a line for each judgement. */
export function describeVerdict(verdict: LoadVerdict): string {
  const { scenario, environment, targets, requests, rateReachedPerSecond, rateWantedPerSecond, judgements } = verdict;
  return [
    `load ${scenario} on ${environment} (${targets.join(', ')}): ${verdict.verdict}`,
    ...verdict.reasons.map((reason) => `  ${reason}`),
    `${count(requests)} requests, ${rate(rateReachedPerSecond)} of ${rate(rateWantedPerSecond)}`,
    ...judgements.map(judgementLine),
  ].join('\n');
}

function judgementLine({ verdict, name, value, limit, unit, samples }: Judgement): string {
  const figure = (n: number | undefined) => (n === undefined ? '–' : String(Number(n.toFixed(n < 10 ? 2 : 0))));
  return (
    `  ${marks[verdict]} ${name.padEnd(14)} ${figure(value).padStart(7)} (limit ${figure(limit)}) ${unit}`.trimEnd() +
    `, ${count(samples)} samples`
  );
}
