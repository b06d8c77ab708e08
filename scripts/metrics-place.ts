import type { CosmosAccount, Environment, Plan } from '../fixtures/environments/schema.ts';
import type { ServerPoint } from '../load/verdict/observation.ts';
import {
  type Aggregation,
  type MetricPoint,
  type MetricsRequest,
  type MetricsSource,
  readArrivedMetrics,
  readClock,
} from '../telemetry/azure-monitor.ts';
import { credentialOf } from './azure.ts';

/** Azure's metrics lag by a minute or more: three of their minutes are waited for, and what isn't there then is a hole. */
const defaultPatienceMinutes = 3;

/** Where and when a run's metrics are read. */
export interface Place {
  readonly environment: Environment;
  readonly source: (region: string) => MetricsSource;
  /** Wall time of one minute of the metrics. */
  readonly minuteMs: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** Minutes of the metrics that are waited for what hasn't come. Default 3. */
  readonly patienceMinutes?: number;
}

/** Azure Monitor, or the local store in its place. */
export async function sourceOf(environment: Environment): Promise<Pick<Place, 'source' | 'minuteMs'>> {
  const { local } = environment;
  const credential = await credentialOf(environment);
  if (!local)
    return { source: (region) => ({ endpoint: `https://${region}.metrics.monitor.azure.com`, credential }), minuteMs: 60_000 };
  const clock = await readClock(local.controlEndpoint);
  return { source: () => ({ endpoint: local.controlEndpoint, credential, clock }), minuteMs: 60_000 / clock.timeScale };
}

/** Plans and accounts that a stamp uses: one that none uses may not exist where the run is. */
export const usedIn = ({ plans, cosmosAccounts, stamps }: Environment) => ({
  plans: plans.filter(({ name }) => stamps.some(({ plan }) => plan === name)),
  cosmosAccounts: cosmosAccounts.filter(({ name }) => stamps.some(({ cosmos }) => cosmos === name)),
});

export const namespaces = {
  cosmos: 'Microsoft.DocumentDB/databaseAccounts',
  plan: 'Microsoft.Web/serverfarms',
  vault: 'Microsoft.KeyVault/vaults',
} as const;

/** The series of a metric over the run, waited for. @throws where Azure Monitor can't give it */
export async function read(at: Place, region: string, asked: Omit<MetricsRequest, 'from' | 'to'>, fromMs = at.fromMs) {
  const { patienceMinutes = defaultPatienceMinutes } = at;
  const patience = { until: at.toMs + patienceMinutes * at.minuteMs, everyMs: Math.max(250, at.minuteMs / 6) };
  // The minute in which the last answers came belongs to the run.
  const span = { from: floor(fromMs, at), to: at.toMs + at.minuteMs };
  const source = at.source(region);
  const { series, failures, aheadMs = 0 } = await readArrivedMetrics(source, { ...asked, ...span }, patience);
  const [failure] = failures;
  if (failure) throw new Error(`${failure.metric}: ${failure.reason}`);
  // A local store is on this very machine.
  if (!source.clock && Math.abs(aheadMs) > at.minuteMs / 2) {
    const off = `${Math.round(Math.abs(aheadMs) / 1_000)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} Azure Monitor's`;
    throw new Error(`this machine's clock is ${off}: its samples and the metrics would not meet on one time axis`);
  }
  return series;
}

const floor = (ms: number, { minuteMs }: Place) => Math.floor(ms / minuteMs) * minuteMs;

/** The points that have come. */
export const totals = (points: readonly MetricPoint[], of: Aggregation): ServerPoint[] =>
  points.flatMap(({ at, values }) => (values?.[of] === undefined ? [] : [{ atMs: at, value: values[of] }]));

export const regionOf = (account: CosmosAccount) => account.regions[0] ?? '';

/** A plan's metrics are asked for where its stamps are. */
export const regionOfPlan = ({ stamps }: Environment, { name }: Plan) => stamps.find(({ plan }) => plan === name)?.region ?? '';
