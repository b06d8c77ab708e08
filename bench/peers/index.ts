import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { promisify } from 'node:util';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { typescript } from '../../scripts/typescript.ts';
import { realClock } from '../../synthetics/monitor/clock.ts';
import { Monitor } from '../../synthetics/monitor/monitor.ts';
import { runOnNode } from '../../synthetics/runners/node.ts';
import type { Check } from '../../synthetics/runners/prepare.ts';
import { openOutbox } from '../../telemetry/outbox.ts';
import { environmentAt } from '../../tests/monitor/shop-server.ts';
import { cpuMsOfRound } from '../own-cpu.ts';
import { type BenchRow, ratioOf } from '../rows.ts';
import { readOnlyChecks, recordRequests, resend, type Sent, shopperId } from '../wire.ts';
import { type Round, roundOf } from './round.ts';
import type { Counted, Started } from './server.ts';
import { setUpPeers } from './set-up.ts';
import { type Tool, tools } from './tools.ts';

const targets = 10;
/** Of ours in a measurement: a round is short beside the clock's grain. */
const rounds = 5;
/** Rounds of a repeat mode, the first taken off: that one starts the tool. */
const repeats = 10;
const run = promisify(execFile);

interface Setting {
  readonly folder: string;
  readonly journeys: readonly Sent[][];
  readonly round: Round;
  /** CPU of a round of the monitor: journeys, results into the outbox, heartbeat. */
  readonly ours: () => Promise<number>;
  readonly counted: () => Promise<Counted>;
}

/** CPU per journey of a warm monitor, as a multiple of a bare loop that sends the same requests on connections of its own. */
export const benchMonitorRound = (): Promise<BenchRow> =>
  withSetting(({ ours, journeys }) =>
    ratioOf('monitor, a warm round: CPU ÷ bare undici loop', ours, () => cpuMsOfRound(rounds, () => resend(journeys)), {
      atMost: 1.2,
    }),
  );

/** A row for each tool: the CPU of a warm round of ours, as a multiple of the whole process that does the same round. */
export const peerBenchmarks = [
  ...tools.map((tool) => ({ name: `monitor-${tool.name}`, tier: 'long' as const, measure: () => against(tool) })),
  ...tools
    .filter(({ name }) => name === 'hurl' || name === 'k6')
    .map((tool) => ({ name: `monitor-${tool.name}-repeat`, tier: 'long' as const, measure: () => againstRepeats(tool) })),
];

async function against(tool: Tool): Promise<BenchRow> {
  await setUpPeers(console.error);
  const name = `monitor, a warm round: CPU ÷ whole ${tool.name}`;
  return withSetting((setting) => ratioOf(name, setting.ours, () => whole(tool, setting, 1), { atMost: 1 }, 'long'));
}

async function againstRepeats(tool: Tool): Promise<BenchRow> {
  await setUpPeers(console.error);
  const name = `monitor, a warm round: CPU ÷ ${tool.name}, repeating`;
  return withSetting((setting) => {
    const theirs = async () => ((await whole(tool, setting, repeats + 1)) - (await whole(tool, setting, 1))) / repeats;
    return ratioOf(name, setting.ours, theirs, { atMost: 1 }, 'long');
  });
}

/** User and system CPU of a tool's process and its children. Throws unless it sent all requests and its assertions held. */
async function whole(tool: Tool, { round, folder, counted }: Setting, times: number): Promise<number> {
  const requests = round.reduce((sum, journey) => sum + journey.requests.length, 0) * times;
  const before = await counted();
  // The shell's own clock: Node doesn't tell what a child process used.
  const args = ['-c', 'TIMEFORMAT=\'cpu %U %S\'; time "$@"', 'bash', ...tool.command(round, folder, times)];
  const ca = join(folder, 'ca.pem');
  const env = {
    ...process.env,
    NODE_EXTRA_CA_CERTS: ca,
    SSL_CERT_FILE: ca,
    STEPCI_DISABLE_ANALYTICS: '1',
    ARTILLERY_DISABLE_TELEMETRY: 'true',
  };
  const { stdout, stderr } = await run('bash', args, { env, maxBuffer: 1e8 });
  const after = await counted();
  const [sent, opened] = [after.requests - before.requests, after.connections - before.connections];
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(stderr) ?? [];
  const expected = tool.keepsConnections ? round.length * times : requests;
  if (sent !== requests || opened !== expected)
    throw new Error(
      `${tool.name}: ${sent} of ${requests} requests on ${opened} connections, not ${expected}\n${stdout.slice(-500)}`,
    );
  if (tool.proves && !tool.proves(round).test(stdout)) throw new Error(`${tool.name}: ${stdout.slice(-2_000)}`);
  return (Number(user) + Number(system)) * 1_000;
}

async function withSetting<T>(use: (setting: Setting) => Promise<T>): Promise<T> {
  const server = fork(join(__dirname, 'server.ts'), { execArgv: [...typescript] });
  const folder = mkdtempSync(join(tmpdir(), 'bench-peers-'));
  let monitor: Monitor | undefined;
  try {
    const [{ port, ca }] = (await once(server, 'message')) as [Started];
    tls.setDefaultCACertificates([...tls.getCACertificates('default'), ca]);
    writeFileSync(join(folder, 'ca.pem'), ca);
    const environment = environmentOn(port);
    const checks = checksOn(environment, port);
    const journeys = await recordRequests(environment, tokens, checks);
    monitor = monitorOf(environment, checks, folder);
    const ours = () => cpuMsOfRound(rounds, () => ownRound(monitor as Monitor, journeys.length));
    const counted = async () => {
      server.send('counted');
      return ((await once(server, 'message')) as [Counted])[0];
    };
    return await use({ folder, journeys, round: roundOf(journeys), ours, counted });
  } finally {
    monitor?.close();
    server.disconnect();
    rmSync(folder, { recursive: true });
  }
}

const tokens = { token: () => Promise.resolve('a-token') };

function environmentOn(port: number): Environment {
  const { stamps, ...environment } = environmentAt({ westeurope: port }, { retries: { count: 0, spacingMs: 0 } });
  const [stamp] = stamps;
  if (!stamp) throw new Error('no stamp');
  return { ...environment, stamps: Array.from({ length: targets }, (_, index) => ({ ...stamp, name: `stamp-${index}` })) };
}

/** Each check on an address of its own, of which the loopback network has enough. */
const checksOn = (environment: Environment, port: number): Check[] =>
  readOnlyChecks(environment).map(({ journey, target }, index) => ({
    journey,
    target: { ...target, endpoint: `https://127.0.1.${index + 1}:${port}` },
  }));

const monitorOf = (environment: Environment, checks: readonly Check[], folder: string): Monitor =>
  new Monitor({
    environment,
    tokens: () => tokens,
    openOutbox: () => openOutbox(join(folder, 'outbox.db'), { now: Date.now }),
    underWayFolder: join(folder, 'under-way'),
    clock: realClock,
    log: { info: () => undefined, warn: (event, fields) => console.error(event, JSON.stringify(fields)) },
    checks: () => checks,
    // The same choices as in the recording, hence the same requests.
    run: (given, evidence) => runOnNode({ ...given, evidence, runId: 'bench', shopperId, nowMs: () => given.clock.now() }),
    // The other tools look at no certificates; what that costs is part of the row with 1,000 targets.
    readExpiry: () => Promise.resolve(Date.now() + 90 * 86_400_000),
  });

async function ownRound(monitor: Monitor, journeys: number): Promise<void> {
  const { passed } = await monitor.once();
  if (passed !== journeys) throw new Error(`${passed} of ${journeys} passed`);
}
