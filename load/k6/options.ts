import type { LoadEnvironment } from './environment.ts';
import type { Traffic } from './traffic.ts';

/** Tags that a sample is judged by; the others cost CPU in k6 and in what reads its samples. */
const systemTags = ['check', 'error_code', 'expected_response', 'method', 'name', 'scenario', 'status'];

/** What every scenario has in common: no cookies kept, no redirects followed to hosts that nobody named, samples lean. */
export const commonOptions = { systemTags, maxRedirects: 0, noCookiesReset: false, setupTimeout: '30s' };

/** So many seconds count before production's own objectives may end a run: one slow first answer is no reason. */
const productionGrace = '10s';

/**
 * The environment's objectives as k6's own thresholds, for plain `k6 run`. A threshold without samples passes in k6, so the
 * requests are counted, too: setup's own make sure that this one never is without. Load that production feels ends as soon
 * as an objective is missed.
 */
export function objectiveThresholds(
  scenario: string,
  { objectives, budgets }: LoadEnvironment,
  traffic: Traffic,
  abort: boolean,
) {
  // A breakpoint is there to miss its objectives, but not those of production.
  if (scenario === 'breakpoint' && !abort) return {};
  const of = `scenario:${scenario}`;
  const errors = objectives.errorPercent / 100;
  // A plan that grows under load answers late until it has grown: the verdict judges how late, and how long.
  const isScaled = scenario === 'autoscale';
  // Several k6 judge their own share each.
  const { requestsPerIteration, segments } = traffic.arrivals;
  const rule = (threshold: string) => [abort ? { threshold, abortOnFail: true, delayAbortEval: productionGrace } : threshold];
  return {
    // A refused connection counts as an answer within 0 ms, hence the second tag.
    ...(isScaled ? {} : { [`http_req_duration{${of},expected_response:true}`]: rule(`p(95)<=${objectives.latencyP95Ms}`) }),
    [`http_req_failed{${of}}`]: rule(`rate<=${errors}`),
    [`checks{${of}}`]: rule(`rate>=${1 - errors}`),
    [`journey_duration{${of}}`]: [`p(95)<=${budgets.journeyMs}`],
    http_reqs: [`count>=${Math.floor((traffic.iterations * requestsPerIteration * 0.9) / segments)}`],
  };
}
