import { type AvailabilityResult, failureLine } from '../synthetics/result.ts';
import { textOf } from './because.ts';
import { rules, worst } from './evaluate.ts';
import { type Bond, type ComponentName, components, type Health, type SystemFlow, systemFlows, userFlows } from './model.ts';
import { bandOf } from './signal-state.ts';
import { type Signal, thresholdOf } from './thresholds.ts';

/** What the API of a staged build says of one of its dependencies. */
export interface Probe {
  readonly name: string;
  readonly healthy: boolean;
  readonly seen?: string | undefined;
}

export interface Staged {
  /** How often each journey was to run: with fewer that say something nothing is known of its flow. */
  readonly rounds: number;
  /** Of its journeys, on this slot alone. */
  readonly results: readonly AvailabilityResult[];
  /** Undefined: the health check didn't say. */
  readonly probes: readonly Probe[] | undefined;
}

export interface GatedFlow {
  readonly flow: string;
  readonly state: Health;
  readonly why: readonly string[];
}

/** The flows of a staged build, judged at once: by the same bounds as in production, without the minutes that it hasn't run. */
export function gate({ rounds, results, probes }: Staged): GatedFlow[] {
  const below = new Map(
    (Object.keys(components) as ComponentName[]).map((name) => [
      name,
      [...ownJourneys(name, results, rounds), ...componentOf(name, probes)],
    ]),
  );
  const user = Object.values(userFlows).map(({ title, journey, needs }) => {
    return { flow: title, ...together([ownOf(results, journey, rounds), ...needs.flatMap((name) => below.get(name) ?? [])]) };
  });
  return [...user, ...Object.values(systemFlows).map((flow) => systemFlow(flow, below))];
}

/** A build that could take no secret or image would serve its shoppers, and could neither grow nor be replaced. */
function systemFlow({ title, needs }: SystemFlow, below: ReadonlyMap<ComponentName, readonly Part[]>): GatedFlow {
  const parts = (Object.entries(needs) as [ComponentName, number][]).flatMap(([name, weight]) => {
    const own = below.get(name) ?? [];
    return own.length === 0 ? [] : [{ ...together(own), weight }];
  });
  return { flow: title, state: rules.weighted(parts), why: together(parts).why };
}

type Part = Omit<GatedFlow, 'flow'>;

const sayingSomething = (results: readonly AvailabilityResult[], journey: string) =>
  results.filter((result) => result.journey === journey && result.outcome !== 'inconclusive');

/** By request, since a journey is as long as its steps are many. */
const responsesMs = (results: readonly AvailabilityResult[], journey: string): number[] =>
  sayingSomething(results, journey).flatMap(({ steps }) =>
    steps.flatMap((step) => (step.requests > 0 ? [step.durationMs / step.requests] : [])),
  );

const { minSamples } = thresholdOf('responseMs');

/** Whether a flow's journey, though it never failed, has run too seldom for a p95: of a few values it is the slowest one. */
export function wantsMore(results: readonly AvailabilityResult[], journey: string): boolean {
  const own = sayingSomething(results, journey);
  const isFlow = Object.values(userFlows).some((flow) => flow.journey === journey);
  const hasOnlyPassed = own.length > 0 && own.every(({ outcome }) => outcome === 'passed');
  return isFlow && hasOnlyPassed && responsesMs(results, journey).length < minSamples;
}

function ownOf(results: readonly AvailabilityResult[], journey: string, rounds: number): Part {
  return together([passing(results, journey, rounds), ...slowness(results, journey)]);
}

/** Nothing of a journey that failed too often for a p95: that it failed is what is told. */
function slowness(results: readonly AvailabilityResult[], journey: string): Part[] {
  const values = responsesMs(results, journey);
  if (values.length >= minSamples) return [judged('responseMs', nearestRank95(values))];
  const few = `${values.length} of ${minSamples} response times of ${journey} are too few for a p95`;
  return wantsMore(results, journey) ? [{ state: 'unknown', why: [few] }] : [];
}

/** Journeys that speak for a component, as `health` does for the API: it can answer 503 though no dependency fails. */
const ownJourneys = (name: ComponentName, results: readonly AvailabilityResult[], rounds: number): Part[] =>
  components[name].signals.flatMap(({ signal, scope }) =>
    signal === 'journeyFailed' ? [passing(results, scope.slice('journey '.length), rounds)] : [],
  );

/** A build that is healthy in part is no release: what is inconclusive says nothing, and so nothing is known of the flow. */
function passing(results: readonly AvailabilityResult[], journey: string, rounds: number): Part {
  const own = sayingSomething(results, journey);
  if (own.length === 0) return { state: 'unknown', why: [`no result of ${journey}`] };
  const failed = own.filter(({ outcome }) => outcome === 'failed');
  const share = judged('journeyFailed', (100 * failed.length) / own.length);
  const few: Part[] =
    own.length < rounds ? [{ state: 'unknown', why: [`${own.length} of ${rounds} results of ${journey} say something`] }] : [];
  const { state, why } = together([share, ...few]);
  return { state, why: [...new Set(failed.map(failureLine)), ...why] };
}

function together(parts: readonly Part[]): Part {
  const why = new Set(parts.flatMap((part) => (part.state === 'healthy' ? [] : part.why)));
  return { state: worst(parts), why: [...why] };
}

function judged(signal: Signal, value: number): Part {
  const threshold = thresholdOf(signal);
  const state = bandOf(value, threshold);
  const bound = state === 'unhealthy' ? threshold.unhealthyAt : threshold.degradedAt;
  return { state, why: [textOf(threshold, value, bound)] };
}

/** Components that the health check probes; of others a staged build shows nothing yet. */
function componentOf(name: ComponentName, probes: readonly Probe[] | undefined): Part[] {
  const probed = components[name].signals.flatMap(({ scope, ...bond }) =>
    scope.startsWith('probe ') ? [{ probe: scope.slice('probe '.length), bond: bond as Bond }] : [],
  );
  if (probed.length > 0 && probes === undefined) return [{ state: 'unknown', why: ['the health check says nothing'] }];
  return probed.flatMap(({ probe, bond }): Part[] => {
    const found = probes?.find((each) => each.name === probe);
    if (!found) return [{ state: 'unknown', why: [`the health check doesn’t name ${probe}`] }];
    if (found.healthy) return [{ state: 'healthy', why: [] }];
    return [{ state: bond.atMost ?? 'unhealthy', why: [`health check: ${probe} ${found.seen ?? 'is not healthy'}`] }];
  });
}

function nearestRank95(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(0.95 * sorted.length) - 1] ?? Number.NaN;
}
