import type { RoundSummary } from '../synthetics/monitor/round.ts';
import type { ExitCode } from './exit-code.ts';

/** What a round of the monitor ends with: one without a check has said nothing, and neither has a check without a result. */
export const codesOf = ({ expected, finished, failed, inconclusive }: RoundSummary): ExitCode[] => [
  failed > 0 ? 1 : 0,
  inconclusive > 0 || finished < expected || expected === 0 ? 2 : 0,
];
