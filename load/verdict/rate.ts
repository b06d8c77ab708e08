import { type Generator, type RunObservation, sentSeconds } from './observation.ts';
import { count, rate } from './units.ts';
import type { Judgement } from './verdict.ts';

/** Reached means at least this share of the wanted rate: the journeys' requests vary by a few per cent. */
const reachedShare = 0.95;
/** A generator keeps a fifth of its cores idle, or its own queueing shows as the store's latency (k6's guide to large tests). */
const saturatedShare = 0.8;
/** With less idle than this, whatever shares the machine with k6 holds it up. */
const machineBusyShare = 0.97;

/**
 * The rate that was reached. One that wasn't is the store's fault only when its answers took longer than the objective that
 * the virtual users were sized for; otherwise the generator didn't send, and nobody knows what the store can carry.
 */
export function judgeRate(run: RunObservation): Judgement {
  const { samples, wanted } = run;
  const sent = sentSeconds(run);
  const base = {
    name: 'rate reached',
    limit: wanted.ratePerSecond,
    atLeast: true,
    unit: '/s',
    samples: samples.requests,
  } as const;
  if (samples.requests === 0 || sent === 0) return { ...base, verdict: 'inconclusive', reason: 'rate reached: no samples' };
  const value = samples.requests / sent;
  if (value >= wanted.ratePerSecond * reachedShare) {
    const why = neverGreen(run);
    return why === undefined
      ? { ...base, value, verdict: 'pass' }
      : { ...base, value, verdict: 'inconclusive', reason: `rate ${rate(value)} was reached, but ${why}` };
  }
  const short = `rate ${rate(value)} instead of ${rate(wanted.ratePerSecond)}`;
  const dropped = samples.droppedIterations === 0 ? '' : `, ${count(samples.droppedIterations)} iterations dropped`;
  const held = heldUp(run);
  if (held !== undefined) return { ...base, value, verdict: 'inconclusive', reason: `${short}: ${held}${dropped}` };
  return { ...base, value, verdict: 'fail', reason: `${short}: the store answers too slowly or with errors${dropped}` };
}

/** k6's own use of its cores, or iterations that it could not start, make doubtful what it measured, however well all looks. */
function neverGreen({ generator, samples: { droppedIterations } }: RunObservation): string | undefined {
  if (isOverloaded(generator)) return saturated(generator);
  return droppedIterations === 0 ? undefined : `${count(droppedIterations)} iterations were dropped for want of virtual users`;
}

/** k6 itself, whatever else the machine does. */
export const isOverloaded = ({ coresUsed, cores }: Generator) => coresUsed !== undefined && coresUsed >= cores * saturatedShare;

/** Why the generator had no core left to send or measure with; undefined where it had. */
export function saturated(generator: Generator): string | undefined {
  const { coresUsed = 0, cores, machineBusy } = generator;
  if (isOverloaded(generator)) return `the generator was saturated (k6 used ${coresUsed.toFixed(1)} of ${cores} cores)`;
  if (machineBusy !== undefined && machineBusy >= machineBusyShare)
    return `the generator was starved (its machine was ${Math.round(machineBusy * 100)} % busy)`;
  return undefined;
}

/** What held the generator up; undefined where the store did. */
function heldUp({ samples, wanted, generator }: RunObservation): string | undefined {
  const why = saturated(generator);
  if (why !== undefined) return why;
  const slow = samples.latencyP95Ms === undefined || samples.latencyP95Ms > wanted.latencyP95Ms;
  const failing = samples.failed > (samples.requests * wanted.errorPercent) / 100;
  const broken = Object.values(samples.journeys).some(
    (journey) => journey.failed > (journey.iterations * wanted.errorPercent) / 100,
  );
  return slow || failing || broken ? undefined : 'the generator did not send it, though the store answered in time';
}
