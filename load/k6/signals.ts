import { check } from 'k6';
import exec from 'k6/execution';
import { Counter, Trend } from 'k6/metrics';
import type { Hooks, JourneyRecord } from '../../synthetics/journeys/run.ts';
import type { Answer } from '../../synthetics/journeys/transport.ts';

/** One sample a refused request: the facts that tell which layer refused. None where all goes well, so that it costs nothing. */
const refusedRequests = new Counter('refused_requests');
/** Attempts that the store's SDK made again after a 429: shoppers see them as latency alone. */
const throttleRetries = new Counter('throttle_retries');
/** RU of a step, where the store passes them through: one sample a step, which is cheaper than one a request. */
const stepCharge = new Trend('step_charge');

/** One sample for the first answer of each instance that a virtual user meets: the earliest of all is the instance's first. */
const instanceMet = new Counter('instance_met');
const met: Record<string, true> = {};

function noteInstance(answer: Answer): void {
  const instance = answer.header('x-contoso-instance');
  if (instance === undefined || met[instance]) return;
  met[instance] = true;
  instanceMet.add(1, { instance: word(instance) });
}

/** 401 is what a visitor is meant to get, and the run's own expectation of statuses says so, too. */
const isRefused = (status: number) => status >= 400 && status !== 401;

/** Tags have few values, or k6 would hold a time series for each: what doesn't look like a word is left out. */
const word = (text: unknown) => (typeof text === 'string' && /^[\w.-]{1,40}$/.test(text) ? text : '');

function codeOf(answer: Answer): string {
  try {
    return word((JSON.parse(answer.body) as { error?: { code?: unknown } }).error?.code);
  } catch {
    // The platform's own pages are HTML: they have no code.
    return '';
  }
}

function noteRefusal(name: string, answer: Answer): void {
  refusedRequests.add(1, {
    name,
    status: String(answer.status),
    layer: word(answer.header('x-contoso-layer')),
    code: codeOf(answer),
    external: word(answer.header('x-azure-externalerror')),
    app: answer.header('x-contoso-instance') === undefined ? 'no' : 'yes',
    retried: answer.header('x-contoso-throttle-retries') === undefined ? 'no' : 'yes',
  });
}

/** One sample an answer, by the stamp that gave it; only where a scenario moves traffic between stamps. */
const servedRequests = new Counter('served_requests');
const stampTags = new Map<string, { readonly stamp: string }>();

function noteServed(answer: Answer): void {
  // Front Door's own answers name no stamp.
  const stamp = word(answer.header('x-contoso-stamp'));
  const known = stampTags.get(stamp) ?? { stamp };
  stampTags.set(stamp, known);
  servedRequests.add(1, known);
}

const [kept, broken] = [() => true, () => false];
let held: Record<string, () => boolean> = {};
let isAnyHeld = false;

/** Makes the checks that were held back; to be called at the end of a journey, too. */
export function makeChecks(): void {
  if (!isAnyHeld) return;
  check(null, held);
  held = {};
  isAnyHeld = false;
}

let tags: typeof exec.vu.metrics.tags | undefined;

/** A virtual user's own tags; looked up once, since k6 makes all of `exec.vu` anew at each look. Not in the init context. */
export function tagsOfUser(): typeof exec.vu.metrics.tags {
  tags ??= exec.vu.metrics.tags;
  return tags;
}

/** What load wants to know of a journey beside its checks: the step that a request belongs to, and who refused. */
export const signals: Hooks = {
  // The same checks as k6Hooks makes, several in a call: each call costs as much as five checks.
  rule(rule, holds) {
    if (rule in held) makeChecks();
    held[rule] = holds ? kept : broken;
    isAnyHeld = true;
  },
  step(name, act) {
    makeChecks();
    tagsOfUser().step = name;
    return act();
  },
  answer({ name }, answer) {
    noteInstance(answer);
    if (isRefused(answer.status)) noteRefusal(name, answer);
    const retries = answer.header('x-contoso-throttle-retries');
    if (retries !== undefined) throttleRetries.add(Number(retries));
  },
};

/** The same, and who served. */
export const servedSignals: Hooks = {
  ...signals,
  answer(request, answer) {
    noteServed(answer);
    signals.answer?.(request, answer);
  },
};

export function noteCharges({ steps, outcome }: JourneyRecord): void {
  steps.forEach(({ name, requestCharge }) => {
    if (requestCharge !== undefined) stepCharge.add(requestCharge, { step: name, outcome });
  });
}
