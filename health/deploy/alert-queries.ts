import type { BurnRateRule, Urgency } from '../../fixtures/environments/alerting.ts';
import { journeyNames } from '../../fixtures/environments/journeys.ts';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { heartbeatName } from '../../synthetics/result.ts';
import type { ModelNode } from '../expand.ts';
import { ingestionMinutes } from '../kql/queries.ts';
import { type Cell, datatable, quoted, real } from '../kql/text.ts';
import { allowedShare, budgetKinds, objectiveOf } from '../objectives.ts';
import { lookbackOf } from './functions.ts';

/** A log query that alerts, and when: on any row, or on none (no row never is more than a bound). */
export interface AlertQuery {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly query: string;
  readonly fires: 'on rows' | 'without rows';
  /** Columns by which rows are told apart: an alert each. */
  readonly dimensions: readonly string[];
  /** How far back it reads. */
  readonly minutes: number;
  readonly severity: 1 | 2 | 3;
}

/** 1 wakes somebody, once an outage: what tells of the same in another way is 2. 3 is for office hours. */
const severityOf: Readonly<Record<Urgency, 1 | 3>> = { page: 1, ticket: 3 };
const silenceMinutes = 15;
/** The longest that a log alert reads back. */
const longestMinutes = 2 * 24 * 60;

export function alertQueries(environment: Environment, nodes: readonly ModelNode[]): AlertQuery[] {
  return [
    ...rootAlerts(nodes),
    ...environment.alerts.burnRates.map((rule) => burnAlert(environment, rule)),
    ...silenceAlerts(nodes),
    quorumAlert(environment),
  ];
}

function rootAlerts(nodes: readonly ModelNode[]): AlertQuery[] {
  const roots = nodes.filter(({ kind }) => kind === 'store' || kind === 'region').map(({ id }) => quoted(id));
  const rows = [
    ['unhealthy', 1],
    ['degraded', 3],
  ] as const;
  return rows.map(([state, severity]) => ({
    name: `root-${state}`,
    title: `Store or region ${state}`,
    description: `The health model says ${state} of the store or of a region; the workbook shows why.`,
    query: `ContosoHealth\n| where Id in (${roots.join(', ')}) and State == ${quoted(state)}\n`,
    fires: 'on rows',
    dimensions: ['Id'],
    minutes: lookbackOf(nodes),
    severity,
  }));
}

/** As `burnsOf` in burn-rate.ts has it, but for incidents, which Azure knows nothing of: what a page told of counts too. */
function burnAlert(environment: Environment, rule: BurnRateRule): AlertQuery {
  const { rate, shortMinutes, minFailures, urgency } = rule;
  const minutes = Math.min(rule.longMinutes, longestMinutes);
  const bound = (prefix: string) => `${prefix}Bad >= ${real(rate)} * Allowed * ${prefix}Total and ${prefix}Bad > 0`;
  const query = [
    `let Objectives = ${datatable({ Journey: 'string', Place: 'string', Kind: 'string', Allowed: 'real', SlowMs: 'real' }, objectiveRows(environment))};`,
    'ContosoResults',
    `| where IsCounted and TimeGenerated > now() - ${minutes}m`,
    '| join kind=inner (Objectives) on Journey, Place',
    "| where Kind == 'availability' or Outcome == 'passed'",
    "| extend IsBad = iff(Kind == 'availability', Outcome == 'failed', DurationMs > SlowMs)",
    `| summarize Total = count(), Bad = countif(IsBad), ShortTotal = countif(TimeGenerated > now() - ${shortMinutes}m), ShortBad = countif(IsBad and TimeGenerated > now() - ${shortMinutes}m) by Journey, Place, Kind, Allowed`,
    `| where Bad >= ${minFailures} and ${bound('')} and ${bound('Short')}`,
    '',
  ].join('\n');
  const cut = minutes < rule.longMinutes ? `, the longest that a log alert reads (the monitor: ${rule.longMinutes} minutes)` : '';
  return {
    name: `burn-rate-${rule.longMinutes}m`,
    title: `Error budget burns ${rate} times too fast`,
    description: `Over ${minutes} minutes${cut}, and still over ${shortMinutes}, by at least ${minFailures} bad results.`,
    query,
    fires: 'on rows',
    dimensions: ['Journey', 'Place', 'Kind'],
    minutes,
    severity: severityOf[urgency],
  };
}

function objectiveRows(environment: Environment): Cell[][] {
  const places = [...new Set(environment.stamps.map(({ region }) => region)), ...(environment.global ? ['global'] : [])];
  return journeyNames.flatMap((journey) =>
    places.flatMap((place) => {
      const objective = objectiveOf(environment, journey, place);
      const kinds = budgetKinds.filter((kind) => kind === 'availability' || objective.latencyMs !== undefined);
      return kinds.map((kind) => [journey, place, kind, share(allowedShare(objective, kind)), objective.latencyMs ?? 0]);
    }),
  );
}

/** 1 − 0.9995 is a hair off 0.0005. */
const share = (value: number) => Number(value.toFixed(9));

function silenceAlerts(nodes: readonly ModelNode[]): AlertQuery[] {
  const beats = `ContosoResults\n| where Journey == ${quoted(heartbeatName)}`;
  return [
    {
      name: 'silence',
      title: 'The monitor is silent',
      description: `No heartbeat from any location for ${silenceMinutes} minutes: nothing is known of the store.`,
      query: `${beats}\n`,
      fires: 'without rows',
      dimensions: [],
      minutes: silenceMinutes,
      severity: 1,
    },
    {
      name: 'silence-location',
      title: 'A location is silent',
      description: `A location that reported within the last day hasn't for ${silenceMinutes} minutes.`,
      query: `${beats}\n| summarize Last = max(TimeGenerated) by Location\n| where Last < now() - ${silenceMinutes}m\n`,
      fires: 'on rows',
      dimensions: ['Location'],
      minutes: 24 * 60,
      severity: 2,
    },
    {
      name: 'unknown',
      title: 'Nothing is known of the store',
      description: 'The health model says unknown of the store, or nothing at all.',
      query: "ContosoHealth\n| where Id == 'store' and State != 'unknown'\n",
      fires: 'without rows',
      dimensions: [],
      minutes: lookbackOf(nodes),
      severity: 2,
    },
  ];
}

/** A journey fails at a location as an incident opens: at so many failed bins of the last so many. */
function quorumAlert({ alerts: { open }, monitor }: Environment): AlertQuery {
  const seldom = Object.entries(monitor.everyMinutes);
  const every = seldom.map(([journey, minutes]) => `Journey == ${quoted(journey)}, ${minutes}`);
  const longest = Math.max(1, ...seldom.map(([, minutes]) => minutes));
  const query = [
    'ContosoResults',
    `| extend Every = ${every.length === 0 ? '1' : `case(${every.join(', ')}, 1)`}`,
    `| extend Ago = now() - ${ingestionMinutes}m - TimeGenerated`,
    `| where IsCounted and Ago >= 0m and Ago < ${open.of} * Every * 1m`,
    "| summarize IsFailed = countif(Outcome == 'failed') > 0 by Journey, Target, Location, Bin = bin(TimeGenerated, 1m)",
    '| summarize Bins = countif(IsFailed) by Journey, Target, Location',
    `| summarize Locations = count(), Failing = countif(Bins >= ${open.failures}) by Journey, Target`,
    '| where Failing > 0 and 2 * Failing >= Locations',
    '',
  ].join('\n');
  return {
    name: 'quorum',
    title: 'A journey fails from at least half of the locations',
    description: `At each of them in ${open.failures} of ${open.of} results: not the fault of one place that looks.`,
    query,
    fires: 'on rows',
    dimensions: ['Journey', 'Target'],
    minutes: ingestionMinutes + open.of * longest,
    severity: 2,
  };
}
