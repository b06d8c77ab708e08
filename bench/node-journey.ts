import { loadEnvironment } from '../fixtures/environments/load.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { runOnNode } from '../synthetics/runners/node.ts';
import { type TokenSource, tokenSource } from '../synthetics/runners/token.ts';
import { trustCertificates } from '../telemetry/trust.ts';
import { cpuMsOfRound } from './own-cpu.ts';
import { type BenchRow, ratioOf } from './rows.ts';
import { withStore } from './store-process.ts';
import { readOnlyChecks, recordRequests, resend, shopperId } from './wire.ts';

/** Each is every journey on every target. */
const rounds = 3;
const goal = { atMost: 1.2 };

/** CPU per journey of the Node runner, as a multiple of a bare loop that sends the same requests on connections of its own. */
export function benchNodeJourney(): Promise<BenchRow> {
  return withStore(async ({ environmentFile, caFile }) => {
    trustCertificates(caFile);
    const environment = loadEnvironment(environmentFile, {});
    const source = tokenSource(environment.auth, {});
    // One token for both sides: what is compared is sending, not signing in.
    const held = await source.token(false);
    const tokens: TokenSource = { token: () => Promise.resolve(held) };
    const requests = await recordRequests(environment, tokens);
    return ratioOf(
      'Node runner: CPU per journey ÷ bare undici loop',
      () => cpuMsOfRound(rounds, () => byRunner(environment, tokens)),
      () => cpuMsOfRound(rounds, () => resend(requests)),
      goal,
    );
  });
}

/** All at once, as rounds are run: the store's answers take their time, and only the client's CPU is measured. */
async function byRunner(environment: Environment, tokens: TokenSource): Promise<void> {
  await Promise.all(
    readOnlyChecks(environment).map(async (check) => {
      const result = await runOnNode({ environment, check, shopperId, runId: 'bench', tokens, evidence: ignore });
      if (result.outcome !== 'passed') throw new Error(`${check.journey.name}: ${result.failure?.seen}`);
    }),
  );
}

/** As the monitor runs it: it keeps the failing exchange. */
const ignore = () => undefined;
