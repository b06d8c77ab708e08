import { z } from 'zod';

/** What the ingestion endpoint, or the way to it, said of one item. */
export type Receipt =
  | { readonly verdict: 'accepted' }
  /** May be accepted later as it is. */
  | { readonly verdict: 'later'; readonly reason: string }
  /** Will never be accepted as it is. */
  | { readonly verdict: 'refused'; readonly reason: string }
  /** One item or more of the batch is at fault, and the answer doesn't say which. */
  | { readonly verdict: 'suspect'; readonly reason: string };

/** One answer to one request, or the error that came instead. */
export type Exchange =
  | {
      readonly status: number;
      readonly body: string;
      readonly location?: string | undefined;
    }
  | { readonly error: string };

const answerSchema = z.object({
  itemsReceived: z.number().int().nonnegative(),
  itemsAccepted: z.number().int().nonnegative(),
  errors: z
    .array(z.object({ index: z.number().int().nonnegative(), statusCode: z.number().int(), message: z.string().default('') }))
    .nullish()
    .transform((errors) => errors ?? []),
});

type Answer = z.infer<typeof answerSchema>;

/** Statuses that are the item's own fault. All others are the endpoint's, the quota's or the way's: what waits can still arrive. */
const itemFaults = new Set([400, 413]);
const statusWords: Readonly<Record<number, string>> = {
  400: 'refused as malformed',
  401: 'not authorised',
  402: 'over quota',
  403: 'forbidden',
  404: 'no such ingestion endpoint',
  408: 'timed out at the endpoint',
  413: 'too large',
  429: 'throttled',
  439: 'over the daily quota',
};

/** Whether nothing more is taken today: the resource's or the workspace's daily cap is reached. */
export const saysCapReached = (reason: string) =>
  [402, 439].some((status) => reason.includes(`${statusWords[status]} (${status}`));

/** One receipt for each of the `sent` items of a request, in their order. */
export function receiptsOf(exchange: Exchange, sent: number): Receipt[] {
  const all = (receipt: Receipt) => Array.from({ length: sent }, () => receipt);
  if ('error' in exchange) return all({ verdict: 'later', reason: exchange.error });
  const { status, location } = exchange;
  const answer = parseAnswer(exchange.body);
  if (status === 200 || status === 206) {
    if (answer === undefined) return all({ verdict: 'later', reason: `status ${status} with an answer that can't be read` });
    return byIndex(answer, sent, status);
  }
  if (status >= 300 && status < 400)
    return all({ verdict: 'later', reason: `redirected to ${hostOf(location)}, which is not followed` });
  if (!itemFaults.has(status)) return all({ verdict: 'later', reason: describe(status) });
  if (/invalid instrumentation key/i.test(exchange.body))
    return all({ verdict: 'later', reason: 'the endpoint does not know the instrumentation key' });
  const named = answer?.errors.filter((error) => error.index < sent) ?? [];
  // Only the named items are at fault; the others went down with them, and can be sent again.
  if (named.length > 0) return byIndex({ itemsAccepted: 0, errors: named }, sent, status);
  const reason = describe(status);
  return all(sent === 1 ? { verdict: 'refused', reason } : { verdict: 'suspect', reason });
}

/** An item counts as accepted only where the numbers add up: `accepted + errors = sent`, and each error names an item of ours. */
function byIndex(answer: Pick<Answer, 'itemsAccepted' | 'errors'>, sent: number, status: number): Receipt[] {
  const errors = new Map(answer.errors.map((error) => [error.index, error]));
  const addsUp = answer.itemsAccepted + errors.size === sent && [...errors.keys()].every((index) => index < sent);
  const unnamed: Receipt = addsUp
    ? { verdict: 'accepted' }
    : itemFaults.has(status)
      ? { verdict: 'suspect', reason: 'went down with a refused item of its batch' }
      : { verdict: 'later', reason: `no receipt: ${answer.itemsAccepted} of ${sent} accepted, ${errors.size} explained` };
  return Array.from({ length: sent }, (_, index) => {
    const error = errors.get(index);
    if (error === undefined) return unnamed;
    const reason = describe(error.statusCode, error.message);
    const final = itemFaults.has(error.statusCode) || /sampled out/i.test(error.message);
    return { verdict: final ? 'refused' : 'later', reason };
  });
}

function describe(status: number, message?: string): string {
  const words = statusWords[status] ?? (status >= 500 ? 'the endpoint failed' : 'unexpected answer');
  return `${words} (${status}${message ? `: ${message.slice(0, 200)}` : ''})`;
}

function parseAnswer(body: string): Answer | undefined {
  try {
    return answerSchema.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}

function hostOf(location: string | undefined): string {
  return location !== undefined && URL.canParse(location) ? new URL(location).host : 'nowhere';
}

/** `Retry-After` in seconds or as a date, to milliseconds from now; undefined where absent or unreadable. */
export function retryAfterMs(value: string | undefined, now: number): number | undefined {
  if (value === undefined || value.trim() === '') return undefined;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(value) - now;
  // The SDK's own bound: no endpoint may silence us for longer than a day.
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), 86_400_000);
}
