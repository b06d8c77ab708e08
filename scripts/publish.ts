import { existsSync } from 'node:fs';
import { loadEnvironment } from '../fixtures/environments/load.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { type Delivery, deliver } from '../telemetry/deliver.ts';
import { type Outbox, openOutbox, outboxPath } from '../telemetry/outbox.ts';
import { trustCertificates } from '../telemetry/trust.ts';
import { type ExitCode, parseFlags, runCommand } from './exit-code.ts';

/** Long enough for a day's backlog at the rate that `npm run bench` measures. */
const deadlineMs = 120_000;

/**
 * `npm run publish [-- --env <name or path>] [-- --retry-parked]`: sends what waits in the outbox to Application Insights, with
 * its original times. `--retry-parked` first gives what was refused or unreadable another chance. Exit code 2 while something is
 * undelivered, 3 when the connection string is malformed.
 */
async function main(): Promise<ExitCode> {
  const { values } = parseFlags({ 'retry-parked': { type: 'boolean' } });
  return publish(loadEnvironment(values.env), values['retry-parked'] ?? false);
}

async function publish(environment: Environment, retryParked: boolean): Promise<ExitCode> {
  await trustLocalStore(environment);
  const outbox = openOutbox(outboxPath(environment.name), { now: Date.now });
  try {
    if (retryParked) console.log(`${outbox.requeueParked()} parked get another chance`);
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
    `Application Insights accepted ${accepted}${late > 0 ? `, ${late} of them late: their time is in the property originalTime` : ''}`,
    `undelivered ${undelivered}${undelivered > 0 && reason !== undefined ? `: ${reason}` : ''}`,
    `parked ${parked}${parked > 0 ? ', refused for good or unreadable:' : ''}`,
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

void runCommand(main);
