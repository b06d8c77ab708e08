import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Environment } from '../fixtures/environments/schema.ts';
import { withIngestion } from '../load/verdict/server.ts';
import { exitCodeOf, type LoadVerdict } from '../load/verdict/verdict.ts';
import { loadMarkdown } from '../pages/report/load-markdown.ts';
import { writeReport } from '../pages/report/write.ts';
import { deliver } from '../telemetry/deliver.ts';
import type { TelemetryEvent } from '../telemetry/event.ts';
import { openOutbox, outboxPath } from '../telemetry/outbox.ts';
import { saysCapReached } from '../telemetry/receipts.ts';

/** A verdict that Application Insights doesn't take by then waits in the outbox for the next run. */
const deadlineMs = 10_000;

/** `verdict.json`, `verdict.md` for a pull request, and the page and JUnit that every run has. */
export function writeLoadReport(folder: string, verdict: LoadVerdict): void {
  writeFileSync(join(folder, 'verdict.json'), `${JSON.stringify(verdict, null, 2)}\n`);
  writeFileSync(join(folder, 'verdict.md'), loadMarkdown(verdict));
  const { environment, startedAt, endedAt } = verdict;
  writeReport(folder, {
    faults: [],
    notes: [],
    results: [],
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

/**
 * Tells Application Insights that there was a run, before anyone relies on what it holds of it: an answer that the daily cap is
 * reached makes the verdict inconclusive.
 */
export async function heldToCap(environment: Environment, verdict: LoadVerdict): Promise<LoadVerdict> {
  const { scenario, targets, endedAt: at, requests, rateReachedPerSecond } = verdict;
  const undelivered = await publishEvent(environment, {
    id: randomBytes(8).toString('hex'),
    name: 'load run',
    at,
    properties: { scenario, environment: environment.name, targets: targets.join(', ') },
    measurements: { requests, rateReachedPerSecond },
  });
  return withIngestion(verdict, undelivered !== undefined && saysCapReached(undelivered) ? undelivered : undefined);
}

/** The verdict as an event, sent. */
export const publishVerdict = (environment: Environment, verdict: LoadVerdict) =>
  publishEvent(environment, verdictEvent(verdict));

/** Into the outbox and out; answers why it waits there. A telemetry endpoint that is down changes no verdict. */
export async function publishEvent(environment: Environment, event: TelemetryEvent): Promise<string | undefined> {
  const { connectionString } = environment.telemetry;
  if (connectionString === undefined) return undefined;
  try {
    return await send(environment, event, connectionString);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    console.error(`${event.name} event: not sent (${why})`);
    return why;
  }
}

async function send(environment: Environment, event: TelemetryEvent, connectionString: string): Promise<string | undefined> {
  const outbox = openOutbox(outboxPath(environment.name), { now: Date.now });
  try {
    outbox.addEvents([event]);
    const { undelivered, reason } = await deliver(outbox, { connectionString, now: Date.now, deadlineMs });
    if (undelivered === 0) return undefined;
    console.error(`${event.name} event: ${undelivered} undelivered, kept for npm run publish (${reason ?? 'no reason given'})`);
    return reason;
  } finally {
    outbox.close();
  }
}
