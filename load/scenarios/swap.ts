// Does a swap of two slots drop a request, or make shoppers wait? The target rate on the stamp that is swapped, for fifteen
// minutes: a third before the swap, which is the measure for what comes after, then the swap, which takes minutes (each warm-up
// request may take 90 s, five times), and the rest under the new build. On a local store with a time scale of 60 that would be
// 900 s ÷ 60 = 15 s, so it is the least, 30 s: swapped after 10 s, done some seconds later. At 60 requests a second 600 come
// before it, and every single one of the 1,200 after it has to succeed.
// Swapping is Azure's control plane's work, which k6 can't reach: `npm run load -- swap` does it and judges. Run by k6
// alone, this is the load without the swap; swap by hand.
// The arithmetic of rate and virtual users stands in ../k6/profiles.ts.
import { scenarioOf } from '../k6/scenario.ts';

export { handleSummary } from '../k6/summary.ts';

const { options, setup, iteration } = scenarioOf('swap');

export { options, setup };
export default iteration;
