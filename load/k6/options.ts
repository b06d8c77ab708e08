import type { LoadEnvironment } from './environment.ts';
import type { Arrivals } from './profiles.ts';

/** Tags that a sample is judged by; the others cost CPU in k6 and in what reads its samples. */
const systemTags = ['check', 'error_code', 'expected_response', 'method', 'name', 'scenario', 'status'];

/** What every scenario has in common: no cookies kept, no redirects followed to hosts that nobody named, samples lean. */
export const commonOptions = { systemTags, maxRedirects: 0, noCookiesReset: false, setupTimeout: '30s' };

/**
 * The environment's objectives as k6's own thresholds, for plain `k6 run`. A threshold without samples passes in k6, so the
 * requests are counted, too: setup's own make sure that this one never is without.
 */
export function objectiveThresholds(scenario: string, { objectives, budgets }: LoadEnvironment, expected: Arrivals) {
  const of = `scenario:${scenario}`;
  const errors = objectives.errorPercent / 100;
  return {
    // A refused connection counts as an answer within 0 ms, hence the second tag.
    [`http_req_duration{${of},expected_response:true}`]: [`p(95)<=${objectives.latencyP95Ms}`],
    [`http_req_failed{${of}}`]: [`rate<=${errors}`],
    [`checks{${of}}`]: [`rate>=${1 - errors}`],
    [`journey_duration{${of}}`]: [`p(95)<=${budgets.journeyMs}`],
    http_reqs: [`count>=${Math.floor(expected.iterations * expected.requestsPerIteration * 0.9)}`],
  };
}
