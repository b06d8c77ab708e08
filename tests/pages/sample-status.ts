import type { Environment } from '../../fixtures/environments/schema.ts';
import { targetsOf } from '../../fixtures/environments/targets.ts';
import { burnsOf } from '../../health/burn-rate.ts';
import { evaluate } from '../../health/evaluate.ts';
import { expandModel, type ModelNode } from '../../health/expand.ts';
import type { Incident } from '../../health/incident.ts';
import { IncidentStore } from '../../health/incident-store.ts';
import { budgetsOf } from '../../health/objectives.ts';
import type { HealthPicture, Warning } from '../../health/picture.ts';
import { seriesBins, seriesKey } from '../../health/series.ts';
import { type Signal, thresholdOf } from '../../health/thresholds.ts';
import { columnMs, History } from '../../pages/status/history.ts';
import type { Known } from '../../pages/status/status.ts';
import type { AvailabilityResult } from '../../synthetics/result.ts';
import { environmentWith, journeys } from '../health/day.ts';
import { well } from '../health/situation.ts';
import { aResult } from '../support/results.ts';

const minuteMs = 60_000;

/** Signal, scope, value of the last minutes, and how many. */
export type Trouble = readonly (readonly [signal: Signal, scope: string, value: number, minutes: number])[];

const throttled: Trouble = [
  ['cosmosThrottled', 'contoso@westeurope', 7, 12],
  ['journeyFailed', 'checkout@westeurope', 60, 10],
  ['paymentFailed', 'eastus', 0, 3],
];

const regions = [
  'westeurope',
  'northeurope',
  'uksouth',
  'eastus',
  'westus',
  'centralus',
  'japaneast',
  'australiaeast',
  'brazilsouth',
  'southindia',
];

/** Ten regions with two stamps each. */
export const twentyStamps = (): Environment => {
  const stamps = regions.flatMap((region, i) =>
    [1, 2].map((n) => ({
      name: `${region}-${n}`,
      region,
      endpoint: `https://localhost:${9_000 + 2 * i + n}`,
      plan: `plan-${region}-${n}`,
      cosmos: 'contoso',
    })),
  );
  const account = { name: 'contoso', regions, mode: 'manual', ruPerSecond: 4_000, multiRegionWrites: true };
  return environmentWith({ stamps, plans: stamps.map(({ plan }) => ({ name: plan, sku: 'S2' })), cosmosAccounts: [account] });
};

export const twoStamps = () => environmentWith();

/** Everything beyond its worst bound at once: no update is larger. */
export const allBad = (environment: Environment): Trouble =>
  expandModel(environment).flatMap(({ signals }) =>
    signals.map(({ signal, scope }) => {
      const { direction, unhealthyAt } = thresholdOf(signal);
      return [signal, scope, direction === 'higher' ? unhealthyAt * 1.2345 : unhealthyAt - 1, 30] as const;
    }),
  );

export function pictureOf(
  environment: Environment,
  nowMs: number,
  trouble: Trouble = [],
  warnings: readonly Warning[] = [],
): HealthPicture {
  const model = expandModel(environment);
  return evaluate(model, seriesOf(model, trouble), nowMs, warnings);
}

function seriesOf(model: readonly ModelNode[], trouble: Trouble): Map<string, Float64Array> {
  const series = new Map<string, Float64Array>();
  for (const { signals } of model)
    for (const { signal, scope } of signals)
      series.set(seriesKey(signal, scope), new Float64Array(seriesBins()).fill(well[signal]));
  for (const [signal, scope, value, minutes] of trouble)
    series.get(seriesKey(signal, scope))?.fill(value, seriesBins() - minutes);
  return series;
}

export function historyOf(
  environment: Environment,
  nowMs: number,
  meets: (result: AvailabilityResult) => AvailabilityResult = (r) => r,
): History {
  const history = new History();
  const targets = targetsOf(environment);
  let serial = 0;
  for (let back = 35; back >= 0; back -= 1)
    for (const { kind, name, endpoint } of targets)
      for (const journey of journeys) {
        serial += 1;
        const startedAt = new Date(nowMs - back * columnMs).toISOString();
        const durationMs = 60 + ((serial * 37) % 90) + (journey === 'checkout' ? 150 : 0);
        history.add([meets(aResult(serial, { journey, startedAt, durationMs, target: { kind, name, endpoint } }))]);
      }
  return history;
}

/** Budgets and burns from a day of results, of which checkout in the first region fails now and then. */
function outcomeOf(environment: Environment, nowMs: number): NonNullable<Known['outcome']> {
  const store = new IncidentStore(':memory:');
  const places = [...new Set([...environment.stamps.map(({ region }) => region), 'global'])];
  const widthMs = 5 * minuteMs;
  for (let startMs = Math.floor((nowMs - 24 * 3_600_000) / widthMs) * widthMs; startMs <= nowMs; startMs += widthMs)
    store.putTallies(
      5,
      places.flatMap((place, i) =>
        journeys.map((journey) => {
          const failed = i === 0 && journey === 'checkout' && nowMs - startMs < 3_600_000 ? 2 : 0;
          return { journey, place, startMs, total: 5, failed, failedTold: 0, slow: 0, slowTold: 0 };
        }),
      ),
    );
  store.rollUp(5, 60, 0);
  return { budgets: budgetsOf(environment, store, nowMs), burns: burnsOf(environment, store, nowMs), silenced: [] };
}

export function incidentAt(key: string, startedAtMs: number, changes: Partial<Incident> = {}): Incident {
  return {
    key,
    environment: 'local',
    kind: 'outage',
    cause: 'http',
    place: 'westeurope',
    breadth: 0,
    urgency: 'page',
    members: ['checkout@westeurope'],
    startedAtMs,
    openedAtMs: startedAtMs + 2 * minuteMs,
    lastOpenMs: startedAtMs + 3 * minuteMs,
    evidence: { rule: 'status 201', seen: '503 after 812 ms', resultId: '00f067aa0ba902b7' },
    failures: 9,
    budgetPercent: 22.321,
    ...changes,
  };
}

const delivered = { waiting: 0, parked: 0, lost: 0, alertsWaiting: 0, alertsGivenUp: 0, onDisk: true };

/** What a monitor of an environment knows where all is well; or anything else. */
export function knownOf(environment: Environment, nowMs: number, changes: Partial<Known> = {}): Known {
  return {
    environment: environment.name,
    location: environment.location,
    nowMs,
    judgedAtMs: nowMs,
    staleAfterMs: 3 * minuteMs,
    everyMinutes: {},
    budgetHours: environment.objectives.budgetHours,
    checks: targetsOf(environment).flatMap(({ name }) => journeys.map((journey) => ({ journey, target: name }))),
    model: expandModel(environment),
    picture: pictureOf(environment, nowMs),
    outcome: outcomeOf(environment, nowMs),
    history: historyOf(environment, nowMs),
    incidents: [],
    acked: new Set(),
    silences: [],
    underWay: [],
    delivery: delivered,
    historyRead: true,
    ...changes,
  };
}

/** A bad hour: throttled in one region, with all that a page can show beside. */
export function troubled(environment: Environment, nowMs: number, trouble: Trouble = throttled): Known {
  const [first] = environment.stamps;
  const place = first?.region ?? '';
  const isHit = ({ journey, target, startedAt }: AvailabilityResult) =>
    journey === 'checkout' && target.name === first?.name && nowMs - Date.parse(startedAt) < 40 * minuteMs;
  const failure = { step: 'pay', rule: 'status 201', seen: '503 after 812 ms', cause: 'http' } as const;
  return knownOf(environment, nowMs, {
    picture: pictureOf(environment, nowMs, trouble, [
      {
        id: `instances@plan-${place}`,
        title: 'instances',
        place: `plan-${place}`,
        value: 8,
        bound: 10,
        earliestMs: nowMs + 30 * minuteMs,
        expectedMs: nowMs + 45 * minuteMs,
        within: 'hour',
        text: `instances of plan-${place} reach their maximum of 10 within the hour`,
      },
    ]),
    history: historyOf(environment, nowMs, (result) => (isHit(result) ? { ...result, outcome: 'failed', failure } : result)),
    incidents: [
      incidentAt('a'.repeat(16), nowMs - 12 * minuteMs, { place }),
      incidentAt('b'.repeat(16), nowMs - 26 * 3_600_000, { place, resolvedAtMs: nowMs - 25 * 3_600_000, failures: 41 }),
    ],
    acked: new Set(['a'.repeat(16)]),
    silences: [
      { id: 1, subject: 'connect', fromMs: nowMs - minuteMs, untilMs: nowMs + 3_600_000, why: 'the firewall is being replaced' },
    ],
    underWay: [
      { kind: 'load', why: 'spike at 400 requests/s', targets: ['eastus'], fromMs: nowMs - minuteMs, untilMs: nowMs + 600_000 },
    ],
    delivery: { ...delivered, waiting: 120, alertsWaiting: 1 },
  });
}
