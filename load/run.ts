import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigurationError } from '../fixtures/environments/errors.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { readVariables } from '../fixtures/environments/variables.ts';
import { Collector } from './collector.ts';
import { type Conductor, eventsOf } from './control/conductor.ts';
import { runGenerator } from './generator.ts';
import { actedTarget } from './k6/acted.ts';
import { autoscalePlan, profileFor, scaledTarget } from './k6/autoscale.ts';
import { loadTargets, servesProduction } from './k6/environment.ts';
import { meanRequests, sharesOf } from './k6/mix.ts';
import { fewestActedSeconds, profileOf, profiles, requestsOfJourneys, type Scenario } from './k6/profiles.ts';
import { journeysOf, trafficOf } from './k6/traffic.ts';
import { readSummary } from './k6-summary.ts';
import { besides, withShared } from './production.ts';
import { type ProgressOutput, progressPrinter, type ServersNow } from './progress.ts';
import { isLostForGood, isStoppable } from './verdict/autostop.ts';
import { breakOf, wantedAt } from './verdict/breakpoint.ts';
import { judge } from './verdict/judge.ts';
import type { Control, RunObservation, ServerMetrics, Wanted } from './verdict/observation.ts';
import type { LoadVerdict } from './verdict/verdict.ts';

export const scenarios = Object.keys(profiles) as Scenario[];
export type { Scenario };

/** The one scenario that a command line names. */
export function scenarioNamed(words: readonly string[]): Scenario {
  const found = words.length === 1 ? scenarios.find((scenario) => scenario === words[0]) : undefined;
  if (found) return found;
  const seen = words.length === 0 ? 'nothing' : JSON.stringify(words.join(' '));
  throw new ConfigurationError('The command line', [{ path: '<scenario>', seen, allowed: `one of ${scenarios.join(', ')}` }]);
}

export interface LoadOptions {
  readonly environment: Environment;
  /** Name or path of the environment's file: k6 reads it itself. */
  readonly nameOrPath: string;
  readonly scenario: Scenario;
  /** Name or endpoint of the only target; default: every active stamp and the global endpoint. */
  readonly target?: string | undefined;
  /** Requests per second over all targets; default: the scenario's, else the environment's. */
  readonly ratePerSecond?: number | undefined;
  /** Seconds; default: the scenario's, else the environment's. */
  readonly durationSeconds?: number | undefined;
  /** Seconds for which a varied mix stays as it is; default: a minute of the metrics, at least five seconds. */
  readonly windowSeconds?: number | undefined;
  /** When production may be loaded: `<from>/<to>`; default: never. */
  readonly window?: string | undefined;
  /** The environment's name, for load that production feels. */
  readonly confirm?: string | undefined;
  /** Gets `verdict.json`, and k6's own output as `k6.log` and `k6-summary.json`. */
  readonly runDirectory: string;
  /** PEM file of the CA that k6 trusts beside the system's; default: what SSL_CERT_FILE names. */
  readonly caFile?: string | undefined;
  /** Stops the run; what there is then is judged, as inconclusive at best. */
  readonly signal?: AbortSignal | undefined;
  /** Where progress goes; default: nowhere. */
  readonly progress?: ProgressOutput | undefined;
  /** Acts on the store meanwhile; default: nobody does, and a scenario that wants it is inconclusive. */
  readonly conductor?: Conductor | undefined;
  /** What they say by now, for the progress line; answers at once. Default: not shown. */
  readonly serversNow?: (() => ServersNow) | undefined;
  /** Reads what the servers' metrics say of the run once it has ended; default: nobody asks them. */
  readonly serverMetrics?: ((fromMs: number, toMs: number) => Promise<ServerMetrics>) | undefined;
  /** k6's binary; default: `.local/bin/k6`, else the one on PATH. */
  readonly k6?: string | undefined;
}

/**
 * Runs a scenario with k6 and judges it. Leaves no process behind.
 * @throws ConfigurationError where load must not go or can't start
 */
export async function runLoad(options: LoadOptions): Promise<LoadVerdict> {
  const verdict = judge(await observeLoad(options));
  writeFileSync(join(options.runDirectory, 'verdict.json'), `${JSON.stringify(verdict, null, 2)}\n`);
  return verdict;
}

/** All that is seen of a run, before anyone judges it. Throws as `runLoad` does. */
export async function observeLoad(options: LoadOptions): Promise<RunObservation> {
  const wanted = wantedOf(options);
  mkdirSync(options.runDirectory, { recursive: true });
  const collector = new Collector(options.scenario);
  const printer = options.progress && progressPrinter(options.progress);
  const startedAtMs = Date.now();
  const everySecond = () => {
    const { durationSeconds } = wanted;
    const begunAtMs = collector.begunAtMs();
    if (begunAtMs !== undefined) options.conductor?.begin(begunAtMs, durationSeconds);
    const elapsedSeconds = (Date.now() - startedAtMs) / 1000;
    const [recent, servers] = [collector.recent(), options.serversNow?.()];
    // In the middle of the second whose rate stands beside it.
    const atSeconds = recent && begunAtMs !== undefined ? (recent.atMs + 500 - begunAtMs) / 1000 : 0;
    const rateWantedPerSecond = wantedAt(wanted, Math.max(0, atSeconds));
    printer?.show({ elapsedSeconds, durationSeconds, rateWantedPerSecond, recent, servers });
  };
  const enough = () => isEnough(wanted, collector);
  const k6 = { ...generatorOptions(options, wanted, everySecond), enough };
  const seen: { control?: Control | undefined } = {};
  const generator = await runGenerator(k6, collector)
    .catch(refuseWithoutK6)
    .finally(async () => {
      printer?.end();
      // Put back as soon as the load is over, however it ended.
      seen.control = await options.conductor?.end();
    });
  const { control } = seen;
  const endedAtMs = Date.now();
  const samples = collector.samples();
  const [fromMs, toMs] = [samples.firstAtMs ?? startedAtMs, samples.lastAtMs ?? endedAtMs];
  // Who presses Ctrl-C doesn't wait for metrics, which lag by minutes.
  const server = options.signal?.aborted ? undefined : await options.serverMetrics?.(fromMs, toMs);
  return {
    wanted,
    samples,
    generator: { ...generator, iterations: readSummary(summaryFile(options))?.iterations },
    server,
    ...(control ? { control, events: eventsOf(control) } : {}),
    startedAtMs,
    endedAtMs,
  };
}

/** A run that has shown what it was for: an objective broke under a growing load, or is lost whatever comes. */
function isEnough(wanted: Wanted, collector: Collector): boolean {
  // Once a second: of an hour's samples nothing is made for a run that nobody ends.
  if (wanted.scenario !== 'breakpoint' && !isStoppable(wanted)) return false;
  const samples = collector.samples();
  return wanted.scenario === 'breakpoint' ? breakOf(samples.seconds, wanted) !== undefined : isLostForGood(wanted, samples);
}

/** What is known of a run before it; without the environment's file, what shares with production is looked for in the suite. */
type Plan = Omit<LoadOptions, 'runDirectory' | 'nameOrPath'> & Partial<Pick<LoadOptions, 'nameOrPath'>>;

/** What a run of these options has to bring, from which follows how many samples are expected. */
export function wantedOf(options: Plan): Wanted {
  const { environment } = options;
  const { budgets, objectives } = environment;
  const { targets, traffic, isGuarded } = trafficFor(options);
  refuseMore(traffic);
  return {
    scenario: options.scenario,
    environment: environment.name,
    targets: targets.map((target) => target.name),
    guarded: isGuarded,
    targetPerSecond: traffic.targetPerSecond,
    ratePerSecond: traffic.ratePerSecond,
    durationSeconds: traffic.durationSeconds,
    corners: traffic.corners.map(([atSeconds, ratePerSecond]) => ({ atSeconds, ratePerSecond })),
    journeys: journeysOf(traffic),
    latencyP95Ms: objectives.latencyP95Ms,
    errorPercent: objectives.errorPercent,
    journeyMs: budgets.journeyMs,
    budgetRuPerSecond: budgets.ruPerSecond,
    budgetRuPerJourney: budgets.ruPerJourney,
    targetIterations: targetIterations(environment),
    ...(options.scenario === 'autoscale' ? { autoscale: autoscalePlan(environment, options.target) } : {}),
  };
}

/** Iterations per second of each journey, were the environment's mix run at its target rate. */
function targetIterations({ load }: Environment): Record<string, number> {
  const perSecond = load.ratePerSecond / meanRequests(load.mix, requestsOfJourneys(load.zipfExponent));
  return Object.fromEntries([...sharesOf(load.mix)].map(([journey, share]) => [journey, share * perSecond]));
}

/** @throws ConfigurationError where load must not go */
function trafficFor(options: Plan) {
  const { environment, scenario, window, confirm } = options;
  refuseRates(options);
  const profile = profileFor(scenario, environment, options.target);
  const wish = { ...options, profile, windowSeconds: windowSecondsOf(options), durationSeconds: durationSecondsOf(options) };
  const { durationSeconds } = trafficOf({ ...wish, targets: [] });
  const permit = { window, confirm, durationSeconds, isSmoke: scenario === 'smoke' };
  const target = scaledTarget(scenario, environment, actedTarget(scenario, environment, options.target));
  const marked = withShared(environment, readVariables(), besides(options.nameOrPath));
  const targets = loadTargets(marked, target, permit);
  const isGuarded = targets.some((one) => servesProduction(marked, one));
  return { targets, isGuarded, traffic: trafficOf({ ...wish, targets }) };
}

/** What comes up in a run is counted beforehand, journey by journey: of more than this nobody could wait for the sum. */
const mostRequests = 100_000_000;

function refuseMore({ ratePerSecond, durationSeconds }: Pick<Wanted, 'ratePerSecond' | 'durationSeconds'>) {
  const requests = ratePerSecond * durationSeconds;
  if (requests <= mostRequests) return;
  const seen = `${ratePerSecond} requests/s for ${durationSeconds} s`;
  const allowed = `${mostRequests} requests in all at most`;
  throw new ConfigurationError('The load', [{ path: 'rate × duration', seen, allowed }]);
}

/** Stages that follow from the rules can't be asked for. */
function refuseRates({
  scenario,
  ratePerSecond,
  durationSeconds,
}: Pick<LoadOptions, 'scenario' | 'ratePerSecond' | 'durationSeconds'>) {
  if (scenario !== 'autoscale') return;
  const flags = { '--rate': ratePerSecond, '--duration': durationSeconds };
  const faults = Object.entries(flags).flatMap(([path, seen]) =>
    seen === undefined
      ? []
      : [{ path, seen: String(seen), allowed: "nothing: both follow from the plan's rules and plans[].ratePerInstance" }],
  );
  if (faults.length > 0) throw new ConfigurationError('The command line', faults);
}

/** The local store's minutes pass as fast as its control plane; a window has requests enough in five seconds. */
export function windowSecondsOf({ environment, windowSeconds }: Pick<LoadOptions, 'environment' | 'windowSeconds'>): number {
  return windowSeconds ?? (environment.local ? Math.max(5, 60 / environment.local.timeScale) : 60);
}

/** On a local store, what waits for the control plane takes as much less time as its clock is faster. */
function durationSecondsOf({ environment, scenario, durationSeconds }: Plan) {
  const { through, durationSeconds: own } = profileOf(scenario);
  if (durationSeconds !== undefined || through === undefined || !environment.local || own === undefined) return durationSeconds;
  return Math.max(fewestActedSeconds, Math.round(own / environment.local.timeScale));
}

/** The script of a scenario. */
export const scriptOf = (scenario: Scenario) => join(__dirname, 'scenarios', `${scenario}.ts`);

/** What a scenario's script reads at its start, wherever it runs. */
export function loadVariables(options: LoadOptions, wanted: Wanted): Record<string, string> {
  const { nameOrPath } = options;
  return {
    // A path means the same wherever k6 looks from.
    TARGET_ENV: /[\\/]|\.json$/.test(nameOrPath) ? resolve(nameOrPath) : nameOrPath,
    LOAD_DURATION_SECONDS: String(wanted.durationSeconds),
    LOAD_WINDOW_SECONDS: String(windowSecondsOf(options)),
    ...(options.ratePerSecond ? { LOAD_RATE_PER_SECOND: String(options.ratePerSecond) } : {}),
    ...(options.window ? { LOAD_WINDOW: options.window } : {}),
    ...(options.confirm ? { LOAD_CONFIRM: options.confirm } : {}),
    ...(wanted.guarded ? { LOAD_GUARDED: 'true' } : {}),
    ...(options.target ? { LOAD_TARGET: options.target } : {}),
  };
}

const summaryFile = ({ runDirectory }: LoadOptions) => resolve(runDirectory, 'k6-summary.json');

function generatorOptions(options: LoadOptions, wanted: Wanted, everySecond: () => void) {
  const { runDirectory, scenario } = options;
  const variables = {
    ...readVariables(),
    ...loadVariables(options, wanted),
    LOAD_SUMMARY_FILE: summaryFile(options),
    ...(options.caFile ? { SSL_CERT_FILE: resolve(options.caFile) } : {}),
  };
  return {
    script: scriptOf(scenario),
    variables,
    durationSeconds: wanted.durationSeconds,
    logFile: join(runDirectory, 'k6.log'),
    k6: options.k6,
    signal: options.signal,
    everySecond,
  };
}

function refuseWithoutK6(error: unknown): never {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOENT') throw error;
  throw new ConfigurationError(
    'Set-up',
    [{ path: 'k6', seen: 'neither in .local/bin nor on PATH', allowed: 'npm start sets it up' }],
    {
      cause: error,
    },
  );
}
