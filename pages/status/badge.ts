import { healthStates } from '../../health/model.ts';
import { escapeHtml } from '../escape.ts';
import { words } from '../words.ts';
import { barsOf, latestOf } from './bars.ts';
import { historyMs, pairsOf } from './history.ts';
import { isStale, type StatusState } from './state.ts';

interface Badge {
  readonly label: string;
  readonly text: string;
  readonly tone: keyof typeof colours;
}

/** White on each has a contrast of at least 4.5. */
const colours = { good: '#116329', warn: '#8a5a00', bad: '#b3261e', unsure: '#57606a' } as const;

/** From the share that is up to its word; half-open, from the best. */
const uptimeBands = [
  { atLeast: 99.9, tone: 'good' },
  { atLeast: 99, tone: 'warn' },
  { atLeast: 0, tone: 'bad' },
] as const;

/** The badge of a node's id, or of `journey@target`; undefined where there is neither. Old knowledge is unknown. */
export function badgeOf(state: StatusState, id: string, nowMs: number): string | undefined {
  const badge = nodeBadge(state, id, nowMs) ?? uptimeBadge(state, id, nowMs);
  return badge && svgOf(badge);
}

function nodeBadge(state: StatusState, id: string, nowMs: number): Badge | undefined {
  const number = state.shape.nodes.findIndex((node) => node.id === id);
  const node = state.shape.nodes[number];
  if (!node) return undefined;
  const known = isStale(state, nowMs) ? undefined : healthStates[Number(state.health?.states[number])];
  const word = known ?? 'unknown';
  const label = node.place === '' || node.place === node.title ? node.title : `${node.title} in ${node.place}`;
  return { label, text: `${words[word].symbol} ${word}`, tone: words[word].tone };
}

function uptimeBadge(state: StatusState, id: string, nowMs: number): Badge | undefined {
  const number = pairsOf(state.shape).indexOf(id);
  if (number < 0 || state.shape.notRun.includes(number)) return undefined;
  const speaksOfNow = !isStale(state, nowMs) && latestOf(barsOf(state, number), state.shape, number) !== undefined;
  const percent = speaksOfNow ? state.uptime[number] : undefined;
  if (percent == null) return { label: id, text: `${words.unknown.symbol} unknown`, tone: 'unsure' };
  const tone = uptimeBands.find(({ atLeast }) => percent >= atLeast)?.tone ?? 'bad';
  const symbol = { good: words.healthy, warn: words.degraded, bad: words.unhealthy }[tone].symbol;
  return { label: id, text: `${symbol} ${percent} % up in ${historyMs / 3_600_000} h`, tone };
}

/** About the width of a letter at 11 px; textLength makes it exact. */
const letterPx = 6.5;

function svgOf({ label, text, tone }: Badge): string {
  const [left, right] = [label, text].map((part) => Math.round(part.length * letterPx) + 12) as [number, number];
  const part = (of: string, from: number, width: number) =>
    `<text x="${from + width / 2}" y="14" textLength="${width - 12}" lengthAdjust="spacingAndGlyphs">${escapeHtml(of)}</text>`;
  const title = escapeHtml(`${label}: ${text}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="20" role="img" aria-label="${title}"><title>${title}</title><rect width="${left + right}" height="20" rx="3" fill="${colours[tone]}"/><path d="M3 0H${left}V20H3A3 3 0 0 1 0 17V3A3 3 0 0 1 3 0" fill="#2b2f36"/><g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">${part(label, 0, left)}${part(text, left, right)}</g></svg>`;
}
