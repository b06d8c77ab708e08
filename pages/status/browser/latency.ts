import uPlot from 'uplot';
import { axisLook, lineLook, mostLines } from '../../chart-look.ts';
import { milliseconds } from '../../words.ts';
import type { StatusState } from '../state.ts';
import { bodyOf, h, redraw } from './dom.ts';
import { latencyOf } from './matrix.ts';
import { clock } from './view.ts';

const heightPx = 180;
let plots: { readonly host: HTMLElement; readonly plot: uPlot }[] = [];
let latest: StatusState | undefined;

/** A chart a journey, a line a target: p95 of what passed, by column. */
export function drawLatency(state: StatusState): void {
  latest = state;
  const { journeys, targets } = state.shape;
  const series = journeys.map((_, journey) => slowest(latencyOf(state, journey)));
  redraw(bodyOf('latency'), series, () => {
    for (const { plot } of plots) plot.destroy();
    plots = [];
    const hosts = journeys.map((journey, i) =>
      h('div', { id: `chart-${journey}`, role: 'img', 'aria-label': textOf(journey, series[i] ?? []) }),
    );
    const many = targets.length > mostLines ? ` Of ${targets.length} targets the ${mostLines} slowest of each journey.` : '';
    // Their width is known once they stand in the page.
    requestAnimationFrame(() => {
      plots = hosts.flatMap((host, i) =>
        host.isConnected ? [{ host, plot: draw(host, journeys[i] ?? '', series[i] ?? []) }] : [],
      );
    });
    return [
      h('p', { class: 'muted' }, `p95 of passed journeys in milliseconds, UTC.${many}`),
      h('div', { class: 'charts' }, ...hosts),
    ];
  });
}

type Line = ReturnType<typeof latencyOf>[number];

const lastOf = ({ points }: Line) => points.findLast(([, value]) => value !== null)?.[1] ?? -1;

/** In the order of targets, so that a target looks the same in every chart that fits all. */
function slowest(lines: readonly Line[]): Line[] {
  const chosen = new Set([...lines].sort((a, b) => lastOf(b) - lastOf(a)).slice(0, mostLines));
  return lines.filter((line) => chosen.has(line));
}

const textOf = (journey: string, lines: readonly Line[]) =>
  `p95 of ${journey}: ${lines.map((line) => `${line.target} ${lastOf(line) < 0 ? 'unknown' : milliseconds(lastOf(line))}`).join(', ')}`;

/** An empty grid looks like values that don't show. */
const titleOf = (journey: string, lines: readonly Line[]) =>
  lines.some((line) => lastOf(line) >= 0) ? journey : `${journey}: no data, none passed`;

function draw(host: HTMLElement, journey: string, lines: readonly Line[]): uPlot {
  const times = lines[0]?.points.map(([atMs]) => atMs / 1_000) ?? [];
  const look = axisLook();
  return new uPlot(
    {
      title: titleOf(journey, lines),
      width: host.clientWidth,
      height: heightPx,
      cursor: { sync: { key: 'latency' }, points: { size: 6 } },
      scales: { x: { time: true }, y: { range: (_, __, max) => [0, Math.max(1, (max ?? 0) * 1.1)] } },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC'),
      axes: [
        { ...look, values: (_, splits) => splits.map((at) => clock(at * 1_000, at * 1_000)) },
        { ...look, size: 56 },
      ],
      series: [
        { label: 'time', value: (_, value) => (value == null ? '–' : clock(value * 1_000)) },
        ...lines.map(({ target }, number) => ({
          label: target,
          ...lineLook(number),
          width: 2,
          spanGaps: false,
          points: { show: true, size: 3 },
          value: (_: uPlot, value: number | null | undefined) => (value == null ? '–' : milliseconds(value)),
        })),
      ],
    },
    [times, ...lines.map(({ points }) => points.map(([, value]) => value))],
    host,
  );
}

addEventListener('resize', () => {
  for (const { host, plot } of plots) plot.setSize({ width: host.clientWidth, height: heightPx });
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  if (!latest) return;
  bodyOf('latency').replaceChildren();
  redraw(bodyOf('latency'), 'another scheme', () => []);
  drawLatency(latest);
});
