import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** What a network can do to a connection between monitor and store. */
export type Trouble =
  | { readonly kind: 'latency'; readonly ms: number }
  /** Reset as soon as it is open. */
  | { readonly kind: 'reset' }
  /** Reset after so many bytes of the answer. */
  | { readonly kind: 'reset-midway'; readonly bytes: number }
  /** Open, and nothing ever comes back. */
  | { readonly kind: 'half-open' }
  /** A byte of the answer each so often. */
  | { readonly kind: 'slow-body'; readonly msPerByte: number }
  /** Closed in order after so many bytes of the answer. */
  | { readonly kind: 'truncated'; readonly bytes: number }
  /** Bytes that are no HTTP. */
  | { readonly kind: 'garbage' };

export interface BadNetwork {
  readonly port: number;
  /** Connections that are still open. */
  open(): number;
  /** From now on, for what is open too. */
  change(trouble: Trouble): void;
  close(): Promise<void>;
}

export async function startProxy(target: number, first: Trouble): Promise<BadNetwork> {
  let trouble = first;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    sockets.add(client);
    client.on('close', () => sockets.delete(client)).on('error', () => client.destroy());
    if (trouble.kind === 'reset') client.resetAndDestroy();
    else if (trouble.kind === 'half-open') client.resume();
    else if (trouble.kind === 'garbage') client.once('data', () => client.end('no HTTP at all\r\n\r\n'));
    else forward(client, target, trouble);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    open: () => sockets.size,
    change(next) {
      trouble = next;
      for (const socket of sockets) socket.destroy();
    },
    close: () => close(server, sockets),
  };
}

function forward(client: Socket, target: number, trouble: Trouble): void {
  const upstream = connect(target, '127.0.0.1');
  let sent = 0;
  let last = Promise.resolve();
  client.on('data', (chunk) => upstream.write(chunk)).on('close', () => upstream.destroy());
  upstream.on('error', () => client.destroy());
  upstream.on('data', (chunk) => {
    last = last.then(() => pass(client, chunk, sent, trouble));
    sent += chunk.length;
  });
  upstream.on('end', () => void last.then(() => client.end()));
}

async function pass(client: Socket, chunk: Buffer, before: number, trouble: Trouble): Promise<void> {
  switch (trouble.kind) {
    case 'latency':
      await pause(trouble.ms);
      return void client.write(chunk);
    case 'slow-body':
      for (const byte of chunk) {
        if (client.destroyed) return;
        client.write(Buffer.of(byte));
        await pause(trouble.msPerByte);
      }
      return;
    case 'truncated':
    case 'reset-midway': {
      const left = trouble.bytes - before;
      if (left > 0) client.write(chunk.subarray(0, left));
      if (left > chunk.length) return;
      await pause(20);
      return void (trouble.kind === 'truncated' ? client.end() : client.resetAndDestroy());
    }
    default:
      client.write(chunk);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  return new Promise((resolve) => server.close(() => resolve()));
}
