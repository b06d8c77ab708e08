import type { Traffic } from './traffic.ts';

/** k6 takes whole rates only: iterations per hour are fine enough for 0.03 % at one iteration a second. */
const perHour = (requestsPerSecond: number, requestsPerIteration: number) =>
  Math.max(1, Math.round((requestsPerSecond / requestsPerIteration) * 3600));

/** k6's scenario for some traffic: arrivals that come whether or not earlier ones have ended. */
export function arrivalScenario({ corners, durationSeconds, arrivals }: Traffic) {
  const { preAllocatedVUs, maxVUs, requestsPerIteration } = arrivals;
  const common = { timeUnit: '1h', preAllocatedVUs, maxVUs, gracefulStop: '10s' } as const;
  const rates = corners.map(([, rate]) => perHour(rate, requestsPerIteration));
  const [startRate = 1] = rates;
  if (rates.every((rate) => rate === startRate))
    return { executor: 'constant-arrival-rate', rate: startRate, duration: `${durationSeconds}s`, ...common } as const;
  const stages = corners.slice(1).map(([at], index) => ({
    target: rates[index + 1] ?? startRate,
    duration: `${Math.round((at - (corners[index]?.[0] ?? 0)) * 1000)}ms`,
  }));
  return { executor: 'ramping-arrival-rate', startRate, stages, ...common } as const;
}
