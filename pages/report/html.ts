import { createHash } from 'node:crypto';
import type { LoadVerdict } from '../../load/verdict/verdict.ts';
import { type AvailabilityResult, failureLine } from '../../synthetics/result.ts';
import { browserBundle } from '../bundle.ts';
import { escapeHtml, inlineJson } from '../escape.ts';
import { judgementLine, loadLine } from '../terminal.ts';
import { milliseconds, words } from '../words.ts';
import { type LoadTable, loadTables } from './load-tables.ts';
import { deliveryLine, type GatePart, headline, matrixOf, type RunReport } from './run-report.ts';
import { styles } from './styles.ts';

/** A gate's parts, each with its reasons and a link to its own page. */
function partsSection(parts: readonly GatePart[]): string {
  if (parts.length === 0) return '';
  const rows = parts.map(({ name, verdict, reasons, page }) => {
    const title = page ? `<a href="${escapeHtml(page)}">${escapeHtml(name)}</a>` : escapeHtml(name);
    const why = reasons.map((reason) => escapeHtml(reason)).join('<br>');
    return `<tr><td>${title}</td><td class="${words[verdict].tone}">${words[verdict].symbol} ${verdict}</td><td>${why}</td></tr>`;
  });
  return `<table><tr><th>part</th><th>verdict</th><th>reason</th></tr>${rows.join('')}</table>`;
}

/** One HTML file that opens without a server: the verdict first, then journeys × targets, what failed, and the load run. */
export function reportHtml(report: RunReport): string {
  const { js, css } = browserBundle('charts.ts');
  const style = css + styles;
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  // uPlot places its parts by style attributes, hence 'unsafe-inline' for styles alone.
  const policy = `default-src 'none'; script-src ${hash(js)}; style-src 'unsafe-inline'`;
  const head = headline(report);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escapeHtml(`${head.word}: ${head.text}`)}</title><style>${style}</style></head><body><main>
<h1 class="${words[head.word].tone}">${words[head.word].symbol} ${head.word}</h1>
<p class="lead">${escapeHtml(head.text)}</p>
<p>${escapeHtml(`${report.startedAt} to ${report.endedAt}, run ${report.run}`)}</p>
${report.notes.map((note) => `<p>– ${escapeHtml(note)}</p>`).join('\n')}
${report.faults.map((fault) => `<p class="bad">✗ ${escapeHtml(fault)}</p>`).join('\n')}
${partsSection(report.parts ?? [])}
${report.results.length > 0 ? matrixSection(report.results) : ''}
${failureSection(report.results)}
${report.delivery ? `<p>${escapeHtml(deliveryLine(report.delivery))}</p>` : ''}
${report.load ? loadSection(report.load) : ''}
</main><script>${js}</script></body></html>
`;
}

function matrixSection(results: readonly AvailabilityResult[]): string {
  const { targets, rows } = matrixOf(results);
  const cell = (result: AvailabilityResult | undefined) =>
    result
      ? `<td class="${words[result.outcome].tone}" title="${escapeHtml(failureLine(result) || result.outcome)}"><span aria-hidden="true">${words[result.outcome].symbol}</span> ${milliseconds(result.durationMs)} <span class="word">${result.failure?.cause ?? result.outcome}</span></td>`
      : '<td>not run</td>';
  const body = rows
    .map((row) => `<tr><th scope="row">${escapeHtml(row.journey)}</th>${row.cells.map(cell).join('')}</tr>`)
    .join('\n');
  const columns = targets.map((target) => `<th scope="col">${escapeHtml(target)}</th>`).join('');
  return `<h2>Journeys × targets</h2><div class="scroll"><table><thead><tr><th scope="col">journey</th>${columns}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function failureSection(results: readonly AvailabilityResult[]): string {
  const rows = results.filter((r) => r.outcome !== 'passed' || r.warnings.length > 0).map(failureItem);
  return rows.length === 0 ? '' : `<h2>What to look at</h2><ul>${rows.join('\n')}</ul>`;
}

function failureItem(result: AvailabilityResult): string {
  const served = result.servedBy
    ? `, served by ${result.servedBy.stamp} ${result.servedBy.instance} build ${result.servedBy.build}`
    : '';
  const line = failureLine(result) || `${result.journey} (${result.target.name}): ${result.outcome}`;
  const notes = result.warnings.map((warning) => `<br>! ${escapeHtml(warning)}`).join('');
  return `<li class="${words[result.outcome].tone}">${words[result.outcome].symbol} ${escapeHtml(line)}<br><small>${escapeHtml(`${result.startedAt}, operation ${result.traceId}${served}`)}</small>${notes}</li>`;
}

function loadSection(load: LoadVerdict): string {
  const { symbol, tone } = words[load.verdict];
  const judgements = load.judgements
    .map((j) => `<li class="${words[j.verdict].tone}">${words[j.verdict].symbol} ${escapeHtml(judgementLine(j))}</li>`)
    .join('\n');
  const reasons = load.reasons.map((reason) => `<p class="${tone}">${escapeHtml(reason)}</p>`).join('\n');
  return `<h2>Load</h2><p class="lead ${tone}">${symbol} ${escapeHtml(loadLine(load))}</p>${reasons}<ul>${judgements}</ul>
${chartSection(load)}
${loadTables(load).map(tableSection).join('\n')}
<script type="application/json" id="load-data">${inlineJson(load)}</script>`;
}

/** What the charts can't say of themselves: what shading means, and that there is nothing to show. */
function chartSection({ series = [] }: LoadVerdict): string {
  const holes = series.some(({ points }) => points.some(({ value }) => value === undefined));
  const lead =
    series.length === 0
      ? 'The servers’ metrics are not in this run: instances, CPU, queue, RU/s and 429s are as k6 saw them, or missing.'
      : `Instances, CPU, queue, RU/s and 429s by the servers’ own metrics${holes ? '; shaded: nothing was measured or has arrived' : ''}.`;
  return `<h2>Over time</h2><p>${lead}</p><div id="charts"></div>`;
}

function tableSection({ title, lead, head, rows }: LoadTable): string {
  const cells = (list: readonly string[]) => list.map((text) => `<td>${escapeHtml(text)}</td>`).join('');
  const columns = head.map((text) => `<th scope="col">${escapeHtml(text)}</th>`).join('');
  const body = rows.map((row) => `<tr>${cells(row)}</tr>`).join('\n');
  return `<h2>${escapeHtml(title)}</h2>${lead ? `<p>${escapeHtml(lead)}</p>` : ''}<div class="scroll"><table><thead><tr>${columns}</tr></thead><tbody>${body}</tbody></table></div>`;
}
