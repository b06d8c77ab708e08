import { createServer } from 'node:net';

/** Ports that nobody uses now, below those that outgoing connections get: one of these could take a port in between. */
export async function freePorts(count: number): Promise<number[]> {
  const found: number[] = [];
  for (let port = 10_000 + (process.pid % 1_000) * 20; found.length < count; port += 1) if (await isFree(port)) found.push(port);
  return found;
}

const isFree = (port: number) =>
  new Promise<boolean>((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
