// What does each journey and step cost in RU, and does the mix at target rate stay in budget? The mix changes every minute:
// first the environment's own, then one in which browse is three quarters of all, then search, and so on. With as many mixes
// as journeys, and one, the cost of each can be told even where the store doesn't say what a request cost. The second turn is at
// half the rate, so that what the store costs by itself is told, too: RU of a minute = Σ iterations of a journey × its cost + rest.
// The arithmetic of rate and virtual users stands in ../k6/profiles.ts.
import { scenarioOf } from '../k6/scenario.ts';

export { handleSummary } from '../k6/summary.ts';

const { options, setup, iteration } = scenarioOf('cosmos-ru');

export { options, setup };
export default iteration;
