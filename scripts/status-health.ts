import Table from 'cli-table3';
import type { Environment } from '../fixtures/environments/schema.ts';
import { titleOf } from '../health/incident.ts';
import type { IncidentStore } from '../health/incident-store.ts';
import { type Budget, budgetsOf } from '../health/objectives.ts';
import { overpromised, overpromisedLine } from '../health/promises.ts';

/** What the history of incidents says now: what is open, what is left of the error budgets, what can't be promised. */
export function healthLines(environment: Environment, store: IncidentStore, nowMs: number): string[] {
  const open = store.openIncidents();
  const acked = new Set(store.acks().map(({ key }) => key));
  const budgets = budgetsOf(environment, store, nowMs);
  return [
    open.length === 0 ? 'incidents: none open' : `incidents: ${open.length} open`,
    ...open.map((incident) => `  ${incident.key}  ${titleOf(incident)}${acked.has(incident.key) ? ' (acknowledged)' : ''}`),
    ...(budgets.length === 0 ? ['error budgets: unknown, nothing was judged yet'] : ['error budgets left:', tableOf(budgets)]),
    ...overpromised(environment).map(overpromisedLine),
  ];
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
