/** Runs in the browser: draws the charts of a page from the data it carries. Bundled into the page; asks no host for anything. */
import uPlot from 'uplot';
import type { LoadVerdict, RunEvent } from '../load/verdict/verdict.ts';
import { axisLook, css, lineLook } from './chart-look.ts';
import { type AxisChart, type AxisLine, chartsOf, clockOf, spanOf } from './time-axis.ts';

const height = 180;

function strokeOf({ tone }: AxisLine): { readonly stroke: string; readonly dash: number[] } {
  if (typeof tone === 'number') return lineLook(tone);
  const variable = { good: '--good', bad: '--bad', wanted: '--unsure' }[tone];
  return { stroke: css(variable), dash: tone === 'wanted' ? [6, 4] : [] };
}

/** All charts have the run's own stretch of time, so that one moment stands at one place in each. */
interface Axis {
  readonly fromMs: number;
  readonly toMs: number;
  readonly events: readonly RunEvent[];
}

/** Time on one grid for all lines of a chart: a point that a line doesn't have leaves the line whole, a null breaks it. */
function dataOf({ lines }: AxisChart, { fromMs }: Axis): uPlot.AlignedData {
  const tables = lines.map(
    ({ points }) => [points.map(([atMs]) => (atMs - fromMs) / 1000), points.map(([, value]) => value)] as uPlot.AlignedData,
  );
  return uPlot.join(tables);
}

function draw(host: HTMLElement, chart: AxisChart, axis: Axis): uPlot {
  const line = axisLook();
  const seconds = (axis.toMs - axis.fromMs) / 1000;
  return new uPlot(
    {
      title: chart.title,
      width: host.clientWidth,
      height,
      cursor: { sync: { key: 'time' }, points: { size: 6 } },
      scales: { x: { time: false, range: [0, Math.max(1, seconds)] }, y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] } },
      axes: [
        { ...line, values: (_, splits) => splits.map(clockOf) },
        { ...line, size: 56 },
      ],
      series: [
        { label: 'time', value: (_, value) => (value == null ? '–' : clockOf(value)) },
        ...chart.lines.map((each) => ({
          label: each.label,
          ...strokeOf(each),
          width: 2,
          spanGaps: false,
          points: { show: false },
          value: (_: uPlot, value: number | null | undefined) => (value == null ? '–' : String(Math.round(value * 10) / 10)),
        })),
      ],
      hooks: { drawClear: [(plot) => shadeHoles(plot, chart, axis)], draw: [(plot) => markEvents(plot, axis)] },
    },
    dataOf(chart, axis),
    host,
  );
}

/** Where the servers' metrics have nothing the paper is shaded, lest a gap be taken for a quiet time. */
function shadeHoles({ ctx, bbox, valToPos }: uPlot, { holes }: AxisChart, { fromMs }: Axis): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = css('--unsure-bg');
  for (const hole of holes) {
    const [left, right] = [hole.fromMs, hole.toMs].map((ms) => valToPos((ms - fromMs) / 1000, 'x', true)) as [number, number];
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
  }
  ctx.restore();
}

/** A line and its number in the list of events below. */
function markEvents({ ctx, bbox, valToPos }: uPlot, { events, fromMs }: Axis): void {
  ctx.save();
  ctx.strokeStyle = css('--ink');
  ctx.fillStyle = css('--ink');
  ctx.setLineDash([2, 2]);
  ctx.textAlign = 'left';
  ctx.textBaseline = 'top';
  ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
  events.forEach(({ atMs }, index) => {
    const left = valToPos((atMs - fromMs) / 1000, 'x', true);
    if (left < bbox.left || left > bbox.left + bbox.width) return;
    ctx.beginPath();
    ctx.moveTo(left, bbox.top);
    ctx.lineTo(left, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(String(index + 1), left + 3 * devicePixelRatio, bbox.top + 2 * devicePixelRatio);
  });
  ctx.restore();
}

function drawLoad(load: LoadVerdict, parent: HTMLElement): void {
  const axis: Axis = { ...spanOf(load), events: load.events ?? [] };
  const plots: { readonly host: HTMLElement; readonly plot: uPlot }[] = [];
  const drawAll = () => {
    parent.replaceChildren();
    plots.length = 0;
    for (const chart of chartsOf(load)) {
      const host = document.createElement('div');
      host.id = `chart-${chart.id}`;
      parent.append(host);
      plots.push({ host, plot: draw(host, chart, axis) });
    }
  };
  drawAll();
  addEventListener('resize', () => {
    for (const { host, plot } of plots) plot.setSize({ width: host.clientWidth, height });
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
}

const data: unknown = JSON.parse(document.getElementById('load-data')?.textContent ?? 'null');
const parent = document.getElementById('charts');
if (data !== null && parent) drawLoad(data as LoadVerdict, parent);
