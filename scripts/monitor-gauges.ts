import { Gauge, type Registry } from 'prom-client';
import type { RoundOutcome } from '../health/round.ts';

/** What a monitor's rounds were judged to be, on its `/metrics`; replaced as a whole with each round. */
export function judgedGauges(registry: Registry): (outcome: RoundOutcome) => void {
  const registers = [registry];
  const incidents = new Gauge({
    name: 'synthetics_incidents_open',
    help: 'Open incidents, silenced ones too',
    labelNames: ['kind', 'urgency'],
    registers,
  });
  const left = new Gauge({
    name: 'synthetics_error_budget_left_ratio',
    help: 'Error budget left: 1 untouched, 0 used up; absent where unknown',
    labelNames: ['journey', 'place', 'objective', 'hours'],
    registers,
  });
  const first = new Gauge({
    name: 'synthetics_first_attempt_failures_ratio',
    help: 'Share of results whose first attempt failed, over ten minutes; absent where unknown',
    labelNames: ['target'],
    registers,
  });
  return ({ open, budgets, firstAttempts }) => {
    for (const gauge of [incidents, left, first]) gauge.reset();
    for (const { kind, urgency } of open) incidents.inc({ kind, urgency });
    for (const { journey, place, kind, hours, left: ratio } of budgets)
      if (ratio !== undefined) left.set({ journey, place, objective: kind, hours: String(hours) }, ratio);
    for (const { target, share } of firstAttempts) if (share !== undefined) first.set({ target }, share);
  };
}
