import path from 'node:path';
import { journeyNames } from '../fixtures/environments/journeys.ts';
import { wantedEnvironment } from '../fixtures/environments/load.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { targetsOf } from '../fixtures/environments/targets.ts';
import { runLoad, wantedOf } from '../load/run.ts';
import { exitCodeOf, type LoadVerdict } from '../load/verdict/verdict.ts';
import type { RunReport } from '../pages/report/run-report.ts';
import { writeReport } from '../pages/report/write.ts';
import { renderRun } from '../pages/terminal.ts';
import { trustCertificates } from '../telemetry/trust.ts';
import { deliverable } from './deliverable.ts';
import { type ExitCode, exitOfOutcome, type Interruption, parseFlags, runCommand, worstExit } from './exit-code.ts';
import { caFileOf, ensureStore } from './local-store.ts';
import { type JourneyRound, runJourneys } from './playwright-run.ts';
import { notesOf } from './start-notes.ts';
import { whileAnnounced } from './under-way.ts';

/** `npm start [-- --env <name or path>]`: the main job, once. */
async function start({ signal }: Interruption): Promise<ExitCode> {
  const { values } = parseFlags({});
  const nameOrPath = wantedEnvironment(values.env);
  const environment = deliverable(nameOrPath);
  // A target that no load may go to is told of before anything is run.
  const targets = environment.production ? undefined : wantedOf({ environment, nameOrPath, scenario: 'target' }).targets;
  const startedAt = new Date();
  const run = startedAt.toISOString().slice(0, 19).replaceAll(':', '-');
  const folder = path.join('reports', run);
  const store = environment.local ? await startStore(environment, nameOrPath) : undefined;
  try {
    signal.throwIfAborted();
    const round = await journeys(environment, nameOrPath, folder, signal);
    const isLoaded = targets !== undefined && !signal.aborted;
    const load = isLoaded ? await throughput({ environment, nameOrPath, folder, targets, signal }) : undefined;
    const exitCode = worstExit(exitCodes(environment, round, load));
    const report = {
      ...reportOf(environment, round, load),
      run,
      startedAt: startedAt.toISOString(),
      endedAt: new Date().toISOString(),
      exitCode,
    };
    const page = writeReport(folder, report);
    console.log(`\n${renderRun(report)}\nreport: ${page}`);
    return exitCode;
  } finally {
    await store?.close();
  }
}

async function startStore(environment: Environment, nameOrPath: string) {
  const before = performance.now();
  const store = await ensureStore(environment, nameOrPath);
  const seconds = ((performance.now() - before) / 1_000).toFixed(1);
  const how = store.started ? `started in ${seconds} s` : 'was running already';
  const regions = [...new Set(environment.stamps.map((stamp) => stamp.region))].join(', ');
  console.log(`local Contoso Shoes ${how}: ${environment.stamps.length} stamps in ${regions}`);
  return store;
}

function journeys(environment: Environment, nameOrPath: string, folder: string, signal: AbortSignal): Promise<JourneyRound> {
  console.log(
    `journeys against ${targetsOf(environment)
      .map((target) => target.name)
      .join(', ')}`,
  );
  return runJourneys(environment, nameOrPath, path.join(folder, 'results.json'), signal);
}

interface LoadPart {
  readonly environment: Environment;
  readonly nameOrPath: string;
  readonly folder: string;
  /** Names of those that the load goes to. */
  readonly targets: readonly string[];
  readonly signal: AbortSignal;
}

async function throughput({ environment, nameOrPath, folder, targets, signal }: LoadPart): Promise<LoadVerdict> {
  const { ratePerSecond, durationSeconds } = environment.load;
  console.log(`load at ${ratePerSecond} requests/s for ${durationSeconds} s`);
  const caFile = environment.local && caFileOf(environment);
  trustCertificates(caFile);
  const { serverMetricsOf } = await import('./server-metrics.ts');
  const serverMetrics = serverMetricsOf('target', environment);
  const options = { environment, nameOrPath, scenario: 'target', runDirectory: folder, caFile, signal, serverMetrics } as const;
  return whileAnnounced({ kind: 'load', why: 'load test target', environment, targets, durationSeconds }, () =>
    runLoad({ ...options, progress: process.stderr }),
  );
}

type Parts = Omit<RunReport, 'run' | 'startedAt' | 'endedAt' | 'exitCode'>;

function reportOf(environment: Environment, round: JourneyRound, load: LoadVerdict | undefined): Parts {
  const { delivery, faults, leftOut } = round;
  const results = inOrder(environment, round.results);
  const notes = [...leftOut.map((line) => `not run: ${line}`), ...notesOf(environment)];
  return { environment: environment.name, faults, notes, results, delivery, load };
}

/** Tests end in any order; the table has journeys and targets in theirs. */
function inOrder(environment: Environment, results: JourneyRound['results']): JourneyRound['results'] {
  const targets = targetsOf(environment).map((target) => target.name);
  const place = ({ journey, target }: JourneyRound['results'][number]) =>
    targets.indexOf(target.name) * journeyNames.length + (journeyNames as readonly string[]).indexOf(journey);
  return results.toSorted((a, b) => place(a) - place(b));
}

/** Of every part its own; undelivered results count only where there is somewhere to deliver to. */
function exitCodes(environment: Environment, round: JourneyRound, load: LoadVerdict | undefined): ExitCode[] {
  const outcomes = round.results.map(({ outcome }) => exitOfOutcome[outcome]);
  const undelivered = environment.telemetry.connectionString !== undefined && round.delivery.undelivered > 0 ? [2 as const] : [];
  const suite = round.faults.length > 0 ? [1 as const] : [];
  return [...outcomes, ...undelivered, ...suite, ...(load ? [exitCodeOf(load.verdict)] : [])];
}

void runCommand(start);
