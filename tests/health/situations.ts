import type { Health } from '../../health/model.ts';
import type { Signal } from '../../health/thresholds.ts';
import type { Situation } from './situation.ts';

const everything = 'stamp:westeurope stamp:eastus region:westeurope region:eastus regions global store';
const inEurope = 'stamp:westeurope region:westeurope';
const upwards = 'regions store';
const flowsAt = (place: string, names = 'browse search reviews sign-in cart checkout') =>
  names
    .split(' ')
    .map((name) => `flow:${name}@${place}`)
    .join(' ');
/** Alternate results and gaps: nothing that decides. */
const undecided = (times: number) => Array<string>(times).fill('0/1 -').join(' ');
const repeat = (minutes: string, times: number) => Array<string>(times).fill(minutes).join(' ');
const band = (title: string, signal: Signal, scope: string, minutes: string, states: Situation['states']): Situation => ({
  title,
  given: [[signal, scope, minutes]],
  states,
});
/** Runs of a journey that runs every five minutes, the last so many minutes ago; at the first of the five, the current bin is new. */
const seldom = (title: string, runs: string, state: Health, minutesAgo = 0): Situation => ({
  title: `of a journey each five minutes: ${title}`,
  environment: 'seldom',
  given: [
    [
      'journeyFailed',
      'reviews@westeurope',
      `${runs.replaceAll(' ', ' -x4 ')}${minutesAgo === 0 ? '' : ` -x${minutesAgo}`}`.replaceAll(/(?<=^| )(\d+)(?= |$)/g, '$1/1'),
    ],
  ],
  states: { 'flow:reviews@westeurope': state },
});
const journeysOf = (target: string, minutes: string) =>
  ['browse', 'search', 'reviews', 'sign-in', 'cart', 'checkout'].map(
    (journey) => ['journeyFailed', `${journey}@${target}`, minutes] as const,
  );

/** One signal at its bounds. */
const bounds: readonly Situation[] = [
  band('CPU just below its bound', 'cpuPercent', 'plan-westeurope', '69.5x10', { 'westeurope/plan store': 'healthy' }),
  band('CPU at its bound', 'cpuPercent', 'plan-westeurope', '70x10', {
    [`westeurope/plan ${flowsAt('westeurope')} ${inEurope} ${upwards}`]: 'degraded',
    'flow:deploy@westeurope flow:scale-out@westeurope stamp:eastus global': 'healthy',
  }),
  band('CPU just below its second bound', 'cpuPercent', 'plan-westeurope', '89.5x10', { 'westeurope/plan': 'degraded' }),
  band('CPU at its second bound', 'cpuPercent', 'plan-westeurope', '90x10', {
    [`westeurope/plan ${flowsAt('westeurope')} ${inEurope}`]: 'unhealthy',
    [`flow:deploy@westeurope flow:scale-out@westeurope ${upwards}`]: 'degraded',
  }),
  band('the queue below its bound', 'queueLength', 'plan-eastus', '4x10', { 'eastus/plan': 'healthy' }),
  band('the queue at its bound', 'queueLength', 'plan-eastus', '5x10', {
    'eastus/plan': 'degraded',
    'westeurope/plan': 'healthy',
  }),
  band('the queue at its second bound', 'queueLength', 'plan-eastus', '20x10', { 'eastus/plan': 'unhealthy' }),
  band('memory between its bounds', 'memoryPercent', 'plan-eastus', '94x10', { 'eastus/plan': 'degraded' }),
  band('memory at its second bound', 'memoryPercent', 'plan-eastus', '95x10', { 'eastus/plan': 'unhealthy' }),
  band('latency below its bound', 'serverLatencyMs', 'westeurope', '29x10', { 'westeurope/api': 'healthy' }),
  band('latency at its bound', 'serverLatencyMs', 'westeurope', '30x10', { 'westeurope/api': 'degraded' }),
  band('latency at its second bound', 'serverLatencyMs', 'westeurope', '100x10', { 'westeurope/api': 'unhealthy' }),
  band('one slow request of twenty is no p95', 'serverLatencyMs', 'westeurope', repeat('200/1 10/5x3 10/4', 4), {
    'westeurope/api': 'healthy',
  }),
  band('two slow requests of twenty-two are', 'serverLatencyMs', 'westeurope', repeat('200/2 10/5x4', 4), {
    'westeurope/api': 'unhealthy',
  }),
  band('responses at their bound, of a region', 'responseMs', 'westeurope', '200x10', { 'westeurope/api': 'degraded' }),
  band('responses at their second bound', 'responseMs', 'westeurope', '500x10', { 'westeurope/api': 'unhealthy' }),
  band('App Service answers two errors a minute', 'siteErrors', 'westeurope', '2x10', { 'westeurope/api': 'degraded' }),
  band('App Service answers ten errors a minute', 'siteErrors', 'westeurope', '10x10', { 'westeurope/api': 'unhealthy' }),
  band('one server error a minute', 'serverErrors', 'westeurope', '1x10', { 'westeurope/api': 'healthy' }),
  band('two server errors a minute', 'serverErrors', 'westeurope', '2x10', { 'westeurope/api': 'degraded' }),
  band('nine server errors a minute', 'serverErrors', 'westeurope', '9x10', { 'westeurope/api': 'degraded' }),
  band('ten server errors a minute', 'serverErrors', 'westeurope', '10x10', { 'westeurope/api': 'unhealthy' }),
  band('unexpected exceptions', 'exceptions', 'eastus', '2x10', { 'eastus/api': 'degraded', 'westeurope/api': 'healthy' }),
  band('many unexpected exceptions', 'exceptions', 'eastus', '10x10', { 'eastus/api': 'unhealthy' }),
  band('a fifth of health checks fails', 'healthCheckFailed', 'eastus', '20x10', { 'eastus/api': 'degraded' }),
  band('half of health checks fail', 'healthCheckFailed', 'eastus', '50x10', { 'eastus/api': 'unhealthy' }),
  band('nine of ten instances are healthy', 'instanceHealthPercent', 'westeurope', '90x10', { 'westeurope/api': 'healthy' }),
  band('fewer are', 'instanceHealthPercent', 'westeurope', '89x10', { 'westeurope/api': 'degraded' }),
  band('half of them are', 'instanceHealthPercent', 'westeurope', '50x10', { 'westeurope/api': 'degraded' }),
  band('fewer than half are', 'instanceHealthPercent', 'westeurope', '49x10', { 'westeurope/api': 'unhealthy' }),
  band('a certificate for thirty days', 'certificateDays', 'westeurope', '30x5', { 'westeurope/api': 'healthy' }),
  band('a certificate for less', 'certificateDays', 'westeurope', '29.5x5', { 'westeurope/api': 'degraded' }),
  band('a certificate for a week', 'certificateDays', 'westeurope', '7x5', { 'westeurope/api': 'degraded' }),
  band('a certificate for less than a week', 'certificateDays', 'westeurope', '6.5x5', {
    'westeurope/api flow:browse@westeurope stamp:westeurope region:westeurope': 'unhealthy',
    'flow:deploy@westeurope': 'degraded',
    'stamp:eastus': 'healthy',
    [upwards]: 'degraded',
  }),
  band('the global certificate for less than a week', 'certificateDays', 'global', '6.5x5', {
    'front-door global store': 'unhealthy',
    regions: 'healthy',
  }),
  band('the global certificate', 'certificateDays', 'global', '29x5', { 'front-door global store': 'degraded' }),
  band('4 % of Cosmos requests are throttled', 'cosmosThrottled', 'contoso@westeurope', '4/50x10', {
    'westeurope/cosmos store': 'healthy',
  }),
  band('5 % of Cosmos requests are throttled', 'cosmosThrottled', 'contoso@westeurope', '5x10', {
    [`westeurope/cosmos ${flowsAt('westeurope', 'browse search reviews cart checkout')} ${inEurope} ${upwards}`]: 'degraded',
    'flow:sign-in@westeurope eastus/cosmos stamp:eastus': 'healthy',
  }),
  band('20 % of Cosmos requests are throttled', 'cosmosThrottled', 'contoso@westeurope', '20x10', {
    [`westeurope/cosmos ${inEurope}`]: 'unhealthy',
    [upwards]: 'degraded',
  }),
  band('5 % of Cosmos requests fail', 'cosmosFailed', 'contoso@eastus', '10x10', { 'eastus/cosmos': 'degraded' }),
  band('RU at its bound, in every region of the account', 'cosmosRuPercent', 'contoso', '70x10', {
    'westeurope/cosmos eastus/cosmos regions store': 'degraded',
  }),
  band('RU of 100 % alone is no outage', 'cosmosRuPercent', 'contoso', '100x10', {
    'westeurope/cosmos eastus/cosmos stamp:westeurope store': 'degraded',
  }),
];

/** Minutes that change a state, and those that don't. */
const changes: readonly Situation[] = [
  band('two failed results of five', 'journeyFailed', 'checkout@westeurope', '100/1x2', {
    'flow:checkout@westeurope': 'healthy',
  }),
  band('three failed results of five', 'journeyFailed', 'checkout@westeurope', '100/1x3', {
    [`flow:checkout@westeurope ${inEurope}`]: 'unhealthy',
    [upwards]: 'degraded',
    'westeurope/api westeurope/payment flow:cart@westeurope global': 'healthy',
  }),
  band('three failed results of five, passed ones between', 'journeyFailed', 'checkout@westeurope', '100/1 0/1 100/1 0/1 100/1', {
    'flow:checkout@westeurope': 'unhealthy',
  }),
  band('three passed results don’t end it', 'journeyFailed', 'checkout@westeurope', '100/1x3 0/1x3', {
    'flow:checkout@westeurope': 'unhealthy',
  }),
  band('four passed results do', 'journeyFailed', 'checkout@westeurope', '100/1x3 0/1x4', {
    'flow:checkout@westeurope stamp:westeurope': 'healthy',
  }),
  band('four passed results, with a gap, do', 'journeyFailed', 'checkout@westeurope', '100/1x3 0/1x2 - 0/1x2', {
    'flow:checkout@westeurope': 'healthy',
  }),
  band('four minutes without a result keep it', 'journeyFailed', 'checkout@westeurope', '100/1x3 -x4', {
    'flow:checkout@westeurope': 'unhealthy',
  }),
  band('five minutes without a result are stale', 'journeyFailed', 'checkout@westeurope', '100/1x3 -x5', {
    [`flow:checkout@westeurope ${inEurope} ${upwards}`]: 'unknown',
    'flow:cart@westeurope stamp:eastus': 'healthy',
  }),
  band('what nothing decided for less than thirty minutes', 'journeyFailed', 'checkout@westeurope', `100/1x3 ${undecided(12)}`, {
    'flow:checkout@westeurope': 'unhealthy',
  }),
  band('what nothing decided for thirty minutes', 'journeyFailed', 'checkout@westeurope', `100/1x3 ${undecided(18)}`, {
    'flow:checkout@westeurope': 'unknown',
  }),
  band('one location of five fails', 'journeyFailed', 'browse@eastus', '20/5x5', { 'flow:browse@eastus': 'degraded' }),
  band('one location of six fails', 'journeyFailed', 'browse@eastus', '17/6x5', { 'flow:browse@eastus': 'healthy' }),
  band('half of the locations fail', 'journeyFailed', 'browse@eastus', '50/4x5', { 'flow:browse@eastus': 'unhealthy' }),
  band('every fifth result of an hour fails', 'journeyFailed', 'cart@eastus', repeat('100/1 0/1x4', 12), {
    'flow:cart@eastus stamp:eastus': 'degraded',
  }),
  band('it did, and no more', 'journeyFailed', 'cart@eastus', `${repeat('100/1 0/1x4', 10)} 0/1x10`, {
    'flow:cart@eastus': 'healthy',
  }),
  band('just over, the budget still burns', 'journeyFailed', 'cart@eastus', '100/1x10 0/1x4', { 'flow:cart@eastus': 'degraded' }),
  band('over for nine minutes', 'journeyFailed', 'cart@eastus', '100/1x10 0/1x9', { 'flow:cart@eastus': 'healthy' }),
  band('failures of Key Vault that one minute counts to three', 'keyVaultFailures', 'westeurope', '1x3', {
    'westeurope/key-vault': 'healthy',
  }),
  band('that two minutes do', 'keyVaultFailures', 'westeurope', '1x4', { 'westeurope/key-vault': 'degraded' }),
  band('that one minute counts to ten', 'keyVaultFailures', 'westeurope', '2x5', { 'westeurope/key-vault': 'degraded' }),
  band('that two minutes count to ten', 'keyVaultFailures', 'westeurope', '2x6', {
    'westeurope/key-vault flow:scale-out@westeurope': 'unhealthy',
    [`flow:deploy@westeurope ${inEurope} ${upwards}`]: 'degraded',
    [`${flowsAt('westeurope')} eastus/key-vault`]: 'healthy',
  }),
  band('throttled until four minutes ago, and silent since', 'cosmosThrottled', 'contoso@westeurope', '100x6 -x8', {
    'westeurope/cosmos': 'unhealthy',
  }),
  band('a minute later it is stale', 'cosmosThrottled', 'contoso@westeurope', '100x6 -x9', {
    'westeurope/cosmos flow:browse@westeurope stamp:westeurope': 'unknown',
    'flow:sign-in@westeurope': 'healthy',
  }),
  band('too few requests for a percentile', 'serverLatencyMs', 'westeurope', '12/3x12', {
    [`westeurope/api ${flowsAt('westeurope')} ${inEurope} ${upwards}`]: 'unknown',
  }),
  band('just enough of them', 'serverLatencyMs', 'westeurope', '12/4x12', { 'westeurope/api': 'healthy' }),
  band('too few results to be called slow either', 'serverLatencyMs', 'westeurope', '500/3x12', { 'westeurope/api': 'unknown' }),
];

/** What depends on what. */
const layers: readonly Situation[] = [
  { title: 'all is well', given: [], states: { [everything]: 'healthy', telemetry: 'healthy' } },
  {
    title: 'nothing is known',
    base: 'nothing',
    given: [],
    states: { [everything]: 'unknown', 'telemetry front-door': 'unknown' },
  },
  band('payments fail in one region: checkout there, and nothing else', 'paymentFailed', 'westeurope', '100x5', {
    [`westeurope/payment flow:checkout@westeurope ${inEurope}`]: 'unhealthy',
    [upwards]: 'degraded',
    'flow:browse@westeurope flow:cart@westeurope eastus/payment stamp:eastus global': 'healthy',
  }),
  band('a tenth of payments fails', 'paymentFailed', 'westeurope', '10x10', {
    'westeurope/payment flow:checkout@westeurope stamp:westeurope': 'degraded',
  }),
  band('the payment API fails its probe', 'probeFailed', 'payment@eastus', '100x12', {
    'eastus/payment flow:checkout@eastus': 'unhealthy',
    'flow:cart@eastus': 'healthy',
  }),
  band('Cosmos takes no writes', 'probeFailed', 'cosmos-write@eastus', '100x12', {
    'eastus/cosmos flow:browse@eastus stamp:eastus store': 'degraded',
  }),
  band('Cosmos gives no reads', 'probeFailed', 'cosmos-read@eastus', '100x12', {
    'eastus/cosmos flow:browse@eastus stamp:eastus': 'unhealthy',
    store: 'degraded',
  }),
  band('settings that are not resolved', 'probeFailed', 'configuration@eastus', '100x12', {
    'eastus/api flow:browse@eastus': 'unhealthy',
  }),
  band('Key Vault fails its probe: no shopper notices', 'probeFailed', 'key-vault@eastus', '100x12', {
    'eastus/key-vault flow:scale-out@eastus': 'unhealthy',
    'stamp:eastus region:eastus store': 'degraded',
    [flowsAt('eastus')]: 'healthy',
  }),
  band('no image can be pulled', 'probeFailed', 'registry@westeurope', '100x12', {
    'westeurope/registry flow:deploy@westeurope flow:scale-out@westeurope': 'unhealthy',
    [`${inEurope} ${upwards}`]: 'degraded',
    [flowsAt('westeurope')]: 'healthy',
  }),
  band('nothing is known of the registry: system flows alone are unknown', 'probeFailed', 'registry@westeurope', '-x30', {
    'westeurope/registry flow:deploy@westeurope flow:scale-out@westeurope': 'unknown',
    [`${inEurope} ${upwards}`]: 'healthy',
  }),
  {
    title: 'what is known of a system flow is enough to call it unhealthy',
    given: [
      ['probeFailed', 'registry@westeurope', '-x30'],
      ['keyVaultFailures', 'westeurope', '5x8'],
    ],
    states: { 'westeurope/registry': 'unknown', 'flow:scale-out@westeurope': 'unhealthy', 'stamp:westeurope': 'degraded' },
  },
  band('a failed scale action', 'scaleFailures', 'plan-westeurope', '1x3', {
    'flow:scale-out@westeurope stamp:westeurope': 'degraded',
    'westeurope/plan flow:deploy@westeurope': 'healthy',
  }),
  band('three failed scale actions', 'scaleFailures', 'plan-westeurope', '3x2', {
    'flow:scale-out@westeurope': 'unhealthy',
    'stamp:westeurope': 'degraded',
  }),
  band('reviews fail: the stamp is degraded', 'journeyFailed', 'reviews@westeurope', '100/1x3', {
    'flow:reviews@westeurope': 'unhealthy',
    [`${inEurope} ${upwards}`]: 'degraded',
  }),
  seldom('one failed run is one', '0 0 0 100', 'healthy', 4),
  seldom('three of five runs', '0 0 0 100 0 100 100', 'unhealthy', 1),
  seldom('two runs are missing', '0 0 0 0 - -', 'unknown', 4),
  {
    title: 'checkout fails in both regions: the store is unhealthy',
    given: [
      ['journeyFailed', 'checkout@westeurope', '100/1x3'],
      ['journeyFailed', 'checkout@eastus', '100/1x3'],
    ],
    states: { [`${inEurope} stamp:eastus ${upwards}`]: 'unhealthy', global: 'healthy' },
  },
  {
    title: 'one region down, the other unknown: degraded at least',
    given: [
      ['journeyFailed', 'checkout@westeurope', '100/1x3'],
      ['journeyFailed', 'checkout@eastus', '-x10'],
    ],
    states: { 'region:westeurope': 'unhealthy', 'region:eastus': 'unknown', [upwards]: 'degraded' },
  },
  band('checkout fails at the global endpoint alone', 'journeyFailed', 'checkout@global', '100/1x3', {
    'flow:checkout@global global store': 'unhealthy',
    'front-door regions flow:browse@global': 'healthy',
  }),
  band('the edge has errors', 'edgeErrors', '', '5x10', { [`front-door ${flowsAt('global')} global store`]: 'degraded' }),
  band('the edge has many errors', 'edgeErrors', '', '20x10', {
    'front-door global store': 'unhealthy',
    'regions stamp:westeurope': 'healthy',
  }),
  band('most results say nothing', 'inconclusive', '', '100/100x10', { 'telemetry store': 'degraded', regions: 'healthy' }),
  band('nearly no result says anything', 'inconclusive', '', '100/400x10', { telemetry: 'unhealthy', store: 'degraded' }),
  band('one instance in a few answers badly', 'passedOnRetry', 'westeurope', '50x15', {
    [`westeurope/api ${flowsAt('westeurope')} stamp:westeurope`]: 'degraded',
    'westeurope/plan eastus/api': 'healthy',
  }),
  band('most results need a retry', 'passedOnRetry', 'westeurope', '100/40x15', { 'westeurope/api': 'unhealthy' }),
  band('the API says that its stamp can’t serve', 'journeyFailed', 'health@westeurope', '100/1x3', {
    [`westeurope/api ${flowsAt('westeurope')} ${inEurope}`]: 'unhealthy',
    [`flow:deploy@westeurope ${upwards}`]: 'degraded',
    'westeurope/plan stamp:eastus': 'healthy',
  }),
  {
    title: 'a region is gone: its results fail, and it tells nothing of itself',
    given: [
      ...journeysOf('westeurope', '100/1x12'),
      ['journeyFailed', 'health@westeurope', '100/1x12'],
      ['serverLatencyMs', 'westeurope', '-x15'],
      ['cpuPercent', 'plan-westeurope', '-x15'],
      ['queueLength', 'plan-westeurope', '-x15'],
      ['cosmosThrottled', 'contoso@westeurope', '-x15'],
      ['keyVaultFailures', 'westeurope', '-x15'],
      ['paymentFailed', 'westeurope', '-x15'],
    ],
    states: {
      [`westeurope/api ${flowsAt('westeurope')} ${inEurope}`]: 'unhealthy',
      'westeurope/plan westeurope/cosmos westeurope/key-vault westeurope/payment': 'unknown',
      [upwards]: 'degraded',
      'stamp:eastus global': 'healthy',
    },
  },
  {
    title: 'the only stamp is down, and so is the store',
    environment: 'one-stamp',
    given: [['journeyFailed', 'checkout@westeurope', '100/1x3']],
    states: { 'stamp:westeurope region:westeurope regions store': 'unhealthy' },
  },
  {
    title: 'one of two stamps in a region is down',
    environment: 'two-stamps',
    given: [['journeyFailed', 'checkout@weu-1', '100/1x3']],
    states: { 'stamp:weu-1': 'unhealthy', 'stamp:weu-2': 'healthy', 'region:westeurope regions store': 'degraded' },
  },
  {
    title: 'both of two stamps in a region are down',
    environment: 'two-stamps',
    given: [
      ['journeyFailed', 'checkout@weu-1', '100/1x3'],
      ['journeyFailed', 'browse@weu-2', '100/1x3'],
    ],
    states: { 'region:westeurope regions store': 'unhealthy' },
  },
  {
    title: 'a stamp that stands by is down: nobody shops there',
    environment: 'blue-green',
    given: [['journeyFailed', 'checkout@green', '100/1x3']],
    states: { 'stamp:green': 'unhealthy', 'stamp:blue region:westeurope store': 'healthy' },
  },
  {
    title: 'the active stamp of a region is down: the one that stands by doesn’t help',
    environment: 'blue-green',
    given: [['journeyFailed', 'checkout@blue', '100/1x3']],
    states: { 'stamp:blue region:westeurope': 'unhealthy', 'stamp:green': 'healthy', [upwards]: 'degraded' },
  },
];

export const situations: readonly Situation[] = [...bounds, ...changes, ...layers];

/** For the evaluator alone: a query takes a second. */
export const moreSituations: readonly Situation[] = [
  ...[0, 1, 2, 3, 4].flatMap((ago) => [
    seldom(`one failed run is one, ${ago} minutes later`, '0 0 0 100', 'healthy', ago),
    seldom(`three of five runs, ${ago} minutes later`, '0 0 0 100 0 100 100', 'unhealthy', ago),
  ]),
  seldom('two of five runs', '0 0 0 100 0 100', 'healthy'),
  seldom('four good runs since', '0 100 100 100 0 0 0 0', 'healthy'),
  seldom('three good runs since', '0 100 100 100 0 0 0', 'unhealthy'),
  seldom('one run is missing', '0 0 0 0 -', 'healthy', 4),
];
