import type { Environment } from '../../fixtures/environments/schema.ts';
import { expandModel } from '../../health/expand.ts';
import type { Health } from '../../health/model.ts';
import { type Signal, thresholdOf } from '../../health/thresholds.ts';
import { environmentWith } from './day.ts';
import { rowOf, type TableRow } from './table-rows.ts';

/** What was measured, and the states that follow from the requirements: written by hand, and the same in evaluator and KQL. */
export interface Situation {
  readonly title: string;
  /** Default `two-regions`. */
  readonly environment?: EnvironmentName;
  /** What signals have that `given` doesn't name; default well, for an hour. */
  readonly base?: 'well' | 'nothing';
  /**
   * Signal, scope, and its minutes, oldest first, up to and with the current one: `30x5 75x3 -x2` is five minutes of 30, three
   * of 75 and two of nothing. `75/3` is 75 by three rows. Before them it is as the base.
   */
  readonly given: readonly (readonly [signal: Signal, scope: string, minutes: string])[];
  /** By node ids, several with blanks between. */
  readonly states: Readonly<Record<string, Health>>;
}

const stamp = (name: string, region: string, port: number, more: object = {}) => ({
  name,
  region,
  endpoint: `https://localhost:${port}`,
  plan: `plan-${name}`,
  cosmos: 'contoso',
  ...more,
});
const with_ = (stamps: readonly ReturnType<typeof stamp>[]): Environment =>
  environmentWith({
    stamps,
    plans: stamps.map(({ plan }) => ({ name: plan, sku: 'S2' })),
    cosmosAccounts: [
      {
        name: 'contoso',
        regions: [...new Set(stamps.map(({ region }) => region))],
        mode: 'manual',
        ruPerSecond: 4000,
        multiRegionWrites: true,
      },
    ],
  });

export const environments = {
  'two-regions': environmentWith(),
  'one-stamp': with_([stamp('westeurope', 'westeurope', 8444)]),
  'blue-green': with_([
    stamp('blue', 'westeurope', 8444),
    stamp('green', 'westeurope', 8446, { role: 'standby' }),
    stamp('eastus', 'eastus', 8448),
  ]),
  /** Reviews run every five minutes. */
  seldom: environmentWith({ monitor: { everyMinutes: { reviews: 5 } } }),
  'two-stamps': with_([stamp('weu-1', 'westeurope', 8444), stamp('weu-2', 'westeurope', 8446)]),
} as const satisfies Record<string, Environment>;
type EnvironmentName = keyof typeof environments;

/** Values of signals where all is well. */
export const well: Readonly<Record<Signal, number>> = {
  journeyFailed: 0,
  budgetSpent: 0,
  passedOnRetry: 0,
  inconclusive: 0,
  certificateDays: 80,
  healthCheckFailed: 0,
  probeFailed: 0,
  serverErrors: 0,
  serverLatencyMs: 12,
  exceptions: 0,
  responseMs: 40,
  siteErrors: 0,
  instanceHealthPercent: 100,
  cpuPercent: 30,
  memoryPercent: 50,
  queueLength: 0,
  scaleFailures: 0,
  cosmosRuPercent: 20,
  cosmosThrottled: 0,
  cosmosFailed: 0,
  keyVaultFailures: 0,
  paymentFailed: 0,
  edgeErrors: 0,
};

export const minuteMs = 60_000;
/** The current minute of every situation. */
export const nowMs = Date.UTC(2026, 10, 23, 14, 0, 30);
const baseMinutes = 60;

/** Signals that read rows of another one too: those rows say already that all is well. */
export const readsOthersRows: readonly Signal[] = [
  'budgetSpent',
  'passedOnRetry',
  'inconclusive',
  'serverErrors',
  'siteErrors',
  'cosmosFailed',
];

/** The rows of every table, of every signal that the model reads. What one signal's rows say of another counts. */
export function tablesOf({ environment = 'two-regions', base = 'well', given }: Situation): Readonly<Record<string, TableRow[]>> {
  const told = new Map(given.map(([signal, scope, minutes]) => [`${signal} ${scope}`, tokensOf(minutes)]));
  const known = new Map(
    expandModel(environments[environment])
      .flatMap(({ signals }) => signals)
      .map(({ signal, scope }) => [`${signal} ${scope}`, { signal, scope }]),
  );
  for (const key of told.keys()) if (!known.has(key)) throw new RangeError(`no node of ${environment} reads ${key}`);
  const last = Math.floor(nowMs / minuteMs) * minuteMs;
  const tables: Record<string, TableRow[]> = {};
  for (const [key, { signal, scope }] of known) {
    const own = told.get(key) ?? [];
    const isSaid = base === 'nothing' || readsOthersRows.includes(signal);
    const before = isSaid ? [] : Array<string>(Math.max(0, baseMinutes - own.length)).fill(`${well[signal]}/${baseRows(signal)}`);
    const minutes = [...before, ...own];
    minutes.forEach((token, at) => {
      const startMs = last - (minutes.length - 1 - at) * minuteMs;
      valuesOf(signal, token).forEach((value, i) => {
        const { table, row } = rowOf(signal, scope, startMs + i * 1_000, value, `${key} ${startMs} ${i}`);
        const rows = tables[table] ?? [];
        tables[table] = rows;
        rows.push(row);
      });
    });
  }
  return tables;
}

const tokensOf = (minutes: string): string[] =>
  minutes.split(' ').flatMap((token) => {
    const [, what = '', times] = /^(-|-?[\d.]+(?:\/\d+)?)(?:x(\d+))?$/.exec(token) ?? [];
    if (what === '') throw new RangeError(`${token} is no minute; allowed: 75, 75/3, 75x5, 75/3x5, -, -x5`);
    return Array<string>(Number(times ?? 1)).fill(what);
  });

/** Whole percents of twenty are exact; so is 5 % of rows beyond a bound. */
const defaultRows = 20;
/** Just enough for every window. */
export function baseRows(signal: Signal): number {
  const { minSamples, windowMinutes } = thresholdOf(signal);
  return Math.ceil(minSamples / windowMinutes);
}

export function valuesOf(signal: Signal, token: string): number[] {
  if (token === '-') return [];
  const [value = 0, rows = defaultRows] = token.split('/').map(Number);
  const { statistic, source } = thresholdOf(signal);
  switch (statistic) {
    case 'share':
      return Array.from({ length: rows }, (_, i) => (i < Math.round((value * rows) / 100) ? 1 : 0));
    case 'sum':
    case 'perMinute': {
      const canBeZero = 'column' in source.value || source.value.when.length > 0;
      return Array.from({ length: canBeZero ? Math.max(rows, value) : value }, (_, i) => (i < value ? 1 : 0));
    }
    default:
      return Array<number>(rows).fill(value);
  }
}
