import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, type Dispatcher, request } from 'undici';
import { type Authority, createAuthority, type ServerCertificate } from '../../../fixtures/contoso/azure/certificate.ts';
import { type Control, type ControlOptions, startControl } from '../../../fixtures/contoso/azure/control.ts';
import { exchangeOf, type Handler, run } from '../../../fixtures/contoso/azure/exchange.ts';
import type { FaultPlace, World } from '../../../fixtures/contoso/azure/ports.ts';
import { createFaults, type FaultBoard } from '../../../fixtures/contoso/faults.ts';

export interface Clock extends World {
  pass(seconds: number): void;
}

/** Stands still until the test moves it; starts at the real time, which certificates need. */
export function clock(timeScale = 60): Clock {
  let ms = Date.now();
  return {
    now: () => ms,
    random: () => 0,
    timeScale,
    pass: (seconds) => {
      ms += seconds * 1_000;
    },
  };
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  json<T = Readonly<Record<string, unknown>>>(): T;
}

export type Options = Omit<Dispatcher.RequestOptions, 'origin' | 'path' | 'method'> & { readonly method?: Dispatcher.HttpMethod };

export async function ask(dispatcher: Dispatcher | undefined, url: string, options: Options = {}): Promise<Reply> {
  const { statusCode, headers, body } = await request(url, { ...options, ...(dispatcher ? { dispatcher } : {}) });
  const text = await body.text();
  return { status: statusCode, headers, text, json: <T>() => JSON.parse(text) as T };
}

export interface Site {
  readonly url: string;
  close(): Promise<void>;
}

/** One handler over plain HTTP, called by a site at a place. */
export async function serve(handler: Handler, place: FaultPlace = {}): Promise<Site> {
  const server: Server = createServer((req, res) => void run(handler, exchangeOf(req, res, '', place), res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

/** HTTPS with a local CA and verification on: what every test here speaks. */
export interface Tls {
  readonly authority: Authority;
  readonly certificate: ServerCertificate;
  readonly dispatcher: Agent;
}

export async function tls(): Promise<Tls> {
  const authority = await createAuthority();
  return { authority, certificate: await authority.issue(), dispatcher: new Agent({ connect: { ca: authority.ca } }) };
}

export const client = { id: 'synthetic-shoppers', secret: 'a secret of the test', scope: 'api://contoso-shoes/.default' };
export const adminToken = 'admin-token-of-this-test';
export const stamps = [
  { name: 'westeurope', region: 'westeurope', slots: [{ name: 'staging' }] },
  { name: 'eastus', region: 'eastus', slots: [] },
];

export interface Bench extends Tls {
  readonly control: Control;
  readonly faults: FaultBoard;
  readonly world: Clock;
  ask(path: string, options?: Options): Promise<Reply>;
  close(): Promise<void>;
}

export async function bench(options: Partial<ControlOptions> = {}): Promise<Bench> {
  const secured = await tls();
  const world = clock();
  const faults = createFaults(world, stamps);
  const hooks = { state: () => ({ stamps: 2 }), setRotation: () => true };
  const control = await startControl({
    port: 0,
    certificate: secured.certificate,
    world,
    faults,
    adminToken,
    client,
    hooks,
    ...options,
  });
  return {
    ...secured,
    control,
    faults,
    world,
    ask: (path, asked) => ask(secured.dispatcher, `${control.url}${path}`, asked),
    close: async () => {
      await secured.dispatcher.close();
      await control.close();
    },
  };
}

export const form = (fields: Readonly<Record<string, string>>): Options => ({
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams(fields).toString(),
});
