import http from 'k6/http';
import { actedTarget } from './acted.ts';
import { profileFor, scaledTarget } from './autoscale.ts';
import { loadTargets, servesProduction } from './environment.ts';
import { arrivalScenario } from './executor.ts';
import { numberFrom, openEnvironment } from './open-environment.ts';
import { commonOptions, objectiveThresholds } from './options.ts';
import type { Scenario } from './profiles.ts';
import { ready } from './ready.ts';
import { type SetUp, shopping } from './shopping.ts';
import { trafficOf } from './traffic.ts';

/** A scenario's script: k6's options, its setup, and what every iteration does. Called in the init context. */
export function scenarioOf(scenario: Scenario) {
  const environment = openEnvironment();
  const wanted = __ENV.LOAD_TARGET || undefined;
  const wish = {
    scenario,
    environment,
    profile: profileFor(scenario, environment, wanted),
    ratePerSecond: numberFrom('LOAD_RATE_PER_SECOND'),
    durationSeconds: numberFrom('LOAD_DURATION_SECONDS'),
    windowSeconds: numberFrom('LOAD_WINDOW_SECONDS'),
    segments: numberFrom('LOAD_SEGMENTS'),
  };
  const { durationSeconds } = trafficOf({ ...wish, targets: [] });
  const permit = { window: __ENV.LOAD_WINDOW, confirm: __ENV.LOAD_CONFIRM, isSmoke: scenario === 'smoke', durationSeconds };
  const target = scaledTarget(scenario, environment, actedTarget(scenario, environment, wanted));
  const targets = loadTargets(environment, target, permit);
  const traffic = trafficOf({ ...wish, targets });

  // 401 is what a visitor is meant to get from a shopper's page; anyone else's 401 fails its journey's own rule.
  http.setResponseCallback(http.expectedStatuses({ min: 200, max: 399 }, 401));
  // The wrapper knows of shared resources by their ARM ids, which this file's plans don't tell.
  const abort = __ENV.LOAD_GUARDED === 'true' || targets.some((target) => servesProduction(environment, target));
  return {
    options: {
      ...commonOptions,
      scenarios: { [scenario]: arrivalScenario(traffic) },
      thresholds: objectiveThresholds(scenario, environment, traffic, abort),
    },
    setup: (): SetUp => ready(environment, targets),
    iteration: shopping(environment, targets, traffic),
  };
}
