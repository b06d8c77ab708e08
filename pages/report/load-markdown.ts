import type { LoadVerdict } from '../../load/verdict/verdict.ts';
import { judgementLine, loadLine } from '../terminal.ts';
import { words } from '../words.ts';
import { loadTables } from './load-tables.ts';
import { plain, row } from './markdown.ts';

/** The verdict for a pull request: the word and the reasons first, then what was judged, folded away. */
export function loadMarkdown(load: LoadVerdict): string {
  const tables = loadTables(load).flatMap(({ title, lead, head, rows }) => [
    `### ${title}`,
    '',
    ...(lead ? [plain(lead), ''] : []),
    row(head),
    row(head.map(() => '---')),
    ...rows.map(row),
    '',
  ]);
  return [
    `## ${words[load.verdict].symbol} ${loadLine(load)}`,
    '',
    ...(load.reasons.length === 0 ? [] : [...load.reasons.map((reason) => `- ${plain(reason)}`), '']),
    `${load.environment}, ${load.targets.join(', ')}, ${load.startedAt} to ${load.endedAt}`,
    '',
    '<details><summary>Judgements</summary>',
    '',
    ...load.judgements.map((judgement) => `- ${words[judgement.verdict].symbol} ${plain(judgementLine(judgement))}`),
    '',
    '</details>',
    '',
    ...tables,
  ].join('\n');
}
