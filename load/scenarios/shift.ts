// Does a new stamp carry the traffic that is moved to it, first 10 %, then 50 %, then all? The target rate through the global
// endpoint for an hour: a tenth of it as things are, then three steps of 3/10 each. A step's share is read from its second
// half, when Front Door's edges know (they may need ten of its eighteen minutes). On a local store with a time scale of 60 that
// is 3,600 s ÷ 60 = 60 s: 6 s, and three steps of 18 s. Nine seconds of 60 requests are 540, so that 10 % is measured within
// ± 2.6 points (two standard deviations, 2 × √(0.1 × 0.9 ÷ 540)).
// The weights of Front Door's origins are Azure's control plane's work, which k6 can't reach: `npm run load -- shift` sets
// them and judges. Run by k6 alone, this is the load without the shift.
// The arithmetic of rate and virtual users stands in ../k6/profiles.ts.
import { scenarioOf } from '../k6/scenario.ts';

export { handleSummary } from '../k6/summary.ts';

const { options, setup, iteration } = scenarioOf('shift');

export { options, setup };
export default iteration;
