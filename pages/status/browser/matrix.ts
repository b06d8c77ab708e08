import { milliseconds } from '../../words.ts';
import { barsOf, latestOf } from '../bars.ts';
import { type Bar, barKinds, isStale, type StatusState } from '../state.ts';
import { bodyOf, h, redraw, svg } from './dom.ts';
import { clock } from './view.ts';

const barPx = 3;
const heightPx = 24;
/** Kinds differ by height, too. */
const heights: Readonly<Record<Bar, number>> = { p: 11, s: 17, f: 24, i: 6, '-': 2 };
const symbols: Readonly<Record<Bar, string>> = { p: '✓', s: '!', f: '✗', i: '?', '-': '?' };
const tones: Readonly<Record<Bar, string>> = { p: 'good', s: 'warn', f: 'bad', i: 'unsure', '-': 'unsure' };
const bars = Object.keys(barKinds) as Bar[];
const classOf = (bar: Bar) => (bar === '-' ? 'bar-none' : `bar-${bar}`);

/** Journeys × targets; each cell the last hours as bars, and what they come to. */
export function drawMatrix(state: StatusState): void {
  const { journeys, targets, columnMs, notRun } = state.shape;
  redraw(bodyOf('matrix'), [journeys, targets, notRun], () => {
    const head = h('tr', {}, h('th', { scope: 'col' }, 'target'), ...journeys.map((name) => h('th', { scope: 'col' }, name)));
    const rows = targets.map((target, row) =>
      h(
        'tr',
        {},
        h('th', { scope: 'row' }, target),
        ...journeys.map((journey, column) => h('td', { id: `cell-${row * journeys.length + column}`, 'data-journey': journey })),
      ),
    );
    const scroll = { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Journeys by target' };
    return [legend(columnMs), h('div', scroll, h('table', {}, h('thead', {}, head), h('tbody', {}, ...rows)))];
  });
  targets.forEach((target, row) => {
    journeys.forEach((journey, column) => {
      drawCell(state, row * journeys.length + column, `${journey} at ${target}`);
    });
  });
}

function legend(columnMs: number): HTMLElement {
  const parts = bars.map((bar) =>
    h(
      'span',
      {},
      svg('svg', { viewBox: `0 0 ${barPx * 3} ${heightPx}`, 'aria-hidden': 'true' }, path(bar, [0, 1, 2])),
      `${symbols[bar]} ${barKinds[bar]}`,
    ),
  );
  return h(
    'p',
    { class: 'legend muted' },
    ...parts,
    `A bar is ${columnMs / 60_000} minutes; a cell says its latest bar and the share of all. What ran under load tests, experiments or maintenance doesn't count.`,
  );
}

function path(bar: Bar, places: readonly number[]): SVGElement {
  const height = heights[bar];
  const d = places.map((place) => `M${place * barPx} ${heightPx}v-${height}h${barPx - 0.6}v${height}z`).join('');
  return svg('path', { class: classOf(bar), d });
}

function drawCell(state: StatusState, pair: number, name: string): void {
  const host = document.getElementById(`cell-${pair}`);
  if (!host) return;
  const all = barsOf(state, pair);
  const uptime = state.uptime[pair] ?? null;
  const isRun = !state.shape.notRun.includes(pair);
  const isOld = isStale(state, Date.now());
  redraw(host, [all, uptime, isRun, isOld], () => {
    if (!isRun) return [h('span', { class: 'cell muted' }, 'not run')];
    const last = isOld ? undefined : latestOf(all, state.shape, pair);
    const now = last?.bar ?? '-';
    host.className = tones[now];
    const paths = bars.map((bar) =>
      path(
        bar,
        all.flatMap((each, place) => (each.bar === bar ? [place] : [])),
      ),
    );
    const trouble = all
      .filter(({ bar }) => bar === 'f' || bar === 's')
      .map(({ atMs, bar }) => `${barKinds[bar]} at ${clock(atMs)}`);
    const label = `${name}: ${trouble.join(', ') || 'nothing failed'}`;
    const picture = svg(
      'svg',
      { class: 'bars', viewBox: `0 0 ${all.length * barPx} ${heightPx}`, role: 'img', 'aria-label': label },
      svg('title', {}, label),
      ...paths,
    );
    const latency = last?.p95 == null ? '' : ` ${milliseconds(last.p95)}`;
    const share = uptime === null ? 'unknown' : `${uptime} %`;
    return [
      picture,
      h('span', { class: 'cell' }, `${symbols[now]} ${barKinds[now]} `, h('span', { class: 'muted' }, `${share}${latency}`)),
    ];
  });
}

/** p95 by time of one journey: a line a target; null breaks it. */
export function latencyOf(
  state: StatusState,
  journey: number,
): { readonly target: string; readonly points: readonly (readonly [number, number | null])[] }[] {
  const { targets, journeys } = state.shape;
  return targets.map((target, row) => ({
    target,
    points: barsOf(state, row * journeys.length + journey).map(({ atMs, p95 }) => [atMs, p95] as const),
  }));
}
