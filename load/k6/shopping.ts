import exec from 'k6/execution';
import { Trend } from 'k6/metrics';
import { seeded } from '../../fixtures/data/random.ts';
import type { Target } from '../../fixtures/environments/targets.ts';
import { journeys } from '../../synthetics/journeys/index.ts';
import { planRun, shopperOf } from '../../synthetics/journeys/plan.ts';
import { type JourneyRecord, runJourney } from '../../synthetics/journeys/run.ts';
import type { LoadEnvironment } from './environment.ts';
import { iterationSeed } from './random.ts';
import { k6Transport } from './shopper.ts';
import { makeChecks, noteCharges, servedSignals, signals, tagsOfUser } from './signals.ts';
import { fetchToken, type Token, tokenHolder } from './tokens.ts';
import type { Traffic } from './traffic.ts';
import { zipf } from './zipf.ts';

/** What setup hands to every iteration, as JSON. */
export interface SetUp {
  readonly token: Token;
  /** 16 hex digits, new for each run: purchases of two runs must not share a key. */
  readonly run: string;
}

/** One sample an iteration: its time, and its journey, target and outcome as tags. */
const journeyDuration = new Trend('journey_duration', true);

/** Runs the journeys of the mix, one an iteration; made once a virtual user, in the init context. */
export function shopping(
  environment: LoadEnvironment,
  targets: readonly Target[],
  traffic: Traffic,
): (setUp: SetUp) => Promise<void> {
  const { load, auth, shoppers } = environment;
  const held = tokenHolder(auth);
  let fromSetup: Token | undefined;
  // k6 makes it anew at each look.
  let scenario: typeof exec.scenario | undefined;
  const token = (fresh: boolean) => (fresh || !fromSetup ? fetchToken(auth) : held(fromSetup)).value;
  const transport = k6Transport({ token });
  const hooks = traffic.countsServed ? servedSignals : signals;
  return async ({ token: first, run }) => {
    fromSetup = first;
    // Everything follows from the iteration's number, whichever virtual user runs it: two runs send the same traffic.
    scenario ??= exec.scenario;
    const index = scenario.iterationInTest;
    const target = targets[traffic.targetOf(index)];
    const journey = journeyNamed(traffic.journeyOf(index));
    if (!target) throw new Error('there is no target');
    const random = seeded(iterationSeed(load.seed, index));
    const hex = index.toString(16).padStart(16, '0');
    const pick = (count: number) => zipf(random, count, traffic.zipfExponent);
    const shopperId = shopperOf(shoppers, index);
    const ids = { environment, target, shopperId, runId: `${run}-${index}`, traceId: run + hex, resultId: odd(hex), pick };
    const { context, route } = planRun(ids);
    const tags = tagsOfUser();
    tags.journey = journey.name;
    tags.target = target.name;
    try {
      note(await runJourney(journey, context, transport, route, hooks), target);
    } catch (thrown) {
      journeyDuration.add(0, { outcome: 'exception' });
      // k6 logs it, and ends green all the same: the verdict counts the log's lines.
      throw thrown;
    } finally {
      makeChecks();
    }
  };
}

/** A span id must not be all zeros, which the first iteration's number would be. */
const odd = (hex: string) => `f${hex.slice(1)}`;

const journeyOf = Object.fromEntries(journeys.map((journey) => [journey.name, journey]));

function journeyNamed(name: string) {
  const found = journeyOf[name];
  if (found) return found;
  throw new Error(`load.mix names ${name}, which is none of: ${journeys.map((journey) => journey.name).join(', ')}`);
}

function note(record: JourneyRecord, target: Target): void {
  const { journey, durationMs, outcome, failure } = record;
  noteCharges(record);
  journeyDuration.add(durationMs, { outcome });
  if (failure) console.warn(`${journey} › ${failure.step} (${target.name}): expected ${failure.rule}, got ${failure.seen}`);
}
