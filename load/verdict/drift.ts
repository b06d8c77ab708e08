import { median } from './breakpoint.ts';
import { type RunObservation, type ServerPoint, sentSeconds } from './observation.ts';
import { fewestPercent } from './server.ts';
import { percent } from './units.ts';
import type { Judgement } from './verdict.ts';

/** The run in so many equal parts, each by its median: single slow seconds don't tip the slope. */
const parts = 20;
const fewestParts = 12;
/** A drift below this over the whole run is not worth a name. */
const driftLimitPercent = 10;
/** One-sided, p < 0.01. */
const significantZ = 2.33;

/** Change over the whole span in per cent of the beginning (Theil–Sen), and how surely it grows (Mann–Kendall's z). */
export function driftOf(points: readonly ServerPoint[]): {
  readonly percent: number;
  readonly z: number;
  readonly parts: number;
} {
  const rows = inParts(points);
  const slopes: number[] = [];
  let signs = 0;
  rows.forEach((later, j) => {
    for (let i = 0; i < j; i += 1) {
      const change = later - (rows[i] ?? 0);
      slopes.push(change / (j - i));
      signs += Math.sign(change);
    }
  });
  const n = rows.length;
  const begin = median(rows.slice(0, Math.max(1, Math.floor(n / 4)))) ?? 0;
  const deviation = Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  const grown = (median(slopes) ?? 0) * Math.max(0, n - 1);
  return {
    percent: begin === 0 ? 0 : (grown / begin) * 100,
    z: deviation === 0 ? 0 : (signs - Math.sign(signs)) / deviation,
    parts: n,
  };
}

function inParts(points: readonly ServerPoint[]): number[] {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || last.atMs === first.atMs) return [];
  const width = (last.atMs - first.atMs + 1) / parts;
  return Array.from({ length: parts }, (_, part) => {
    const inside = points.filter(({ atMs }) => Math.floor((atMs - first.atMs) / width) === part);
    return median(inside.map(({ value }) => value));
  }).flatMap((value) => value ?? []);
}

/** A soak test's own judgements: latency, and the plans' memory where the server tells it. */
export function judgeDrift(run: RunObservation): Judgement[] {
  const { samples, server } = run;
  const runMs = sentSeconds(run) * 1000;
  const latency = samples.seconds.flatMap(({ atMs, p50Ms }) => (p50Ms === undefined ? [] : [{ atMs, value: p50Ms }]));
  const memory = Object.entries(server?.memoryPercent ?? {}).map(([plan, points]) => ({
    ...judge(`memory drift (${plan})`, points, runMs),
    source: 'Azure Monitor',
  }));
  const missing: Judgement = {
    name: 'memory drift',
    unit: '%',
    limit: driftLimitPercent,
    samples: 0,
    source: 'Azure Monitor',
    verdict: 'inconclusive',
    reason: `memory drift: ${server?.missing ?? 'no server metrics'}`,
  };
  return [judge('latency drift', latency, runMs), ...(memory.length === 0 ? [missing] : memory)];
}

function judge(name: string, points: readonly ServerPoint[], runMs: number): Judgement {
  const drift = driftOf(points);
  const base = { name, limit: driftLimitPercent, unit: '%', samples: points.length };
  if (drift.parts < fewestParts)
    return { ...base, verdict: 'inconclusive', reason: `${name}: ${points.length} samples are too few` };
  const value = Math.max(0, drift.percent);
  const seenPercent = (((points.at(-1)?.atMs ?? 0) - (points[0]?.atMs ?? 0)) / runMs) * 100;
  // A leak shows in time: what covers the last third alone has seen a third of it.
  if (value <= driftLimitPercent && seenPercent < fewestPercent)
    return { ...base, value, verdict: 'inconclusive', reason: `${name}: measured over ${percent(seenPercent)} of the run` };
  if (value <= driftLimitPercent) return { ...base, value, verdict: 'pass' };
  const reason = `${name}: ${percent(value)} over the run, over ${percent(driftLimitPercent)}`;
  if (drift.z < significantZ) return { ...base, value, verdict: 'inconclusive', reason: `${reason}, but not steadily` };
  return { ...base, value, verdict: 'fail', reason };
}
