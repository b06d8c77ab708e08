// Does the store stay as it is? An hour at 70 % of the target rate: what leaks or fills up shows as a drift of latency,
// memory or errors from the first quarter hour to the last.
// The arithmetic of rate and virtual users stands in ../k6/profiles.ts.
import { scenarioOf } from '../k6/scenario.ts';

export { handleSummary } from '../k6/summary.ts';

const { options, setup, iteration } = scenarioOf('soak');

export { options, setup };
export default iteration;
