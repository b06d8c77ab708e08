import { ConfigurationError, type Fault } from '../../fixtures/environments/errors.ts';
import type { Target } from '../../fixtures/environments/targets.ts';

/** What lets load onto production: when, and that someone meant it. */
export interface Permit {
  /** `<from>/<to>`, two ISO 8601 times with their zone: `2026-11-24T02:00Z/2026-11-24T04:00Z`. */
  readonly window?: string | undefined;
  /** The name of the environment, typed once more. */
  readonly confirm?: string | undefined;
  /** Seconds that the load lasts: all of it must fit into the window. Default 0. */
  readonly durationSeconds?: number;
  /** Default: now. */
  readonly nowMs?: number;
  /** A smoke test: each journey a few times, which a slot takes without a window. */
  readonly isSmoke?: boolean;
}

export const refusal = (environment: string, fault: Fault) => new ConfigurationError(`Load on ${environment}`, [fault]);

/** @throws ConfigurationError with all that is missing or wrong */
export function requirePermit(environment: string, touching: readonly Pick<Target, 'name'>[], permit: Permit): void {
  const faults = [...windowFaults(permit), ...confirmFaults(environment, permit)];
  if (faults.length === 0) return;
  const names = touching.map((target) => target.name).join(', ');
  const first = { path: 'production', seen: `production, or what shares its plan or database: ${names}` };
  const allowed = 'an environment that serves no shoppers, or both --window and --confirm';
  throw new ConfigurationError(`Load on ${environment}`, [{ ...first, allowed }, ...faults]);
}

const zoned = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;
const timeOf = (text: string): number => (zoned.test(text) ? Date.parse(text) : Number.NaN);
const iso = (ms: number) => new Date(ms).toISOString();

function windowFaults({ window, durationSeconds = 0, nowMs = Date.now() }: Permit): Fault[] {
  const path = '--window';
  if (!window) return [{ path, seen: 'nothing', allowed: '<from>/<to>, such as 2026-11-24T02:00Z/2026-11-24T04:00Z' }];
  const [from = Number.NaN, to = Number.NaN, ...more] = window.split('/').map(timeOf);
  if (!(from < to) || more.length > 0)
    return [{ path, seen: window, allowed: '<from>/<to>, times with their zone, the earlier one first' }];
  const endMs = nowMs + durationSeconds * 1000;
  if (nowMs >= from && endMs <= to) return [];
  return [{ path, seen: window, allowed: `a window that holds the whole run, ${iso(nowMs)} to ${iso(endMs)}` }];
}

function confirmFaults(environment: string, { confirm }: Permit): Fault[] {
  if (confirm === environment) return [];
  return [{ path: '--confirm', seen: confirm || 'nothing', allowed: `the environment's name, ${environment}` }];
}
