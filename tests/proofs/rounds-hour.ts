import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { typescript } from '../../scripts/typescript.ts';
import { type AvailabilityResult, heartbeatName } from '../../synthetics/result.ts';
import { openOutbox, outboxPath } from '../../telemetry/outbox.ts';
import { elsewhere } from '../support/elsewhere.ts';
import { startTestStore, type TestStore } from '../support/store.ts';
import { atMost, exactly, type ProofArea, type ProofRow } from './proof.ts';

const root = path.join(__dirname, '../..');
const minuteMs = 60_000;
const checksPerRound = 40;

/** One `npx playwright test`, as a scheduler sees it. */
interface PlainRound {
  readonly startedMs: number;
  readonly endedMs: number;
  readonly code: number | null;
  readonly said: string;
}

interface Disk {
  readonly files: number;
  readonly bytes: number;
}

const environmentNames = { playwright: 'hour-playwright', monitor: 'hour-monitor' } as const;

/** Both ways for so many minutes against one store, side by side; what each left behind is counted afterwards. */
async function roundsFor(minutes: number, say: (line: string) => void): Promise<ProofRow[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'rounds-hour-'));
  for (const name of Object.values(environmentNames)) forget(name);
  const store = await startTestStore();
  const monitor = startMonitor(store, folder);
  try {
    const rounds = await everyMinute(minutes, () => playwrightRound(store, folder), folder, say);
    const firstMs = rounds.startsMs[0] ?? 0;
    // The monitor's round of the last minute ends with it.
    await pause(firstMs + (minutes + 1) * minuteMs + 15_000 - Date.now());
    const memoryMb = memoryOf(monitor.child.pid);
    monitor.child.kill('SIGTERM');
    const code = await monitor.ended;
    const span = { fromMs: firstMs, minutes };
    return [
      ...plainRows(rounds, span),
      ...diskRows(rounds.disk),
      ...monitorRows(monitor.lines(), code, span),
      atMost('monitor: memory at the end', memoryMb, 300, 'MB'),
    ];
  } finally {
    monitor.child.kill('SIGKILL');
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Rounds {
  readonly startsMs: readonly number[];
  readonly done: readonly PlainRound[];
  readonly disk: readonly Disk[];
}

/** As cron does it: on the minute, whether or not the one before has ended. */
async function everyMinute(
  minutes: number,
  run: () => Promise<PlainRound>,
  folder: string,
  say: (line: string) => void,
): Promise<Rounds> {
  const running: Promise<PlainRound>[] = [];
  const startsMs: number[] = [];
  const disk: Disk[] = [];
  const first = Math.ceil(Date.now() / minuteMs + 0.2) * minuteMs;
  for (let round = 0; round < minutes; round += 1) {
    await pause(first + round * minuteMs - Date.now());
    startsMs.push(first + round * minuteMs);
    running.push(
      run().then((ended) => {
        disk.push(diskOf([...written.map((name) => path.join(root, name)), temporaryOf(folder)]));
        say(
          `round ${round + 1}: exit ${ended.code} after ${((ended.endedMs - ended.startedMs) / 1_000).toFixed(1)} s; ${ended.said}`,
        );
        return ended;
      }),
    );
  }
  return { startsMs, done: await Promise.all(running), disk };
}

async function playwrightRound(store: TestStore, folder: string): Promise<PlainRound> {
  const startedMs = Date.now();
  const child = spawn(process.execPath, [require.resolve('@playwright/test/cli'), 'test'], {
    cwd: root,
    env: { ...process.env, ...variables(store, folder, environmentNames.playwright), CI: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { text, ended } = collect(child);
  const code = await ended;
  const lines = text()
    .split('\n')
    .filter((line) => /^\s+\d+ (passed|failed)|accepted|overrun/.test(line));
  return { startedMs, endedMs: Date.now(), code, said: lines.map((line) => line.trim()).join('; ') };
}

function startMonitor(store: TestStore, folder: string) {
  const file = environmentFile(store, folder, environmentNames.monitor);
  const child = spawn(process.execPath, [...typescript, 'scripts/monitor.ts', '--env', file], {
    cwd: root,
    env: { ...process.env, ...variables(store, folder, environmentNames.monitor) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { text, ended } = collect(child);
  const lines = () =>
    text()
      .split('\n')
      .flatMap((line) => (line.startsWith('{"at"') ? [JSON.parse(line) as Readonly<Record<string, unknown>>] : []));
  return { child, ended, lines };
}

function collect(child: ChildProcess): { text: () => string; ended: Promise<number | null> } {
  let all = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (all += chunk.toString()));
  return { text: () => all, ended: once(child, 'close').then(([code]: unknown[]) => code as number | null) };
}

/** Of one store, under a name, and so with an outbox, of its own. */
function environmentFile(store: TestStore, folder: string, name: string): string {
  const environment = elsewhere(store.environment);
  const file = path.join(folder, `${name}.json`);
  mkdirSync(temporaryOf(folder), { recursive: true });
  writeFileSync(file, JSON.stringify({ ...environment, name, monitor: { ...environment.monitor, port: 0 } }));
  return file;
}

const variables = (store: TestStore, folder: string, name: string) => ({
  TARGET_ENV: environmentFile(store, folder, name),
  SSL_CERT_FILE: store.caFile,
  APPLICATIONINSIGHTS_CONNECTION_STRING: '',
  TMPDIR: temporaryOf(folder),
});

const temporaryOf = (folder: string) => path.join(folder, 'temporary');
/** Where rounds write, beside the outbox, which is bounded by its rows. */
const written = ['test-results', 'playwright-report', '.local/locks'];

interface Span {
  readonly fromMs: number;
  readonly minutes: number;
}

function plainRows({ startsMs, done }: Rounds, span: Span): ProofRow[] {
  const overlapping = done.filter(({ startedMs }, i) => startedMs < (done[i - 1]?.endedMs ?? 0)).length;
  const longest = Math.max(...done.map(({ startedMs, endedMs }) => endedMs - startedMs)) / 1_000;
  const late = Math.max(...done.map(({ startedMs }, i) => startedMs - (startsMs[i] ?? 0)));
  const { results, waiting } = kept(environmentNames.playwright, span);
  const journeys = results.filter(({ journey }) => journey !== heartbeatName);
  return [
    exactly('Playwright: rounds that ran', done.filter(({ code }) => code === 0 || code === 1).length, span.minutes),
    exactly('Playwright: overruns', done.filter(({ code }) => code === 2).length, 0),
    exactly('Playwright: rounds that overlap', overlapping, 0),
    atMost('Playwright: longest round', longest, 60, 's'),
    // Of the scheduler, which shares its process with the store here: told, and not the rounds' own.
    { name: 'Playwright: latest start by the scheduler', seen: `${late} ms`, wanted: 'told', holds: true },
    ...resultRows('Playwright', journeys, waiting, span),
  ];
}

function monitorRows(lines: readonly Readonly<Record<string, unknown>>[], code: number | null, span: Span): ProofRow[] {
  const rounds = lines.filter(({ event, began }) => event === 'round' && isWithin(Date.parse(String(began)), span));
  const sum = (field: string) => rounds.reduce((total, round) => total + Number(round[field]), 0);
  const delays = rounds.map(({ longestDelayMs }) => Number(longestDelayMs));
  const { results, waiting } = kept(environmentNames.monitor, span);
  const beats = results.filter(({ journey }) => journey === heartbeatName);
  const journeys = results.filter(({ journey }) => journey !== heartbeatName && journey !== 'certificate');
  return [
    exactly('monitor: rounds that ran', new Set(rounds.map(({ began }) => began)).size, span.minutes),
    exactly('monitor: checks not started, missed', sum('missed'), 0),
    exactly('monitor: checks not started, still running', sum('overruns'), 0),
    exactly('monitor: heartbeats', beats.length, span.minutes),
    ...resultRows('monitor', journeys, waiting, span),
    { name: 'monitor: longest start delay', seen: `${Math.max(...delays)} ms`, wanted: 'told', holds: delays.length > 0 },
    exactly('monitor: exit code after SIGTERM', code, 0),
  ];
}

function resultRows(who: string, journeys: readonly AvailabilityResult[], waiting: number, { minutes }: Span): ProofRow[] {
  const failed = journeys.filter(({ outcome }) => outcome !== 'passed').length;
  return [
    exactly(`${who}: results, each id once`, new Set(journeys.map(({ id }) => id)).size, minutes * checksPerRound),
    exactly(`${who}: results without a receipt`, waiting, 0),
    { name: `${who}: results that did not pass`, seen: String(failed), wanted: 'told', holds: true },
  ];
}

const isWithin = (atMs: number, { fromMs, minutes }: Span) => atMs >= fromMs && atMs < fromMs + minutes * minuteMs;

function kept(name: string, span: Span) {
  const outbox = openOutbox(outboxPath(name), { now: Date.now });
  const results = outbox.recent({ since: span.fromMs, limit: 1_000_000 });
  const { waiting, parked } = outbox.counts();
  outbox.close();
  return { results: results.filter(({ startedAt }) => isWithin(Date.parse(startedAt), span)), waiting: waiting + parked };
}

/** What the fifth round left, against what the last one did: neither files nor bytes may have become more by a fifth. */
function diskRows(disk: readonly Disk[]): ProofRow[] {
  const [early, late] = [disk[Math.min(4, disk.length - 1)], disk.at(-1)];
  const grown = (read: (of: Disk) => number) => (early && late ? read(late) / Math.max(1, read(early)) : Number.NaN);
  return [
    atMost(
      `disk: files, ${late?.files} at the end`,
      grown(({ files }) => files),
      1.2,
      'times those after five rounds',
    ),
    atMost(
      `disk: bytes, ${late?.bytes} at the end`,
      grown(({ bytes }) => bytes),
      1.2,
      'times those after five rounds',
    ),
  ];
}

function diskOf(folders: readonly string[]): Disk {
  const sizes = folders.flatMap(sizesIn);
  return { files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

function sizesIn(folder: string): number[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(path.join(entry.parentPath, entry.name)).size);
  } catch {
    return [];
  }
}

function memoryOf(pid: number | undefined): number {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes ?? Number.NaN) / 1_000;
}

function forget(name: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${outboxPath(name)}${suffix}`, { force: true });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));

export const roundsHour: ProofArea = {
  title: 'Sixty consecutive minutes of Playwright rounds and of the monitor: none lost, none overlapping, nothing accumulates',
  covers: [
    'synthetics',
    'telemetry',
    'scripts/monitor.ts',
    'scripts/monitor-run.ts',
    'scripts/monitor-health.ts',
    'playwright.config.ts',
  ],
  prove: (say) => roundsFor(60, say),
};
