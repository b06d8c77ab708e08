import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { buildConnector, Client } from 'undici';
import { loadEnvironment } from '../fixtures/environments/load.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { runOnNode } from '../synthetics/runners/node.ts';
import { secureContext } from '../synthetics/runners/secure-context.ts';
import { type TokenSource, tokenSource } from '../synthetics/runners/token.ts';
import { trustCertificates } from '../telemetry/trust.ts';
import { type BenchRow, ratioOf } from './rows.ts';
import { withStore } from './store-process.ts';
import { readOnlyChecks, recordRequests, type Sent, shopperId } from './wire.ts';

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
      () => cpuMs(() => byRunner(environment, tokens)),
      () => cpuMs(() => bare(requests)),
      goal,
    );
  });
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

async function cpuMs(act: () => Promise<void>): Promise<number> {
  // Neither side pays for what the other left behind.
  collectGarbage();
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) await act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
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

/** The same connection policy: a new connection a journey, kept within it, no TLS session resumed. */
async function bare(journeys: readonly Sent[][]): Promise<void> {
  await Promise.all(journeys.map(bareJourney));
}

async function bareJourney(requests: readonly Sent[]): Promise<void> {
  const client = new Client(new URL(requests[0]?.url ?? '').origin, {
    connect: buildConnector({ maxCachedSessions: 0, allowH2: false, secureContext: secureContext() }),
  });
  for (const { url, method, headers, status } of requests) {
    const { pathname, search } = new URL(url);
    const reply = await client.request({ path: pathname + search, method, headers });
    const text = await reply.body.text();
    if (text !== '') JSON.parse(text);
    if (reply.statusCode !== status) throw new Error(`${method} ${pathname}: ${reply.statusCode} instead of ${status}`);
  }
  await client.destroy();
}
