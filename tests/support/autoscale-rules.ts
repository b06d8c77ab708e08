import type { AutoscaleRule } from '../../fixtures/contoso/options.ts';

/** As local.json has them: one instance more above 70 % CPU over five minutes, one less below 30 %. */
export const scaleOut: AutoscaleRule = {
  metric: 'CpuPercentage',
  statistic: 'Average',
  timeGrain: 'PT1M',
  timeWindow: 'PT5M',
  timeAggregation: 'Average',
  operator: 'GreaterThan',
  threshold: 70,
  direction: 'Increase',
  change: 1,
  cooldown: 'PT5M',
};
export const scaleIn: AutoscaleRule = { ...scaleOut, operator: 'LessThan', threshold: 30, direction: 'Decrease' };
export const autoscaleSettings = { minimum: 2, maximum: 5, default: 2, rules: [scaleOut, scaleIn] };
