import type { LoadVerdict, ServerSeries } from '../load/verdict/verdict.ts';

/** A place in time and what was there; null is a hole, which no line crosses. */
type AxisPoint = readonly [atMs: number, value: number | null];

export interface AxisLine {
  readonly label: string;
  /** What it is, which decides its colour; a number is one of several of a kind. */
  readonly tone: 'good' | 'bad' | 'wanted' | number;
  readonly points: readonly AxisPoint[];
}

export interface AxisChart {
  readonly id: string;
  readonly title: string;
  readonly lines: readonly AxisLine[];
  /** Stretches for which the servers' metrics have nothing. */
  readonly holes: readonly { readonly fromMs: number; readonly toMs: number }[];
}

/** The stretch that all charts of a run share. */
export function spanOf({ seconds, startedAt, endedAt }: LoadVerdict): { readonly fromMs: number; readonly toMs: number } {
  const [first, last] = [seconds[0], seconds.at(-1)];
  if (!first || !last) return { fromMs: Date.parse(startedAt), toMs: Date.parse(endedAt) };
  return { fromMs: first.atMs, toMs: last.atMs + 1000 };
}

/** `1:05`: minutes and seconds since the beginning of the load. */
export function clockOf(seconds: number): string {
  const whole = Math.round(Math.abs(seconds));
  return `${seconds <= -0.5 ? '−' : ''}${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** Everything that a run has over time, a chart each, on one axis; a chart without a line is left out. */
export function chartsOf(load: LoadVerdict): AxisChart[] {
  const charts = [
    { id: 'rate', title: 'requests per second', lines: rateLines(load), holes: [] },
    { id: 'latency', title: 'latency, milliseconds', lines: latencyLines(load), holes: [] },
    { id: 'errors', title: 'failed requests per second, by layer', lines: layerLines(load), holes: [] },
    serverChart(load, 'instances', 'instances', []),
    serverChart(load, 'cpu', 'CPU, per cent', []),
    serverChart(load, 'queue', 'HTTP queue, requests', []),
    serverChart(load, 'ru', 'RU per second', ruLines(load)),
    serverChart(load, '429', 'throttled per second (429)', throttleLines(load)),
  ];
  return charts.filter(({ lines }) => lines.length > 0);
}

type Second = LoadVerdict['seconds'][number];

/** One value a second; a second of which k6 said nothing is a hole, no zero. */
function perSecond({ seconds }: LoadVerdict, of: (second: Second) => number | undefined): AxisPoint[] {
  return seconds.flatMap((second, index): AxisPoint[] => {
    const point: AxisPoint = [second.atMs, of(second) ?? null];
    const next = seconds[index + 1];
    return next && next.atMs > second.atMs + 1000 ? [point, [second.atMs + 1000, null]] : [point];
  });
}

function level(load: LoadVerdict, label: string, value: number | undefined): AxisLine[] {
  const { fromMs, toMs } = spanOf(load);
  if (value === undefined) return [];
  return [
    {
      label,
      tone: 'wanted',
      points: [
        [fromMs, value],
        [toMs, value],
      ],
    },
  ];
}

function rateLines(load: LoadVerdict): AxisLine[] {
  const { fromMs, toMs } = spanOf(load);
  const corners = load.corners ?? [];
  const wanted: AxisLine = {
    label: 'wanted',
    tone: 'wanted',
    // A jump has two corners at one time, of which an axis keeps one: the second stands a millisecond later.
    points: corners.map(({ atSeconds, ratePerSecond }, index) => [
      fromMs + atSeconds * 1000 + (corners[index - 1]?.atSeconds === atSeconds ? 1 : 0),
      ratePerSecond,
    ]),
  };
  return [
    { label: 'reached', tone: 'good', points: perSecond(load, ({ requests }) => requests) },
    ...(corners.length > 0
      ? [wanted]
      : level({ ...load, endedAt: new Date(toMs).toISOString() }, 'wanted', load.rateWantedPerSecond)),
    { label: 'failed', tone: 'bad', points: perSecond(load, ({ failed }) => failed) },
  ];
}

function latencyLines(load: LoadVerdict): AxisLine[] {
  return [
    { label: 'p50', tone: 'good', points: perSecond(load, ({ p50Ms }) => p50Ms) },
    { label: 'p95', tone: 0, points: perSecond(load, ({ p95Ms }) => p95Ms) },
    ...level(load, 'limit of p95', load.judgements.find(({ name }) => name === 'latency p95')?.limit),
  ];
}

function layerLines(load: LoadVerdict): AxisLine[] {
  const layers = [...new Set(load.seconds.flatMap(({ layers: of = {} }) => Object.keys(of)))].sort();
  return layers.map((layer, tone) => ({ label: layer, tone, points: perSecond(load, ({ layers: of }) => of?.[layer] ?? 0) }));
}

function ruLines(load: LoadVerdict): AxisLine[] {
  const told: AxisLine[] = load.seconds.some(({ ru }) => ru !== undefined)
    ? [{ label: 'as answers say', tone: 'good', points: perSecond(load, ({ ru }) => ru ?? 0) }]
    : [];
  const any = told.length > 0 || (load.series ?? []).some(({ kind }) => kind === 'ru');
  return [...told, ...(any ? level(load, 'budget', load.ru?.budgetRuPerSecond) : [])];
}

function throttleLines(load: LoadVerdict): AxisLine[] {
  const some = (of: (second: Second) => number | undefined) => load.seconds.some((second) => of(second) !== undefined);
  const [refused, retried] = [({ throttled }: Second) => throttled, ({ throttleRetries }: Second) => throttleRetries];
  return [
    ...(some(refused) ? [{ label: 'refused', tone: 'bad' as const, points: perSecond(load, (s) => refused(s) ?? 0) }] : []),
    ...(some(retried)
      ? [{ label: 'tried again by the store', tone: 'wanted' as const, points: perSecond(load, (s) => retried(s) ?? 0) }]
      : []),
  ];
}

/** A line for each plan or account, beside what k6 saw of the same. */
function serverChart(load: LoadVerdict, kind: ServerSeries['kind'], title: string, seen: readonly AxisLine[]): AxisChart {
  const series = (load.series ?? []).filter((one) => one.kind === kind);
  const lines = series.map((one, tone) => ({ label: one.of, tone, points: steps(one) }));
  return { id: kind, title, lines: [...lines, ...seen], holes: series.flatMap(holesOf) };
}

/** A metric's point stands for its whole interval: a level, then the next. */
function steps(series: ServerSeries): AxisPoint[] {
  return withHoles(series).flatMap(({ atMs, value }): AxisPoint[] =>
    value === undefined
      ? [[atMs, null]]
      : [
          [atMs, value],
          [atMs + series.everyMs - 1, value],
        ],
  );
}

const holesOf = (series: ServerSeries) =>
  withHoles(series)
    .filter(({ value }) => value === undefined)
    .map(({ atMs, toMs }) => ({ fromMs: atMs, toMs }));

/** An interval that is not even named is a hole as well as one without a value. */
function withHoles({ points, everyMs }: ServerSeries) {
  return points.flatMap((point, index) => {
    const toMs = point.atMs + everyMs;
    const nextMs = points[index + 1]?.atMs ?? toMs;
    const whole = { ...point, toMs };
    return nextMs > toMs + everyMs / 2 ? [whole, { atMs: toMs, toMs: nextMs, value: undefined }] : [whole];
  });
}
