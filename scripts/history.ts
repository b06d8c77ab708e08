import Table from 'cli-table3';
import { loadEnvironment } from '../fixtures/environments/load.ts';
import { targetsOf } from '../fixtures/environments/targets.ts';
import { journeys } from '../synthetics/journeys/index.ts';
import { type AvailabilityResult, certificateName, failureLine, heartbeatName } from '../synthetics/result.ts';
import { type ExitCode, parseFlags, runCommand } from './exit-code.ts';
import { keptOutbox } from './kept-outbox.ts';
import { requireKnown } from './known-names.ts';
import { spanMs } from './since.ts';

const flags = {
  journey: { type: 'string' },
  target: { type: 'string' },
  since: { type: 'string', default: '1h' },
  failures: { type: 'boolean' },
  outbox: { type: 'string' },
} as const;

const mostResults = 500_000;

/**
 * `npm run history [-- --journey checkout] [--target westeurope] [--since 24h] [--failures]`: results, oldest first; failures
 * with the id that `npm run replay` takes. Exit code 0: it was shown, whatever it says.
 */
async function history(): Promise<ExitCode> {
  const { values } = parseFlags(flags);
  const environment = loadEnvironment(values.env);
  const { journey, target } = values;
  requireKnown([
    { flag: '--journey', value: journey, known: [...journeys.map(({ name }) => name), certificateName, heartbeatName] },
    { flag: '--target', value: target, known: [...targetsOf(environment).map(({ name }) => name), environment.location] },
  ]);
  const since = Date.now() - spanMs('--since', values.since);
  const outbox = keptOutbox(environment, values.outbox);
  try {
    const query = { since, limit: mostResults, ...(journey && { journey }), ...(target && { target }) };
    const all = outbox.recent(query).filter((result) => journey !== undefined || result.journey !== heartbeatName);
    const shown = values.failures ? all.filter(({ outcome }) => outcome !== 'passed') : all;
    if (shown.length > 0) console.log(tableOf(shown));
    console.log(countLine(all));
    const goneUntil = outbox.dropped().delivered > 0 ? (outbox.rows(1)[0]?.at ?? since) : since;
    if (goneUntil > since) console.log(`results from before ${new Date(goneUntil).toISOString()} are kept no more`);
    return 0;
  } finally {
    outbox.close();
  }
}

function tableOf(results: readonly AvailabilityResult[]): string {
  const head = ['started', 'journey', 'target', 'outcome', 'ms', 'attempts', 'id', 'what'];
  const table = new Table({
    head,
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    wordWrap: true,
    colWidths: [...Array<null>(7).fill(null), 70],
  });
  for (const result of results) {
    const { startedAt, journey, target, outcome, durationMs: ms, attempts, id, marks, certificateDays: days } = result;
    const what = [
      failureLine(result),
      days === undefined ? '' : `ends in ${days.toFixed(1)} days`,
      ...Object.entries(marks ?? {}).map(([kind, why]) => `${kind}: ${why}`),
      ...result.warnings,
    ];
    table.push([startedAt, journey, target.name, outcome, Math.round(ms), attempts.length, id, what.filter(Boolean).join('; ')]);
  }
  return table.toString();
}

function countLine(results: readonly AvailabilityResult[]): string {
  const count = (wanted: AvailabilityResult['outcome']) => results.filter(({ outcome }) => outcome === wanted).length;
  return `${results.length} results: ${count('passed')} passed, ${count('failed')} failed, ${count('inconclusive')} inconclusive`;
}

void runCommand(history);
