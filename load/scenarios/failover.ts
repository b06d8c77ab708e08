// A region leaves: do the others carry its share? The target rate through the global endpoint for forty minutes: a quarter
// before, then the region of the first active stamp is taken out of Front Door for 3/8 of the time, fifteen minutes, of which
// Front Door may need ten until all its edges know; then it comes back for as long. On a local store with a time scale of 60
// that is 2,400 s ÷ 60 = 40 s: 10 s before, 15 s without, 15 s with it again. The others must carry all that it had: with two
// regions of half the traffic each, the other goes from 50 % to 100 %; stamps of one region share what it gets by their
// weights, 50/50 or 75/25. Ten seconds of 60 requests are 600, so that a share of 75 % is measured within ± 3.5 points
// (two standard deviations, 2 × √(0.75 × 0.25 ÷ 600)).
// Taking origins out is Azure's control plane's work, which k6 can't reach: `npm run load -- failover` does it and judges.
// Run by k6 alone, this is the load without the failover.
// The arithmetic of rate and virtual users stands in ../k6/profiles.ts.
import { scenarioOf } from '../k6/scenario.ts';

export { handleSummary } from '../k6/summary.ts';

const { options, setup, iteration } = scenarioOf('failover');

export { options, setup };
export default iteration;
