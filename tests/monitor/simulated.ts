import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../fixtures/environments/schema.ts';
import type { RunAttempt } from '../../synthetics/monitor/attempts.ts';
import { Monitor, type MonitorOptions } from '../../synthetics/monitor/monitor.ts';
import type { AvailabilityResult, Cause } from '../../synthetics/result.ts';
import type { Check } from '../../synthetics/runners/prepare.ts';
import type { TelemetryEvent } from '../../telemetry/event.ts';
import { type Outbox, openOutbox } from '../../telemetry/outbox.ts';
import { environmentWith } from './checks.ts';
import { SimulatedClock } from './clock.ts';
import { failureOf } from './ran.ts';

export const noon = Date.UTC(2026, 10, 23, 12);

interface Meeting {
  readonly check: Check;
  readonly atMs: number;
  /** Minutes since noon. */
  readonly minute: number;
}

/** What a check meets at some time: nothing wrong, or a cause; and how long it takes. */
export type World = (meeting: Meeting) => Cause | 'hangs' | undefined;

/** The time that a check takes where nothing is said. */
const usualMs = 200;
const hangMs = 90_000;

const networkCauses: readonly Cause[] = ['dns', 'connect', 'tls', 'timeout'];

export function runIn(world: World, clock: SimulatedClock): RunAttempt {
  return async ({ environment, check }) => {
    const atMs = clock.now();
    const cause = world({ check, atMs, minute: (atMs - noon) / 60_000 });
    const durationMs = cause === 'hangs' ? hangMs : usualMs;
    await new Promise<void>((resolve) => void clock.after(durationMs, resolve));
    return resultOf(environment, check, atMs, durationMs, cause === 'hangs' ? 'timeout' : cause);
  };
}

function resultOf(environment: Environment, check: Check, atMs: number, durationMs: number, cause?: Cause): AvailabilityResult {
  const { headers: _, ...target } = check.target;
  const startedAt = new Date(atMs).toISOString();
  const outcome = cause ? 'failed' : 'passed';
  const failure = cause && failureOf(cause);
  const isSilent = cause !== undefined && networkCauses.includes(cause);
  const { region = 'westeurope', stamp = 'westeurope' } = target;
  return {
    id: randomBytes(8).toString('hex'),
    traceId: randomBytes(16).toString('hex'),
    environment: environment.name,
    journey: check.journey.name,
    target,
    location: environment.location,
    startedAt,
    durationMs,
    outcome,
    attempts: [{ startedAt, durationMs, outcome, ...(failure && { failure }) }],
    ...(failure && { failure }),
    ...(isSilent ? {} : { servedBy: { region, stamp, instance: 'i-1', build: '1' } }),
    steps: isSilent ? [] : [{ name: 'step', durationMs, outcome, status: cause ? 500 : 200, requests: 1 }],
    warnings: [],
  };
}

export interface Simulation {
  readonly monitor: Monitor;
  readonly clock: SimulatedClock;
  readonly folder: string;
  readonly path: string;
  readonly log: { event: string; [field: string]: unknown }[];
  results(filter?: { journey?: string; target?: string }): AvailabilityResult[];
  /** Of the monitor about itself: `disk-fault opened`. */
  alerts(): string[];
  /** The same folder, hence the same outbox, for a process that comes after this one. */
  again(options?: SimulationOptions): Simulation;
  /** Its process is gone; the folder stays. */
  crash(): void;
  close(): void;
}

export interface SimulationOptions {
  readonly environment?: Environment;
  readonly world?: World;
  readonly startMs?: number;
  readonly options?: Partial<MonitorOptions>;
  readonly folder?: string;
  readonly maxRows?: number;
  /** An outbox without a disk, for days of results. */
  readonly inMemory?: boolean;
}

/** As if the endpoint were down, which the monitor then asks but twice a minute. */
const nothingSent = { accepted: 0, undelivered: 1, parked: 0, late: 0 };

/** A monitor whose store, network and clock are the test's; its outbox is a real one. */
export function simulate(given: SimulationOptions = {}): Simulation {
  const { environment = environmentWith(), world = () => undefined, startMs = noon, maxRows } = given;
  const folder = given.folder ?? mkdtempSync(join(tmpdir(), 'monitor-'));
  const path = join(folder, 'outbox.db');
  const clock = new SimulatedClock(startMs);
  const log: Simulation['log'] = [];
  const note = (event: string, fields?: object) => void log.push({ ...fields, event });
  const open = (where: string): Outbox =>
    openOutbox(where, { now: clock.now, ...(maxRows && { maxRows }), warn: () => undefined });
  const memory = given.inMemory ? open(':memory:') : undefined;
  const monitor = new Monitor({
    environment,
    tokens: () => ({ token: () => Promise.resolve('token') }),
    openOutbox: () => memory ?? open(path),
    underWayFolder: join(folder, 'under-way'),
    clock,
    log: { info: note, warn: note },
    run: runIn(world, clock),
    reach: () => Promise.resolve(true),
    readExpiry: () => Promise.resolve(clock.now() + 90 * 86_400_000),
    deliver: () => Promise.resolve(nothingSent),
    ...given.options,
  });
  const read = <T>(use: (outbox: Outbox) => T): T => {
    if (memory) return use(memory);
    const outbox = open(path);
    try {
      return use(outbox);
    } finally {
      outbox.close();
    }
  };
  let isOpen = true;
  const crash = () => {
    if (isOpen) monitor.close();
    isOpen = false;
  };
  return {
    monitor,
    clock,
    folder,
    path,
    log,
    results: (filter = {}) => read((outbox) => outbox.recent({ since: 0, limit: 1_000_000, ...filter })),
    alerts: () => read((outbox) => outbox.waiting(1_000_000).flatMap(alertOf)),
    again: (options = {}) => simulate({ ...given, ...options, folder }),
    crash,
    close() {
      crash();
      if (!given.folder) rmSync(folder, { recursive: true });
    },
  };
}

function alertOf({ kind, body }: { kind: string; body: string }): string[] {
  if (kind !== 'event') return [];
  const { properties } = JSON.parse(body) as TelemetryEvent;
  return properties.alert === undefined ? [] : [`${properties.alert} ${properties.state}`];
}

/** Journeys' results alone. */
export const ofJourneys = (results: readonly AvailabilityResult[]): AvailabilityResult[] =>
  results.filter(({ journey }) => journey !== 'heartbeat' && journey !== 'certificate');
