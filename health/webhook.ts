import { Agent, type Dispatcher, request } from 'undici';
import type { WebhookSettings } from '../fixtures/environments/alerting.ts';

/** What became of one delivery; `outcome` says it in words, without the URL, which may hold a key. */
interface Delivered {
  readonly verdict: 'delivered' | 'refused' | 'unreachable';
  readonly attempts: number;
  readonly outcome: string;
}

export interface DeliverOptions {
  readonly settings: Pick<WebhookSettings, 'url' | 'timeoutMs' | 'attempts'>;
  /** Waits between attempts; tests pass their own. */
  readonly wait?: (ms: number) => Promise<void>;
  /** From 0 to 1, for jitter; default Math.random. */
  readonly random?: () => number;
  readonly dispatcher?: Dispatcher;
}

const firstBackoffMs = 500;
/** A receiver may ask for more time than a round has: then it gets the alert in a later one. */
const longestWaitMs = 10_000;

interface Tried {
  readonly verdict: Delivered['verdict'];
  readonly outcome: string;
  readonly retryAfterMs?: number | undefined;
}

/**
 * Posts JSON until it is taken, refused for good, or attempts run out. 2xx takes it; 408, 429, 5xx and faults of the network
 * are tried again, by Retry-After where it says one; everything else is refused for good. Redirects are not followed: they
 * would carry the alert to a host that nobody configured. The answer's body isn't read.
 */
export async function deliver(body: unknown, idempotencyKey: string, options: DeliverOptions): Promise<Delivered> {
  const { settings, wait = pause, random = Math.random } = options;
  const own = options.dispatcher ? undefined : new Agent({ connect: { timeout: settings.timeoutMs }, pipelining: 0 });
  const dispatcher = options.dispatcher ?? own;
  try {
    for (let attempt = 1; ; attempt += 1) {
      const tried = await once(JSON.stringify(body), idempotencyKey, settings, dispatcher);
      const backoffMs = tried.retryAfterMs ?? firstBackoffMs * 2 ** (attempt - 1) * (0.5 + random() / 2);
      const isLast = attempt >= settings.attempts || backoffMs > longestWaitMs;
      if (tried.verdict !== 'unreachable' || isLast) return { verdict: tried.verdict, attempts: attempt, outcome: tried.outcome };
      await wait(backoffMs);
    }
  } finally {
    await own?.destroy();
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function once(
  body: string,
  idempotencyKey: string,
  { url, timeoutMs }: DeliverOptions['settings'],
  dispatcher: Dispatcher | undefined,
): Promise<Tried> {
  try {
    const reply = await request(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
      // One limit for all of it: a receiver that drips bytes is as late as one that says nothing.
      signal: AbortSignal.timeout(timeoutMs),
      ...(dispatcher && { dispatcher }),
    });
    reply.body.on('error', ignoreRest).destroy();
    return judge(reply.statusCode, reply.headers['retry-after']);
  } catch (error) {
    return { verdict: 'unreachable', outcome: wordsFor(error, timeoutMs) };
  }
}

/** The status has said all; that the rest of the body is cut off is our doing. */
const ignoreRest = () => undefined;

function judge(status: number, retryAfter: string | string[] | undefined): Tried {
  const outcome = `answered ${status}`;
  if (status >= 200 && status < 300) return { verdict: 'delivered', outcome };
  if (status >= 300 && status < 400) return { verdict: 'refused', outcome: `${outcome}, a redirect, which is not followed` };
  if (status !== 408 && status !== 429 && status < 500) return { verdict: 'refused', outcome };
  const seconds = Number(retryAfter);
  return { verdict: 'unreachable', outcome, ...(seconds > 0 && { retryAfterMs: seconds * 1_000 }) };
}

function wordsFor(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`;
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  return `could not be reached (${code ?? (error instanceof Error ? error.name : 'unknown')})`;
}
