import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Shop } from './shop.ts';

export interface Recorded {
  /** `target` or `peer`: which of the recorder's two endpoints was asked. */
  readonly at: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** What a server does with its n-th request of a run; undefined: answers as the shop does. */
type Behaviour = (n: number, failAt: number) => Deviation | undefined;
type Deviation = { status: number } | 'hang' | 'reset' | 'malformed' | 'wrong';

export const behaviours = {
  good: () => undefined,
  'wrong content': () => 'wrong',
  'status 500': () => ({ status: 500 }),
  'status 429': () => ({ status: 429 }),
  timeout: () => 'hang',
  'timeout of a step': () => 'hang',
  reset: () => 'reset',
  'malformed JSON': () => 'malformed',
  'failure half-way': (n, failAt) => (n === failAt ? { status: 503 } : undefined),
} as const satisfies Record<string, Behaviour>;

export type BehaviourName = keyof typeof behaviours;

/** Two endpoints with one memory: what was asked, by trace id, in order. */
export class Recorder {
  readonly runs = new Map<string, Recorded[]>();
  /** Index of the request that fails, by trace id. */
  readonly failAt: ReadonlyMap<string, number>;
  private readonly behaviour: Behaviour;
  private readonly shops = new Map<string, Shop>();
  private readonly servers: Server[] = [];

  constructor(name: BehaviourName, failAt: ReadonlyMap<string, number> = new Map()) {
    this.behaviour = behaviours[name];
    this.failAt = failAt;
  }

  async start(): Promise<{ target: string; peer: string }> {
    const [target, peer] = await Promise.all(['target', 'peer'].map((at) => this.listen(at)));
    return { target: target ?? '', peer: peer ?? '' };
  }

  async stop(): Promise<void> {
    for (const server of this.servers) server.closeAllConnections();
    await Promise.all(this.servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  private listen(at: string): Promise<string> {
    const server = createServer((request, response) => void this.serve(at, request, response));
    this.servers.push(server);
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
    });
  }

  private async serve(at: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const trace = headers.traceparent?.split('-')[1] ?? 'none';
    const run = this.runs.get(trace) ?? [];
    this.runs.set(trace, run);
    const deviation = this.behaviour(run.length, this.failAt.get(trace) ?? 0);
    run.push({ at, method: request.method ?? '', path: request.url ?? '', headers, body });
    if (deviation === 'hang') return;
    if (deviation === 'reset') return void request.socket.resetAndDestroy();
    const good = this.shopOf(trace).answer({
      method: request.method ?? '',
      path: request.url ?? '',
      body: body === '' ? undefined : JSON.parse(body),
      signedIn: headers.authorization !== undefined,
      shopperId: headers['x-shopper-id'] ?? '',
    });
    const status = typeof deviation === 'object' ? deviation.status : good.status;
    response.writeHead(status, { ...identity, 'set-cookie': ['ARRAffinity=abc; Path=/', 'basket=1; Path=/'] });
    response.end(status === 204 ? undefined : textOf(deviation, good.body));
  }

  private shopOf(trace: string): Shop {
    const shop = this.shops.get(trace) ?? new Shop();
    this.shops.set(trace, shop);
    return shop;
  }
}

const identity = {
  'content-type': 'application/json',
  'x-contoso-region': 'westeurope',
  'x-contoso-stamp': 'westeurope',
  'x-contoso-instance': 'instance-0',
  'x-contoso-build': 'current',
  'x-contoso-request-charge': '1.5',
};

function textOf(deviation: Deviation | undefined, body: unknown): string {
  if (typeof deviation === 'object') return JSON.stringify({ error: { code: 'made_up', message: 'as told' } });
  if (deviation === 'malformed') return '{"items": [';
  // The shape is kept, every value is another one.
  return JSON.stringify(deviation === 'wrong' ? falsified(body) : body);
}

function falsified(value: unknown): unknown {
  if (typeof value === 'string') return 'wrong';
  if (typeof value === 'number') return 0;
  if (Array.isArray(value)) return value.map(falsified);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, falsified(entry)]));
}
