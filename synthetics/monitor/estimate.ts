import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { targetsOf } from '../../fixtures/environments/targets.ts';
import { availabilityEmission } from '../../telemetry/envelope.ts';
import type { AvailabilityResult } from '../result.ts';
import { type Check, checksOf } from '../runners/prepare.ts';

const item = z.strictObject({ price: z.number().nonnegative(), unit: z.string(), source: z.url(), checked: z.string() });

const priceSchema = z.strictObject({
  date: z.iso.date(),
  currency: z.string(),
  note: z.string(),
  items: z.strictObject({
    ingestionPerGb: item,
    cosmosServerlessPerMillionRu: item,
    cosmosManualPer100RuHour: item,
    cosmosAutoscalePer100RuHour: item,
    frontDoorPer10000Requests: item,
    standardTestExecution: item,
  }),
});

type Prices = z.infer<typeof priceSchema>;

const pricesFile = join(__dirname, '..', '..', 'deploy', 'prices.json');

export const readPrices = (file = pricesFile): Prices => priceSchema.parse(JSON.parse(readFileSync(file, 'utf8')));

/** What one run of a journey takes. */
interface Usage {
  readonly requests: number;
  readonly requestUnits: number;
  /** Of the result as it is ingested. */
  readonly bytes: number;
}

/** From runs against the local store, for journeys of which the outbox has no results yet. */
const typicalUsage: Readonly<Record<string, Usage>> = {
  browse: { requests: 3, requestUnits: 52, bytes: 1_590 },
  search: { requests: 4, requestUnits: 101, bytes: 1_670 },
  reviews: { requests: 6, requestUnits: 83, bytes: 1_810 },
  'sign-in': { requests: 3, requestUnits: 0, bytes: 1_540 },
  cart: { requests: 7, requestUnits: 84, bytes: 1_810 },
  checkout: { requests: 11, requestUnits: 128, bytes: 1_890 },
  health: { requests: 1, requestUnits: 0, bytes: 1_450 },
  'across-regions': { requests: 5, requestUnits: 79, bytes: 1_770 },
};

/** Means by journey of what results say they took. */
export function usageOf(results: readonly AvailabilityResult[], nowMs: number): Record<string, Usage> {
  const sums: Record<string, Usage & { runs: number }> = {};
  for (const result of results) {
    const { runs = 0, requests = 0, requestUnits = 0, bytes = 0 } = sums[result.journey] ?? {};
    sums[result.journey] = {
      runs: runs + 1,
      requests: requests + result.steps.reduce((sum, step) => sum + step.requests, 0),
      requestUnits: requestUnits + result.steps.reduce((sum, step) => sum + (step.requestCharge ?? 0), 0),
      bytes: bytes + availabilityEmission(result, nowMs).bytes,
    };
  }
  const mean = ({ runs, requests, requestUnits, bytes }: Usage & { runs: number }): Usage => ({
    requests: requests / runs,
    requestUnits: requestUnits / runs,
    bytes: bytes / runs,
  });
  return Object.fromEntries(Object.entries(sums).map(([journey, sum]) => [journey, mean(sum)]));
}

interface Estimate {
  readonly checks: number;
  readonly requests: number;
  readonly requestUnits: number;
  readonly gigabytes: number;
  /** Journeys whose usage is typical, not measured. */
  readonly assumed: readonly string[];
  readonly lines: readonly { readonly what: string; readonly amount: string; readonly cost: number }[];
  readonly cost: number;
  readonly standardTestsCost: number;
}

/** Minutes of a month of 30.4 days. */
const monthMinutes = 43_800;
const monthHours = 730;
const heartbeatBytes = 1_250;

/** What a month of an environment's checks costs at one location; retries and failures are not counted. */
export function estimate(environment: Environment, prices: Prices, measured: Readonly<Record<string, Usage>> = {}): Estimate {
  const { checks } = checksOf(environment, targetsOf(environment));
  const { everyMinutes } = environment.monitor;
  const rows = checks.map((check) => {
    const { name } = check.journey;
    const usage = measured[name] ?? typicalUsage[name] ?? { requests: 5, requestUnits: 50, bytes: 2_500 };
    return { check, usage, runs: monthMinutes / (everyMinutes[name] ?? 1) };
  });
  const total = (of: (row: (typeof rows)[number]) => number) => rows.reduce((sum, row) => sum + row.runs * of(row), 0);
  const requests = total(({ usage }) => usage.requests);
  const requestUnits = total(({ usage }) => usage.requestUnits);
  const gigabytes = (total(({ usage }) => usage.bytes) + monthMinutes * heartbeatBytes) / 1e9;
  const throughFrontDoor = total(({ check, usage }) => (isGlobal(check) ? usage.requests : 0));
  const { items } = prices;
  const cosmos = cosmosLine(environment, requestUnits, prices);
  const lines = [
    {
      what: 'Application Insights ingestion',
      amount: `${gigabytes.toFixed(2)} GB`,
      cost: gigabytes * items.ingestionPerGb.price,
    },
    cosmos,
    {
      what: 'Front Door requests',
      amount: `${Math.round(throughFrontDoor)}`,
      cost: (throughFrontDoor / 10_000) * items.frontDoorPer10000Requests.price,
    },
  ];
  const checkCount = total(() => 1);
  return {
    checks: checkCount,
    requests,
    requestUnits,
    gigabytes,
    assumed: [...new Set(checks.map(({ journey }) => journey.name))].filter((name) => measured[name] === undefined),
    lines,
    cost: lines.reduce((sum, { cost }) => sum + cost, 0),
    standardTestsCost: checkCount * items.standardTestExecution.price,
  };
}

const isGlobal = ({ target }: Check) => target.kind === 'global';

/** Serverless accounts pay for each RU; provisioned ones for RU/s that are there anyway: then it is the share that checks take. */
function cosmosLine({ cosmosAccounts }: Environment, requestUnits: number, { items }: Prices): Estimate['lines'][number] {
  const perSecond = requestUnits / monthMinutes / 60;
  const amount = `${Math.round(requestUnits / 1e6)} million RU, ${perSecond.toFixed(1)} RU/s`;
  if (cosmosAccounts.every(({ mode }) => mode === 'serverless'))
    return { what: 'Cosmos DB, serverless', amount, cost: (requestUnits / 1e6) * items.cosmosServerlessPerMillionRu.price };
  const isAutoscale = cosmosAccounts.some(({ mode }) => mode === 'autoscale');
  const { price } = isAutoscale ? items.cosmosAutoscalePer100RuHour : items.cosmosManualPer100RuHour;
  const regions = Math.max(...cosmosAccounts.map((account) => account.regions.length));
  const cost = (perSecond / 100) * price * monthHours * regions;
  return { what: `Cosmos DB, share of provisioned RU/s`, amount, cost };
}
