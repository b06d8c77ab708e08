import { cookieWarnings } from './cookies.ts';
import { type Failure, failureOf, RuleBroken } from './failures.ts';
import { Reply } from './reply.ts';
import type { Journey, JourneyContext, Shopper, ShopReply, ShopRequest } from './shopper.ts';
import { type Answer, type Phases, type Route, type Transport, wireRequest } from './transport.ts';

type Outcome = 'passed' | 'failed' | 'inconclusive';

interface StepRecord {
  readonly name: string;
  readonly durationMs: number;
  readonly outcome: Outcome;
  readonly status?: number;
  readonly requests: number;
  readonly requestCharge?: number;
  readonly phases?: Phases;
}

/** What came of a journey: the part of an availability result that every runner gets in the same way. */
export interface JourneyRecord {
  readonly journey: string;
  readonly durationMs: number;
  readonly outcome: Outcome;
  readonly failure?: Failure;
  readonly servedBy?: { readonly region: string; readonly stamp: string; readonly instance: string; readonly build: string };
  readonly steps: readonly StepRecord[];
  readonly warnings: readonly string[];
}

/** Lets a runner show what happens, in its own way; none of them can change it. */
export interface Hooks {
  /** Wraps a step, and the clean-up; must return what `act` returns. */
  readonly step?: <T>(name: string, act: () => Promise<T>) => Promise<T>;
  /** `seen` as the journey gave it; `describe` makes a line of it. */
  readonly rule?: (rule: string, holds: boolean, seen: unknown, step: string) => void;
  readonly answer?: (request: ShopRequest, answer: Answer) => void;
}

const cleanUpStep = 'clean up';
/** What happens outside any step is reported under this name. */
const noStep = 'start';
const firstPauseMs = 50;
const longestPauseMs = 800;

type OpenStep = { -readonly [K in keyof StepRecord]: StepRecord[K] };

/** Runs a journey once. Never throws for what the store does: the record says it. */
export async function runJourney(
  journey: Journey,
  context: JourneyContext,
  transport: Transport,
  route: Route,
  hooks: Hooks = {},
): Promise<JourneyRecord> {
  const run = new Run(context, transport, route, hooks);
  let failure: Failure | undefined;
  try {
    await journey.run(run, context);
  } catch (thrown) {
    failure = run.failed(thrown);
  }
  // Shoppers wait for the journey, not for its clean-up.
  const durationMs = run.elapsedMs();
  if (run.hasCleanUps()) failure = await run.finish(failure);
  const { steps, warnings } = run;
  // Without a token nothing is known about the store.
  const outcome = failure ? outcomeOf(failure) : 'passed';
  const servedBy = run.servedBy();
  const record: { -readonly [K in keyof JourneyRecord]: JourneyRecord[K] } = {
    journey: journey.name,
    durationMs,
    outcome,
    steps,
    warnings,
  };
  if (failure) record.failure = failure;
  if (servedBy) record.servedBy = servedBy;
  return record;
}

const outcomeOf = (failure: Failure): Outcome =>
  failure.cause === 'auth' || failure.cause === 'probe' ? 'inconclusive' : 'failed';

/** `declare`: an engine without a compiler, such as k6's, would set each field twice. */
class Run implements Shopper {
  declare readonly steps: OpenStep[];
  declare readonly warnings: string[];
  declare private readonly context: JourneyContext;
  declare private readonly transport: Transport;
  declare private readonly route: Route;
  declare private readonly hooks: Hooks;
  declare private readonly cleanUps: (() => Promise<void>)[];
  declare private readonly startedMs: number;
  declare private endsMs: number;
  /** Of the innermost step with the least time left; none outside of steps. */
  declare private stepEndsMs: number;
  declare private current: OpenStep | undefined;
  declare private last: Answer | undefined;
  declare private lastOfTarget: Answer | undefined;
  declare private failedStep: string | undefined;

  constructor(context: JourneyContext, transport: Transport, route: Route, hooks: Hooks) {
    this.steps = [];
    this.warnings = [];
    this.cleanUps = [];
    this.context = context;
    this.transport = transport;
    this.route = route;
    this.hooks = hooks;
    this.startedMs = transport.now();
    this.endsMs = this.startedMs + route.journeyMs;
    this.stepEndsMs = Number.POSITIVE_INFINITY;
  }

  elapsedMs(): number {
    return this.transport.now() - this.startedMs;
  }

  /** Not async: in k6, which has token and answer at once, an async function costs as much as the rest of what is done here. */
  send(request: ShopRequest): Promise<ShopReply> | ShopReply {
    const { as = 'visitor' } = request;
    if (as === 'visitor') return this.exchange(request, undefined);
    const askedMs = this.transport.now();
    const token = this.transport.token(as === 'newly-signed-in');
    if (!(token instanceof Promise)) return this.exchange(request, token);
    return token.then((fetched) => {
      // The identity provider has a limit of its own: what it takes is not the store's time.
      const waitedMs = this.transport.now() - askedMs;
      this.endsMs += waitedMs;
      this.stepEndsMs += waitedMs;
      return this.exchange(request, fetched);
    });
  }

  private exchange(request: ShopRequest, token: string | undefined): Promise<ShopReply> | ShopReply {
    const limitMs = Math.min(this.route.requestMs, this.leftMs());
    if (this.current) this.current.requests += 1;
    const sent = this.transport.exchange(wireRequest(this.route, this.context.shopperId, request, token, limitMs));
    return sent instanceof Promise ? sent.then((answer) => this.note(request, answer)) : this.note(request, sent);
  }

  async step<T>(name: string, act: () => Promise<T>, limitMs = this.route.stepMs): Promise<T> {
    const outer = this.current;
    const outerEndsMs = this.stepEndsMs;
    const step: OpenStep = { name, durationMs: 0, outcome: 'passed', requests: 0 };
    const startedMs = this.transport.now();
    this.steps.push(step);
    this.current = step;
    this.stepEndsMs = Math.min(outerEndsMs, startedMs + limitMs);
    try {
      return await (this.hooks.step ? this.hooks.step(name, act) : act());
    } catch (thrown) {
      this.failedStep ??= name;
      step.outcome = outcomeOf(failureOf(thrown, name, this.last));
      throw thrown;
    } finally {
      step.durationMs = this.transport.now() - startedMs;
      this.current = outer;
      this.stepEndsMs = outerEndsMs;
    }
  }

  expect(rule: string, holds: boolean, seen?: unknown): void {
    if (!holds) throw new RuleBroken(rule, seen === undefined ? 'something else' : seen);
    this.hooks.rule?.(rule, true, seen, this.current?.name ?? noStep);
  }

  async until<T>(rule: string, withinMs: number, act: () => Promise<T | undefined>): Promise<T> {
    const { transport } = this;
    const startedMs = transport.now();
    for (let pauseMs = firstPauseMs, tries = 1; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs), tries += 1) {
      const found = await act();
      const leftMs = startedMs + withinMs - transport.now();
      if (found !== undefined) {
        this.hooks.rule?.(rule, true, undefined, this.current?.name ?? noStep);
        return found;
      }
      if (leftMs <= 0)
        throw new RuleBroken(
          rule,
          `not so after ${withinMs} ms and ${tries} tries, the last with status ${this.last?.status ?? 'none'}`,
        );
      await transport.wait(Math.min(pauseMs, leftMs));
    }
  }

  cleanUp(act: () => Promise<void>): void {
    this.cleanUps.push(act);
  }

  /** What went wrong with the journey, or with a clean-up of it. */
  failed(thrown: unknown): Failure {
    const failure = failureOf(thrown, this.failedStep ?? noStep, this.last);
    this.hooks.rule?.(failure.rule, false, failure.seen, failure.step);
    return failure;
  }

  /** Runs a clean-up and tells what went wrong with it, if anything. */
  private async attempt(act: () => Promise<void>): Promise<Failure | undefined> {
    this.failedStep = undefined;
    try {
      await act();
      return undefined;
    } catch (thrown) {
      return this.failed(thrown);
    }
  }

  hasCleanUps(): boolean {
    return this.cleanUps.length > 0;
  }

  /** Cleans up, last made first; every clean-up has its turn. A failure of the journey outweighs one of its clean-up. */
  async finish(failed: Failure | undefined): Promise<Failure | undefined> {
    this.endsMs = this.transport.now() + this.route.journeyMs;
    let first: Failure | undefined;
    const all = async (): Promise<void> => {
      let broken: { thrown: unknown } | undefined;
      for (let act = this.cleanUps.pop(); act; act = this.cleanUps.pop()) {
        const failure = await this.attempt(act);
        if (!failure) continue;
        broken ??= { thrown: new RuleBroken(failure.rule, failure.seen, failure.cause) };
        first ??= { ...failure, step: cleanUpStep };
        if (failed) this.warnings.push(`not cleaned up: expected ${failure.rule}, got ${failure.seen}`);
      }
      // After a failure the runner shows the journey's own, not this one's.
      if (broken && !failed) throw broken.thrown;
      if (broken && this.current) this.current.outcome = 'failed';
    };
    try {
      await this.step(cleanUpStep, all, this.route.journeyMs);
    } catch (thrown) {
      if (!first) throw thrown;
    }
    return failed ?? first;
  }

  /** Who served the target's last answer, where the store says it. */
  servedBy(): JourneyRecord['servedBy'] {
    const answer = this.lastOfTarget;
    const region = answer?.header('x-contoso-region');
    const stamp = region === undefined ? undefined : answer?.header('x-contoso-stamp');
    if (region === undefined || stamp === undefined) return undefined;
    const [instance = '', build = ''] = [answer?.header('x-contoso-instance'), answer?.header('x-contoso-build')];
    return { region, stamp, instance, build };
  }

  private leftMs(): number {
    const nowMs = this.transport.now();
    const leftMs = Math.min(this.endsMs, this.stepEndsMs) - nowMs;
    if (leftMs > 0) return leftMs;
    const { journeyMs, stepMs } = this.route;
    const isJourney = this.endsMs <= nowMs;
    const [what, limitMs] = isJourney ? ['journey', journeyMs] : ['step', stepMs];
    const tookMs = isJourney ? this.elapsedMs() : nowMs - this.stepEndsMs + stepMs;
    throw new RuleBroken(`the ${what} to end within ${limitMs} ms`, `${Math.round(tookMs)} ms`, 'timeout');
  }

  private note(request: ShopRequest, answer: Answer): ShopReply {
    this.last = answer;
    if (request.at === undefined) this.lastOfTarget = answer;
    const step = this.current;
    if (step) {
      step.status = answer.status;
      const charge = answer.header('x-contoso-request-charge');
      const units = charge === undefined ? Number.NaN : Number(charge);
      // What is no amount says nothing of the cost, and would make the result one that nobody can read.
      if (units >= 0 && units !== Number.POSITIVE_INFINITY) step.requestCharge = (step.requestCharge ?? 0) + units;
      if (answer.phases) step.phases = step.phases ? sum(step.phases, answer.phases) : answer.phases;
    }
    const cookie = answer.header('set-cookie');
    if (cookie !== undefined) this.warnAbout(cookie);
    this.hooks.answer?.(request, answer);
    return new Reply(answer);
  }

  private warnAbout(cookie: string): void {
    for (const warning of cookieWarnings(cookie)) if (!this.warnings.includes(warning)) this.warnings.push(warning);
  }
}

function sum(a: Phases, b: Phases): Phases {
  return {
    dnsMs: a.dnsMs + b.dnsMs,
    connectMs: a.connectMs + b.connectMs,
    tlsMs: a.tlsMs + b.tlsMs,
    firstByteMs: a.firstByteMs + b.firstByteMs,
    downloadMs: a.downloadMs + b.downloadMs,
  };
}
