// Does the plan scale out in time, with errors within the limit in between, and back in, without flapping? Rest, two steps of
// load that are due one instance more each, and rest again. How long each lasts follows from the plan's rules, how high it is
// from what an instance carries (plans[].ratePerInstance): the sum stands in ../k6/autoscale.ts, and npm run load prints it.
// The arithmetic of virtual users stands in ../k6/profiles.ts.
import { scenarioOf } from '../k6/scenario.ts';

export { handleSummary } from '../k6/summary.ts';

const { options, setup, iteration } = scenarioOf('autoscale');

export { options, setup };
export default iteration;
