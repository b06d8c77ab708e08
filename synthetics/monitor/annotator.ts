import type { Environment } from '../../fixtures/environments/schema.ts';
import type { AvailabilityResult } from '../result.ts';
import type { Ran } from './attempts.ts';
import { marksOf } from './marks.ts';
import { minuteMs } from './schedule.ts';
import { type OnUnread, readUnderWay, type UnderWay, underWayFolder } from './under-way.ts';

/** How long what is under way counts as known. */
const lookAgainMs = 1_000;

/** Completes a result with what takes more than its own journey to know: marks, and the health of the region that served it. */
export class Annotator {
  private readonly folder: string;
  private readonly nowMs: () => number;
  private readonly staleMs: number;
  private readonly onUnread: OnUnread;
  private readonly said = new Set<string>();
  private underWay: { readonly atMs: number; readonly notes: readonly UnderWay[] } | undefined;
  /** Latest outcome by journey and stamp. */
  private readonly latest = new Map<string, { readonly passed: boolean; readonly atMs: number }>();

  /** @param onUnread is told once of each note that can't be read */
  constructor(folder: string, nowMs: () => number, periodMs: number, onUnread: OnUnread) {
    this.folder = folder;
    this.nowMs = nowMs;
    this.staleMs = 3 * periodMs;
    this.onUnread = (path, reason) => {
      if (!this.said.has(path)) onUnread(path, reason);
      this.said.add(path);
    };
  }

  annotate(environment: Environment, ran: Ran): Ran {
    const { result } = ran;
    const marks = marksOf(result, environment.monitor.maintenance, this.notes());
    const healthy = this.servedByHealthyRegion(result);
    this.learn(result);
    const warnings = healthy === false ? [...result.warnings, unhealthyRegion(result)] : result.warnings;
    return {
      ...ran,
      result: {
        ...result,
        warnings,
        ...(healthy !== undefined && { servedByHealthyRegion: healthy }),
        ...(Object.keys(marks).length > 0 && { marks }),
      },
    };
  }

  private learn({ journey, target, outcome, startedAt }: AvailabilityResult): void {
    if (target.kind !== 'stamp' || outcome === 'inconclusive') return;
    this.latest.set(`${journey} ${target.stamp}`, { passed: outcome === 'passed', atMs: Date.parse(startedAt) });
  }

  private servedByHealthyRegion({ journey, target, servedBy }: AvailabilityResult): boolean | undefined {
    if (target.kind !== 'global' || !servedBy) return undefined;
    const seen = this.latest.get(`${journey} ${servedBy.stamp}`);
    return seen && this.nowMs() - seen.atMs <= this.staleMs ? seen.passed : undefined;
  }

  private notes(): readonly UnderWay[] {
    const now = this.nowMs();
    if (!this.underWay || Math.abs(now - this.underWay.atMs) > lookAgainMs)
      this.underWay = { atMs: now, notes: readUnderWay(this.folder, now, this.onUnread) };
    return this.underWay.notes;
  }
}

/**
 * Results of one round at once, as the monitor completes them one by one: stamps come first, since the global endpoint's
 * healthy regions are known by them.
 */
export function annotatedRound(environment: Environment, results: readonly AvailabilityResult[]): AvailabilityResult[] {
  const annotator = new Annotator(underWayFolder(environment.name), Date.now, minuteMs, (path, reason) =>
    console.error(`${path} can't be read, so results don't say what is under way: ${reason}`),
  );
  const isStamp = ({ target }: AvailabilityResult) => target.kind === 'stamp';
  return results
    .toSorted((a, b) => Number(isStamp(b)) - Number(isStamp(a)))
    .map((result) => annotator.annotate(environment, { result, answered: true }).result);
}

const unhealthyRegion = ({ journey, servedBy }: AvailabilityResult) =>
  `the global endpoint was served by ${servedBy?.stamp}, where ${journey} fails`;
