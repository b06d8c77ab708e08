import type { Histogram } from 'hdr-histogram-js';
import { CsvStream, type Fields } from './csv.ts';
import { newHistogram, percentileMs, recordMs } from './histogram.ts';
import { RefusalTally } from './refusals.ts';
import { StepTally } from './steps.ts';
import type { FailureSecond, JourneySamples, Samples } from './verdict/observation.ts';

/** k6 hands samples over about once a second, so that a second's last ones come up to two seconds late. */
const usualOpenSeconds = 4;

export type SampleStream = Pick<CsvStream, 'add' | 'lastAtMs'>;

interface OpenSecond {
  readonly atMs: number;
  requests: number;
  failed: number;
  ru: number;
  retries: number;
  readonly mix: Record<string, number>;
  /** Answers by stamp. */
  readonly served: Record<string, number>;
  /** Both stay empty in a second in which nothing failed. */
  readonly unanswered: Record<string, number>;
  refusals: RefusalTally | undefined;
  readonly latency: Histogram;
}

type JourneyCount = { -readonly [K in keyof JourneySamples]: JourneySamples[K] } & { readonly passedMs: Histogram };

/** What a progress line shows. */
export interface Recent {
  readonly ratePerSecond: number;
  readonly p95Ms: number | undefined;
  readonly requests: number;
  readonly failed: number;
  /** The second that is complete. */
  readonly atMs: number;
}

/**
 * Follows k6's CSV output (`--out csv=-`) line by line. Memory stays bounded whatever the rate: a histogram in all, one a
 * journey, one for each of the last seconds, and five numbers for each second that is over.
 */
export class Collector {
  private readonly scenario: string;
  private readonly openSeconds: number;
  private own: SampleStream | undefined;
  private readonly latency = newHistogram(3);
  private readonly open: OpenSecond[] = [];
  private readonly spare: Histogram[] = [];
  private readonly closed: Samples['seconds'][number][] = [];
  private readonly mixSeconds: Samples['mixSeconds'][number][] = [];
  private readonly failureSeconds: FailureSecond[] = [];
  private readonly journeys: Record<string, JourneyCount> = {};
  private readonly steps = new StepTally();
  private readonly refusals = new RefusalTally();
  private readonly instances: Record<string, number> = {};
  private readonly unanswered: Record<string, number> = {};
  private requests = 0;
  private failed = 0;
  private dropped = 0;
  private retries = 0;
  private firstAtMs: number | undefined;
  private lastAtMs: number | undefined;

  /** `openSeconds`: how far a sample may come behind the latest and still count in its own second. */
  constructor(scenario: string, openSeconds = usualOpenSeconds) {
    this.scenario = scenario;
    this.openSeconds = openSeconds;
  }

  /** Takes the next piece of the one stream, wherever it was cut. */
  add(piece: string): void {
    this.own ??= this.stream();
    this.own.add(piece);
  }

  /** One k6's stream; as many as there are runners may feed one collector, side by side. */
  stream(): SampleStream {
    return new CsvStream((metric) => {
      const take = takers[metric];
      return take && ((field) => take(this, field));
    });
  }

  addRequest(field: Fields): void {
    // Tokens and the look at the store before the run are no part of it.
    if (field('scenario') !== this.scenario) return;
    const atMs = Number(field('timestamp'));
    const failed = field('expected_response') === 'false';
    const answered = field('status') !== '0';
    const second = this.secondOf(atMs);
    this.firstAtMs = Math.min(this.firstAtMs ?? atMs, atMs);
    this.lastAtMs = Math.max(this.lastAtMs ?? atMs, atMs);
    this.requests += 1;
    second.requests += 1;
    const { journey = '', step = '' } = tagsOf(field('extra_tags'));
    second.mix[journey] = (second.mix[journey] ?? 0) + 1;
    if (failed) {
      this.failed += 1;
      second.failed += 1;
    }
    if (!answered) {
      const code = field('error_code');
      this.unanswered[code] = (this.unanswered[code] ?? 0) + 1;
      second.unanswered[code] = (second.unanswered[code] ?? 0) + 1;
      return;
    }
    const ms = Number(field('metric_value'));
    recordMs(this.latency, ms);
    recordMs(second.latency, ms);
    this.steps.addRequest(journey, step, ms);
  }

  addCharge(field: Fields): void {
    const { journey = '', step = '', outcome } = tagsOf(field('extra_tags'));
    const ru = Number(field('metric_value'));
    // A journey that broke off has not cost what it costs.
    if (outcome === 'passed') this.steps.addCharge(journey, step, ru);
    this.secondOf(Number(field('timestamp'))).ru += ru;
  }

  addInstance(field: Fields): void {
    const { instance = '' } = tagsOf(field('extra_tags'));
    const atMs = Number(field('timestamp'));
    this.instances[instance] = Math.min(this.instances[instance] ?? atMs, atMs);
  }

  addRefusal(field: Fields): void {
    const tags = tagsOf(field('extra_tags'));
    this.refusals.add(field, tags);
    const second = this.secondOf(Number(field('timestamp')));
    second.refusals ??= new RefusalTally();
    second.refusals.add(field, tags);
  }

  addRetries(field: Fields): void {
    const retries = Number(field('metric_value'));
    this.retries += retries;
    this.secondOf(Number(field('timestamp'))).retries += retries;
  }

  addServed(field: Fields): void {
    const { served } = this.secondOf(Number(field('timestamp')));
    const { stamp = '' } = tagsOf(field('extra_tags'));
    served[stamp] = (served[stamp] ?? 0) + 1;
  }

  addJourney(field: Fields): void {
    const { journey = '', outcome } = tagsOf(field('extra_tags'));
    const count = this.journey(journey);
    count.iterations += 1;
    if (outcome === 'passed') recordMs(count.passedMs, Number(field('metric_value')));
    else if (outcome === 'exception') count.exceptions += 1;
    else if (outcome === 'inconclusive') count.unclear += 1;
    else count.failed += 1;
  }

  addCheck(field: Fields): void {
    const count = this.journey(tagsOf(field('extra_tags')).journey ?? '');
    count.checks += 1;
    if (Number(field('metric_value')) !== 0) return;
    count.failedChecks += 1;
    count.firstFailure ??= field('check');
  }

  addDropped(field: Fields): void {
    this.dropped += Number(field('metric_value'));
  }

  /** Wall time of the first request; undefined before there is one. */
  begunAtMs(): number | undefined {
    return this.firstAtMs;
  }

  /** The last second that is complete; undefined before there is one. */
  recent(): Recent | undefined {
    const done = this.open.at(-2);
    if (!done) return undefined;
    const { requests, failed } = this;
    return { ratePerSecond: done.requests, p95Ms: percentileMs(done.latency, 95), requests, failed, atMs: done.atMs };
  }

  samples(): Samples {
    const journeys = Object.fromEntries(
      Object.entries(this.journeys).map(([name, { passedMs, ...count }]) => [
        name,
        { ...count, p95Ms: percentileMs(passedMs, 95) },
      ]),
    );
    const { requests, failed, unanswered, firstAtMs, lastAtMs } = this;
    const seconds = [...this.closed, ...this.open.map(closedSecond)];
    const mixSeconds = [...this.mixSeconds, ...this.open.map(mixSecond)];
    const failureSeconds = [...this.failureSeconds, ...this.open.flatMap(failureSecond)];
    const latencyP95Ms = percentileMs(this.latency, 95);
    return {
      requests,
      failed,
      unanswered,
      droppedIterations: this.dropped,
      refusals: this.refusals.list(),
      throttleRetries: this.retries,
      steps: this.steps.samples(),
      mixSeconds,
      failureSeconds,
      instances: this.instances,
      latencyP95Ms,
      journeys,
      firstAtMs,
      lastAtMs,
      seconds,
    };
  }

  private journey(name: string): JourneyCount {
    const nothing = { iterations: 0, failed: 0, unclear: 0, exceptions: 0, checks: 0, failedChecks: 0, firstFailure: undefined };
    this.journeys[name] ??= { ...nothing, passedMs: newHistogram(3) };
    return this.journeys[name];
  }

  private secondOf(requestAtMs: number): OpenSecond {
    const atMs = Math.floor(requestAtMs / 1000) * 1000;
    const known = this.open.findLast((second) => second.atMs === atMs);
    if (known) return known;
    // Older than all that are open: its own second has been closed, so it counts in the oldest.
    const [oldest] = this.open;
    if (oldest && atMs < oldest.atMs) return oldest;
    const nothing = { requests: 0, failed: 0, ru: 0, retries: 0, mix: {}, served: {}, unanswered: {}, refusals: undefined };
    const second: OpenSecond = { atMs, ...nothing, latency: this.spare.pop() ?? newHistogram(2) };
    this.open.push(second);
    this.open.sort((a, b) => a.atMs - b.atMs);
    if (this.open.length > this.openSeconds) this.close();
    return second;
  }

  private close(): void {
    const over = this.open.shift();
    if (!over) return;
    this.closed.push(closedSecond(over));
    this.mixSeconds.push(mixSecond(over));
    this.failureSeconds.push(...failureSecond(over));
    over.latency.reset();
    this.spare.push(over.latency);
  }
}

const mixSecond = ({ atMs, mix, served }: OpenSecond): Samples['mixSeconds'][number] => ({
  atMs,
  requests: mix,
  ...(Object.keys(served).length > 0 ? { served } : {}),
});

const failureSecond = ({ atMs, failed, unanswered, refusals }: OpenSecond): FailureSecond[] =>
  failed === 0 && !refusals ? [] : [{ atMs, failed, unanswered, refusals: refusals?.list() ?? [] }];

function closedSecond({ atMs, requests, failed, ru, retries, latency }: OpenSecond): Samples['seconds'][number] {
  const p50Ms = percentileMs(latency, 50);
  const p95Ms = percentileMs(latency, 95);
  return {
    atMs,
    requests,
    failed,
    ...(ru > 0 ? { ru: Math.round(ru * 100) / 100 } : {}),
    ...(retries > 0 ? { throttleRetries: retries } : {}),
    ...(p50Ms === undefined || p95Ms === undefined ? {} : { p50Ms, p95Ms }),
  };
}

/** The metrics that are read; `http_req_duration` stands for a request, its tags say the rest. */
const takers: Readonly<Record<string, (collector: Collector, field: Fields) => void>> = {
  http_req_duration: (collector, field) => collector.addRequest(field),
  journey_duration: (collector, field) => collector.addJourney(field),
  checks: (collector, field) => collector.addCheck(field),
  dropped_iterations: (collector, field) => collector.addDropped(field),
  step_charge: (collector, field) => collector.addCharge(field),
  instance_met: (collector, field) => collector.addInstance(field),
  refused_requests: (collector, field) => collector.addRefusal(field),
  served_requests: (collector, field) => collector.addServed(field),
  throttle_retries: (collector, field) => collector.addRetries(field),
};

const knownTags = new Map<string, Readonly<Record<string, string>>>();
/** More than journeys × steps × targets × outcomes ever are; a script that tags without end must not fill the memory. */
const mostKnownTags = 5_000;

/** `journey=checkout&outcome=passed`; the same texts come again and again, so they are taken apart once. */
function tagsOf(text: string): Readonly<Record<string, string>> {
  const known = knownTags.get(text);
  if (known) return known;
  const tags = Object.fromEntries(text.split('&').map((tag) => tag.split('=') as [string, string]));
  if (knownTags.size < mostKnownTags) knownTags.set(text, tags);
  return tags;
}
