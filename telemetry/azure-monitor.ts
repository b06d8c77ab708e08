import type { TokenCredential } from '@azure/core-auth';
import { type Metric, MetricsClient } from '@azure/monitor-query-metrics';
import { request } from 'undici';
import { z } from 'zod';

/** The local store's clock endpoint: control-plane time runs `timeScale` times as fast as wall time, from `epoch` on. */
export interface StoreClock {
  /** Milliseconds since the Unix epoch; there both times agree. */
  readonly epoch: number;
  readonly timeScale: number;
}

const clockSchema = z.object({ epoch: z.number(), timeScale: z.number().positive() });
const clockLimitMs = 5_000;

/** @throws where the endpoint doesn't answer, or not as a clock */
export async function readClock(controlEndpoint: string): Promise<StoreClock> {
  const { statusCode, body } = await request(`${controlEndpoint}/clock`, { signal: AbortSignal.timeout(clockLimitMs) });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`${controlEndpoint}/clock answered ${statusCode}`);
  return clockSchema.parse(JSON.parse(text));
}

/** The wall time of a metric's timestamp, both in milliseconds. Without a clock, on Azure, they are the same. */
export const wallTimeOf = (timestampMs: number, clock?: StoreClock) =>
  clock ? clock.epoch + (timestampMs - clock.epoch) / clock.timeScale : timestampMs;

/** The metric timestamp of a wall time: the inverse. */
export const metricTimeOf = (wallMs: number, clock?: StoreClock) =>
  clock ? clock.epoch + (wallMs - clock.epoch) * clock.timeScale : wallMs;

export type Aggregation = 'average' | 'count' | 'maximum' | 'minimum' | 'total';
const aggregations: readonly Aggregation[] = ['average', 'count', 'maximum', 'minimum', 'total'];

export interface MetricsSource {
  /** `https://westeurope.metrics.monitor.azure.com`, of the resources' region, or the local store's control endpoint. */
  readonly endpoint: string;
  readonly credential: TokenCredential;
  /** Of the local store. Default: none, on Azure. */
  readonly clock?: StoreClock | undefined;
}

export interface MetricsRequest {
  /** Of one type, subscription and region; 50 at most. */
  readonly resourceIds: readonly string[];
  /** `Microsoft.Web/serverfarms` */
  readonly namespace: string;
  readonly metrics: readonly string[];
  readonly aggregations: readonly Aggregation[];
  /** Wall time in milliseconds. */
  readonly from: number;
  readonly to: number;
  /** ISO 8601. Default PT1M. */
  readonly interval?: string;
  /** Dimensions to split by. Default: none, all merged. */
  readonly by?: readonly string[];
  /** `StatusCode eq '429'`, beside the split. */
  readonly filter?: string;
}

export interface MetricPoint {
  /** Wall time of the bucket's start, milliseconds. */
  readonly at: number;
  /** Absent: a hole. Nothing was measured, or it hasn't arrived; it is never a zero. */
  readonly values?: Readonly<Partial<Record<Aggregation, number>>>;
}

export interface MetricSeries {
  readonly resourceId: string;
  readonly metric: string;
  readonly unit: string;
  /** By name in lower case, as Azure answers. */
  readonly dimensions: Readonly<Record<string, string>>;
  readonly points: readonly MetricPoint[];
}

interface MetricsReading {
  readonly series: readonly MetricSeries[];
  /** Metrics that Azure Monitor couldn't give, with its reason: an answer of 200 can carry failures. */
  readonly failures: readonly { readonly resourceId: string; readonly metric: string; readonly reason: string }[];
  /** Milliseconds that this machine's clock is ahead of the service's, to the second; undefined where it doesn't say. */
  readonly aheadMs: number | undefined;
}

/** Series of a split; the service's default of 10 would drop the rest in silence. */
const maxSeries = 1_000;
/** Of one question, with the client's own attempts: a service that takes it and never answers is not waited for. */
const answerLimitMs = 60_000;

/** Reads metrics with Azure's own client, which speaks HTTPS alone and asks for ARM's scope. Rejects with its RestError. */
export async function readMetrics(
  source: MetricsSource,
  asked: MetricsRequest,
  limitMs = answerLimitMs,
): Promise<MetricsReading> {
  const { endpoint, credential, clock } = source;
  const client = new MetricsClient(endpoint, credential);
  const abortSignal = AbortSignal.timeout(limitMs);
  let aheadMs: number | undefined;
  client.pipeline.addPolicy({
    name: 'limit-and-clock',
    async sendRequest(request, next) {
      const reply = await next(Object.assign(request, { abortSignal }));
      const saidMs = Date.parse(reply.headers.get('date') ?? '');
      aheadMs = Number.isNaN(saidMs) ? undefined : Date.now() - saidMs;
      return reply;
    },
  });
  const filter = [asked.filter, ...(asked.by ?? []).map((name) => `${name} eq '*'`)].filter(Boolean).join(' and ');
  const results = await client.queryResources([...asked.resourceIds], [...asked.metrics], asked.namespace, {
    startTime: new Date(metricTimeOf(asked.from, clock)),
    endTime: new Date(metricTimeOf(asked.to, clock)),
    interval: asked.interval ?? 'PT1M',
    aggregation: asked.aggregations.join(','),
    ...(filter ? { filter, top: maxSeries } : {}),
  });
  const all = results.flatMap(({ resourceId = '', metrics }) => metrics.map((metric) => ({ resourceId, metric })));
  const isGiven = ({ metric }: { readonly metric: Metric }) => (metric.errorCode ?? 'Success') === 'Success';
  const reasonOf = (metric: Metric) =>
    isGiven({ metric })
      ? `${maxSeries} series came, which is the most that were asked for: there may be more`
      : [metric.errorCode, metric.errorMessage].filter(Boolean).join(': ');
  return {
    series: all.filter(isGiven).flatMap(({ resourceId, metric }) => seriesOf(resourceId, metric, clock)),
    failures: all
      .filter((each) => !isGiven(each) || each.metric.timeseries.length >= maxSeries)
      .map(({ resourceId, metric }) => ({ resourceId, metric: nameOf(metric), reason: reasonOf(metric) })),
    aheadMs,
  };
}

/** The client's `name` is the display name, in the language of the answer; the id ends with that of the API. */
const nameOf = ({ id }: Metric) => id.slice(id.lastIndexOf('/') + 1);

function seriesOf(resourceId: string, metric: Metric, clock: StoreClock | undefined): MetricSeries[] {
  return metric.timeseries.map(({ metadatavalues = [], data = [] }) => ({
    resourceId,
    metric: nameOf(metric),
    unit: metric.unit,
    dimensions: Object.fromEntries(metadatavalues.map((each) => [(each.name ?? '').toLowerCase(), each.value ?? ''])),
    points: data.map((value) => {
      const given = aggregations.flatMap((each) => (value[each] === undefined ? [] : [[each, value[each]] as const]));
      const at = wallTimeOf(value.timeStamp.getTime(), clock);
      return given.length > 0 ? { at, values: Object.fromEntries(given) } : { at };
    }),
  }));
}

interface Patience {
  /** Wall time in milliseconds until which it is asked again. */
  readonly until: number;
  readonly everyMs: number;
  readonly now?: () => number;
  readonly sleep?: (ms: number) => Promise<void>;
}

const sleepMs = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/**
 * Reads until every metric has its last bucket, or the patience ends: Azure's metrics lag by a minute or more. What has not
 * arrived by then stays a hole.
 */
export async function readArrivedMetrics(
  source: MetricsSource,
  asked: MetricsRequest,
  patience: Patience,
): Promise<MetricsReading> {
  const { until, everyMs, now = Date.now, sleep = sleepMs } = patience;
  for (;;) {
    const reading = await readMetrics(source, asked);
    const arrived = new Set(
      reading.series.flatMap(({ resourceId, metric, points }) => (points.at(-1)?.values ? [`${resourceId}|${metric}`] : [])),
    );
    const isThere = arrived.size >= asked.resourceIds.length * asked.metrics.length;
    if (isThere || now() >= until) return reading;
    await sleep(everyMs);
  }
}
