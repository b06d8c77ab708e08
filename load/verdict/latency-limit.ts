import { thresholds } from '../../health/thresholds.ts';

/** Who measured, and whose limit holds: that of the health model's table, unless the environment's objective is another. */
export const latencySource = (limitMs: number): string =>
  limitMs === thresholds.responseMs.degradedAt
    ? 'k6; limit of the health thresholds, responseMs'
    : 'k6; limit of the environment, objectives.latencyP95Ms';
