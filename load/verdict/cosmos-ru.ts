import { thresholds } from '../../health/thresholds.ts';
import type { Attribution } from './attribution.ts';
import { median } from './breakpoint.ts';
import { leastSquares } from './least-squares.ts';
import type { RunObservation, Samples } from './observation.ts';
import { fewestPercent } from './server.ts';
import { count, ms, percent } from './units.ts';
import type { Judgement, RuLedger } from './verdict.ts';

/** Who says it: the store in its answers, or its metrics by the fit; Azure Monitor where nobody does. */
const sourceOf = (ledger: RuLedger | undefined) => (ledger?.source === 'pass-through' ? "the store's answers" : 'Azure Monitor');

const round = (value: number) => Math.round(value * 100) / 100;

/** What each journey and step costs in RU, and what the mix would at the target rate; undefined where nobody said. */
export function ledgerOf(run: RunObservation): RuLedger | undefined {
  const journeys = passedThrough(run) ?? fitted(run);
  if (!journeys) return undefined;
  const { wanted, samples, server } = run;
  const idle = journeys.idleRuPerSecond;
  const project = (of: (row: RuLedger['journeys'][number]) => number) =>
    journeys.rows.reduce((sum, row) => sum + of(row) * (wanted.targetIterations[row.journey] ?? 0), 0);
  return {
    source: journeys.source,
    journeys: journeys.rows,
    ...(idle === undefined ? {} : { idleRuPerSecond: round(idle) }),
    projectedRuPerSecond: round(project((row) => row.ru) + (idle ?? 0)),
    projectedWithin: round(project((row) => row.withinRu)),
    budgetRuPerSecond: wanted.budgetRuPerSecond,
    throttleRetries: samples.throttleRetries,
    ...retryLatency(run),
    partitions: [...(server?.partitions ?? [])].sort((a, b) => b.peakPercent - a.peakPercent),
  };
}

interface Rows {
  readonly source: RuLedger['source'];
  readonly rows: RuLedger['journeys'];
  readonly idleRuPerSecond: number | undefined;
}

/**
 * The store says what each request cost: the sums over the iterations that passed are exact, and the interval is that of
 * their mean. One that failed ended early, or an answer that was waited for in vain took its charge along.
 */
function passedThrough({ samples, server }: RunObservation): Rows | undefined {
  const steps = Object.values(samples.steps).filter(({ charges }) => charges > 0);
  if (steps.length === 0 || passedInPart(samples)) return undefined;
  const rows = Object.entries(samples.journeys).map(([journey, of]) => {
    const iterations = passedOf(of);
    const own = steps.filter((step) => step.journey === journey);
    const parts = own.map(({ step, ru }) => ({ step, ru: round(ru / Math.max(1, iterations)) }));
    // Steps of one iteration vary on their own: their variances add up.
    const variance = own.reduce((sum, step) => sum + varianceOfMean(step.ru, step.ruSquared, iterations), 0);
    const ru = own.reduce((sum, step) => sum + step.ru, 0) / Math.max(1, iterations);
    return { journey, iterations, ru: round(ru), withinRu: round(1.96 * Math.sqrt(variance)), steps: parts };
  });
  return { source: 'pass-through', rows, idleRuPerSecond: server?.idleRuPerSecond };
}

const passedOf = ({ iterations, failed, unclear, exceptions }: Samples['journeys'][string]) =>
  iterations - failed - unclear - exceptions;

/** Each step tells its charge once an iteration, where it has one. */
const leastTold = 0.98;

/** Some targets tell and others don't, as behind an edge that drops the header: the sums would make journeys too cheap. */
const passedInPart = ({ journeys, steps }: Samples) =>
  Object.entries(journeys).some(([journey, of]) => {
    const told = Math.max(0, ...Object.values(steps).flatMap((step) => (step.journey === journey ? step.charges : [])));
    return told > 0 && told < leastTold * passedOf(of);
  });

function varianceOfMean(sum: number, squared: number, n: number): number {
  if (n < 2) return 0;
  return Math.max(0, (squared - (sum * sum) / n) / (n - 1)) / n;
}

/**
 * The store doesn't say it, Azure Monitor knows the RU of each minute alone: RU of a minute = Σ iterations of a journey in it
 * × its cost + seconds × what the store costs at rest. Iterations that lie across two minutes count by their requests. Minutes
 * before the load tell the rest; one that wasn't at rest fits badly, and widens the intervals instead of going unseen.
 */
function fitted(run: RunObservation): Rows | undefined {
  const { samples } = run;
  const names = Object.keys(samples.journeys);
  const windows = windowsOf(run, names);
  const fit = leastSquares(
    windows.map(({ iterations, seconds }) => [...iterations, seconds]),
    windows.map(({ ru }) => ru),
  );
  if (!fit) return undefined;
  return {
    source: 'least squares',
    rows: names.map((journey, i) => ({
      journey,
      iterations: samples.journeys[journey]?.iterations ?? 0,
      ru: round(Math.max(0, fit.values[i] ?? 0)),
      withinRu: round(fit.within[i] ?? 0),
      steps: [],
    })),
    idleRuPerSecond: Math.max(0, fit.values[names.length] ?? 0),
  };
}

function windowsOf({ samples, server }: RunObservation, names: readonly string[]) {
  const requestsOf = (journey: string) => samples.mixSeconds.reduce((sum, { requests }) => sum + (requests[journey] ?? 0), 0);
  const perRequest = names.map((name) => (samples.journeys[name]?.iterations ?? 0) / Math.max(1, requestsOf(name)));
  // A minute that is in part load and in part rest is told apart by its seconds.
  return (server?.ruMinutes ?? []).map(({ fromMs, toMs, ru }) => {
    const iterations = names.map((name, i) => {
      const requests = samples.mixSeconds.reduce(
        (sum, second) => sum + (second.requests[name] ?? 0) * overlap(second.atMs, second.atMs + 1000, fromMs, toMs),
        0,
      );
      return requests * (perRequest[i] ?? 0);
    });
    return { iterations, ru, seconds: (toMs - fromMs) / 1000 };
  });
}

/** Share of the first stretch that lies within the second. */
const overlap = (from: number, to: number, withinFrom: number, withinTo: number) =>
  Math.max(0, Math.min(to, withinTo) - Math.max(from, withinFrom)) / (to - from);

/** What the SDK's hidden retries cost shoppers: p95 of the seconds with and without them. */
function retryLatency({ samples }: RunObservation): Pick<RuLedger, 'retryP95Ms' | 'calmP95Ms'> {
  const p95 = (retried: boolean) =>
    median(samples.seconds.flatMap((s) => (s.p95Ms !== undefined && (s.throttleRetries ?? 0) > 0 === retried ? s.p95Ms : [])));
  const [retryP95Ms, calmP95Ms] = [p95(true), p95(false)];
  return { ...(retryP95Ms === undefined ? {} : { retryP95Ms }), ...(calmP95Ms === undefined ? {} : { calmP95Ms }) };
}

/** Judgements of `cosmos-ru`: the mix's budget, each journey's own, and what Cosmos DB refused. */
export function judgeRu(run: RunObservation, ledger: RuLedger | undefined, attribution: Attribution): Judgement[] {
  return [
    judgeThrottling(run, ledger, attribution),
    judgeRefusedShare(run),
    judgeProjected(run, ledger),
    ...judgeJourneyBudgets(run, ledger),
  ];
}

function judgeProjected({ wanted, samples, server }: RunObservation, ledger: RuLedger | undefined): Judgement {
  const base = {
    name: 'RU/s at the target rate',
    limit: wanted.budgetRuPerSecond,
    unit: 'RU/s',
    samples: samples.requests,
    source: sourceOf(ledger),
  };
  if (!ledger) {
    const reason = `RU/s: the store passes no charges through, or not all, and ${server?.missing ?? 'the metrics have too few whole minutes to tell the journeys apart'}`;
    return { ...base, verdict: 'inconclusive', reason };
  }
  const { projectedRuPerSecond: value, projectedWithin: within } = ledger;
  const said = `${count(value)} ± ${count(within)} RU/s at the target rate`;
  if (value - within > base.limit)
    return { ...base, value, verdict: 'fail', reason: `${said} are over the budget of ${count(base.limit)}` };
  const untold = Object.keys(wanted.targetIterations).filter(
    (name) => !ledger.journeys.some(({ journey, iterations }) => journey === name && iterations > 0),
  );
  if (untold.length > 0) {
    const reason = `${said}, without ${untold.join(', ')}, of which none passed: nobody knows what it costs`;
    return { ...base, value, verdict: 'inconclusive', reason };
  }
  if (value + within <= base.limit) {
    if (ledger.idleRuPerSecond !== undefined) return { ...base, value, verdict: 'pass' };
    const reason = `${said}, and what the store costs at rest, which no metrics of the minutes before the load told`;
    return { ...base, value, verdict: 'inconclusive', reason };
  }
  return { ...base, value, verdict: 'inconclusive', reason: `${said}: too close to the budget of ${count(base.limit)} to tell` };
}

function judgeJourneyBudgets({ wanted }: RunObservation, ledger: RuLedger | undefined): Judgement[] {
  return Object.entries(wanted.budgetRuPerJourney).map(([journey, limit]) => {
    const row = ledger?.journeys.find((one) => one.journey === journey);
    const base = { name: `${journey} RU`, limit, unit: 'RU', samples: row?.iterations ?? 0, source: sourceOf(ledger) };
    if (!row || row.iterations === 0) return { ...base, verdict: 'inconclusive', reason: `${journey} RU: no samples` };
    // One iteration alone has no spread, and would seem exact.
    if (row.iterations === 1) return { ...base, verdict: 'inconclusive', reason: `${journey} RU: one sample tells no interval` };
    const { ru: value, withinRu: within } = row;
    const said = within === 0 ? `${value} RU` : `${value} ± ${within} RU`;
    if (value - within > limit)
      return { ...base, value, verdict: 'fail', reason: `${journey} costs ${said}, over its budget of ${limit} RU` };
    if (value + within <= limit) return { ...base, value, verdict: 'pass' };
    const reason = `${journey} costs ${said}: too close to its budget of ${limit} RU to tell`;
    return { ...base, value, verdict: 'inconclusive', reason };
  });
}

/** Requests that shoppers lost to Cosmos DB's 429, and the retries that only cost them time. */
function judgeThrottling(
  { samples, wanted }: RunObservation,
  ledger: RuLedger | undefined,
  { throttled }: Attribution,
): Judgement {
  const base = { name: 'throttled by Cosmos DB', limit: wanted.errorPercent, unit: '%', samples: samples.requests };
  if (samples.requests === 0) return { ...base, verdict: 'inconclusive', reason: 'throttled by Cosmos DB: no samples' };
  const value = (throttled.cosmos / samples.requests) * 100;
  if (value <= wanted.errorPercent) return { ...base, value, verdict: 'pass' };
  const slow = ledger?.retryP95Ms === undefined ? '' : `, p95 ${ms(ledger.retryP95Ms)} while it retried`;
  const reason = `Cosmos DB throttled ${count(throttled.cosmos)} of ${count(samples.requests)} requests (429, ${percent(value)}; ${count(samples.throttleRetries)} retries${slow})`;
  return { ...base, value, verdict: 'fail', reason };
}

/** What Cosmos DB refused of all that it was asked, retries that succeeded included: the health model's signal, and its bound. */
function judgeRefusedShare({ server }: RunObservation): Judgement {
  const { title: name, degradedAt: limit, minSamples, unit } = thresholds.cosmosThrottled;
  const { throttled = 0, all = 0 } = server?.cosmosAnswers ?? {};
  const base = { name, limit, unit, samples: all, source: 'Azure Monitor' };
  if (all < minSamples) {
    const why = server?.missing ?? `${count(all)} answers of Cosmos DB in its metrics are too few`;
    return { ...base, verdict: 'inconclusive', reason: `${name}: ${why}` };
  }
  const value = (throttled / all) * 100;
  if (value < limit) return { ...base, value, verdict: 'pass' };
  const reason = `${name} ${percent(value)} (${count(throttled)} of ${count(all)} requests to Cosmos DB), limit ${percent(limit)}`;
  return { ...base, value, verdict: 'fail', reason };
}

/** A partition at its limit while the others have room: it takes no more, whatever is provisioned in all. */
export function judgeHotPartition({ samples, server }: RunObservation, { throttled }: Attribution): Judgement[] {
  const base = { name: 'hottest partition', limit: 100, unit: '%', samples: samples.requests, source: 'Azure Monitor' };
  const [hottest, ...others] = [...(server?.partitions ?? [])].sort((a, b) => b.peakPercent - a.peakPercent);
  if (!hottest) {
    const refused = throttled.cosmos > 0 ? `; Cosmos DB refused ${count(throttled.cosmos)} requests` : '';
    return [
      { ...base, verdict: 'inconclusive', reason: `hottest partition: ${server?.missing ?? 'no server metrics'}${refused}` },
    ];
  }
  const name = `hottest partition (${hottest.container}/${hottest.partition})`;
  const value = hottest.peakPercent;
  if (value < 100 && throttled.cosmos === 0) {
    const { partitionsPercent: seen = 0 } = server ?? {};
    if (seen >= fewestPercent) return [{ ...base, name, value, verdict: 'pass' }];
    const reason = `hottest partition: the partitions told their use in ${percent(seen)} of the run's minutes`;
    return [{ ...base, name, value, verdict: 'inconclusive', reason }];
  }
  const rest = median(others.map(({ peakPercent }) => peakPercent));
  const idle = rest === undefined ? '' : `, while the others were at ${percent(rest)}`;
  const reason = `partition ${hottest.partition} of ${hottest.container} was at ${percent(value)} of its RU${idle}: ${count(throttled.cosmos)} requests throttled`;
  return [{ ...base, name, value, verdict: 'fail', reason }];
}
