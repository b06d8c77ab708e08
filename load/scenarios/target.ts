// Does the store hold its target rate? As many requests a second as the environment says, for as long, as shoppers would
// send them: by the weights of the mix, popular shoes more often, spread over the stamps' own endpoints and the global one.
// The arithmetic of rate and virtual users stands in ../k6/profiles.ts.
import http from 'k6/http';
import { loadTargets } from '../k6/environment.ts';
import { numberFrom, openEnvironment } from '../k6/open-environment.ts';
import { commonOptions, objectiveThresholds } from '../k6/options.ts';
import { arrivalsOf, constantArrivals } from '../k6/profiles.ts';
import { ready } from '../k6/ready.ts';
import { type SetUp, shopping } from '../k6/shopping.ts';

export { handleSummary } from '../k6/summary.ts';

const environment = openEnvironment();
const targets = loadTargets(environment, __ENV.LOAD_TARGET);
const { mix, zipfExponent } = environment.load;
const ratePerSecond = numberFrom('LOAD_RATE_PER_SECOND', environment.load.ratePerSecond);
const durationSeconds = numberFrom('LOAD_DURATION_SECONDS', environment.load.durationSeconds);
const arrivals = arrivalsOf({
  ratePerSecond,
  durationSeconds,
  mix,
  zipfExponent,
  latencyP95Ms: environment.objectives.latencyP95Ms,
});

// 401 is what a visitor is meant to get from a shopper's page; anyone else's 401 fails its journey's own rule.
http.setResponseCallback(http.expectedStatuses({ min: 200, max: 399 }, 401));

export const options = {
  ...commonOptions,
  scenarios: { target: constantArrivals(arrivals, durationSeconds) },
  thresholds: objectiveThresholds('target', environment, arrivals),
};

export const setup = (): SetUp => ready(environment, targets);

export default shopping(environment, targets);
