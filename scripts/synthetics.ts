import { loadEnvironment, wantedEnvironment } from '../fixtures/environments/load.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { targetsOf } from '../fixtures/environments/targets.ts';
import { readVariables } from '../fixtures/environments/variables.ts';
import { journeys } from '../synthetics/journeys/index.ts';
import { shopperOf } from '../synthetics/journeys/plan.ts';
import { annotatedRound } from '../synthetics/monitor/annotator.ts';
import { publish, publishLine, type Round } from '../synthetics/publish.ts';
import { type AvailabilityResult, failureLine } from '../synthetics/result.ts';
import type { Exchange } from '../synthetics/runners/evidence.ts';
import { runOnNode } from '../synthetics/runners/node.ts';
import { checksOf } from '../synthetics/runners/prepare.ts';
import { tokenSource } from '../synthetics/runners/token.ts';
import { trustCertificates } from '../telemetry/trust.ts';
import { deliverable } from './deliverable.ts';
import { type ExitCode, exitOfOutcome, type Interruption, parseFlags, runCommand, worstExit } from './exit-code.ts';
import { requireKnown } from './known-names.ts';
import { ensureStore } from './local-store.ts';

const flags = { journey: { type: 'string' }, target: { type: 'string' }, publish: { type: 'boolean' } } as const;

/** `npm run synthetics [-- --journey <name>] [--target <name>] [--env <name or path>] [--publish]`: runs them now, once. */
async function synthetics({ signal }: Interruption): Promise<ExitCode> {
  const { values } = parseFlags(flags);
  const nameOrPath = wantedEnvironment(values.env);
  const environment = values.publish ? deliverable(nameOrPath) : loadEnvironment(nameOrPath);
  const { checks, leftOut } = chosen(environment, values);
  trustCertificates();
  const store = environment.local ? await ensureStore(environment, nameOrPath) : undefined;
  if (store) trustCertificates(store.caFile);
  try {
    for (const { journey, target, reason } of leftOut) console.log(`not run: ${journey.name} on ${target.name}: ${reason}`);
    const tokens = tokenSource(environment.auth, readVariables());
    const results: AvailabilityResult[] = [];
    const evidence = new Map<string, unknown>();
    for (const [index, check] of checks.entries()) {
      if (signal.aborted) break;
      let failing: Exchange | undefined;
      const keep = (exchange: Exchange) => {
        failing = exchange;
      };
      const shopperId = shopperOf(environment.shoppers, index);
      const result = await runOnNode({ environment, check, tokens, shopperId, evidence: keep });
      console.log(lineOf(result));
      results.push(result);
      if (failing && result.outcome !== 'passed') evidence.set(result.id, failing);
    }
    const codes: ExitCode[] = results.map(({ outcome }) => exitOfOutcome[outcome]);
    if (values.publish) codes.push(await deliver(environment, { results, evidence }));
    // Nothing that was run is nothing that is known.
    return results.length === 0 ? 2 : worstExit(codes);
  } finally {
    await store?.close();
  }
}

async function deliver(environment: Environment, { results, evidence }: Round): Promise<ExitCode> {
  const delivery = await publish(environment, { results: annotatedRound(environment, results), evidence });
  console.log(publishLine(results.length, delivery));
  return environment.telemetry.connectionString !== undefined && delivery.undelivered > 0 ? 2 : 0;
}

/** What the flags name, all where they name nothing; an unknown name is a fault and never ignored. */
function chosen(environment: Environment, { journey, target }: { journey?: string | undefined; target?: string | undefined }) {
  const targets = targetsOf(environment);
  requireKnown([
    { flag: '--journey', value: journey, known: journeys.map(({ name }) => name) },
    { flag: '--target', value: target, known: targets.map(({ name }) => name) },
  ]);
  const all = checksOf(
    environment,
    targets.filter(({ name }) => target === undefined || name === target),
  );
  const ofJourney = (check: { journey: { name: string } }) => journey === undefined || check.journey.name === journey;
  return { checks: all.checks.filter(ofJourney), leftOut: all.leftOut.filter(ofJourney) };
}

function lineOf(result: AvailabilityResult): string {
  const { journey, target, outcome, durationMs, steps, warnings } = result;
  const head = `${outcome.padEnd(12)} ${journey.padEnd(15)} ${target.name.padEnd(20)} ${Math.round(durationMs)} ms`;
  const parts = steps.map(({ name, durationMs: ms }) => `${name} ${Math.round(ms)} ms`).join(', ');
  const why = outcome === 'passed' ? [] : [`  ${failureLine(result)}`];
  return [`${head}  (${parts})`, ...why, ...warnings.map((warning) => `  warning: ${warning}`)].join('\n');
}

void runCommand(synthetics);
