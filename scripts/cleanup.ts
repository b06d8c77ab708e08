import { ConfigurationError } from '../fixtures/environments/errors.ts';
import { loadEnvironment, wantedEnvironment } from '../fixtures/environments/load.ts';
import { readVariables } from '../fixtures/environments/variables.ts';
import { cleanUpLeftovers } from '../synthetics/cleanup.ts';
import { tokenSource } from '../synthetics/runners/token.ts';
import { trustCertificates } from '../telemetry/trust.ts';
import { type ExitCode, parseFlags, runCommand } from './exit-code.ts';
import { ensureStore } from './local-store.ts';

const defaultOlderThanMinutes = '10';

/** `npm run cleanup [-- --older-than <minutes>] [--env <name or path>]`: removes what killed runs left behind. */
async function cleanup(): Promise<ExitCode> {
  const { values } = parseFlags({ 'older-than': { type: 'string', default: defaultOlderThanMinutes } } as const);
  // Blanks are 0 to Number, which would spare nothing.
  const minutes = Number(values['older-than'].trim() || Number.NaN);
  if (!(Number.isFinite(minutes) && minutes >= 0)) {
    const fault = { path: '--older-than', seen: JSON.stringify(values['older-than']), allowed: 'minutes, 0 or more' };
    throw new ConfigurationError('The command line', [fault]);
  }
  const nameOrPath = wantedEnvironment(values.env);
  const environment = loadEnvironment(nameOrPath);
  trustCertificates();
  const store = environment.local ? await ensureStore(environment, nameOrPath) : undefined;
  if (store) trustCertificates(store.caFile);
  try {
    const tokens = tokenSource(environment.auth, readVariables());
    const { removed, failures } = await cleanUpLeftovers({
      environment,
      tokens,
      olderThanMs: minutes * 60_000,
      nowMs: Date.now(),
    });
    const { carts, reviews, orders } = removed;
    console.log(
      `removed ${carts} carts and ${reviews} reviews, cancelled ${orders} orders of ${environment.shoppers.count} shoppers`,
    );
    for (const line of failures) console.error(`not cleaned up: ${line}`);
    return failures.length > 0 ? 1 : 0;
  } finally {
    await store?.close();
  }
}

void runCommand(cleanup);
