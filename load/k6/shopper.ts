import { check, sleep } from 'k6';
import http, { type RefinedParams, type RefinedResponse } from 'k6/http';
import { RequestFailed, type Trouble } from '../../synthetics/journeys/failures.ts';
import type { Hooks } from '../../synthetics/journeys/run.ts';
import type { Answer, Transport } from '../../synthetics/journeys/transport.ts';

/** k6's error codes (https://grafana.com/docs/k6/latest/javascript-api/error-codes/) in the words that all runners use. */
const troubleOfCode: Readonly<Record<number, Trouble>> = {
  1050: 'timeout',
  1100: 'not-resolved',
  1101: 'not-resolved',
  1201: 'reset',
  1210: 'unreachable',
  1211: 'timeout',
  1212: 'refused',
  1213: 'unreachable',
  1220: 'reset',
  1300: 'untrusted',
  1310: 'untrusted',
  1311: 'untrusted',
};
const signs: readonly (readonly [RegExp, Trouble])[] = [
  [/malformed/, 'garbled'],
  [/EOF|reset|closed/, 'reset'],
  [/certificate|x509|tls/, 'untrusted'],
  [/timeout|deadline/, 'timeout'],
];

function troubleOf(code: number, error: string): Trouble {
  return troubleOfCode[code] ?? signs.find(([sign]) => sign.test(error))?.[1] ?? 'unknown';
}

type Reply = RefinedResponse<'text'>;

/** k6's reply is a Go value: each look at one of its fields makes a new wrapper, so what is looked at often is kept. */
class K6Answer implements Answer {
  declare private readonly reply: Reply;
  declare private readonly headers: Reply['headers'];
  declare readonly status: number;

  constructor(reply: Reply) {
    this.reply = reply;
    this.headers = reply.headers;
    this.status = reply.status;
  }

  get durationMs(): number {
    return this.reply.timings.duration;
  }

  get body(): string {
    return this.reply.body ?? '';
  }

  header(name: string): string | undefined {
    return this.headers[canonicalNames[name] ?? canonical(name)];
  }

  json(): unknown {
    return this.reply.json();
  }

  find(path: string): unknown {
    return this.reply.json(path);
  }
}

/** An object, as is what else is looked up with each request: k6's engine calls a Map's methods at several times the cost. */
const canonicalNames: Record<string, string> = {};

/** `X-Contoso-Region`: Go writes header names so, and k6 hands them on. */
function canonical(name: string): string {
  const made = name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
  canonicalNames[name] = made;
  return made;
}

interface K6TransportOptions {
  /** The token to use; `fresh`: not the held one. Throws where there is none. */
  token(fresh: boolean): string;
  /** Beside `name`, on every request's metrics, such as journey and target. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** One a virtual user: k6 sends synchronously, so `send` has its answer before it returns. */
export function k6Transport(options: K6TransportOptions): Transport {
  let jar = new http.CookieJar();
  const tagsOf: Record<string, Record<string, string>> = {};
  const tags = (name: string): Record<string, string> => {
    tagsOf[name] ??= { ...options.tags, name };
    return tagsOf[name];
  };
  return {
    now: () => Date.now(),
    wait: (ms) => sleep(ms / 1_000),
    token(fresh) {
      try {
        return options.token(fresh);
      } catch (cause) {
        throw new RequestFailed('no-token', { cause });
      }
    },
    exchange(request) {
      const params: RefinedParams<'text'> = {
        headers: request.headers,
        tags: tags(request.name),
        timeout: request.limitMs,
        redirects: 0,
        responseType: 'text',
        // k6's own default, a jar a virtual user, would carry cookies from request to request.
        jar,
      };
      const reply = http.request(request.method, request.url, request.body ?? null, params);
      const answer = new K6Answer(reply);
      if (answer.status === 0 && reply.error_code !== 0) throw failed(reply);
      if (answer.header('set-cookie') !== undefined) jar = new http.CookieJar();
      return answer;
    },
  };
}

function failed(reply: Reply): RequestFailed {
  return new RequestFailed(troubleOf(reply.error_code, reply.error), { afterMs: reply.timings.duration });
}

const checksOf = new Map<string, Record<string, (holds: boolean) => boolean>>();

/** Every rule of a journey is a k6 check. */
export const k6Hooks: Hooks = {
  rule(rule, holds) {
    let checks = checksOf.get(rule);
    if (!checks) {
      checks = { [rule]: (value) => value };
      checksOf.set(rule, checks);
    }
    check(holds, checks);
  },
};
