import { certificateName } from '../synthetics/result.ts';
import { certificate, type Finding, type FindingInput, outage, silences } from './findings.ts';
import { firstAttempts } from './first-attempts.ts';
import { probes } from './inconclusive-rounds.ts';
import { ownFaults } from './own-faults.ts';

/** Everything that is wrong, or that was and has closed, in the order of kinds. */
export function findingsOf(input: FindingInput): Finding[] {
  const pairs = input.window.pairs();
  return [
    ...pairs.filter(({ journey }) => journey !== certificateName).map((pair) => outage(pair, input)),
    ...silences(input),
    ...pairs.filter(({ journey }) => journey === certificateName).map((pair) => certificate(pair)),
    ...probes(input),
    ...firstAttempts(input),
    ...ownFaults(input),
  ];
}
