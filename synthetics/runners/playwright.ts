import { type APIRequestContext, type APIResponse, request, type TestInfo, test } from '@playwright/test';
import { bodyLimitBytes, RequestFailed } from '../journeys/failures.ts';
import { type Hooks, runJourney } from '../journeys/run.ts';
import type { Answer, WireRequest } from '../journeys/transport.ts';
import type { AvailabilityResult } from '../result.ts';
import type { Exchange } from './evidence.ts';
import { type Given, prepareRun, resultOf } from './prepare.ts';
import { RecordingTransport } from './recording.ts';
import { evidenceAttachment, resultAttachment } from './result-attachment.ts';
import { hideSecrets } from './secrets.ts';
import type { TokenSource } from './token.ts';
import { requestFailed } from './trouble.ts';

/** Every step of a journey is a step of the test. With its place given, Playwright needn't look for it on the stack. */
export const playwrightHooks: Hooks = {
  step(name, act) {
    const { file, line, column } = test.info();
    return test.step(name, act, { location: { file, line, column } });
  },
};

type PlaywrightGiven = Given & { readonly tokens: TokenSource; readonly hooks?: Hooks };

/** Runs a journey as the test under way, and fails it unless the journey passed. */
export async function runInPlaywright(given: PlaywrightGiven, info: TestInfo): Promise<AvailabilityResult> {
  const prepared = prepareRun(given);
  const transport = new PlaywrightTransport(given.tokens);
  try {
    let failing: Exchange | undefined;
    const hooks = transport.keepingEvidence({ ...playwrightHooks, ...given.hooks }, (exchange) => {
      failing = exchange;
    });
    const record = await runJourney(prepared.journey, prepared.context, transport, prepared.route, hooks);
    const result = resultOf(prepared, record);
    attach(info, resultAttachment, result);
    if (result.outcome !== 'passed') {
      if (failing) attach(info, evidenceAttachment, failing);
      // Loaded here alone: a round in which all is well needs neither the record's schema nor the library behind it.
      const { failureLine } = await import('../result.ts');
      throw new JourneyNotPassed(result.outcome, failureLine(result));
    }
    return result;
  } finally {
    await transport.close();
  }
}

class JourneyNotPassed extends Error {
  override readonly name = 'JourneyNotPassed';

  constructor(outcome: AvailabilityResult['outcome'], line: string) {
    super(outcome === 'inconclusive' ? `inconclusive: ${line}` : line);
    // The rule and what was seen tell where it failed; a stack of the engine's own lines would hide them.
    this.stack = `${this.name}: ${this.message}`;
  }
}

/** Pushed, not attached: `attach` makes a step of each, which costs and clutters. */
function attach(info: TestInfo, name: string, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value, undefined, name === resultAttachment ? undefined : 2));
  info.attachments.push({ name, contentType: 'application/json', body });
}

/** A request context of its own, so that no cookie and no connection comes from another journey. */
export class PlaywrightTransport extends RecordingTransport {
  private context: APIRequestContext | undefined;

  protected override async send({ url, method, headers, body, limitMs }: WireRequest): Promise<PlaywrightAnswer> {
    this.context ??= await request.newContext();
    const { shown, forget } = hideSecrets(headers);
    const startedMs = performance.now();
    try {
      const options = { method, headers: shown, timeout: limitMs, maxRedirects: 0, failOnStatusCode: false };
      const reply = await this.context.fetch(url, body === undefined ? options : { ...options, data: Buffer.from(body) });
      const bytes = await reply.body();
      const durationMs = performance.now() - startedMs;
      const answer = new PlaywrightAnswer(reply, bytes, durationMs);
      // Playwright's contexts keep cookies and send them back; a shopper's first answer must not steer the next.
      if (answer.header('set-cookie') !== undefined) await this.close();
      if (bytes.length > bodyLimitBytes) throw new RequestFailed('too-large', { afterMs: durationMs });
      return answer;
    } catch (error) {
      throw requestFailed(error, performance.now() - startedMs);
    } finally {
      forget();
    }
  }

  override async close(): Promise<void> {
    const { context } = this;
    this.context = undefined;
    await context?.dispose();
  }
}

class PlaywrightAnswer implements Answer {
  readonly status: number;
  readonly body: string;
  readonly durationMs: number;
  readonly allHeaders: Record<string, string>;

  constructor(reply: APIResponse, body: Buffer, durationMs: number) {
    this.status = reply.status();
    this.allHeaders = reply.headers();
    this.body = body.toString('utf8');
    this.durationMs = durationMs;
  }

  header(name: string): string | undefined {
    return this.allHeaders[name];
  }
}
