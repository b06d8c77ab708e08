import Table from 'cli-table3';
import pc from 'picocolors';
import { loadEnvironment } from '../fixtures/environments/load.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { IncidentStore } from '../health/incident-store.ts';
import { type SummaryRow, summarise } from '../synthetics/monitor/summary.ts';
import { type AvailabilityResult, certificateName, failureLine, heartbeatName } from '../synthetics/result.ts';
import { type ExitCode, parseFlags, runCommand } from './exit-code.ts';
import { incidentsBeside } from './incidents.ts';
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
    const store = new IncidentStore(incidentsBeside(values.outbox, environment));
    for (const line of healthLines(environment, store, nowMs)) console.log(line);
    store.close();
    console.log(`outbox: ${waiting} waiting, ${parked} refused or unreadable, ${lost} lost`);
    for (const { items, reason } of outbox.reasons('parked')) console.log(`  ${items} × ${reason}`);
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
  for (const row of rows) {
    const { last, availabilityPercent, p95Ms, inconclusive, marked } = row;
    table.push([
      row.journey,
      row.target,
      nowOf(last, environment, nowMs),
      availabilityPercent === undefined ? 'unknown' : `${availabilityPercent.toFixed(2)} %`,
      `${row.passed}/${row.counted}`,
      row.retried,
      p95Ms === undefined ? '' : `${Math.round(p95Ms)} ms`,
      inconclusive + marked,
      row.lastFailure ?? '',
    ]);
  }
  return table.toString();
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
