import Table from 'cli-table3';
import { createColors, isColorSupported } from 'picocolors';
import type { BaselineComparison, Judgement, LoadVerdict, Verdict } from '../load/verdict/verdict.ts';
import { type AvailabilityResult, failureLine } from '../synthetics/result.ts';
import { countLine, deliveryLine, gateReasons, matrixOf, type RunReport } from './report/run-report.ts';
import { figure, milliseconds, words } from './words.ts';

type Colours = ReturnType<typeof createColors>;

/** The run at a glance: journeys × targets, what failed and why, the load verdict, delivery. */
export function renderRun(report: RunReport, colour = isColorSupported): string {
  const colours = createColors(colour);
  const failures = report.results
    .filter((r) => r.outcome !== 'passed')
    .map((r) => paint(colours, r.outcome, `  ${words[r.outcome].symbol} ${failureLine(r)}`));
  const warnings = [
    ...new Set(report.results.flatMap((r) => r.warnings.map((w) => `  ! ${r.journey} (${r.target.name}): ${w}`))),
  ];
  return [
    matrixTable(report.results, colours),
    countLine(report.results),
    ...failures,
    ...warnings,
    ...(report.load ? ['', ...loadLines(report.load, colours)] : []),
    ...report.notes.map((note) => `  – ${note}`),
    ...report.faults.map((fault) => paint(colours, 'failed', `  ✗ ${fault}`)),
    ...(report.delivery ? ['', deliveryLine(report.delivery)] : []),
  ].join('\n');
}

function paint(colours: Colours, word: keyof typeof words, text: string): string {
  return colours[words[word].terminal](text);
}

function matrixTable(results: readonly AvailabilityResult[], colours: Colours): string {
  const { targets, rows } = matrixOf(results);
  const noRules = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
  const table = new Table({ head: ['journey', ...targets], chars: noRules, style: { head: [], border: [] } });
  for (const row of rows) table.push([row.journey, ...row.cells.map((cell) => matrixCell(cell, colours))]);
  return table.toString();
}

function matrixCell(result: AvailabilityResult | undefined, colours: Colours): string {
  if (!result) return '–';
  const { symbol } = words[result.outcome];
  const cause = result.failure ? ` ${result.failure.cause}` : '';
  return paint(colours, result.outcome, `${symbol} ${milliseconds(result.durationMs)}${cause}`);
}

/** A gate: the reason in its first line, then a row for each part. */
export function renderGate(report: RunReport, verdict: Verdict, colour = isColorSupported): string {
  const colours = createColors(colour);
  const parts = report.parts ?? [];
  const [reason = `${parts.map(({ name }) => name).join(', ')} passed`] = [...gateReasons(parts), ...report.notes];
  const table = new Table({
    head: ['part', 'verdict', 'reason'],
    style: { head: [], border: [] },
    wordWrap: true,
    colWidths: [12, 16, 90],
  });
  for (const { name, verdict: own, reasons } of parts)
    table.push([name, paint(colours, own, `${words[own].symbol} ${own}`), reasons.join('\n')]);
  const first = paint(colours, verdict, `${words[verdict].symbol} gate ${report.environment}: ${verdict}: ${reason}`);
  return [first, table.toString(), ...report.notes.map((note) => `  – ${note}`)].join('\n');
}

/** The load verdict, its reasons worst first, and a line for each judgement; also what `npm run load` prints. */
export function renderLoad(load: LoadVerdict, colour = isColorSupported): string {
  return loadLines(load, createColors(colour)).join('\n');
}

function loadLines(load: LoadVerdict, colours: Colours): string[] {
  const { reasons, judgements, verdict } = load;
  const held = judgements.filter((j) => j.verdict === 'pass').map(heldFigure);
  return [
    paint(colours, verdict, `${words[verdict].symbol} ${loadLine(load)}`),
    ...reasons.map((reason) => paint(colours, verdict, `  ${words[verdict].symbol} ${reason}`)),
    ...wrapped(held).map((line) => paint(colours, 'pass', `  ${words.pass.symbol} ${line}`)),
  ];
}

const heldFigure = ({ name, value, limit, unit }: Judgement): string => {
  const bound = limit === undefined ? '' : ` of ${figure(limit)}`;
  return `${name} ${value === undefined ? '–' : figure(value)}${bound} ${unit}`.trimEnd();
};

const widest = 110;

/** Short parts side by side, as many as fit into a line. */
function wrapped(parts: readonly string[]): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const joined = `${lines.at(-1)} · ${part}`;
    if (lines.length > 0 && joined.length <= widest) lines[lines.length - 1] = joined;
    else lines.push(part);
  }
  return lines;
}

const changeTones = { worse: 'fail', better: 'pass', same: 'inconclusive' } as const;

/** One run against another: the verdict, then every figure, the worst change first. */
export function renderComparison({ verdict, reason, rows }: BaselineComparison, colour = isColorSupported): string {
  const colours = createColors(colour);
  const table = new Table({ head: ['metric', 'before', 'now', 'change'], style: { head: [], border: [] } });
  for (const { name, unit, before, now, changePercent, change } of [...rows].sort((a, b) => b.changePercent - a.changePercent)) {
    const moved = `${changePercent > 0 ? '+' : ''}${figure(changePercent)} %`;
    const said = change === 'same' ? moved : paint(colours, changeTones[change], `${moved} ${change}`);
    table.push([name, `${figure(before)} ${unit}`, `${figure(now)} ${unit}`, said]);
  }
  return [paint(colours, verdict, `${words[verdict].symbol} ${reason ?? 'no worse'}`), table.toString()].join('\n');
}

/** `load target: pass, 59.7 of 60 requests/s, 3,582 requests` */
export function loadLine(load: LoadVerdict): string {
  const reached = `${figure(load.rateReachedPerSecond)} of ${figure(load.rateWantedPerSecond)} requests/s`;
  return `load ${load.scenario}: ${load.verdict}, ${reached}, ${figure(load.requests)} requests`;
}

/** `latency p95 41 ms (limit 200 ms, margin 159 ms; 3,512 samples, k6)` */
export function judgementLine({ name, value, limit, margin, unit, samples, source = 'k6' }: Judgement): string {
  const seen = value === undefined ? 'not seen' : `${figure(value)} ${unit}`;
  const room = margin === undefined ? '' : `, margin ${figure(margin)} ${unit}`.trimEnd();
  const bound = limit === undefined ? '' : `${`limit ${figure(limit)} ${unit}`.trimEnd()}${room}; `;
  return `${name} ${seen} (${bound}${figure(samples)} samples, ${source})`;
}
