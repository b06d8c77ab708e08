import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TokenCredential } from '@azure/core-auth';
import type { LogRow } from '../../health/rows.ts';

/** Scopes that tokens were asked for. */
export const scopes: unknown[] = [];
export const credential: TokenCredential = {
  getToken: (scope) => {
    scopes.push(scope);
    return Promise.resolve({ token: 'a-token', expiresOnTimestamp: Number.POSITIVE_INFINITY });
  },
};

export interface Asked {
  readonly url: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly query: string;
}
export type Answer = readonly [status: number, body: string];

let server: Server | undefined;
export const closeLogsServer = () => new Promise<unknown>((resolve) => (server ? server.close(resolve) : resolve(undefined)));

/** In the place of api.loganalytics.azure.com. */
export async function logsServer(answer: (asked: Asked) => Answer | Promise<Answer>): Promise<string> {
  server = createServer((req, res) => {
    let text = '';
    req.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    req.on('end', async () => {
      const { query } = JSON.parse(text) as { query: string };
      const [status, body] = await answer({ url: req.url ?? '', headers: req.headers, query });
      res.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
  });
  const listening = server;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

/** Rows as the API answers them. */
export const tableOf = (rows: readonly LogRow[]): string => {
  const columns = Object.keys(rows[0] ?? {}).map((name) => ({ name, type: 'string' }));
  return JSON.stringify({
    tables: [{ name: 'PrimaryResult', columns, rows: rows.map((row) => columns.map(({ name }) => row[name])) }],
  });
};
