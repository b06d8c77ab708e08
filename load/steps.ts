import type { Histogram } from 'hdr-histogram-js';
import { newHistogram, percentileMs, recordMs } from './histogram.ts';
import type { StepSamples } from './verdict/observation.ts';

interface OpenStep {
  readonly journey: string;
  readonly step: string;
  readonly latency: Histogram;
  charges: number;
  ru: number;
  ruSquared: number;
}

/** Latency and RU of every step of every journey: a histogram each, whatever the number of requests. */
export class StepTally {
  private readonly steps = new Map<string, OpenStep>();

  addRequest(journey: string, step: string, ms: number): void {
    if (step !== '') recordMs(this.step(journey, step).latency, ms);
  }

  addCharge(journey: string, step: string, ru: number): void {
    const open = this.step(journey, step);
    open.charges += 1;
    open.ru += ru;
    open.ruSquared += ru * ru;
  }

  samples(): Record<string, StepSamples> {
    const rows = [...this.steps].map(([key, { latency, ...step }]): [string, StepSamples] => [
      key,
      { ...step, requests: latency.totalCount, p50Ms: percentileMs(latency, 50), p95Ms: percentileMs(latency, 95) },
    ]);
    return Object.fromEntries(rows);
  }

  private step(journey: string, step: string): OpenStep {
    const key = `${journey} › ${step}`;
    let open = this.steps.get(key);
    if (!open) {
      open = { journey, step, latency: newHistogram(3), charges: 0, ru: 0, ruSquared: 0 };
      this.steps.set(key, open);
    }
    return open;
  }
}
