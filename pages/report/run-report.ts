import type { LoadVerdict, Verdict } from '../../load/verdict/verdict.ts';
import type { AvailabilityResult, Outcome } from '../../synthetics/result.ts';

/** What became of the results on their way to Application Insights. */
interface DeliverySummary {
  readonly accepted: number;
  readonly undelivered: number;
  readonly parked: number;
  readonly reason?: string | undefined;
}

/** One part of a gate. */
export interface GatePart {
  /** health, journeys, or a scenario. */
  readonly name: string;
  readonly verdict: Verdict;
  /** Worst first; empty where it passed. */
  readonly reasons: readonly string[];
  /** Its own page, from the gate's folder. */
  readonly page?: string | undefined;
}

/** One run of the suite; `report.json` holds it, the other reports are drawn from it. */
export interface RunReport {
  readonly run: string;
  readonly environment: string;
  readonly startedAt: string;
  readonly endedAt: string;
  /** What the suite was told to do and could not, a line each. */
  readonly faults: readonly string[];
  /** What does not apply to this environment, or was left out on purpose, a line each. */
  readonly notes: readonly string[];
  readonly results: readonly AvailabilityResult[];
  /** Absent where the run publishes no results. */
  readonly delivery?: DeliverySummary | undefined;
  readonly load?: LoadVerdict | undefined;
  /** Of a gate, in order; what was left out stands in the notes. */
  readonly parts?: readonly GatePart[] | undefined;
  readonly exitCode: number;
}

/** Rows are journeys, columns targets, in the order in which they first appear. */
interface Matrix {
  readonly targets: readonly string[];
  readonly rows: readonly { readonly journey: string; readonly cells: readonly (AvailabilityResult | undefined)[] }[];
}

/** A cell without a result stays empty: a journey that wasn't run on a target is not green. */
export function matrixOf(results: readonly AvailabilityResult[]): Matrix {
  const targets = [...new Set(results.map((r) => r.target.name))];
  const journeys = [...new Set(results.map((r) => r.journey))];
  const at = new Map(results.map((r) => [`${r.journey}\n${r.target.name}`, r]));
  return {
    targets,
    rows: journeys.map((journey) => ({ journey, cells: targets.map((target) => at.get(`${journey}\n${target}`)) })),
  };
}

/** `38 passed, 2 failed`, outcomes that didn't occur left out. */
export function countLine(results: readonly AvailabilityResult[]): string {
  const count = (outcome: Outcome) => results.filter((r) => r.outcome === outcome).length;
  const parts = (['passed', 'failed', 'inconclusive'] as const).filter((o) => count(o) > 0).map((o) => `${count(o)} ${o}`);
  return parts.length === 0 ? 'no results' : parts.join(', ');
}

/** `8 results accepted by Application Insights`, and what became of the others. */
export function deliveryLine(delivery: DeliverySummary): string {
  const parts = [`${delivery.accepted} results accepted by Application Insights`];
  if (delivery.undelivered > 0) parts.push(`${delivery.undelivered} undelivered, kept for the next run or npm run publish`);
  if (delivery.parked > 0) parts.push(`${delivery.parked} refused or unreadable, and parked`);
  return parts.join('; ') + (delivery.reason === undefined ? '' : ` (${delivery.reason})`);
}

/** `target: latency p95 612 ms is over 200 ms`: failures first, then what could not be told. */
export function gateReasons(parts: readonly GatePart[]): string[] {
  const of = (verdict: Verdict) => parts.filter((part) => part.verdict === verdict);
  return [...of('fail'), ...of('inconclusive')].flatMap(({ name, reasons }) => reasons.map((reason) => `${name}: ${reason}`));
}

/** The exit code in a word, for the top of the report. */
export function headline(report: RunReport): { readonly word: 'pass' | 'fail' | 'inconclusive'; readonly text: string } {
  const word = report.exitCode === 0 ? 'pass' : report.exitCode === 2 ? 'inconclusive' : 'fail';
  const [reason] = report.parts ? gateReasons(report.parts) : [];
  if (reason !== undefined) return { word, text: `${report.environment}: ${reason}` };
  const load = report.load ? `; load ${report.load.verdict}` : '';
  const text = `${report.environment}: ${countLine(report.results)}${load}`;
  return { word, text: report.faults.length === 0 ? text : `${text}; ${report.faults.length} faults` };
}
