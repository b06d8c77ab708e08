// Does it work at all? Five requests a second for 20 seconds, every journey of the mix as often as the others: about 100
// requests, and each of five journeys three times or more. Its rate is its own, whatever the environment's target rate is.
// The arithmetic of rate and virtual users stands in ../k6/profiles.ts.
import { scenarioOf } from '../k6/scenario.ts';

export { handleSummary } from '../k6/summary.ts';

const { options, setup, iteration } = scenarioOf('smoke');

export { options, setup };
export default iteration;
