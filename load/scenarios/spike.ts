// Does the store stand a crowd that comes at once? A tenth of the target rate, then ten times that within ten seconds, which
// is the target rate itself; held for half of the run less the way up, and back. On average that is
// (0.1 × 30 + 0.55 × 10 + 1 × 50 + 0.55 × 10 + 0.1 × 20) ÷ 120 = 55 % of the target rate in the default two minutes.
// The arithmetic of rate and virtual users stands in ../k6/profiles.ts.
import { scenarioOf } from '../k6/scenario.ts';

export { handleSummary } from '../k6/summary.ts';

const { options, setup, iteration } = scenarioOf('spike');

export { options, setup };
export default iteration;
