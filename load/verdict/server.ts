import type { RunObservation } from './observation.ts';
import { percent } from './units.ts';
import { type Judgement, type LoadVerdict, type ServerSeries, withJudgement } from './verdict.ts';

/** With less of a figure than this nobody knows what the servers did meanwhile. */
export const fewestPercent = 80;

/** Whether the servers' metrics came for the whole run: without them it can't be green. Nothing where nobody asked them. */
export function judgeServer({ server, samples, wanted }: RunObservation): Judgement[] {
  if (!server) return [];
  const base = { name: 'server metrics', limit: fewestPercent, atLeast: true, unit: '%', source: 'Azure Monitor' } as const;
  if (server.missing !== undefined) return [{ ...base, samples: 0, verdict: 'inconclusive', reason: server.missing }];
  const { firstAtMs = 0, lastAtMs = firstAtMs } = samples;
  const sentMs = Math.min(wanted.durationSeconds * 1000, lastAtMs - firstAtMs);
  const rows = (server.series ?? []).map((one) => ({ one, share: shareOf(one, sentMs) })).sort((a, b) => a.share - b.share);
  const [worst] = rows;
  if (!server.series) return [];
  if (!worst) return [{ ...base, samples: 0, verdict: 'inconclusive', reason: 'server metrics: none came' }];
  const came = { ...base, value: worst.share, samples: worst.one.points.filter(isThere).length };
  if (worst.share >= fewestPercent) return [{ ...came, verdict: 'pass' }];
  const reason = `server metrics: ${worst.one.kind} of ${worst.one.of} came for ${percent(worst.share)} of the run`;
  return [{ ...came, verdict: 'inconclusive', reason }];
}

const isThere = ({ value }: ServerSeries['points'][number]) => value !== undefined;

/** Per cent of the whole intervals of the run for which there is a value. */
function shareOf({ points, everyMs }: ServerSeries, sentMs: number): number {
  const whole = Math.max(1, Math.floor(sentMs / everyMs));
  return Math.min(100, (points.filter(isThere).length / whole) * 100);
}

/** What Application Insights took of the run: once its daily cap is reached, what the store would have told of the run is lost. */
export function withIngestion(verdict: LoadVerdict, refusal: string | undefined): LoadVerdict {
  if (refusal === undefined) return verdict;
  const reason = `the daily cap of ingestion was reached (${refusal}): what the store told of the run is not whole`;
  const source = 'Application Insights';
  const judgement = { name: 'ingestion', unit: '', samples: 0, source, verdict: 'inconclusive', reason } as const;
  return withJudgement(verdict, judgement);
}
