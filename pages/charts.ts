/** Runs in the browser: draws the charts of a page from the data it carries. Bundled into the page; asks no host for anything. */
import uPlot from 'uplot';
import type { LoadVerdict } from '../load/verdict/verdict.ts';

interface Line {
  readonly label: string;
  readonly colour: string;
  readonly values: (number | null)[];
  readonly dash?: number[];
}

const css = (variable: string): string => getComputedStyle(document.documentElement).getPropertyValue(variable).trim();

function draw(host: HTMLElement, title: string, seconds: number[], lines: readonly Line[]): void {
  const axis = { stroke: css('--ink'), grid: { stroke: css('--rule') }, ticks: { stroke: css('--rule') } };
  const plot = new uPlot(
    {
      title,
      width: host.clientWidth,
      height: 200,
      cursor: { sync: { key: 'time' } },
      scales: { x: { time: false }, y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] } },
      axes: [{ ...axis, label: 'seconds', labelSize: 18 }, axis],
      series: [
        { label: 'second' },
        ...lines.map((line) => ({
          label: line.label,
          stroke: line.colour,
          width: 2,
          spanGaps: false,
          points: { show: false },
          ...(line.dash ? { dash: line.dash } : {}),
        })),
      ],
    },
    [seconds, ...lines.map((line) => line.values)] as uPlot.AlignedData,
    host,
  );
  addEventListener('resize', () => plot.setSize({ width: host.clientWidth, height: 200 }));
}

/** A second without requests is a hole, not a zero latency. */
function drawLoad(load: LoadVerdict): void {
  const seconds = load.seconds.map((s) => Math.round(s.atMs / 1000));
  const [good, bad, plain, soft] = [css('--good'), css('--bad'), css('--line'), css('--unsure')] as const;
  const chart = (id: string, title: string, lines: readonly Line[]) => {
    const host = document.getElementById(id);
    if (host) draw(host, title, seconds, lines);
  };
  const limit = load.judgements.find((j) => j.name === 'latency p95')?.limit;
  chart('chart-rate', 'requests per second', [
    { label: 'reached', colour: good, values: load.seconds.map((s) => s.requests) },
    { label: 'wanted', colour: soft, dash: [6, 4], values: load.seconds.map(({ atMs }) => wantedAt(load, atMs)) },
    { label: 'failed', colour: bad, values: load.seconds.map((s) => s.failed) },
  ]);
  chart('chart-latency', 'latency, milliseconds', [
    { label: 'p50', colour: good, values: load.seconds.map((s) => s.p50Ms ?? null) },
    { label: 'p95', colour: plain, values: load.seconds.map((s) => s.p95Ms ?? null) },
    ...(limit === undefined ? [] : [{ label: 'limit', colour: bad, dash: [6, 4], values: load.seconds.map(() => limit) }]),
  ]);
  const budget = load.ru?.budgetRuPerSecond;
  if (load.seconds.every((s) => s.ru === undefined)) return;
  chart('chart-ru', 'RU per second, as the store says of its answers', [
    { label: 'RU/s', colour: plain, values: load.seconds.map((s) => s.ru ?? null) },
    { label: 'throttled attempts', colour: bad, values: load.seconds.map((s) => s.throttleRetries ?? 0) },
    ...(budget === undefined ? [] : [{ label: 'budget', colour: bad, dash: [6, 4], values: load.seconds.map(() => budget) }]),
  ]);
}

/** The profile's straight lines; a run without them wanted one rate throughout. */
function wantedAt({ corners = [], seconds, rateWantedPerSecond }: LoadVerdict, atMs: number): number {
  const at = (atMs - (seconds[0]?.atMs ?? atMs)) / 1000;
  const next = corners.find((corner) => corner.atSeconds > at);
  const before = corners.findLast((corner) => corner.atSeconds <= at);
  if (!before || !next) return (before ?? next)?.ratePerSecond ?? rateWantedPerSecond;
  const share = (at - before.atSeconds) / (next.atSeconds - before.atSeconds);
  return before.ratePerSecond + (next.ratePerSecond - before.ratePerSecond) * share;
}

const data: unknown = JSON.parse(document.getElementById('load-data')?.textContent ?? 'null');
if (data !== null) drawLoad(data as LoadVerdict);
