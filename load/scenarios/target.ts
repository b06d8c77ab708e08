// Does the store hold its target rate? As many requests a second as the environment says, for as long, as shoppers would
// send them: by the weights of the mix, popular shoes more often, spread over the stamps' own endpoints and the global one.
// The arithmetic of rate and virtual users stands in ../k6/profiles.ts.
import { scenarioOf } from '../k6/scenario.ts';

export { handleSummary } from '../k6/summary.ts';

const { options, setup, iteration } = scenarioOf('target');

export { options, setup };
export default iteration;
