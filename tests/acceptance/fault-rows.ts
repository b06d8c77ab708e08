import type { FaultKind } from '../../fixtures/contoso/fault-table.ts';
import { journeys } from '../../synthetics/journeys/index.ts';
import type { Failure, Outcome } from '../../synthetics/result.ts';

/** What a fault does to journeys and to the health check; every target and journey that is not named must stay green. */
export interface FaultRow {
  readonly fault: Readonly<Record<string, unknown>> & { readonly kind: FaultKind };
  /** `checkout@eastus` */
  readonly fails: readonly string[];
  readonly outcome?: Outcome;
  /** Of every failure, and of each of them alike; absent where nothing fails. */
  readonly failure?: Pick<Failure, 'cause'> & { readonly rule: string; readonly seen: RegExp };
  /** Sites whose health check names `dependencies` as failing; where a site is down it has none. */
  readonly health?: { readonly at: readonly string[]; readonly dependencies: readonly string[] };
  /** Origins that Front Door leaves. */
  readonly leaves?: readonly string[];
}

const all = journeys.map(({ name }) => name);
const reading = all.filter((name) => name !== 'sign-in');
const writing = ['reviews', 'cart', 'checkout', 'across-regions'];
const signedIn = [...writing, 'sign-in'];

export const sites = ['westeurope', 'westeurope-staging', 'eastus', 'eastus-staging'] as const;
const targets = [...sites, 'global'];
const inEastus = ['eastus', 'eastus-staging'];
const inWesteurope = ['westeurope', 'westeurope-staging'];
/** Front Door's edge is near to the first stamp: the global endpoint shares its lot, unless Front Door leaves it. */
const withGlobal = [...inWesteurope, 'global'];

const pairs = (names: readonly string[], at: readonly string[]) =>
  at.flatMap((target) => names.map((name) => `${name}@${target}`));
/** What others wrote is read there too. */
const readersBut = (own: readonly string[]) =>
  pairs(
    ['across-regions'],
    targets.filter((target) => !own.includes(target)),
  );

const status = (expected: number, seen: number | string, cause: Failure['cause'] = 'http') => ({
  cause,
  rule: `status ${expected}`,
  seen: new RegExp(`^${seen} after \\d+ ms$`),
});
const reset = { cause: 'connect', rule: 'an answer', seen: /^connection reset after \d+ ms$/ } as const;
const lateReview = {
  cause: 'assertion',
  rule: 'the review in the other region in time',
  seen: /^not so after 6000 ms and \d+ tries, the last with status 200$/,
} as const;

/** A dependency without which nobody can browse, broken in a region: its stamps fail as a whole, and Front Door leaves them. */
function browsingLost(kind: FaultKind, region: 'eastus' | 'westeurope', dependencies: readonly string[]): FaultRow {
  const at = region === 'eastus' ? inEastus : inWesteurope;
  const fails = [...pairs(reading, at), ...readersBut(at)];
  return { fault: { kind, region }, fails, failure: status(200, 503), health: { at, dependencies }, leaves: [region] };
}

/** A dependency that shoppers don't notice: values are held, or it is needed by others. */
const unnoticed = (kind: FaultKind, dependencies: readonly string[], at = inEastus): FaultRow => ({
  fault: at.length > 0 ? { kind, region: 'eastus' } : { kind },
  fails: [],
  health: { at, dependencies },
});

const paymentLost = (kind: FaultKind): FaultRow => ({
  fault: { kind, stamp: 'eastus' },
  fails: pairs(['checkout'], inEastus),
  failure: status(201, 502),
  health: { at: inEastus, dependencies: ['payment'] },
});

const noToken = (kind: FaultKind, seen: string): FaultRow => ({
  fault: { kind },
  fails: pairs(signedIn, targets),
  outcome: 'inconclusive',
  failure: { cause: 'auth', rule: 'a token to sign in with', seen: new RegExp(`^${seen} from localhost:\\d+$`) },
});

const search = { kind: 'route', route: 'GET /api/search' } as const;

/** They break instances, certificates, the way between parts, or twice the same: the tests of those parts have them. */
export const elsewhere: readonly string[] = [
  'certificate-expired',
  'certificate-expiring',
  'cosmos-database-missing',
  'cpu-hog',
  'health-check-failing',
  'instance-crash',
  'region-partitioned',
];

export const faultRows: readonly FaultRow[] = [
  { fault: { ...search, stamp: 'eastus' }, fails: pairs(['search'], inEastus), failure: status(200, 500) },
  { fault: { ...search, region: 'westeurope', status: 404 }, fails: pairs(['search'], withGlobal), failure: status(200, 404) },
  {
    fault: { ...search, stamp: 'westeurope', slot: 'staging', status: 429 },
    fails: ['search@westeurope-staging'],
    failure: status(200, 429, 'throttled'),
  },
  {
    fault: { kind: 'route', route: 'POST /api/orders', stamp: 'westeurope', slot: 'production', status: 500 },
    fails: pairs(['checkout'], ['westeurope', 'global']),
    failure: status(201, 500),
  },
  {
    fault: { ...search, stamp: 'eastus', delayMs: 20_000 },
    fails: pairs(['search'], inEastus),
    failure: { cause: 'timeout', rule: 'an answer in time', seen: /^none after 8\d{3} ms$/ },
  },
  {
    fault: { kind: 'region-down', region: 'eastus' },
    fails: [...pairs(all, inEastus), ...readersBut(inEastus)],
    failure: reset,
    leaves: ['eastus'],
  },
  {
    fault: { kind: 'region-down', region: 'westeurope' },
    fails: [...pairs(all, inWesteurope), ...readersBut(inWesteurope)],
    failure: reset,
    leaves: ['westeurope'],
  },
  browsingLost('cosmos-reads', 'eastus', ['cosmos-read']),
  browsingLost('cosmos-reads', 'westeurope', ['cosmos-read']),
  { ...browsingLost('cosmos-throttling', 'eastus', ['cosmos-read', 'cosmos-write']), leaves: ['eastus'] },
  browsingLost('cosmos-container-missing', 'eastus', ['cosmos-read', 'cosmos-write']),
  { ...browsingLost('cosmos-gone', 'eastus', ['cosmos-read', 'cosmos-write']), leaves: ['eastus'] },
  {
    fault: { kind: 'cosmos-writes', region: 'eastus' },
    fails: pairs(writing, inEastus),
    failure: status(201, 503),
    health: { at: inEastus, dependencies: ['cosmos-write'] },
  },
  {
    fault: { kind: 'cosmos-writes', region: 'westeurope' },
    fails: pairs(writing, withGlobal),
    failure: status(201, 503),
    health: { at: inWesteurope, dependencies: ['cosmos-write'] },
  },
  // Later than the six seconds that the test's environment allows.
  { fault: { kind: 'cosmos-replication', region: 'eastus', delayMs: 9_000 }, fails: readersBut(inEastus), failure: lateReview },
  paymentLost('payment-down'),
  paymentLost('payment-failing'),
  paymentLost('payment-throttled'),
  paymentLost('payment-gone'),
  {
    ...paymentLost('payment-down'),
    fault: { kind: 'payment-down', region: 'westeurope' },
    fails: pairs(['checkout'], withGlobal),
    health: { at: inWesteurope, dependencies: ['payment'] },
  },
  unnoticed('payment-slow', ['payment']),
  ...(['key-vault-denied', 'key-vault-slow', 'key-vault-failing', 'key-vault-throttled', 'key-vault-gone'] as const).map((kind) =>
    unnoticed(kind, ['key-vault']),
  ),
  ...(['registry-denied', 'registry-slow', 'registry-failing', 'registry-throttled', 'registry-gone'] as const).map((kind) =>
    unnoticed(kind, ['registry']),
  ),
  // Tokens of the managed identity are held, as Azure's own endpoint holds them.
  ...(['managed-identity-slow', 'managed-identity-failing', 'managed-identity-throttled', 'managed-identity-gone'] as const).map(
    (kind) => unnoticed(kind, []),
  ),
  ...(['ingestion', 'ingestion-slow', 'ingestion-failing', 'ingestion-throttled', 'ingestion-gone'] as const).map((kind) =>
    unnoticed(kind, [], []),
  ),
  noToken('identity-failing', 'status 500'),
  noToken('identity-throttled', 'status 429'),
  noToken('identity-gone', 'ECONNRESET'),
  unnoticed('identity-slow', [], []),
];
