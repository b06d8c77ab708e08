import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

export interface Health {
  readonly healthy: boolean;
  readonly [detail: string]: unknown;
}

export interface StatusServer {
  readonly port: number;
  close(): Promise<void>;
}

/** `/healthz` (200 or 503, JSON) and `/metrics` (Prometheus), on loopback alone: they tell names of targets. */
export function serveStatus(port: number, health: () => Health, registry: Registry): Promise<StatusServer> {
  const server = createServer((request, response) => {
    if (request.url === '/healthz') {
      const seen = health();
      response.writeHead(seen.healthy ? 200 : 503, { 'content-type': 'application/json' }).end(JSON.stringify(seen));
    } else if (request.url === '/metrics') {
      void registry.metrics().then((text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text));
    } else response.writeHead(404).end();
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve({
        port: (server.address() as AddressInfo).port,
        close() {
          server.closeAllConnections();
          return new Promise((closed) => server.close(() => closed()));
        },
      });
    });
  });
}
