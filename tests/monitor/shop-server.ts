import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ServerCertificate } from '../../fixtures/contoso/azure/certificate.ts';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { Shop } from '../synthetics/contract/shop.ts';
import { environmentWith } from './checks.ts';

export interface ShopServer {
  readonly port: number;
  readonly requests: () => number;
  readonly connections: () => number;
  close(): Promise<void>;
}

interface ShopOptions {
  /** Default: plain HTTP. */
  readonly certificate?: ServerCertificate;
  /** Default 127.0.0.1. */
  readonly address?: string;
  /** Told the `traceparent` of each request. */
  readonly onRequest?: (traceparent: string) => void;
}

/** The smallest shop on loopback; each journey, told by its trace, meets one of its own. */
export async function startShop(latencyMs = 0, { certificate, address, onRequest }: ShopOptions = {}): Promise<ShopServer> {
  const shops = new Map<string, Shop>();
  let requests = 0;
  const handle: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests += 1;
      const trace = String(request.headers.traceparent ?? '');
      onRequest?.(trace);
      const shop = shops.get(trace) ?? new Shop();
      shops.set(trace, shop);
      // Journeys end; the oldest shop is the least likely to be asked again.
      if (shops.size > 2_000) shops.delete(shops.keys().next().value ?? '');
      const body: unknown = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : undefined;
      const { method = 'GET', url = '/', headers } = request;
      const call = {
        method,
        path: url,
        body,
        signedIn: headers.authorization !== undefined,
        shopperId: String(headers['x-shopper-id']),
      };
      const answer = shop.answer(call);
      const text = answer.body === undefined ? '' : JSON.stringify(answer.body);
      setTimeout(() => response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text), latencyMs);
    });
  };
  const server = certificate ? createSecureServer(certificate, handle) : createServer(handle);
  let connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  const port = await listen(server, address);
  return {
    port,
    requests: () => requests,
    connections: () => connections,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

const listen = (server: Server, address = '127.0.0.1'): Promise<number> =>
  new Promise((resolve) => server.listen(0, address, () => resolve((server.address() as AddressInfo).port)));

/** An environment whose stamps are ports of this machine, without global endpoint and slots. */
export function environmentAt(
  ports: Readonly<Record<string, number>>,
  monitor: Partial<Environment['monitor']> = {},
): Environment {
  const { global: _, local: __, ...environment } = environmentWith(monitor);
  const [stamp] = environment.stamps;
  const [plan] = environment.plans;
  if (!stamp || !plan) throw new Error('no stamp, or no plan');
  return {
    ...environment,
    auth: { kind: 'variable', token: 'a-token' },
    plans: Object.keys(ports).map((name) => ({ ...plan, name: `plan-${name}` })),
    stamps: Object.entries(ports).map(([name, port]) => ({
      ...stamp,
      name,
      region: name,
      plan: `plan-${name}`,
      endpoint: `http://127.0.0.1:${port}`,
      slots: [],
    })),
  };
}
