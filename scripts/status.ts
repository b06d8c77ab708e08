import Table from 'cli-table3';
import pc from 'picocolors';
import { loadEnvironment } from '../fixtures/environments/load.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { targetsOf } from '../fixtures/environments/targets.ts';
import { type SummaryRow, summarise } from '../synthetics/monitor/summary.ts';
import { type AvailabilityResult, certificateName, failureLine, heartbeatName, resultName } from '../synthetics/result.ts';
import { checksOf } from '../synthetics/runners/prepare.ts';
import { type ExitCode, parseFlags, runCommand } from './exit-code.ts';
import { withIncidents } from './incidents.ts';
import { keptOutbox } from './kept-outbox.ts';
import { healthLines } from './status-health.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** More than an hour of a thousand targets. */
const mostResults = 500_000;

/** `npm run status [-- --env <name or path>] [--outbox <file>]`: the last hour. Exit code 0: it was shown, whatever it says. */
async function status(): Promise<ExitCode> {
  const { values } = parseFlags({ outbox: { type: 'string' } });
  const environment = loadEnvironment(values.env);
  const outbox = keptOutbox(environment, values.outbox);
  try {
    const nowMs = Date.now();
    const results = outbox.recent({ since: nowMs - hourMs, limit: mostResults });
    const { waiting, parked, dropped } = outbox.counts();
    const lost = dropped.waiting + dropped.parked;
    console.log(`environment ${environment.name}, the last hour, location ${environment.location}`);
    console.log(heartbeatLine(results, nowMs));
    console.log(results.length === 0 ? 'no results' : tableOf(summarise(results), environment, nowMs));
    for (const line of certificateLines(results)) console.log(line);
    console.log(`outbox: ${waiting} waiting, ${parked} refused or unreadable, ${lost} lost`);
    for (const { items, reason } of outbox.reasons('parked')) console.log(`  ${items} × ${reason}`);
    withIncidents(environment, values.outbox, (store) => {
      for (const line of healthLines(environment, store, nowMs)) console.log(line);
    });
    return 0;
  } finally {
    outbox.close();
  }
}

/** Older than this many of its periods, a result says nothing of now. */
const freshPeriods = 3;

function nowOf({ startedAt, journey, outcome }: AvailabilityResult, { monitor }: Environment, nowMs: number): string {
  const minutes = (nowMs - Date.parse(startedAt)) / minuteMs;
  if (minutes > freshPeriods * (monitor.everyMinutes[journey] ?? 1)) return pc.yellow(`unknown for ${Math.floor(minutes)} min`);
  return { passed: pc.green('passed'), failed: pc.red('failed'), inconclusive: pc.yellow('inconclusive') }[outcome];
}

function tableOf(rows: readonly SummaryRow[], environment: Environment, nowMs: number): string {
  const head = ['journey', 'target', 'now', 'availability', 'passed', 'retried', 'p95', 'left out', 'last failure'];
  const table = new Table({
    head,
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    wordWrap: true,
    colWidths: [...Array<null>(8).fill(null), 60],
  });
  const cells = [...rows.map((row) => cellsOf(row, environment, nowMs)), ...unheardOf(rows, environment)];
  table.push(
    ...cells.sort(([journeyA, targetA], [journeyB, targetB]) => compare(`${targetA} ${journeyA}`, `${targetB} ${journeyB}`)),
  );
  return table.toString();
}

const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b));

type Cells = [journey: string, target: string, ...rest: (string | number)[]];

function cellsOf(row: SummaryRow, environment: Environment, nowMs: number): Cells {
  const { last, availabilityPercent, p95Ms, inconclusive, marked } = row;
  return [
    row.journey,
    row.target,
    nowOf(last, environment, nowMs),
    availabilityPercent === undefined ? 'unknown' : `${availabilityPercent.toFixed(2)} %`,
    `${row.passed}/${row.counted}`,
    row.retried,
    p95Ms === undefined ? '' : `${Math.round(p95Ms)} ms`,
    inconclusive + marked,
    row.lastFailure ?? '',
  ];
}

/** What should have had results, and has none: left out, it would look as if all were well. */
function unheardOf(rows: readonly SummaryRow[], environment: Environment): Cells[] {
  const heard = new Set(rows.map(({ journey, target }) => `${target} ${journey}`));
  return checksOf(environment, targetsOf(environment)).checks.flatMap(({ journey, target }): Cells[] => {
    const name = resultName({ journey: journey.name, target });
    if (heard.has(`${target.name} ${name}`)) return [];
    return [[name, target.name, pc.yellow('unknown'), 'unknown', '0/0', 0, '', 0, 'no result in this hour']];
  });
}

/** Silence is not success: how old the last round is stands first. */
function heartbeatLine(results: readonly AvailabilityResult[], nowMs: number): string {
  const beats = results.filter(({ journey }) => journey === heartbeatName);
  const last = beats.at(-1);
  if (!last) return 'rounds: none of the monitor in this hour';
  const ageSeconds = Math.round((nowMs - Date.parse(last.startedAt)) / 1_000);
  return `rounds: ${beats.length}, the last began ${ageSeconds} s ago: ${last.warnings.join('; ')}`;
}

function certificateLines(results: readonly AvailabilityResult[]): string[] {
  const last = new Map(
    results.filter(({ journey }) => journey === certificateName).map((result) => [result.target.name, result]),
  );
  return [...last.values()].flatMap((result) => {
    const said = result.outcome === 'passed' ? result.warnings[0] : failureLine(result);
    return said === undefined ? [] : [`certificate of ${result.target.name}: ${said}`];
  });
}

void runCommand(status);
