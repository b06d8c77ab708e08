import { words } from '../words.ts';
import { plain } from './markdown.ts';
import { gateReasons, type RunReport } from './run-report.ts';

/** The gate's verdict for a pull request: the reason first, then its parts. */
export function gateMarkdown(report: RunReport, verdict: 'pass' | 'fail' | 'inconclusive'): string {
  const parts = report.parts ?? [];
  const [reason = 'every part passed'] = gateReasons(parts);
  const rows = parts.map(({ name, verdict: own, reasons, page }) => {
    const title = page ? `[${name}](${page})` : name;
    return `| ${title} | ${words[own].symbol} ${own} | ${plain(reasons.join('; '))} |`;
  });
  return [
    `## ${words[verdict].symbol} gate ${report.environment}: ${verdict}`,
    '',
    plain(reason),
    '',
    '| part | verdict | reason |',
    '| --- | --- | --- |',
    ...rows,
    '',
    ...report.notes.map((note) => `- ${plain(note)}`),
    '',
  ].join('\n');
}
