// Does the store hold a whole day? Each region's curve by its local hours, summed over the regions, a UTC day compressed
// into 24 minutes: a minute is an hour. The peak of the sum is the target rate; each target's share follows the hour there.
// The arithmetic of rate and virtual users stands in ../k6/profiles.ts.
import { scenarioOf } from '../k6/scenario.ts';

export { handleSummary } from '../k6/summary.ts';

const { options, setup, iteration } = scenarioOf('day');

export { options, setup };
export default iteration;
