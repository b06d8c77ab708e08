import type { Shopper, ShopReply } from './shopper.ts';

/** Fails with `expected status 201, got 503 after 812 ms`. */
export function expectStatus(shopper: Shopper, reply: ShopReply, ...allowed: readonly number[]): void {
  const rule = `status ${allowed.join(' or ')}`;
  shopper.expect(rule, allowed.includes(reply.status), `${reply.status} after ${Math.round(reply.durationMs)} ms`);
}
