import type { Answer, WireRequest } from '../journeys/transport.ts';

/** The exchange that a failure is most likely about: the last one before it. Never holds a token or a header of the environment. */
export interface Exchange {
  readonly request: {
    readonly method: string;
    readonly url: string;
    readonly headers: Record<string, string>;
    readonly body?: string;
  };
  readonly answer?: { readonly status: number; readonly headers: Record<string, string>; readonly body: string };
  readonly error?: string;
}

/** Longest part of a body that is kept, characters. */
const keptCharacters = 4_000;

/** What is known to be harmless; all else may carry a key, such as the header that opens a stamp behind Front Door. */
const shownOfRequest = /^(accept|content-type|user-agent|traceparent|x-shopper-id|idempotency-key|x-synthetic-test)$/i;
export const isShown = (name: string): boolean => shownOfRequest.test(name);
const shownOfAnswer =
  /^(content-type|content-length|date|server|retry-after|location|allow|via|x-contoso-[\w-]+|x-azure-ref|x-ms-request-id|www-authenticate)$/i;

/** A transport's last exchange by reference: it becomes evidence only where a journey fails. */
export interface Last {
  readonly wire: WireRequest;
  readonly answer?: Answer & { readonly allHeaders?: Readonly<Record<string, string | string[] | undefined>> };
  readonly error?: Error;
}

export function evidenceOf({ wire, answer, error }: Last): Exchange {
  const { method, url, headers, body } = wire;
  const hide = hiding(headers);
  return {
    request: {
      method,
      url,
      headers: shown(headers, shownOfRequest),
      ...(body !== undefined && { body: body.slice(0, keptCharacters) }),
    },
    ...(answer && {
      answer: {
        status: answer.status,
        headers: shown(answer.allHeaders ?? {}, shownOfAnswer, hide),
        body: hide(answer.body).slice(0, keptCharacters),
      },
    }),
    ...(error && { error: hide(error.message) }),
  };
}

/** Shorter values are flags, and parts of any text. */
const leastSecret = 6;

/** Takes out of a text what was sent in a header that isn't shown: pages of errors like to repeat a request. */
function hiding(headers: Readonly<Record<string, string>>): (text: string) => string {
  const sent = Object.entries(headers).flatMap(([name, value]) => (isShown(name) ? [] : [value.replace(/^bearer /i, '')]));
  const secrets = sent.filter(({ length }) => length >= leastSecret);
  return (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, '(not kept)'), text);
}

function shown(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  pattern: RegExp,
  hide = (text: string) => text,
): Record<string, string> {
  const kept = Object.entries(headers).filter(([name, value]) => value !== undefined && pattern.test(name));
  return Object.fromEntries(kept.map(([name, value]) => [name.toLowerCase(), hide(String(value)).slice(0, 500)]));
}
