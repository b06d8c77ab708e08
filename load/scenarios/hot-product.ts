// What does a flash sale do? The target rate for two minutes, all of it for one shoe, so that its reviews, its product page
// and its stock lie in one logical partition each: does one partition throttle while the others idle?
// The arithmetic of rate and virtual users stands in ../k6/profiles.ts.
import { scenarioOf } from '../k6/scenario.ts';

export { handleSummary } from '../k6/summary.ts';

const { options, setup, iteration } = scenarioOf('hot-product');

export { options, setup };
export default iteration;
