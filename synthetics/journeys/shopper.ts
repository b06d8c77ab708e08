/** The port between a journey and whatever runs it: Playwright Test, Node or k6. */
export interface Shopper {
  /** Sends one request to the target; never throws for an HTTP status. To be awaited: only some runners have the reply at once. */
  send(request: ShopRequest): Promise<ShopReply> | ShopReply;
  /** Names, times and reports a part of the journey. */
  step<T>(name: string, act: () => Promise<T>): Promise<T>;
  /** Fails the step with the rule and what was seen. */
  expect(rule: string, holds: boolean, seen?: unknown): void;
  /** Repeats until it holds or the time is up: for what is true soon, such as replication. */
  until<T>(rule: string, withinMs: number, act: () => Promise<T | undefined>): Promise<T>;
  /** Runs when the journey ends, also after a failure, in reverse order. */
  cleanUp(act: () => Promise<void>): void;
}

export interface ShopRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** Path and query, beginning with a slash. */
  readonly path: string;
  /** Route template that requests are counted under, such as `GET /api/products/{id}`. */
  readonly name: string;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** visitor (default): no token. shopper: the held token and the shopper's id. newly-signed-in: a token fetched for this request. */
  readonly as?: 'visitor' | 'shopper' | 'newly-signed-in';
  /** Name of another stamp to send to, one of the context's peers; default: the target itself. */
  readonly at?: string;
}

export interface ShopReply {
  readonly status: number;
  /** Lower-cased name; undefined where the header is absent. */
  header(name: string): string | undefined;
  /** The parsed body. A body that is not JSON fails the step with the rule `body is JSON`. */
  json(): unknown;
  /** The value at a path such as `items.3`, where a runner finds it without parsing the whole body; otherwise undefined. */
  find(path: string): unknown;
  /** From sending to the last byte, milliseconds. */
  readonly durationMs: number;
}

/** What a journey may know of where and for whom it runs. */
export interface JourneyContext {
  readonly target: { readonly name: string; readonly region?: string };
  /** Names of the other stamps' regional endpoints, at most one per region other than the target's own; empty where there is one region. */
  readonly peers: readonly string[];
  readonly replicationMs: number;
  readonly payment: 'stub' | 'sandbox' | 'live';
  /** Unique per run of a journey: the key of a purchase, also when it is retried. */
  readonly runId: string;
  /** The synthetic shopper on whose behalf the journey acts, such as `synthetic-007`. */
  readonly shopperId: string;
  /** Chooses one of `count` items, 0 the most popular; seeded, Zipf under load. */
  pick(count: number): number;
}

export interface Journey {
  readonly name: string;
  /** What a shopper gets from it, in a line. */
  readonly title: string;
  /** What a target must have for it; where that is missing the journey isn't run. */
  readonly needs?: readonly JourneyNeed[];
  run(shopper: Shopper, context: JourneyContext): Promise<void>;
}

/** payment: money that may be spent. peers: other regions. */
export type JourneyNeed = 'payment' | 'peers';
