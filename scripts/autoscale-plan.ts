import type { AutoscalePlan } from '../load/k6/autoscale.ts';

const figure = (value: number) => String(Number(value.toFixed(1)));

/** The stages of a run against autoscale and the sum that they follow from, before it begins. */
export function describePlan({ plan, stages, settings, durationSeconds, expectedInstances, minuteMs }: AutoscalePlan): string {
  const minutes = stages.reduce((sum, stage) => sum + stage.minutes, 0);
  const rows = stages.map(
    (stage) =>
      `  ${stage.name.padEnd(11)}  ${figure(stage.ratePerSecond).padStart(6)}/s  needs ${stage.instances}  ${figure(stage.minutes).padStart(5)} min = ${stage.sum}`,
  );
  const real = minuteMs === 60_000 ? '' : `, ${durationSeconds} s of real time`;
  return [
    `autoscale of ${plan}: ${settings.minimum} → ${expectedInstances} → ${settings.minimum} instances`,
    ...rows,
    `  in all ${figure(minutes)} min${real}`,
  ].join('\n');
}
