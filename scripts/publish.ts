import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ConfigurationError } from '../fixtures/environments/errors.ts';
import { loadEnvironment } from '../fixtures/environments/load.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { ConnectionStringError } from '../telemetry/connection-string.ts';
import { type Delivery, deliver } from '../telemetry/deliver.ts';
import { type Outbox, OutboxError, openOutbox, outboxPath } from '../telemetry/outbox.ts';
import { trustCertificates } from '../telemetry/trust.ts';

/** Long enough for a day's backlog at the rate that `npm run bench` measures. */
const deadlineMs = 120_000;

const usage = `npm run publish [-- --env <name or path>] [-- --retry-parked]
Sends what waits in the outbox to Application Insights, with its original times.
  --env            environment, by its name or file; default: TARGET_ENV, else local
  --retry-parked   gives items that were refused for good another chance first
Exit codes: 0 all delivered, 2 something is undelivered, 3 wrong usage or configuration`;

/** Lines a person reads, and the exit code: 0 when nothing is left to deliver, else 2. */
async function publish(environment: Environment, retryParked: boolean): Promise<number> {
  await trustLocalStore(environment);
  const outbox = openOutbox(outboxPath(environment.name), { now: Date.now });
  try {
    if (retryParked) console.log(`${outbox.requeueParked()} parked items get another chance`);
    const { connectionString } = environment.telemetry;
    const delivery = await deliver(outbox, { connectionString, now: Date.now, deadlineMs });
    for (const line of describe(outbox, delivery)) console.log(line);
    return delivery.undelivered > 0 ? 2 : 0;
  } finally {
    outbox.close();
  }
}

function describe(outbox: Outbox, { accepted, undelivered, parked, late, reason }: Delivery): string[] {
  const { dropped } = outbox.counts();
  const lost = dropped.waiting + dropped.parked;
  return [
    `Application Insights accepted ${accepted}${late > 0 ? `, ${late} of them late: the time is in their property originalTime` : ''}`,
    `undelivered ${undelivered}${undelivered > 0 && reason !== undefined ? `: ${reason}` : ''}`,
    `parked ${parked}${parked > 0 ? ', refused for good:' : ''}`,
    ...outbox.reasons('parked').map((row) => `  ${row.items} × ${row.reason}`),
    ...(lost > 0 ? [`dropped ${lost} undelivered: the outbox was full`] : []),
  ];
}

/** The embedded store signs with a CA of its own; what SSL_CERT_FILE names is trusted beside it. */
async function trustLocalStore(environment: Environment): Promise<void> {
  trustCertificates();
  if (!environment.local) return;
  const { caFileOf } = await import('./local-store.ts');
  if (existsSync(caFileOf(environment))) trustCertificates(caFileOf(environment));
}

async function main(): Promise<number> {
  try {
    const options = { env: { type: 'string' }, 'retry-parked': { type: 'boolean' }, help: { type: 'boolean' } } as const;
    const { values } = parseArgs({ options });
    if (values.help) {
      console.log(usage);
      return 0;
    }
    return await publish(await loadEnvironment(values.env), values['retry-parked'] ?? false);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const wrongUsage = code?.startsWith('ERR_PARSE_ARGS') ?? false;
    if (!wrongUsage && ![ConfigurationError, ConnectionStringError, OutboxError].some((kind) => error instanceof kind))
      throw error;
    console.error(wrongUsage ? `${message}\n\n${usage}` : message);
    return 3;
  }
}

void main().then((code) => {
  process.exitCode = code;
});
