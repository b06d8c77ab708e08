import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { createAuthority } from '../fixtures/contoso/azure/certificate.ts';
import { typescript } from '../scripts/typescript.ts';
import type { AvailabilityResult } from '../synthetics/result.ts';
import { closeExporter } from '../telemetry/application-insights.ts';
import { deliver } from '../telemetry/deliver.ts';
import { openOutbox } from '../telemetry/outbox.ts';
import { type BenchRow, rowOf } from './rows.ts';

/** Results per second from `add` to the last receipt, on two cores that the endpoint's process shares. */
const goal = { atLeast: 10_000 };
const resultsPerRun = 10_000;
const runs = 7;

interface Endpoint {
  readonly port: number;
  readonly ca: string;
}

/** Runs the benchmark against an ingestion endpoint in a child process, so that its work is not counted as ours. */
export async function benchOutbox(): Promise<BenchRow> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-outbox-'));
  const child = fork(__filename, ['endpoint'], { execArgv: [...typescript] });
  try {
    const [{ port, ca }] = (await once(child, 'message')) as [Endpoint];
    tls.setDefaultCACertificates([...tls.getCACertificates('default'), ca]);
    const connectionString = `InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=https://localhost:${port}/`;
    const rates: number[] = [];
    // The first run loads the SDK and warms up both sides: its rate doesn't count.
    for (let run = 0; run <= runs; run++) {
      const rate = await ratePerSecond(join(folder, `${run}.db`), connectionString, run);
      if (run > 0) rates.push(rate);
    }
    return rowOf('results through the outbox to receipts', 'results/s', rates, goal);
  } finally {
    await closeExporter();
    await end(child);
    rmSync(folder, { recursive: true });
  }
}

async function ratePerSecond(path: string, connectionString: string, run: number): Promise<number> {
  const results = Array.from({ length: resultsPerRun }, (_, index) => aResult(run * resultsPerRun + index));
  const outbox = openOutbox(path, { now: Date.now });
  const startedAt = performance.now();
  outbox.add(results);
  const delivery = await deliver(outbox, { connectionString, now: Date.now, deadlineMs: 60_000 });
  const seconds = (performance.now() - startedAt) / 1_000;
  outbox.close();
  if (delivery.accepted !== resultsPerRun)
    throw new Error(`${delivery.accepted} of ${resultsPerRun} accepted: ${delivery.reason}`);
  return resultsPerRun / seconds;
}

/** As large as a real checkout: seven steps with phases. */
function aResult(number: number): AvailabilityResult {
  const id = number.toString(16).padStart(16, '0');
  const startedAt = new Date().toISOString();
  const phases = { dnsMs: 0.1, connectMs: 1.2, tlsMs: 3.4, firstByteMs: 20.5, downloadMs: 0.6 };
  const names = ['sign in', 'find a product', 'open a cart', 'add to the cart', 'pay', 'see the order', 'clean up'];
  return {
    id,
    traceId: `4bf92f3577b34da6${id.slice(0, 15)}1`,
    environment: 'bench',
    journey: 'checkout',
    target: { kind: 'stamp', name: 'westeurope', endpoint: 'https://localhost:8443', stamp: 'westeurope', region: 'westeurope' },
    location: 'local',
    startedAt,
    durationMs: 812.4,
    outcome: 'passed',
    attempts: [{ startedAt, durationMs: 812.4, outcome: 'passed' }],
    servedBy: { region: 'westeurope', stamp: 'westeurope', instance: 'westeurope-1', build: '1.2.3' },
    steps: names.map((name) => ({
      name,
      durationMs: 100.5,
      outcome: 'passed',
      status: 200,
      requests: 1,
      requestCharge: 3.5,
      phases,
    })),
    warnings: [],
  };
}

/** Accepts everything; ends with the process that started it. */
async function serveEndpoint(): Promise<void> {
  const authority = await createAuthority();
  const server = createServer(await authority.issue(), (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { length } = JSON.parse(Buffer.concat(chunks).toString()) as unknown[];
      response.end(JSON.stringify({ itemsReceived: length, itemsAccepted: length, errors: [] }));
    });
  });
  process.on('disconnect', () => process.exit());
  server.listen(0, '127.0.0.1', () => {
    process.send?.({ port: (server.address() as AddressInfo).port, ca: authority.ca } satisfies Endpoint);
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = once(child, 'exit');
  child.kill();
  await gone;
}

if (require.main === module) {
  if (process.argv[2] === 'endpoint') void serveEndpoint();
  else void benchOutbox().then((rows) => console.table(rows));
}
