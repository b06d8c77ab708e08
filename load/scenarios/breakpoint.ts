// At which rate does the store break, and which objective first? The rate grows in a straight line from a quarter of the
// target to three times it; five minutes at 60 a second are 15/s to 180/s, growing by 0.55/s every second. The wrapper ends
// the run once an objective is lost; k6's own thresholds would only say that it was, so there are none.
// The arithmetic of rate and virtual users stands in ../k6/profiles.ts.
import { scenarioOf } from '../k6/scenario.ts';

export { handleSummary } from '../k6/summary.ts';

const { options, setup, iteration } = scenarioOf('breakpoint');

export { options, setup };
export default iteration;
