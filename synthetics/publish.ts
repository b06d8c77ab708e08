import type { Environment } from '../fixtures/environments/schema.ts';
import { ConnectionStringError } from '../telemetry/connection-string.ts';
import { type Delivery, deliver } from '../telemetry/deliver.ts';
import { type Outbox, openOutbox, outboxPath } from '../telemetry/outbox.ts';
import type { AvailabilityResult } from './result.ts';

/** A run doesn't wait longer for Application Insights; what is left over goes with the next run or `npm run publish`. */
const deadlineMs = 20_000;

/** What is kept of a round: its results, and by their ids the exchanges at which journeys failed. */
export interface Round {
  readonly results: readonly AvailabilityResult[];
  readonly evidence: ReadonlyMap<string, unknown>;
}

/** Keeps the round first, then delivers all that waits. Never throws for the telemetry endpoint: the summary says it. */
export async function publish(environment: Environment, round: Round): Promise<Delivery> {
  const { connectionString } = environment.telemetry;
  const outbox = kept(outboxPath(environment.name), round, connectionString !== undefined);
  try {
    return await deliver(outbox, { connectionString, now: Date.now, deadlineMs });
  } catch (error) {
    if (!(error instanceof ConnectionStringError)) throw error;
    const { waiting, parked } = outbox.undelivered();
    return { accepted: 0, undelivered: waiting, parked, late: 0, reason: error.message };
  } finally {
    outbox.close();
  }
}

/** The outbox with the round in it; one in memory where the disk takes none and they can still go out at once. */
function kept(path: string, round: Round, canGoOut: boolean): Outbox {
  try {
    return holding(path, round);
  } catch (error) {
    if (!canGoOut) throw error;
    const why = error instanceof Error ? error.message : String(error);
    console.error(`results are not kept, and lost where they are not delivered now: ${why}`);
    return holding(':memory:', round);
  }
}

function holding(path: string, { results, evidence }: Round): Outbox {
  const outbox = openOutbox(path, { now: Date.now });
  try {
    outbox.add(results);
    for (const [id, exchange] of evidence) outbox.keepEvidence(id, exchange);
    return outbox;
  } catch (error) {
    outbox.close();
    throw error;
  }
}

/** `40 results; Application Insights accepted 40, undelivered 0` */
export function publishLine(results: number, { accepted, undelivered, parked, reason }: Delivery): string {
  const why = undelivered > 0 && reason !== undefined ? ` (${reason})` : '';
  const aside = parked > 0 ? `, refused or unreadable ${parked}` : '';
  return `${results} results; Application Insights accepted ${accepted}, undelivered ${undelivered}${aside}${why}`;
}
