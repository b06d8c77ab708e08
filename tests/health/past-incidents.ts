import type { Signal } from '../../health/thresholds.ts';
import type { Meets } from './day.ts';
import type { Minute } from './live-day.ts';

/** An incident that the store had, as its signals show it while it lasts. */
export interface PastIncident {
  readonly title: string;
  readonly during: Minute;
  /** What happens in one minute of it alone. */
  readonly once?: readonly [minute: number, signal: Signal, scope: string, token: string];
  /** What changes, minute by minute, by node; all that isn't named stays healthy. */
  readonly changes: Readonly<Record<string, string>>;
  readonly alert: {
    readonly cause: string;
    readonly place: string;
    readonly urgency: 'page' | 'ticket';
    readonly opened: number;
    readonly resolved: number;
  };
}

/** Each lasts from minute 10 up to minute 25, of fifty. */
export const lasts = { from: 10, to: 25, minutes: 50 } as const;

const signalsOf =
  (table: Readonly<Partial<Record<Signal, Readonly<Record<string, string>>>>>): NonNullable<Minute['signal']> =>
  (signal, scope) =>
    table[signal]?.[scope];

const userFlowsAt = (target: string) =>
  ['browse', 'search', 'reviews', 'sign-in', 'cart', 'checkout'].map((name) => `flow:${name}@${target}`).join(' ');

/** Nodes that change alike, from healthy on. */
const alike = (changes: string, ...ids: readonly string[]): Record<string, string> =>
  Object.fromEntries(ids.flatMap((each) => each.split(' ')).map((id) => [id, `0 healthy, ${changes}`]));

const failed = (cause: 'connect' | 'http' | 'throttled', step: string): Meets => ({ cause, step });

export const pastIncidents: readonly PastIncident[] = [
  {
    title: 'West Europe is gone',
    during: {
      meets: ({ target }) => (target === 'westeurope' ? failed('connect', 'ask') : undefined),
      signal: (_, scope) => (scope.includes('westeurope') ? '-' : undefined),
    },
    changes: {
      ...alike('12 unhealthy, 28 degraded, 32 healthy', userFlowsAt('westeurope'), 'stamp:westeurope', 'region:westeurope'),
      ...alike('12 degraded, 32 healthy', 'regions', 'store'),
      'westeurope/api': '0 healthy, 12 unhealthy, 28 unknown, 29 healthy',
      // What a region that is gone tells of itself is nothing.
      'westeurope/cosmos': '0 healthy, 14 unknown, 29 healthy',
      'westeurope/plan': '0 healthy, 17 unknown, 26 healthy',
      'westeurope/payment': '0 healthy, 17 unknown, 26 healthy',
      'westeurope/key-vault': '0 healthy, 18 unknown, 25 healthy',
      'westeurope/registry': '0 healthy, 21 unknown, 27 healthy',
      'flow:deploy@westeurope': '0 healthy, 12 degraded, 21 unhealthy, 25 degraded, 28 unknown, 29 healthy',
      'flow:scale-out@westeurope': '0 healthy, 17 unknown, 27 healthy',
    },
    alert: { cause: 'api', place: 'westeurope', urgency: 'page', opened: 12, resolved: 29 },
  },
  {
    title: 'Key Vault is misconfigured, so that a scale-out fails',
    during: {
      signal: signalsOf({
        keyVaultFailures: { westeurope: '4' },
        probeFailed: { 'key-vault@westeurope': '100/3' },
        cpuPercent: { 'plan-westeurope': '75' },
      }),
    },
    once: [16, 'scaleFailures', 'plan-westeurope', '1'],
    changes: {
      'westeurope/key-vault': '0 healthy, 11 degraded, 13 unhealthy, 35 degraded, 37 healthy',
      'flow:scale-out@westeurope': '0 healthy, 11 degraded, 13 unhealthy, 35 degraded, 37 healthy',
      ...alike('12 degraded, 31 healthy', 'westeurope/plan', userFlowsAt('westeurope')),
      ...alike('11 degraded, 37 healthy', 'flow:deploy@westeurope', 'stamp:westeurope', 'region:westeurope', 'regions', 'store'),
    },
    alert: { cause: 'key-vault', place: 'westeurope', urgency: 'ticket', opened: 17, resolved: 37 },
  },
  {
    title: 'one instance of West Europe answers badly',
    during: {
      meets: ({ target, journey, minute }) =>
        target === 'westeurope' && (minute + journey.length) % 3 === 0 ? 'retried' : undefined,
      signal: signalsOf({ serverErrors: { westeurope: '4' }, instanceHealthPercent: { westeurope: '50/1' } }),
    },
    changes: alike(
      '12 degraded, 32 healthy',
      'westeurope/api',
      userFlowsAt('westeurope'),
      'stamp:westeurope',
      'region:westeurope',
      'regions',
      'store',
    ),
    alert: { cause: 'api', place: 'westeurope', urgency: 'ticket', opened: 16, resolved: 33 },
  },
  {
    title: 'the payment API fails',
    during: {
      meets: ({ journey }) => (journey === 'checkout' ? failed('http', 'pay') : undefined),
      signal: signalsOf({
        paymentFailed: { westeurope: '100/2', eastus: '100/2' },
        probeFailed: { 'payment@westeurope': '100/3', 'payment@eastus': '100/3' },
      }),
    },
    changes: {
      ...alike(
        '11 unhealthy, 35 degraded, 37 healthy',
        'westeurope/payment eastus/payment flow:checkout@westeurope flow:checkout@eastus',
        'stamp:westeurope stamp:eastus region:westeurope region:eastus regions store',
      ),
      ...alike('12 unhealthy, 28 degraded, 32 healthy', 'flow:checkout@global', 'global'),
    },
    alert: { cause: 'payment', place: 'store', urgency: 'page', opened: 11, resolved: 37 },
  },
  {
    title: 'Cosmos DB throttles West Europe',
    during: {
      meets: ({ target, journey }) =>
        target === 'westeurope' && ['browse', 'search', 'cart', 'checkout'].includes(journey)
          ? failed('throttled', 'choose a product')
          : undefined,
      signal: signalsOf({
        cosmosThrottled: { 'contoso@westeurope': '40' },
        cosmosRuPercent: { contoso: '100' },
        serverErrors: { westeurope: '12' },
        serverLatencyMs: { westeurope: '150' },
      }),
    },
    changes: {
      ...alike(
        '11 unhealthy, 32 healthy',
        'westeurope/cosmos westeurope/api',
        userFlowsAt('westeurope'),
        'stamp:westeurope region:westeurope',
      ),
      // The account's RU are one figure for all of its regions.
      ...alike(
        '11 degraded, 32 healthy',
        'eastus/cosmos flow:browse@eastus flow:search@eastus flow:reviews@eastus flow:cart@eastus flow:checkout@eastus',
        'stamp:eastus region:eastus flow:deploy@westeurope regions store',
      ),
    },
    alert: { cause: 'cosmos', place: 'store', urgency: 'page', opened: 11, resolved: 32 },
  },
];
