import type { Traffic } from './traffic.ts';

/** k6 takes whole rates only: iterations per hour are fine enough for 0.03 % at one iteration a second. */
const perHour = (iterationsPerSecond: number) => Math.max(1, Math.round(iterationsPerSecond * 3600));

/** k6's scenario for some traffic: arrivals that come whether or not earlier ones have ended. */
export function arrivalScenario({ starts, durationSeconds, arrivals }: Traffic) {
  const { preAllocatedVUs, maxVUs } = arrivals;
  const common = { timeUnit: '1h', preAllocatedVUs, maxVUs, gracefulStop: '10s' } as const;
  const rates = starts.map(([, rate]) => perHour(rate));
  const [startRate = 1] = rates;
  if (rates.every((rate) => rate === startRate))
    return { executor: 'constant-arrival-rate', rate: startRate, duration: `${durationSeconds}s`, ...common } as const;
  // A stage of no time is a jump.
  const stages = starts.slice(1).map(([at], index) => ({
    target: rates[index + 1] ?? startRate,
    duration: `${Math.round((at - (starts[index]?.[0] ?? 0)) * 1000)}ms`,
  }));
  return { executor: 'ramping-arrival-rate', startRate, stages, ...common } as const;
}
