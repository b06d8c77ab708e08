import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Environment } from '../fixtures/environments/schema.ts';
import { exitCodeOf, type LoadVerdict } from '../load/verdict/verdict.ts';
import { loadMarkdown } from '../pages/report/load-markdown.ts';
import { writeReport } from '../pages/report/write.ts';
import { deliver } from '../telemetry/deliver.ts';
import type { TelemetryEvent } from '../telemetry/event.ts';
import { openOutbox, outboxPath } from '../telemetry/outbox.ts';

/** A verdict that Application Insights doesn't take by then waits in the outbox for the next run. */
const deadlineMs = 10_000;

/** `verdict.json`, `verdict.md` for a pull request, and the page and JUnit that every run has. */
export function writeLoadReport(folder: string, verdict: LoadVerdict): void {
  writeFileSync(join(folder, 'verdict.json'), `${JSON.stringify(verdict, null, 2)}\n`);
  writeFileSync(join(folder, 'verdict.md'), loadMarkdown(verdict));
  const { environment, startedAt, endedAt } = verdict;
  const nothing = { faults: [], notes: [], results: [], delivery: { accepted: 0, undelivered: 0, parked: 0 } };
  writeReport(folder, {
    ...nothing,
    run: basename(folder),
    environment,
    startedAt,
    endedAt,
    load: verdict,
    exitCode: exitCodeOf(verdict.verdict),
  });
}

/** The verdict as a custom event: what a release was let through by can be asked later. */
export function verdictEvent(verdict: LoadVerdict, id = randomBytes(8).toString('hex')): TelemetryEvent {
  const { scenario, environment, targets, reasons, requests } = verdict;
  const values = verdict.judgements.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const]));
  return {
    id,
    name: 'load verdict',
    at: verdict.endedAt,
    properties: { scenario, environment, targets: targets.join(', '), verdict: verdict.verdict, reason: reasons[0] ?? '' },
    measurements: { requests, rateWantedPerSecond: verdict.rateWantedPerSecond, ...Object.fromEntries(values) },
  };
}

/** The verdict as an event, sent. */
export const publishVerdict = (environment: Environment, verdict: LoadVerdict) =>
  publishEvent(environment, verdictEvent(verdict));

/** Into the outbox and out; a telemetry endpoint that is down changes no verdict. */
export async function publishEvent(environment: Environment, event: TelemetryEvent): Promise<void> {
  const { connectionString } = environment.telemetry;
  if (connectionString === undefined) return;
  try {
    await send(environment, event, connectionString);
  } catch (error) {
    console.error(`verdict event: not sent (${error instanceof Error ? error.message : String(error)})`);
  }
}

async function send(environment: Environment, event: TelemetryEvent, connectionString: string): Promise<void> {
  const outbox = openOutbox(outboxPath(environment.name), { now: Date.now });
  try {
    outbox.addEvents([event]);
    const { undelivered, reason } = await deliver(outbox, { connectionString, now: Date.now, deadlineMs });
    if (undelivered > 0)
      console.error(`verdict event: ${undelivered} undelivered, kept for npm run publish (${reason ?? 'no reason given'})`);
  } finally {
    outbox.close();
  }
}
