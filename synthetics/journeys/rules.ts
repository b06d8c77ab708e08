import type { Shopper, ShopReply } from './shopper.ts';

/** Fails with `expected status 201, got 503 after 812 ms`. */
export function expectStatus(shopper: Shopper, reply: ShopReply, ...allowed: readonly number[]): void {
  const { status } = reply;
  const holds = allowed.includes(status);
  // Nobody reads how long a good answer took here; the step's time says it.
  const rule = allowed.length === 1 ? `status ${allowed[0]}` : `status ${allowed.join(' or ')}`;
  shopper.expect(rule, holds, holds ? status : `${status} after ${Math.round(reply.durationMs)} ms`);
}
