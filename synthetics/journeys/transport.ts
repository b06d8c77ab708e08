import type { ShopRequest } from './shopper.ts';

export interface Endpoint {
  /** Such as `https://shop-weu.contoso.example`, without a slash at the end. */
  readonly origin: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Where a run's requests go and what each carries. Plain data, so that every runner gets the same. */
export interface Route {
  readonly target: Endpoint;
  /** By the name that `at` uses. */
  readonly peers: Readonly<Record<string, Endpoint>>;
  /** Marks synthetic traffic. */
  readonly synthetic: { readonly name: string; readonly value: string };
  /** W3C trace context of the result. Its id is the parent of the server's spans, so they hang under the result. */
  readonly traceId: string;
  readonly resultId: string;
  /** Time limits, milliseconds. Clean-ups have the journey's limit once more. */
  readonly requestMs: number;
  readonly stepMs: number;
  readonly journeyMs: number;
}

export interface WireRequest {
  readonly method: ShopRequest['method'];
  readonly url: string;
  readonly name: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly limitMs: number;
}

/** Times of one request, milliseconds. */
export interface Phases {
  readonly dnsMs: number;
  readonly connectMs: number;
  readonly tlsMs: number;
  readonly firstByteMs: number;
  readonly downloadMs: number;
}

export interface Answer {
  readonly status: number;
  /** From sending to the last byte, milliseconds. */
  readonly durationMs: number;
  readonly body: string;
  readonly phases?: Phases;
  /** Lower-cased name. Several headers of a name are joined. */
  header(name: string): string | undefined;
  /** Where the runner parses faster than JavaScript does. Throws where the body is not JSON. */
  json?(): unknown;
  /** Where the runner can look up one value without parsing the whole; undefined also where there is none, or no JSON. */
  find?(path: string): unknown;
}

/** What a runner brings: a clock, a token and one exchange. Everything else is the engine's, so runners cannot differ. */
export interface Transport {
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  wait(ms: number): Promise<void> | void;
  /** `fresh`: not the held one. Throws RequestFailed('no-token'). */
  token(fresh: boolean): Promise<string> | string;
  /** Throws RequestFailed where no answer came. */
  exchange(request: WireRequest): Promise<Answer> | Answer;
}

/** Builds the request that goes over the wire. `token` is absent for visitors. */
export function wireRequest(
  route: Route,
  shopperId: string,
  request: ShopRequest,
  token: string | undefined,
  limitMs: number,
): WireRequest {
  const endpoint = request.at === undefined ? route.target : route.peers[request.at];
  if (!endpoint) throw new Error(`no endpoint is called ${request.at}`);
  // A literal: in k6's engine, copying one that was made before costs thrice as much.
  const headers: Record<string, string> = {
    accept: 'application/json',
    'user-agent': 'contoso-shoes-synthetics',
    [route.synthetic.name]: route.synthetic.value,
  };
  Object.assign(headers, endpoint.headers);
  if (request.headers) Object.assign(headers, request.headers);
  headers.traceparent = `00-${route.traceId}-${route.resultId}-01`;
  if (token !== undefined) {
    headers.authorization = `Bearer ${token}`;
    headers['x-shopper-id'] = shopperId;
  }
  const { method, name, json } = request;
  const url = endpoint.origin + request.path;
  if (json === undefined) return { method, url, name, headers, limitMs };
  headers['content-type'] = 'application/json';
  return { method, url, name, headers, limitMs, body: JSON.stringify(json) };
}
