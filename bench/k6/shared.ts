// The shared journey in k6: `browse`, by the engine and the port, as the load scenarios run it.
import { loadTargets } from '../../load/k6/environment.ts';
import { openEnvironment } from '../../load/k6/open-environment.ts';
import { commonOptions } from '../../load/k6/options.ts';
import { ready } from '../../load/k6/ready.ts';
import { shopping } from '../../load/k6/shopping.ts';
import { trafficOf } from '../../load/k6/traffic.ts';

const environment = openEnvironment();
const targets = loadTargets(environment, 'westeurope');
const iterations = Number(__ENV.ITERATIONS);

export const options = { ...commonOptions, scenarios: { bench: { executor: 'shared-iterations', vus: 4, iterations } } };
export const setup = () => ready(environment, targets);
export default shopping(environment, targets, trafficOf({ scenario: 'target', environment, targets }));
