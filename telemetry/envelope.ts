import { type AvailabilityResult, failureLine, resultName } from '../synthetics/result.ts';
import type { TelemetryEvent } from './event.ts';

/** What the SDK needs to make one envelope. */
export interface Emission {
  readonly id: string;
  readonly baseType: 'AvailabilityData' | 'EventData';
  readonly body: Readonly<Record<string, boolean | number | string | Readonly<Record<string, number>>>>;
  /** Become properties of the envelope. */
  readonly properties: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly traceId?: string | undefined;
  readonly late: boolean;
  /** About what the envelope takes on the wire, uncompressed. */
  readonly bytes: number;
}

/** Application Insights overwrites the time of what is older than 48 h; an hour is left for the way. */
export const lateAfterMs = 47 * 3_600_000;

/** Application Insights' limits: what is longer is cut, here and not there, so that the outbox knows what it sends. */
const maxValueBytes = 8_192;
const maxMessageLength = 32_768;
const maxNameLength = 150;
/** Tags, times and names that the SDK adds to every envelope. */
const wrappingBytes = 900;

/** One availability result as Application Insights takes it; only `passed` is a success, `inconclusive` has its own outcome. */
export function availabilityEmission(result: AvailabilityResult, now: number): Emission {
  const at = Date.parse(result.startedAt);
  return emission('AvailabilityData', result.id, at, now, result.traceId, availabilityProperties(result), {
    version: 2,
    id: result.id,
    name: resultName(result),
    duration: duration(result.durationMs),
    success: result.outcome === 'passed',
    runLocation: result.location,
    message: (failureLine(result) || result.outcome).slice(0, maxMessageLength),
    measurements: measurementsOf(result),
  });
}

export function eventEmission(event: TelemetryEvent, now: number): Emission {
  const at = Date.parse(event.at);
  const properties = { ...event.properties, id: event.id };
  const measurements = Object.fromEntries(Object.entries(event.measurements).map(([name, value]) => [bounded(name), value]));
  return emission('EventData', event.id, at, now, event.traceId, properties, { version: 2, name: event.name, measurements });
}

function emission(
  baseType: Emission['baseType'],
  id: string,
  at: number,
  now: number,
  traceId: string | undefined,
  raw: Record<string, string | undefined>,
  body: Emission['body'],
): Emission {
  const late = now - at > lateAfterMs;
  const properties: Record<string, string> = {};
  for (const name in raw) {
    const value = raw[name];
    if (value !== undefined && value !== '') properties[bounded(name)] = truncateBytes(value);
  }
  if (late) Object.assign(properties, { late: 'true', originalTime: new Date(at).toISOString() });
  const bytes = wrappingBytes + Buffer.byteLength(JSON.stringify(body)) + Buffer.byteLength(JSON.stringify(properties));
  return { id, baseType, body, properties, at, traceId, late, bytes };
}

function availabilityProperties(result: AvailabilityResult): Record<string, string | undefined> {
  const { target, failure, servedBy } = result;
  return {
    journey: result.journey,
    outcome: result.outcome,
    environment: result.environment,
    stamp: target.stamp,
    region: target.region,
    slot: target.slot,
    target: target.name,
    targetKind: target.kind,
    cause: failure?.cause,
    failedStep: failure?.step,
    rule: failure?.rule,
    seen: failure?.seen,
    servedByRegion: servedBy?.region,
    servedByStamp: servedBy?.stamp,
    servedByInstance: servedBy?.instance,
    servedByBuild: servedBy?.build,
    servedByHealthyRegion: result.servedByHealthyRegion?.toString(),
    certificateDays: result.certificateDays?.toString(),
    attempts: String(result.attempts.length),
    firstCause: result.attempts.length > 1 ? result.attempts[0]?.failure?.cause : undefined,
    ...result.marks,
    warnings: result.warnings.join('; '),
  };
}

/**
 * `pay.durationMs` and `pay.requestCharge`, a step that was done several times in sum; and where the time went, over all requests
 * of a journey: `dnsMs`, `connectMs`, `tlsMs`, `firstByteMs`, `downloadMs`, which by step stay in the outbox. Loops over the
 * properties in place: pairs of them, made for every step, took a tenth of what a delivery costs.
 */
function measurementsOf({ steps }: AvailabilityResult): Record<string, number> {
  const sums: Record<string, number> = {};
  const add = (name: string, value: number) => {
    sums[name] = (sums[name] ?? 0) + value;
  };
  const phaseSums: Record<string, number> = {};
  for (const { name, durationMs, requestCharge, phases } of steps) {
    const step = name.slice(0, maxNameLength - '.requestCharge'.length);
    add(`${step}.durationMs`, durationMs);
    if (requestCharge !== undefined) add(`${step}.requestCharge`, requestCharge);
    for (const phase in phases) phaseSums[phase] = (phaseSums[phase] ?? 0) + phases[phase as keyof typeof phases];
  }
  for (const phase in phaseSums) sums[phase] = Math.round((phaseSums[phase] ?? 0) * 10) / 10;
  return sums;
}

/** `[d.]hh:mm:ss.fff`, days only where there are any: the form that Application Insights reads. */
export function duration(durationMs: number): string {
  const whole = Math.round(durationMs);
  const [days, hours] = [Math.floor(whole / 86_400_000), Math.floor(whole / 3_600_000) % 24];
  const [minutes, seconds] = [Math.floor(whole / 60_000) % 60, Math.floor(whole / 1_000) % 60];
  const clock = [hours, minutes, seconds].map((part) => String(part).padStart(2, '0')).join(':');
  return `${days > 0 ? `${days}.` : ''}${clock}.${String(whole % 1_000).padStart(3, '0')}`;
}

function bounded(name: string): string {
  return name.slice(0, maxNameLength);
}

/** The limit counts bytes of UTF-8: a character that doesn't fit whole is left out. */
function truncateBytes(value: string): string {
  if (value.length * 3 <= maxValueBytes) return value;
  const bytes = Buffer.from(value);
  if (bytes.length <= maxValueBytes) return value;
  let end = maxValueBytes;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
