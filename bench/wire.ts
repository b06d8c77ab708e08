import { buildConnector, Client } from 'undici';
import type { Environment } from '../fixtures/environments/schema.ts';
import { targetsOf } from '../fixtures/environments/targets.ts';
import { runJourney } from '../synthetics/journeys/run.ts';
import type { Answer, WireRequest } from '../synthetics/journeys/transport.ts';
import { NodeTransport } from '../synthetics/runners/node.ts';
import { checksOf, prepareRun } from '../synthetics/runners/prepare.ts';
import { secureContext } from '../synthetics/runners/secure-context.ts';
import type { TokenSource } from '../synthetics/runners/token.ts';

/** These only read: sent again, their requests get the same answers, so that a bare loop can repeat them. */
const readOnly = ['browse', 'search', 'sign-in', 'health'];

/** Every read-only journey on every target. */
export function readOnlyChecks(environment: Environment) {
  return checksOf(environment, targetsOf(environment)).checks.filter(({ journey }) => readOnly.includes(journey.name));
}

export const shopperId = 'synthetic-001';

/** What a journey sends, in order, with the status that came back. */
export interface Sent extends WireRequest {
  readonly status: number;
  /** The body of the answer. */
  readonly answer: string;
}

class Recorder extends NodeTransport {
  readonly sent: Sent[] = [];

  override async exchange(request: WireRequest): Promise<Answer> {
    const answer = await super.exchange(request);
    this.sent.push({ ...request, status: answer.status, answer: answer.body });
    return answer;
  }
}

/** Runs each check once and gives its requests; throws where one did not pass, for then nothing could be compared. */
export async function recordRequests(
  environment: Environment,
  tokens: TokenSource,
  checks = readOnlyChecks(environment),
): Promise<Sent[][]> {
  const all: Sent[][] = [];
  for (const check of checks) {
    const { journey, context, route } = prepareRun({ environment, check, shopperId, runId: 'bench' });
    const recorder = new Recorder(tokens);
    const record = await runJourney(journey, context, recorder, route);
    await recorder.close();
    if (record.outcome !== 'passed')
      throw new Error(`${journey.name} on ${check.target.name}: ${record.failure?.rule}, got ${record.failure?.seen}`);
    all.push(recorder.sent);
  }
  return all;
}

/**
 * The bare loop: the same requests, all journeys at once, by the same connection policy: a new connection each, no TLS session
 * resumed. `request` is undici's usual way and makes a stream of each body; the Node runner takes answers whole, which can
 * cost it less than this.
 */
export async function resend(journeys: readonly Sent[][]): Promise<void> {
  await Promise.all(journeys.map(resendOne));
}

async function resendOne(requests: readonly Sent[]): Promise<void> {
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
