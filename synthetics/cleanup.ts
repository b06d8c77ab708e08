import type { Environment, Stamp } from '../fixtures/environments/schema.ts';
import { shopperOf } from './journeys/plan.ts';
import { type Json, read } from './journeys/read.ts';
import { expectStatus } from './journeys/rules.ts';
import { type JourneyRecord, runJourney } from './journeys/run.ts';
import type { Journey, Shopper } from './journeys/shopper.ts';
import { NodeTransport } from './runners/node.ts';
import { prepareRun } from './runners/prepare.ts';
import type { TokenSource } from './runners/token.ts';

export interface Removed {
  carts: number;
  reviews: number;
  orders: number;
}

/** Leftovers of one shopper: as the store lists them, newest first, and the request that ends each. */
const kinds = [
  {
    kind: 'carts',
    list: '/api/carts',
    end: (one) => ({ method: 'DELETE', path: `/api/carts/${one.text('id')}`, name: 'DELETE /api/carts/{id}' }),
    left: () => true,
  },
  {
    kind: 'reviews',
    list: '/api/me/reviews',
    end: (one) => ({
      method: 'DELETE',
      path: `/api/products/${one.text('productId')}/reviews/${one.text('id')}`,
      name: 'DELETE /api/products/{id}/reviews/{reviewId}',
    }),
    left: () => true,
  },
  {
    kind: 'orders',
    list: '/api/orders',
    end: (one) => ({ method: 'POST', path: `/api/orders/${one.text('id')}/cancel`, name: 'POST /api/orders/{id}/cancel' }),
    left: (one) => one.text('status') !== 'cancelled',
  },
] as const satisfies readonly {
  kind: keyof Removed;
  list: string;
  end: (one: Json) => { method: 'DELETE' | 'POST'; path: string; name: string };
  left: (one: Json) => boolean;
}[];

/** Wall times, milliseconds. */
interface Span {
  readonly from: number;
  readonly before: number;
}

/** What has no time that can be read is taken for old. */
function createdAt(one: Json): number {
  const value = one.get('createdAt');
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? 0 : at;
}

/** The most that the store lists at once. */
const pageSize = 100;

/** All of a kind that a shopper has, page by page, down to those that are too old to be touched. */
async function listed(shopper: Shopper, { kind, list }: (typeof kinds)[number], { from }: Span): Promise<Json[]> {
  const all: Json[] = [];
  for (let page = 1; ; page += 1) {
    const path = `${list}?page=${page}&pageSize=${pageSize}`;
    const reply = await shopper.send({ method: 'GET', path, name: `GET ${list}`, as: 'shopper' });
    expectStatus(shopper, reply, 200);
    const items = read(reply, kind).list('items').all();
    all.push(...items);
    const last = items.at(-1);
    if (!last || all.length >= read(reply, kind).number('total') || createdAt(last) < from) return all;
  }
}

/** Younger ones may belong to a journey under way. */
async function removeOf(shopper: Shopper, span: Span, removed: Removed): Promise<void> {
  for (const each of kinds) {
    const isLeftover = (one: Json) =>
      each.left(one) && one.get('synthetic') !== false && createdAt(one) >= span.from && createdAt(one) < span.before;
    // Listed before the first is removed: pages move up behind what is gone.
    for (const one of (await listed(shopper, each, span)).filter(isLeftover)) {
      expectStatus(shopper, await shopper.send({ ...each.end(one), as: 'shopper' }), 200, 204, 404);
      removed[each.kind] += 1;
    }
  }
}

export interface CleanupOptions {
  readonly environment: Environment;
  readonly tokens: TokenSource;
  readonly olderThanMs: number;
  readonly nowMs: number;
  /** Nothing that is older than this is touched, wall time in milliseconds. Default 0: all is. */
  readonly createdFromMs?: number;
}

/** Removes what killed runs left behind, through the store's own API, once a Cosmos account. */
export async function cleanUpLeftovers({ environment, tokens, olderThanMs, nowMs, createdFromMs = 0 }: CleanupOptions) {
  const removed: Removed = { carts: 0, reviews: 0, orders: 0 };
  const failures: string[] = [];
  const sweep: Journey = {
    name: 'cleanup',
    title: 'Nothing of a killed run is left',
    run: (shopper) =>
      shopper.step('remove leftovers', () => removeOf(shopper, { from: createdFromMs, before: nowMs - olderThanMs }, removed)),
  };
  for (const stamp of onePerAccount(environment.stamps)) {
    for (let index = 0; index < environment.shoppers.count; index += 1) {
      const shopperId = shopperOf(environment.shoppers, index);
      const record = await sweepOnce(environment, stamp, sweep, shopperId, tokens);
      const { failure } = record;
      if (failure) failures.push(`${shopperId} on ${stamp.name}: expected ${failure.rule}, got ${failure.seen}`);
    }
  }
  return { removed, failures };
}

/** No shopper waits for it, and there may be thousands. */
const sweepMs = 10 * 60_000;

async function sweepOnce(
  environment: Environment,
  stamp: Stamp,
  journey: Journey,
  shopperId: string,
  tokens: TokenSource,
): Promise<JourneyRecord> {
  const target = { ...stamp, kind: 'stamp', stamp: stamp.name } as const;
  const unhurried = { ...environment, budgets: { ...environment.budgets, journeyMs: sweepMs, stepMs: sweepMs } };
  const { context, route } = prepareRun({ environment: unhurried, check: { journey, target }, shopperId });
  const transport = new NodeTransport(tokens);
  try {
    return await runJourney(journey, context, transport, route);
  } finally {
    await transport.close();
  }
}

const onePerAccount = (stamps: readonly Stamp[]) => [
  ...new Map([...stamps].reverse().map((stamp) => [stamp.cosmos, stamp])).values(),
];
