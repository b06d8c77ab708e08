import { request } from 'undici';
import { z } from 'zod';
import type { Environment } from '../fixtures/environments/schema.ts';
import type { Target } from '../fixtures/environments/targets.ts';
import { readVariables } from '../fixtures/environments/variables.ts';
import type { GatePart } from '../pages/report/run-report.ts';
import { shopperOf } from '../synthetics/journeys/plan.ts';
import { type AvailabilityResult, failureLine } from '../synthetics/result.ts';
import { runOnNode } from '../synthetics/runners/node.ts';
import { checksOf } from '../synthetics/runners/prepare.ts';
import { type TokenSource, tokenSource } from '../synthetics/runners/token.ts';

const healthLimitMs = 10_000;

/** The API's deep health check (docs/health-check.md); the rows are for who has the role Health.Read. */
const healthSchema = z.object({
  status: z.string(),
  dependencies: z
    .array(z.object({ name: z.string(), impact: z.string(), healthy: z.boolean(), seen: z.string().optional() }))
    .default([]),
});

/** Asks every target how it is: only healthy through and through is good enough for a release. */
export async function checkHealth(environment: Environment, targets: readonly Target[]): Promise<GatePart> {
  const tokens = tokenSource(environment.auth, readVariables());
  const answers = await Promise.all(targets.map((target) => healthOf(target, environment, tokens)));
  const of = (verdict: GatePart['verdict']) => answers.filter((one) => one.verdict === verdict);
  const [worst] = [...of('fail'), ...of('inconclusive'), ...of('pass')];
  return {
    name: 'health',
    verdict: worst?.verdict ?? 'inconclusive',
    reasons: [...of('fail'), ...of('inconclusive')].map(({ said }) => said),
  };
}

async function healthOf(
  target: Target,
  environment: Environment,
  tokens: TokenSource,
): Promise<{ verdict: GatePart['verdict']; said: string }> {
  try {
    const token = await tokens.token(false);
    const { syntheticHeader: mark } = environment;
    const headers = { ...target.headers, authorization: `Bearer ${token}`, [mark.name]: mark.value };
    const { statusCode, body } = await request(`${target.endpoint}/api/health`, {
      headers,
      signal: AbortSignal.timeout(healthLimitMs),
    });
    const { status, dependencies } = healthSchema.parse(await body.json());
    const sick = dependencies.filter(({ healthy }) => !healthy).map(({ name, seen }) => `${name} ${seen ?? 'unhealthy'}`);
    const said = `${target.name} answered ${statusCode} ${status}${sick.length > 0 ? `: ${sick.join('; ')}` : ''}`;
    return { verdict: statusCode === 200 && status === 'healthy' ? 'pass' : 'fail', said };
  } catch (error) {
    return {
      verdict: 'inconclusive',
      said: `${target.name} told nothing of its health (${error instanceof Error ? error.message : error})`,
    };
  }
}

/** Every journey on every target, once, one after the other: what fails here would fail under load a thousand times. */
export async function checkJourneys(
  environment: Environment,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<{ readonly part: GatePart; readonly results: readonly AvailabilityResult[] }> {
  const tokens = tokenSource(environment.auth, readVariables());
  const { checks } = checksOf(environment, targets);
  const results: AvailabilityResult[] = [];
  for (const [index, check] of checks.entries()) {
    if (signal.aborted) break;
    results.push(await runOnNode({ environment, check, tokens, shopperId: shopperOf(environment.shoppers, index) }));
  }
  const of = (outcome: AvailabilityResult['outcome']) => results.filter((result) => result.outcome === outcome);
  const reasons = [...of('failed'), ...of('inconclusive')].map(failureLine);
  if (results.length < checks.length) reasons.push(`${checks.length - results.length} journeys were not run`);
  const isWhole = results.length === checks.length && checks.length > 0;
  const verdict = of('failed').length > 0 ? 'fail' : reasons.length > 0 || !isWhole ? 'inconclusive' : 'pass';
  return { part: { name: 'journeys', verdict, reasons }, results };
}
