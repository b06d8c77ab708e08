/** A process of its own for tests: `deliver <outbox> <connection string> <CA file>` or `write <outbox> <from> <count>`. */
import diagnostics from 'node:diagnostics_channel';
import { deliver } from '../../telemetry/deliver.ts';
import { openOutbox } from '../../telemetry/outbox.ts';
import { trustCertificates } from '../../telemetry/trust.ts';
import { results } from './results.ts';

const now = () => Date.UTC(2026, 10, 23, 13);

async function deliverOnce(path: string, connectionString: string, authorityFile: string): Promise<void> {
  trustCertificates(authorityFile);
  const outbox = openOutbox(path, { now });
  process.send?.(await deliver(outbox, { connectionString, now, deadlineMs: 20_000, requestTimeoutMs: 16_000 }));
  outbox.close();
}

/** Small transactions, so that several processes take turns. */
function write(path: string, from: number, count: number): void {
  const outbox = openOutbox(path, { now });
  for (let done = 0; done < count; done += 10) outbox.add(results(10, from + done));
  outbox.close();
}

/**
 * Delivers, then lets timers of 5 to 15 s, when the SDK first asks for its settings, run a thousand times faster, and reports
 * every host that something wanted to speak with. Requests to others than loopback end before they leave.
 */
async function listen(path: string, connectionString: string, authorityFile: string): Promise<void> {
  const hosts = new Set<string>();
  diagnostics.subscribe('http.client.request.start', (message) => {
    const { request } = message as { request: { host: string; destroy(error: Error): void } };
    hosts.add(request.host);
    if (request.host !== '127.0.0.1') request.destroy(new Error('not in a test'));
  });
  const realTimeout = globalThis.setTimeout;
  const hurried = (act: () => void, ms = 0) => realTimeout(act, ms >= 5_000 && ms <= 15_000 ? ms / 1_000 : ms);
  globalThis.setTimeout = Object.assign(hurried, realTimeout) as typeof setTimeout;
  await deliverOnce(path, connectionString, authorityFile);
  await new Promise((resolve) => realTimeout(resolve, 500));
  process.send?.([...hosts]);
}

const [command, path = '', first = '', second = ''] = process.argv.slice(2);
if (command === 'write') write(path, Number(first), Number(second));
else void (command === 'listen' ? listen : deliverOnce)(path, first, second);
