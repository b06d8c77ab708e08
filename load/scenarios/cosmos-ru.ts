// What does each journey and step cost in RU, and does the mix at target rate stay in budget? The target rate for ten
// minutes, the mix changing every minute: first the environment's own, then one in which browse is three quarters of all, then
// search, and so on. With as many different mixes as journeys, and one, the cost of each can be told even where the store
// doesn't say what a request cost: RU of a minute = Σ iterations of a journey × its cost.
// The arithmetic of rate and virtual users stands in ../k6/profiles.ts.
import { scenarioOf } from '../k6/scenario.ts';

export { handleSummary } from '../k6/summary.ts';

const { options, setup, iteration } = scenarioOf('cosmos-ru');

export { options, setup };
export default iteration;
