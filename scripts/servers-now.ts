import type { Environment } from '../fixtures/environments/schema.ts';
import type { ServersNow } from '../load/progress.ts';
import type { ServerSeries } from '../load/verdict/verdict.ts';
import { sourceOf } from './metrics-place.ts';
import { readSeries } from './server-series.ts';

/** The last figures, and how to stop asking for further ones. */
export interface ServersWatch {
  latest(): ServersNow;
  stop(): void;
}

/** Older than this, in minutes of the metrics, a figure says nothing of now; Azure's lag by one to three. */
const freshMinutes = 5;
/** A local store's minutes pass in a second; nobody reads as fast. */
const leastEveryMs = 5_000;

/** Asks Azure Monitor for instances and RU/s while load runs. Nobody waits for it. */
export function watchServers(environment: Environment): ServersWatch {
  const minuteMs = 60_000 / (environment.local?.timeScale ?? 1);
  const read = async (nowMs: number) => {
    const place = { environment, ...(await sourceOf(environment)), patienceMinutes: 0 };
    return readSeries({ ...place, fromMs: nowMs - freshMinutes * minuteMs, toMs: nowMs });
  };
  return watch(read, minuteMs);
}

export function watch(read: (nowMs: number) => Promise<readonly ServerSeries[]>, minuteMs: number): ServersWatch {
  let series: readonly ServerSeries[] = [];
  let asking = false;
  const ask = async () => {
    // One question at a time: an endpoint that hangs is not asked again and again.
    if (asking) return;
    asking = true;
    // What fails here shows as a figure that hasn't come; the verdict says why at the end.
    series = await read(Date.now()).catch(() => []);
    asking = false;
  };
  void ask();
  const timer = setInterval(() => void ask(), Math.max(leastEveryMs, minuteMs));
  timer.unref();
  const total = (kind: ServerSeries['kind']) => totalOf(series, kind, Date.now(), minuteMs);
  return { latest: () => ({ instances: total('instances'), ruPerSecond: total('ru') }), stop: () => clearInterval(timer) };
}

/** Over all plans or accounts; undefined where one of them is missing, since the others' sum would be too little. */
export function totalOf(
  series: readonly ServerSeries[],
  kind: ServerSeries['kind'],
  nowMs: number,
  minuteMs: number,
): number | undefined {
  const rows = series.filter((one) => one.kind === kind);
  const values = rows.map(({ points, everyMs }) => {
    // The minute that is passing has only part of its RU.
    const whole = points.filter(({ atMs, value }) => value !== undefined && atMs + everyMs <= nowMs);
    const last = whole.at(-1);
    return last && nowMs - last.atMs <= freshMinutes * minuteMs + leastEveryMs ? last.value : undefined;
  });
  if (values.length === 0 || values.includes(undefined)) return undefined;
  return values.reduce((sum: number, value) => sum + (value ?? 0), 0);
}
