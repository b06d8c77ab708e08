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

/** Leftovers of one shopper: as the store lists them, and the request that ends each. */
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
    list: '/api/orders?page=1&pageSize=100',
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

/** Younger ones may belong to a journey under way. What has no time is taken for old. */
function isWithin(one: Json, { from, before }: Span): boolean {
  const value = one.get('createdAt');
  const at = typeof value === 'string' ? Date.parse(value) : 0;
  return at >= from && at < before;
}

async function removeOf(shopper: Shopper, span: Span, removed: Removed): Promise<void> {
  for (const { kind, list, end, left } of kinds) {
    const reply = await shopper.send({ method: 'GET', path: list, name: `GET ${list.split('?')[0]}`, as: 'shopper' });
    expectStatus(shopper, reply, 200);
    const leftovers = read(reply, kind)
      .list('items')
      .all()
      .filter((one) => left(one) && one.get('synthetic') !== false && isWithin(one, span));
    for (const one of leftovers) {
      expectStatus(shopper, await shopper.send({ ...end(one), as: 'shopper' }), 200, 204, 404);
      removed[kind] += 1;
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

async function sweepOnce(
  environment: Environment,
  stamp: Stamp,
  journey: Journey,
  shopperId: string,
  tokens: TokenSource,
): Promise<JourneyRecord> {
  const target = { ...stamp, kind: 'stamp', stamp: stamp.name } as const;
  const { context, route } = prepareRun({ environment, check: { journey, target }, shopperId });
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
