import type { Situation } from './situation.ts';

const everything = 'stamp:westeurope stamp:eastus region:westeurope region:eastus regions global store';

export const situations: readonly Situation[] = [
  { title: 'all is well', given: [], states: { [everything]: 'healthy', telemetry: 'healthy' } },
  { title: 'nothing is known', base: 'nothing', given: [], states: { [everything]: 'unknown', telemetry: 'unknown' } },
  {
    title: 'payments fail in one region: checkout there is unhealthy, and nothing else',
    given: [['paymentFailed', 'westeurope', '100x5']],
    states: {
      'westeurope/payment flow:checkout@westeurope stamp:westeurope region:westeurope': 'unhealthy',
      'regions store': 'degraded',
      'flow:browse@westeurope flow:cart@westeurope eastus/payment stamp:eastus global': 'healthy',
    },
  },
];
