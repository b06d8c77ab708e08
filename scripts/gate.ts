import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError } from '../fixtures/environments/errors.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { targetsOf } from '../fixtures/environments/targets.ts';
import { readVariables } from '../fixtures/environments/variables.ts';
import { runLoad, type Scenario, wantedOf } from '../load/run.ts';
import { exitCodeOf, type LoadVerdict, type Verdict, worstOf } from '../load/verdict/verdict.ts';
import { gateMarkdown } from '../pages/report/gate-markdown.ts';
import { type GatePart, gateReasons, type RunReport } from '../pages/report/run-report.ts';
import { writeReport } from '../pages/report/write.ts';
import { renderGate } from '../pages/terminal.ts';
import type { AvailabilityResult } from '../synthetics/result.ts';
import { trustCertificates } from '../telemetry/trust.ts';
import { describePlan } from './autoscale-plan.ts';
import { compared } from './compared.ts';
import { deliverable } from './deliverable.ts';
import { type ExitCode, parseFlags, runCommand } from './exit-code.ts';
import { checkHealth, checkJourneys } from './gate-checks.ts';
import { heldToCap, publishEvent, publishVerdict, writeLoadReport } from './load-report.ts';
import { ensureStore } from './local-store.ts';
import { serverMetricsOf } from './server-metrics.ts';
import { watchServers } from './servers-now.ts';
import { whileAnnounced } from './under-way.ts';

/** In this order: what fails soonest comes first. */
const scenarios = ['target', 'autoscale', 'cosmos-ru'] as const satisfies readonly Scenario[];
/** On a local store, 400 requests at 20 a second: enough for a percentile. Elsewhere the scenarios' own durations hold. */
const localSeconds: Partial<Record<Scenario, number>> = { target: 20 };

interface Gate {
  readonly environment: Environment;
  readonly nameOrPath: string;
  readonly folder: string;
  readonly caFile: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * `npm run gate -- --env <pre-production>`: health and journeys, then target, autoscale and cosmos-ru, then one verdict. The
 * first line of its output is the reason; what goes on meanwhile is told on stderr.
 * Exit codes: 0 pass, 1 fail, 2 inconclusive, 3 wrong usage or configuration.
 */
async function gate(signal: AbortSignal): Promise<ExitCode> {
  const { values } = parseFlags({});
  const nameOrPath = values.env || readVariables().TARGET_ENV;
  if (!nameOrPath) {
    const fault = { path: '--env', seen: 'nothing', allowed: 'a pre-production environment, such as local-preprod' };
    throw new ConfigurationError('The command line', [fault]);
  }
  const environment = deliverable(nameOrPath);
  // Production, and what can't be loaded, are refused before anything is touched.
  const names = new Set(scenarios.flatMap((scenario) => wantedOf({ environment, nameOrPath, scenario }).targets));
  const targets = targetsOf(environment).filter(({ name }) => names.has(name));
  const startedAt = new Date();
  const folder = join('reports', `gate-${startedAt.toISOString().slice(0, 19).replaceAll(':', '-')}`);
  mkdirSync(folder, { recursive: true });
  const store = environment.local && (await ensureStore(environment, nameOrPath));
  try {
    trustCertificates();
    if (store) trustCertificates(store.caFile);
    const at = { environment, nameOrPath, folder, caFile: store?.caFile, signal };
    const health = await checkHealth(environment, targets);
    tell(health);
    const journeys = await checkJourneys(environment, targets, signal);
    tell(journeys.part);
    const before = [health, journeys.part];
    const { parts, leftOut } = await loadParts(at, before);
    return await conclude(at, { startedAt, parts: [...before, ...parts], leftOut, results: journeys.results });
  } finally {
    await store?.close();
  }
}

const tell = ({ name, verdict, reasons }: GatePart) =>
  console.error(`${name}: ${verdict}${reasons[0] === undefined ? '' : `, ${reasons[0]}`}`);

/** The scenarios one after the other; none where shoppers can't even shop without load. */
async function loadParts(at: Gate, before: readonly GatePart[]): Promise<{ parts: GatePart[]; leftOut: string[] }> {
  const stop = before.find(({ verdict }) => verdict !== 'pass');
  if (stop) return { parts: [], leftOut: scenarios.map((scenario) => `left out: ${scenario}, since ${stop.name} did not pass`) };
  const parts: GatePart[] = [];
  const leftOut: string[] = [];
  for (const scenario of scenarios) {
    if (at.signal.aborted) {
      leftOut.push(`left out: ${scenario}, since the gate was interrupted`);
      continue;
    }
    const { verdict, reasons } = await loadRun(at, scenario);
    const part = { name: scenario, verdict, reasons, page: `${scenario}/report.html` };
    tell(part);
    parts.push(part);
  }
  return { parts, leftOut };
}

async function loadRun({ environment, nameOrPath, folder, caFile, signal }: Gate, scenario: Scenario): Promise<LoadVerdict> {
  const durationSeconds = environment.local && localSeconds[scenario];
  const wanted = wantedOf({ environment, nameOrPath, scenario, durationSeconds });
  if (wanted.autoscale) console.error(describePlan(wanted.autoscale));
  const act = { kind: 'load', why: `gate: ${scenario}`, environment, targets: wanted.targets } as const;
  const options = { environment, nameOrPath, scenario, durationSeconds, caFile, signal, progress: process.stderr };
  const runDirectory = join(folder, scenario);
  const serverMetrics = serverMetricsOf(scenario, environment);
  const serversNow = watchServers(environment);
  const run = () => runLoad({ ...options, runDirectory, serverMetrics, serversNow: serversNow.latest });
  const announced = whileAnnounced({ ...act, durationSeconds: wanted.durationSeconds }, run);
  const seen = compared(await announced.finally(serversNow.stop), false);
  const verdict = await heldToCap(environment, seen);
  writeLoadReport(runDirectory, verdict);
  await publishVerdict(environment, verdict);
  return verdict;
}

interface Outcome {
  readonly startedAt: Date;
  readonly parts: readonly GatePart[];
  readonly leftOut: readonly string[];
  readonly results: readonly AvailabilityResult[];
}

/** One verdict of all parts: reports, event, and the reason in the first line. */
async function conclude({ environment, folder }: Gate, { startedAt, parts, leftOut, results }: Outcome): Promise<ExitCode> {
  const verdict =
    leftOut.length > 0 && parts.every((part) => part.verdict === 'pass')
      ? 'inconclusive'
      : worstOf(parts.map((part) => part.verdict));
  const exitCode = exitCodeOf(verdict);
  const report: RunReport = {
    run: folder,
    environment: environment.name,
    startedAt: startedAt.toISOString(),
    endedAt: new Date().toISOString(),
    faults: [],
    notes: leftOut,
    results,
    parts,
    exitCode,
  };
  writeReport(folder, report);
  writeFileSync(join(folder, 'gate.md'), gateMarkdown(report, verdict));
  console.log(renderGate(report, verdict));
  console.log(`reports: ${folder}`);
  await publishEvent(environment, gateEvent(report, verdict));
  return exitCode;
}

function gateEvent({ environment, endedAt, parts = [] }: RunReport, verdict: Verdict) {
  const [reason = ''] = gateReasons(parts);
  const outcomes = Object.fromEntries(parts.map((part) => [part.name, part.verdict]));
  return {
    id: randomBytes(8).toString('hex'),
    name: 'gate verdict',
    at: endedAt,
    properties: { environment, verdict, reason, ...outcomes },
    measurements: { parts: parts.length },
  };
}

void runCommand(({ signal }) => gate(signal));
