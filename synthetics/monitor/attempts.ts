import type { Environment } from '../../fixtures/environments/schema.ts';
import { type AvailabilityResult, failureLine } from '../result.ts';
import type { Exchange } from '../runners/evidence.ts';
import { runOnNode } from '../runners/node.ts';
import type { Check } from '../runners/prepare.ts';
import type { TokenSource } from '../runners/token.ts';
import { type Clock, sleep } from './clock.ts';

interface CheckGiven {
  readonly environment: Environment;
  readonly check: Check;
  readonly shopperId: string;
  readonly tokens: TokenSource;
  readonly clock: Clock;
}

/** What came of a check: one result, however many attempts it took. */
export interface Ran {
  readonly result: AvailabilityResult;
  /** Whether anything at all answered, if only with an error. */
  readonly answered: boolean;
  /** The exchange at which the last attempt that failed did so. */
  readonly evidence?: Exchange;
}

export type RunAttempt = (given: CheckGiven, keep: (exchange: Exchange) => void) => Promise<AvailabilityResult>;

const onNode: RunAttempt = ({ environment, check, shopperId, tokens, clock }, keep) =>
  runOnNode({ environment, check, shopperId, tokens, evidence: keep, nowMs: () => clock.now() });

/**
 * Runs a check, and again as often as the environment allows while it fails. All attempts share the journey's time limit, so
 * that retries delay no news: one is made only where a request still fits. Each opens its own connections.
 */
export async function runCheck(given: CheckGiven, run: RunAttempt = onNode): Promise<Ran> {
  const { environment, clock } = given;
  const { budgets, monitor } = environment;
  const endsAtMs = clock.now() + budgets.journeyMs;
  const leastMs = Math.min(budgets.requestMs, budgets.journeyMs / 4);
  const results: AvailabilityResult[] = [];
  let evidence: Exchange | undefined;
  const keep = (exchange: Exchange) => {
    evidence = exchange;
  };
  for (let leftMs = budgets.journeyMs; ; leftMs = endsAtMs - clock.now()) {
    const journeyMs = Math.min(leftMs, budgets.journeyMs);
    // The first attempt's is the environment itself: what is worked out once for it is not worked out again for each check.
    const within = journeyMs === budgets.journeyMs ? environment : { ...environment, budgets: { ...budgets, journeyMs } };
    const result = await run({ ...given, environment: within }, keep);
    results.push(result);
    const isLast = results.length > monitor.retries.count || endsAtMs - clock.now() - monitor.retries.spacingMs < leastMs;
    if (result.outcome === 'passed' || isLast) break;
    await sleep(clock, monitor.retries.spacingMs);
  }
  const answered = results.some(({ steps }) => steps.some(({ status }) => status !== undefined));
  return { result: joined(results), answered, ...(evidence && { evidence }) };
}

/** The last attempt, from the time of the first, with all of them. */
function joined(results: readonly AvailabilityResult[]): AvailabilityResult {
  const [first, last] = [results[0], results.at(-1)];
  if (!first || !last) throw new Error('a check without an attempt');
  if (first === last) return first;
  const attempts = results.flatMap(({ traceId, attempts: own }) => own.map((attempt) => ({ ...attempt, traceId })));
  const retried = `attempt ${results.length} ${last.outcome}; the first: ${failureLine(first)}`;
  return { ...last, startedAt: first.startedAt, attempts, warnings: [...last.warnings, retried] };
}
