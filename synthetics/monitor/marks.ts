import type { MaintenanceWindow } from '../../fixtures/environments/monitor.ts';
import type { AvailabilityResult, Marks } from '../result.ts';
import { maintenanceOf } from './maintenance.ts';
import type { UnderWay } from './under-way.ts';

/** What is known of the time and the target of a result: maintenance, load tests, experiments. */
export function marksOf(
  { target, startedAt, durationMs }: Pick<AvailabilityResult, 'target' | 'startedAt' | 'durationMs'>,
  windows: readonly MaintenanceWindow[],
  underWay: readonly UnderWay[],
): Marks {
  const fromMs = Date.parse(startedAt);
  const toMs = fromMs + durationMs;
  const marks: Marks = {};
  const maintenance = maintenanceOf(windows, target.name, fromMs, toMs);
  if (maintenance !== undefined) marks.maintenance = maintenance;
  for (const note of underWay) {
    const concerns = !note.targets || note.targets.includes(target.name);
    if (concerns && note.fromMs <= toMs && fromMs <= note.untilMs) marks[note.kind] = note.why;
  }
  return marks;
}
