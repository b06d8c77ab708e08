import { acrossRegions } from './across-regions.ts';
import { browse } from './browse.ts';
import { cart } from './cart.ts';
import { checkout } from './checkout.ts';
import { health } from './health.ts';
import { reviews } from './reviews.ts';
import { search } from './search.ts';
import type { Journey, JourneyNeed } from './shopper.ts';
import { signIn } from './sign-in.ts';

/** In the order in which tables show them. */
export const journeys: readonly Journey[] = [browse, search, reviews, signIn, cart, checkout, health, acrossRegions];

export interface Conditions {
  readonly payment: 'stub' | 'sandbox' | 'live';
  readonly allowLiveCheckout: boolean;
  readonly peers: readonly string[];
}

const hindrances = {
  payment: ({ payment, allowLiveCheckout }) =>
    payment === 'live' && !allowLiveCheckout ? 'payment is live and the environment does not set allowLiveCheckout' : undefined,
  peers: ({ peers }) => (peers.length === 0 ? 'there is no other region to compare with' : undefined),
} as const satisfies Record<JourneyNeed, (conditions: Conditions) => string | undefined>;

/** Why a journey does not apply to a target; such a journey is not run at all, has no result, and is said to be left out. */
export function notRunBecause(journey: Journey, conditions: Conditions): string | undefined {
  for (const need of journey.needs ?? []) {
    const reason = hindrances[need](conditions);
    if (reason !== undefined) return reason;
  }
  return undefined;
}
