import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ConfigurationError, type Fault } from '../fixtures/environments/errors.ts';
import { wantedEnvironment } from '../fixtures/environments/load.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { readVariables } from '../fixtures/environments/variables.ts';
import { baselineFile, readBaseline } from '../load/baselines.ts';
import { type LoadOptions, runLoad, scenarioNamed, wantedOf } from '../load/run.ts';
import { exitCodeOf, type LoadVerdict } from '../load/verdict/verdict.ts';
import { renderLoad } from '../pages/terminal.ts';
import { trustCertificates } from '../telemetry/trust.ts';
import { describePlan } from './autoscale-plan.ts';
import { compared } from './compared.ts';
import { deliverable } from './deliverable.ts';
import { type ExitCode, parseFlags, runCommand } from './exit-code.ts';
import { ensureStore } from './local-store.ts';
import { whileAnnounced } from './under-way.ts';

const flags = {
  target: { type: 'string' },
  rate: { type: 'string' },
  duration: { type: 'string' },
  window: { type: 'string' },
  confirm: { type: 'string' },
  'save-baseline': { type: 'boolean' },
  distributed: { type: 'string' },
  samples: { type: 'string' },
} as const;

/**
 * `npm run load -- <scenario> [--env <name or path>] [--target <name or endpoint>] [--rate <requests/s>] [--duration <s>]`
 * Production, or what shares its plan or database: also `--window <from>/<to> --confirm <name of the environment>`.
 * `--save-baseline` adds the run to the earlier ones that runs are compared with, in load/baselines.
 * `--distributed <runners>` writes what k6-operator needs instead of sending anything, and with `--samples <folder>` judges
 * what its runners have left there.
 * Exit codes: 0 pass, 1 fail, 2 inconclusive, 3 wrong usage or configuration.
 */
async function load(signal: AbortSignal): Promise<ExitCode> {
  const { values, positionals } = parseFlags(flags, undefined, 'the scenario');
  refuseUnheard(values);
  const scenario = scenarioNamed(positionals);
  const nameOrPath = wantedEnvironment(values.env);
  const environment = deliverable(nameOrPath);
  const startedAt = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  const runDirectory = join('reports', `${scenario}-${startedAt}`);
  const options = {
    environment,
    nameOrPath,
    scenario,
    target: values.target,
    ratePerSecond: positive('--rate', values.rate, 'a number above 0, requests a second'),
    durationSeconds: positive('--duration', values.duration, 'a number above 0, seconds'),
    window: values.window,
    confirm: values.confirm,
    runDirectory,
    signal,
    progress: process.stderr,
  };
  // Wrong usage, and a baseline that is none, are told before a store is started.
  const { targets, durationSeconds, autoscale } = wantedOf(options);
  if (autoscale) console.log(describePlan(autoscale));
  readBaseline(baselineFile(environment.name, scenario));
  if (values.distributed !== undefined) return distributed(options, whole('--distributed', values.distributed), values.samples);
  const { window, confirm, target } = options;
  // Loaded late: wrong usage needs neither Azure's clients nor the report's.
  const { takeControl } = await import('./control.ts');
  const control = takeControl({ environment, nameOrPath, scenario, target, permit: { window, confirm, durationSeconds } });
  const store = environment.local && (await ensureStore(environment, nameOrPath));
  try {
    trustCertificates();
    if (store) trustCertificates(store.caFile);
    const { serverMetricsOf } = await import('./server-metrics.ts');
    const act = { kind: 'load', why: `load test ${scenario}`, environment, targets, durationSeconds } as const;
    const { watchServers } = await import('./servers-now.ts');
    const serversNow = scenario === 'smoke' ? undefined : watchServers(environment);
    const servers = {
      caFile: store?.caFile,
      serverMetrics: serverMetricsOf(scenario, environment, target),
      conductor: control?.conductor,
      serversNow: serversNow?.latest,
    };
    const startedAtMs = Date.now();
    const judged = await whileAnnounced(act, () => runLoad({ ...options, ...servers })).finally(serversNow?.stop);
    const seen = compared(judged, values['save-baseline'] ?? false);
    const verdict = await report(environment, runDirectory, seen);
    if (isCutShort(judged) || signal.aborted) await cleanUpRun(environment, startedAtMs);
    return exitCodeOf(verdict.verdict);
  } finally {
    await store?.close();
    control?.release();
  }
}

/** Bigger than one machine: nothing is sent from here. */
async function distributed(options: LoadOptions, runners: number, samples: string | undefined): Promise<ExitCode> {
  const { environment, scenario, runDirectory } = options;
  const { judgeDistributed, writeDistributed } = await import('./load-distributed.ts');
  if (samples === undefined) {
    console.log((await writeDistributed(options, runners, `load-${basename(runDirectory).toLowerCase()}`)).join('\n'));
    return 0;
  }
  const { serverMetricsOf } = await import('./server-metrics.ts');
  // Azure keeps them; a local store that is gone has none, and the verdict says so.
  const serverMetrics = serverMetricsOf(scenario, environment);
  mkdirSync(runDirectory, { recursive: true });
  const seen = compared(await judgeDistributed({ ...options, serverMetrics }, runners, samples), false);
  const verdict = await report(environment, runDirectory, seen);
  return exitCodeOf(verdict.verdict);
}

async function report(environment: Environment, runDirectory: string, seen: LoadVerdict): Promise<LoadVerdict> {
  const { heldToCap, publishVerdict, writeLoadReport } = await import('./load-report.ts');
  const verdict = await heldToCap(environment, seen);
  writeLoadReport(runDirectory, verdict);
  console.log(renderLoad(verdict));
  console.log(`reports: ${runDirectory}`);
  await publishVerdict(environment, verdict);
  return verdict;
}

const isCutShort = ({ judgements }: LoadVerdict) => judgements.some(({ name, verdict }) => name === 'run' && verdict !== 'pass');

/** A k6 that was stopped left iterations half-way: their carts, reviews and orders are removed, and nobody else's. */
async function cleanUpRun(environment: Environment, startedAtMs: number): Promise<void> {
  const { cleanUpLeftovers } = await import('../synthetics/cleanup.ts');
  const { tokenSource } = await import('../synthetics/runners/token.ts');
  const tokens = tokenSource(environment.auth, readVariables());
  const span = { createdFromMs: startedAtMs, olderThanMs: 0, nowMs: Date.now() };
  const { removed, failures } = await cleanUpLeftovers({ environment, tokens, ...span });
  const { carts, reviews, orders } = removed;
  console.error(`cleaned up after the run: ${carts} carts, ${reviews} reviews, ${orders} orders`);
  for (const line of failures) console.error(`not cleaned up: ${line}`);
}

/** What nobody would hear: samples of runners that were not asked for, and a baseline of a run that was never kept in one. */
function refuseUnheard({
  samples,
  distributed,
  'save-baseline': isSaved,
}: ReturnType<typeof parseFlags<typeof flags>>['values']) {
  const faults: Fault[] = [];
  if (samples !== undefined && distributed === undefined)
    faults.push({
      path: '--samples',
      seen: JSON.stringify(samples),
      allowed: 'beside --distributed <runners>, which judges them',
    });
  if (isSaved && distributed !== undefined)
    faults.push({ path: '--save-baseline', seen: 'beside --distributed', allowed: 'on a run of one machine' });
  if (faults.length > 0) throw new ConfigurationError('The command line', faults);
}

function whole(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new ConfigurationError('The command line', [
    { path: flag, seen: JSON.stringify(text), allowed: 'a whole number above 0' },
  ]);
}

function positive(flag: string, text: string | undefined, allowed: string): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new ConfigurationError('The command line', [{ path: flag, seen: JSON.stringify(text), allowed }]);
}

void runCommand(({ signal }) => load(signal));
