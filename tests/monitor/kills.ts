import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seeded } from '../../fixtures/data/random.ts';
import { typescript } from '../../scripts/typescript.ts';
import { openOutbox } from '../../telemetry/outbox.ts';
import { acceptAll, type Behaviour, idOf, startIngestion } from '../support/ingestion.ts';
import { environmentAt, startShop } from './shop-server.ts';

/** A third of the requests fail in one of the ways that an endpoint has. */
function flaky(next: () => number): Behaviour {
  return (items, request) => {
    const dice = next();
    if (dice < 0.1) return { status: 503 };
    if (dice < 0.2) return { status: 200, reset: true };
    if (dice < 0.3) return { status: 429 };
    if (dice < 0.35) return { status: 200, body: 'garbage' };
    return acceptAll(items, request);
  };
}

interface Killed {
  readonly kills: number;
  /** Results in the outbox. */
  readonly kept: number;
  /** Of those, confirmed by the endpoint. */
  readonly arrived: number;
  /** Accepted more than once, as at-least-once allows; ids make them countable once. */
  readonly repeats: number;
  /** Left in the outbox at the end. */
  readonly waiting: number;
  readonly lastExit: number | null;
}

const drainMs = 60_000;
/** Results a kill. */
const leastKept = 6;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Looked at and closed again: one that is open would spare the next monitor what a kill has left in the log. */
function keptIn(file: string): number {
  const outbox = openOutbox(file, { now: Date.now });
  const kept = outbox.recent({ since: 0, limit: 1_000_000 }).length;
  outbox.close();
  return kept;
}

/** Real milliseconds: between two rounds, and that a monitor lives at most. */
interface Pace {
  readonly periodMs: number;
  readonly livesMs: number;
}

/** Kills a monitor at random moments, so many times, while its ingestion endpoint fails at random; then lets it drain. */
export async function killAtRandom(
  kills: number,
  seed: number,
  { periodMs, livesMs }: Pace = { periodMs: 1_000, livesMs: 2_700 },
): Promise<Killed> {
  const folder = mkdtempSync(join(tmpdir(), 'kills-'));
  const next = seeded(seed);
  const [shop, ingestion] = await Promise.all([startShop(5), startIngestion(flaky(next), { trusted: false })]);
  const files = { environment: join(folder, 'environment.json'), ca: join(folder, 'ca.pem'), outbox: join(folder, 'outbox.db') };
  const environment = environmentAt({ one: shop.port, two: shop.port }, { stopWithinMs: 10_000 });
  const stamps = environment.stamps.map((stamp) =>
    stamp.name === 'two' ? { ...stamp, endpoint: stamp.endpoint.replace('127.0.0.1', 'localhost') } : stamp,
  );
  const accounts = environment.cosmosAccounts.map((account) => ({ ...account, regions: ['one', 'two'] }));
  const telemetry = { connectionString: ingestion.connectionString };
  writeFileSync(files.environment, JSON.stringify({ ...environment, stamps, cosmosAccounts: accounts, telemetry }));
  writeFileSync(files.ca, ingestion.ca);
  let child: ChildProcess | undefined;
  const start = () => startMonitor(files, periodMs);
  try {
    for (let kill = 0; kill < kills; kill += 1) {
      child = await start();
      await pause(200 + next() * (livesMs - 200));
      // Each has something to lose, also where a busy machine lets it do little in its time.
      while (!hasEnded(child) && keptIn(files.outbox) < leastKept * (kill + 1)) await pause(100);
      await end(child, 'SIGKILL');
    }
    child = await start();
    const outbox = openOutbox(files.outbox, { now: Date.now });
    ingestion.behave(acceptAll);
    const giveUpAt = Date.now() + drainMs;
    // More than what comes in each second must get less.
    while (outbox.counts().waiting > 60 && Date.now() < giveUpAt) await pause(200);
    const lastExit = await end(child, 'SIGTERM');
    const items = outbox.recent({ since: 0, limit: 1_000_000 }).map(({ id }) => id);
    const counts = outbox.counts();
    outbox.close();
    return countUp(kills, items, ingestion.accepted.map(idOf), counts, lastExit);
  } finally {
    if (child && !hasEnded(child)) await end(child, 'SIGKILL');
    await Promise.all([shop.close(), ingestion.close()]);
    rmSync(folder, { recursive: true });
  }
}

function countUp(
  kills: number,
  kept: readonly string[],
  accepted: readonly string[],
  counts: { waiting: number },
  lastExit: number | null,
): Killed {
  const distinct = new Set(accepted);
  return {
    kills,
    kept: kept.length,
    arrived: kept.filter((id) => distinct.has(id)).length,
    repeats: accepted.length - distinct.size,
    waiting: counts.waiting,
    lastExit,
  };
}

interface Files {
  readonly environment: string;
  readonly outbox: string;
  readonly ca: string;
}

async function startMonitor({ environment, outbox, ca }: Files, periodMs: number): Promise<ChildProcess> {
  const child = fork(join(__dirname, 'monitor-process.ts'), [environment, outbox, String(periodMs)], {
    execArgv: [...typescript],
    env: { ...process.env, SSL_CERT_FILE: ca, APPLICATIONINSIGHTS_CONNECTION_STRING: '' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const died = once(child, 'exit').then(([code]) =>
    Promise.reject(new Error(`the monitor ended with ${code} before it had started`)),
  );
  await Promise.race([once(child, 'message'), died]);
  // Later it ends because it is told to.
  died.catch(() => undefined);
  return child;
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (hasEnded(child)) throw new Error(`the monitor had ended by itself, with ${child.exitCode ?? child.signalCode}`);
  const gone = once(child, 'exit') as Promise<[number | null]>;
  child.kill(signal);
  return (await gone)[0];
}
