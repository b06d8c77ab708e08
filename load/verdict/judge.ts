import { thresholds } from '../../health/thresholds.ts';
import { type Attribution, attribute, attributedSeconds, layers, layersLine } from './attribution.ts';
import { judgeAutoscale } from './autoscale.ts';
import { judgeBreakpoint, judgeRecovery } from './breakpoint.ts';
import { judgeHotPartition, judgeRu, ledgerOf } from './cosmos-ru.ts';
import { judgeDrift } from './drift.ts';
import { brokenOff, thresholdsMissed } from './exit.ts';
import { judgeFailover } from './failover.ts';
import { judgeJourneys } from './journeys.ts';
import { latencySource } from './latency-limit.ts';
import { type RunObservation, sentSeconds } from './observation.ts';
import { judgeRate, saturated } from './rate.ts';
import { metricsOf } from './run-metrics.ts';
import { judgeServer } from './server.ts';
import { judgeShift } from './shift.ts';
import { judgeSwap } from './swap.ts';
import { count, ms, percent, seconds } from './units.ts';
import { complete, type Judgement, type LoadVerdict, type RuLedger, worstOf } from './verdict.ts';

/** A p95 of fewer answers than this is one slow answer. */
const fewestForP95 = thresholds.serverLatencyMs.minSamples;
/** Share of the expected requests below which a percentile says nothing about the run. */
const expectedShare = 0.9;

/** Of its duration: a run that k6's own threshold ended is shorter. */
const wholeShare = 0.95;
/** Of the iterations that k6 counts: so many its samples must tell of. */
const toldShare = 0.99;
/** The last requests come some time before the end where the rate is low. */
const lastRequestSeconds = 5;

interface Seen {
  readonly run: RunObservation;
  readonly attribution: Attribution;
  readonly ledger: RuLedger | undefined;
}

/** What a scenario asks beyond the objectives; one that isn't named here asks for them alone. */
const questions: Readonly<Record<string, (seen: Seen) => Judgement[]>> = {
  spike: ({ run }) => judgeRecovery(run),
  soak: ({ run }) => judgeDrift(run),
  'hot-product': ({ run, attribution }) => judgeHotPartition(run, attribution),
  swap: ({ run, attribution }) => judgeSwap(run, attribution),
  failover: ({ run }) => judgeFailover(run),
  shift: ({ run }) => judgeShift(run),
  'cosmos-ru': ({ run, ledger, attribution }) => judgeRu(run, ledger, attribution),
  autoscale: ({ run, attribution }) => judgeAutoscale(run, attribution),
};

/** Judges a run; the reasons of the verdict stand worst first. */
export function judge(run: RunObservation): LoadVerdict {
  const { wanted, samples } = run;
  const seen = { run, attribution: attribute(samples, run.generator), ledger: ledgerOf(run) };
  const judgements = judgementsOf(seen);
  return {
    scenario: wanted.scenario,
    environment: wanted.environment,
    targets: [...wanted.targets],
    startedAt: new Date(run.startedAtMs).toISOString(),
    endedAt: new Date(run.endedAtMs).toISOString(),
    verdict: worstOf(judgements.map((judgement) => judgement.verdict)),
    reasons: reasonsOf(judgements),
    rateWantedPerSecond: wanted.ratePerSecond,
    rateReachedPerSecond: sentSeconds(run) === 0 ? 0 : samples.requests / sentSeconds(run),
    requests: samples.requests,
    judgements: judgements.map(complete),
    seconds: attributedSeconds(samples, run.generator, seen.attribution),
    generator: generatorOf(run),
    corners: [...wanted.corners],
    layers: layerRows(seen.attribution),
    ...(run.server?.series ? { series: [...run.server.series] } : {}),
    ...eventsOf(run),
    ...(seen.ledger ? { ru: seen.ledger } : {}),
    metrics: metricsOf(samples, seen.ledger),
  };
}

function judgementsOf(seen: Seen): Judgement[] {
  const { run, attribution } = seen;
  // A run that is meant to break its objectives isn't blamed for that.
  if (run.wanted.scenario === 'breakpoint')
    return [judgeRun(run), ...judgeBreakpoint(run), ...judgeExceptions(run), ...judgeServer(run)];
  const judged = [
    judgeRun(run),
    ...(questions[run.wanted.scenario]?.(seen) ?? []),
    judgeErrors(run, attribution),
    // A plan that grows under load is late until it has grown: how late, and how long, is judged above.
    ...(run.wanted.scenario === 'autoscale' ? [] : [judgeLatency(run)]),
    judgeRate(run),
    ...judgeExceptions(run),
    ...judgeJourneys(run, attribution),
    ...judgeServer(run),
  ];
  return [...judged, ...judgeThresholds(run, judged)];
}

const layerRows = ({ failed, throttled }: Attribution) =>
  layers.filter((layer) => failed[layer] > 0).map((layer) => ({ layer, failed: failed[layer], throttled: throttled[layer] }));

function generatorOf({ generator: { cores, coresUsed, machineBusy } }: RunObservation): LoadVerdict['generator'] {
  return { cores, ...(coresUsed === undefined ? {} : { coresUsed }), ...(machineBusy === undefined ? {} : { machineBusy }) };
}

/** What the run did, and what the servers say that happened, in order. */
function eventsOf({ events = [], server }: RunObservation): Pick<LoadVerdict, 'events'> {
  const all = [...events, ...(server?.events ?? [])].sort((a, b) => a.atMs - b.atMs);
  return all.length === 0 ? {} : { events: all };
}

/** Failures first, then what can't be told, each in the order of judging. */
function reasonsOf(judgements: readonly Judgement[]): string[] {
  const of = (verdict: Judgement['verdict']) => judgements.filter((judgement) => judgement.verdict === verdict);
  return [...of('fail'), ...of('inconclusive')].map((judgement) => judgement.reason ?? judgement.name);
}

function judgeRun(run: RunObservation): Judgement {
  const sent = sentSeconds(run);
  const base = {
    name: 'run',
    value: sent,
    limit: run.wanted.durationSeconds,
    atLeast: true,
    unit: 's',
    samples: run.samples.requests,
  } as const;
  const why = brokenOff(run.generator);
  if (why !== undefined)
    return { ...base, verdict: 'inconclusive', reason: `${why} (after ${seconds(sent)} of ${seconds(base.limit)})` };
  const isToBreak = run.wanted.scenario === 'breakpoint';
  if (run.wanted.guarded && !isToBreak && run.generator.exitCode === thresholdsMissed && sent < base.limit * wholeShare) {
    const reason = `ended after ${seconds(sent)} of ${seconds(base.limit)}: production feels this load, and an objective was missed`;
    return { ...base, verdict: 'fail', reason };
  }
  if (run.generator.enough && !isToBreak) {
    const reason = `stopped after ${seconds(sent)} of ${seconds(base.limit)}: more errors than the whole run may have`;
    return { ...base, verdict: 'inconclusive', reason };
  }
  if (run.samples.requests === 0)
    return { ...base, verdict: 'inconclusive', reason: 'k6 sent no request, so nothing was measured' };
  const { iterations } = run.generator;
  if (iterations === undefined)
    return {
      ...base,
      verdict: 'inconclusive',
      reason: 'k6 left no count of its journeys: whether its samples are whole nobody knows',
    };
  const told = Object.values(run.samples.journeys).reduce((sum, journey) => sum + journey.iterations, 0);
  if (told < iterations * toldShare) {
    const reason = `k6 counted ${count(iterations)} journeys, its samples tell of ${count(told)}: some were lost on the way`;
    return { ...base, verdict: 'inconclusive', reason };
  }
  const isEnded = run.generator.enough || (isToBreak && run.generator.exitCode === thresholdsMissed);
  if (!isEnded && sent < base.limit * wholeShare - lastRequestSeconds) {
    const reason = `k6 ended well, but its samples are of ${seconds(sent)} of ${seconds(base.limit)}`;
    return { ...base, verdict: 'inconclusive', reason };
  }
  return { ...base, verdict: 'pass' };
}

function judgeErrors({ samples, wanted }: RunObservation, { failed, intended }: Attribution): Judgement {
  const base = { name: 'errors', limit: wanted.errorPercent, unit: '%', samples: samples.requests };
  if (samples.requests === 0) return { ...base, verdict: 'inconclusive', reason: 'errors: no samples' };
  const lost = Math.max(0, samples.failed - intended);
  const value = (lost / samples.requests) * 100;
  if (value <= wanted.errorPercent) return { ...base, value, verdict: 'pass' };
  const unanswered = Object.values(samples.unanswered).reduce((sum, n) => sum + n, 0);
  const silent = unanswered === 0 ? '' : `, ${count(unanswered)} without an answer${refusals(samples.unanswered)}`;
  const by = failed.unknown === lost || failed.network === lost ? '' : `: ${layersLine(failed)}`;
  const reason = `errors ${percent(value)} are over ${percent(wanted.errorPercent)} (${count(lost)} of ${count(samples.requests)} requests${silent}${by})`;
  // What the generator lost itself is no proof against the store, and none for it.
  const byStore = ((lost - failed.generator) / samples.requests) * 100;
  return { ...base, value, verdict: byStore > wanted.errorPercent ? 'fail' : 'inconclusive', reason };
}

/** k6's error codes of the network (errors catalogue of its documentation). */
const networkErrors: Readonly<Record<string, string>> = {
  '1050': 'timed out',
  '1101': 'name not found',
  '1211': 'connecting timed out',
  '1212': 'connection refused',
  '1220': 'connection reset',
  '1310': 'certificate refused',
};

function refusals(unanswered: Readonly<Record<string, number>>): string {
  const [most] = Object.entries(unanswered).sort(([, a], [, b]) => b - a);
  return most === undefined ? '' : `, mostly: ${networkErrors[most[0]] ?? `k6 error ${most[0]}`}`;
}

function judgeLatency(run: RunObservation): Judgement {
  const { samples, wanted } = run;
  const answered = samples.requests - Object.values(samples.unanswered).reduce((sum, n) => sum + n, 0);
  const limit = wanted.latencyP95Ms;
  const base = { name: 'latency p95', limit, unit: 'ms', samples: answered, source: latencySource(limit) };
  const value = samples.latencyP95Ms;
  if (value === undefined || answered < fewestForP95)
    return {
      ...base,
      ...(value === undefined ? {} : { value }),
      verdict: 'inconclusive',
      reason: `latency p95: ${count(answered)} samples are too few`,
    };
  if (value > wanted.latencyP95Ms) {
    const reason = `latency p95 ${ms(value)} is over ${ms(wanted.latencyP95Ms)} (${count(answered)} samples)`;
    const why = saturated(run.generator);
    // What waits inside a saturated k6 counts as the store's latency.
    return {
      ...base,
      value,
      ...(why ? { verdict: 'inconclusive', reason: `${reason}, but ${why}` } : { verdict: 'fail', reason }),
    };
  }
  const expected = wanted.ratePerSecond * sentSeconds(run);
  if (answered < expected * expectedShare)
    return {
      ...base,
      value,
      verdict: 'inconclusive',
      reason: `latency p95: ${count(answered)} samples of ${count(expected)} expected`,
    };
  return { ...base, value, verdict: 'pass' };
}

/** k6 exits 0 when iterations throw: what they threw stands in its log alone. */
function judgeExceptions({ generator, samples }: RunObservation): Judgement[] {
  const caught = Object.values(samples.journeys).reduce((sum, journey) => sum + journey.exceptions, 0);
  const value = Math.max(caught, generator.errorCount);
  const base = { name: 'exceptions', value, limit: 0, unit: '', samples: samples.requests };
  if (value === 0) return samples.requests === 0 ? [] : [{ ...base, verdict: 'pass' }];
  const reason = `${count(value)} exceptions in the load script, such as: ${generator.errorLines[0] ?? 'not logged'}`;
  return [{ ...base, verdict: 'inconclusive', reason }];
}

/** A threshold that k6 found missed though all our own judgements passed; k6 doesn't know of a saturated generator. */
function judgeThresholds({ generator, samples }: RunObservation, judged: readonly Judgement[]): Judgement[] {
  if (generator.exitCode !== thresholdsMissed || judged.some((judgement) => judgement.verdict !== 'pass')) return [];
  const reason = "k6 found a threshold of the script missed (exit code 99); see k6's summary";
  return [{ name: 'k6 thresholds', verdict: 'fail', unit: '', samples: samples.requests, reason }];
}
