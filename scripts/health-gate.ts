import { ConfigurationError } from '../fixtures/environments/errors.ts';
import { loadEnvironment, wantedEnvironment } from '../fixtures/environments/load.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { type Target, targetsOf } from '../fixtures/environments/targets.ts';
import { readVariables } from '../fixtures/environments/variables.ts';
import { type GatedFlow, gate, wantsMore } from '../health/gate.ts';
import { shopperOf } from '../synthetics/journeys/plan.ts';
import type { AvailabilityResult } from '../synthetics/result.ts';
import { runOnNode } from '../synthetics/runners/node.ts';
import { checksOf } from '../synthetics/runners/prepare.ts';
import { type TokenSource, tokenSource } from '../synthetics/runners/token.ts';
import { trustCertificates } from '../telemetry/trust.ts';
import { type ExitCode, type Interruption, parseFlags, worstExit } from './exit-code.ts';
import { readHealthCheck } from './health-check.ts';
import { ensureStore } from './local-store.ts';

/** One failed result of five is degraded already, and fewer could hide one bad instance of three. */
const rounds = 5;
/** For journeys of few steps, which need more for a p95; one that still has too few is unknown. */
const mostRounds = 20;

/**
 * `npm run health -- gate --target <slot or target> [--env <name or path>]`: journeys and health check against a staged
 * build. `staging` means that slot of every stamp. Exit code 0: no flow would be degraded; 1: one would; 2: not known of one.
 */
export async function gateCommand({ signal }: Interruption, args: readonly string[]): Promise<ExitCode> {
  const { values } = parseFlags({ target: { type: 'string' } }, [...args]);
  const nameOrPath = wantedEnvironment(values.env);
  const environment = loadEnvironment(nameOrPath);
  const targets = wantedTargets(environment, values.target);
  trustCertificates();
  const store = environment.local ? await ensureStore(environment, nameOrPath) : undefined;
  if (store) trustCertificates(store.caFile);
  try {
    const tokens = tokenSource(environment.auth, readVariables());
    const codes: ExitCode[] = [];
    for (const target of targets) {
      const flows = await gateTarget(environment, target, tokens, signal);
      for (const flow of flows) console.log(lineOf(target, flow));
      codes.push(...flows.map(exitOf));
    }
    const code = worstExit(codes);
    const words = {
      0: 'no flow would be degraded',
      1: 'the release would degrade a flow',
      2: 'not every flow is known',
    } as const;
    console.log(code === 3 ? '' : words[code]);
    return code;
  } finally {
    await store?.close();
  }
}

async function gateTarget(environment: Environment, target: Target, tokens: TokenSource, signal: AbortSignal) {
  const { checks } = checksOf(environment, [target]);
  const results: AvailabilityResult[] = [];
  for (let round = 0; round < mostRounds; round += 1)
    for (const [index, check] of checks.entries())
      if (!signal.aborted && (round < rounds || wantsMore(results, check.journey.name)))
        results.push(await runOnNode({ environment, check, tokens, shopperId: shopperOf(environment.shoppers, index) }));
  return gate({ rounds, results, probes: await readHealthCheck(environment, target, tokens) });
}

/** A build that nothing is known of is no build to release. */
export const exitOf = ({ state }: GatedFlow): ExitCode => (state === 'healthy' ? 0 : state === 'unknown' ? 2 : 1);

const lineOf = ({ name }: Target, { flow, state, why }: GatedFlow) =>
  [`${state.padEnd(10)} ${flow.padEnd(10)} ${name}`, ...why.map((line) => `  ${line}`)].join('\n');

function wantedTargets(environment: Environment, wanted: string | undefined): Target[] {
  const targets = targetsOf(environment);
  const chosen = targets.filter(({ name, slot }) => wanted !== undefined && (name === wanted || slot === wanted));
  if (chosen.length > 0) return chosen;
  const names = [...new Set(targets.flatMap(({ name, slot }) => (slot === undefined ? [name] : [slot, name])))];
  const seen = wanted === undefined ? 'nothing' : JSON.stringify(wanted);
  throw new ConfigurationError('The command line', [{ path: '--target', seen, allowed: `one of ${names.join(', ')}` }]);
}
