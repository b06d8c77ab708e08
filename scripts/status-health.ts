import Table from 'cli-table3';
import type { Environment } from '../fixtures/environments/schema.ts';
import { type Incident, titleOf } from '../health/incident.ts';
import type { IncidentStore } from '../health/incident-store.ts';
import { type Budget, budgetsOf } from '../health/objectives.ts';
import { overpromised, overpromisedLine } from '../health/promises.ts';
import { silenceOf } from '../health/silences.ts';

/** What the history of incidents says now; what is open stands last, where a terminal shows it after a thousand lines. */
export function healthLines(environment: Environment, store: IncidentStore, nowMs: number): string[] {
  const open = store.openIncidents();
  const acked = new Set(store.acks().map(({ key }) => key));
  const silences = store.silences(nowMs);
  const budgets = budgetsOf(environment, store, nowMs);
  const stateOf = (incident: Incident) => {
    const silence = silenceOf(incident, silences, nowMs);
    const isAcked = acked.has(incident.key) ? ' (acknowledged)' : '';
    return `${isAcked}${silence ? ` (silenced until ${new Date(silence.untilMs).toISOString()}: ${silence.why})` : ''}`;
  };
  return [
    ...(budgets.length === 0 ? ['error budgets: unknown, nothing was judged yet'] : ['error budgets left:', tableOf(budgets)]),
    ...overpromised(environment).map(overpromisedLine),
    ...untold(environment, store, nowMs),
    open.length === 0 ? 'incidents: none open' : `incidents: ${open.length} open`,
    ...open.map((incident) => `  ${incident.key}  ${titleOf(incident)}${stateOf(incident)}`),
  ];
}

const dayMs = 24 * 3_600_000;

/** Messages that nobody got: who looks here may wonder why nobody rang. */
function untold({ alerts }: Environment, store: IncidentStore, nowMs: number): string[] {
  const waiting = store.countNotices('waiting');
  const givenUp = store.countNotices('given-up', nowMs - dayMs);
  if (waiting + givenUp === 0) return [];
  const why = alerts.webhook ? '' : '; no alerts.webhook is set';
  return [`alerts that nobody got: ${waiting} waiting, ${givenUp} given up in a day${why}`];
}

function tableOf(budgets: readonly Budget[]): string {
  const hours = [...new Set(budgets.map((budget) => budget.hours))].sort((a, b) => a - b);
  const rows = new Map<string, Budget[]>();
  for (const budget of budgets) {
    const key = `${budget.journey}\n${budget.place}\n${budget.kind}\n${budget.objectivePercent} %`;
    rows.set(key, [...(rows.get(key) ?? []), budget]);
  }
  const table = new Table({
    head: ['journey', 'place', 'objective', 'wanted', ...hours.map((each) => `${each} h`)],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const [key, of] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1)))
    table.push([...key.split('\n'), ...hours.map((each) => leftOf(of.find((budget) => budget.hours === each)))]);
  return table.toString();
}

const leftOf = (budget: Budget | undefined) =>
  budget?.left === undefined ? 'unknown' : `${(budget.left * 100).toFixed(budget.left < 0 ? 0 : 1)} %`;
