import { type MaintenanceWindow, weekdays } from '../../fixtures/environments/monitor.ts';

interface LocalTime {
  readonly date: string;
  /** `HH:MM`, comparable as text. */
  readonly time: string;
  /** 0 for Monday. */
  readonly weekday: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** What the clocks show in a time zone. */
function localTime(atMs: number, timeZone: string): LocalTime {
  let format = formats.get(timeZone);
  if (!format) {
    const parts = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const;
    format = new Intl.DateTimeFormat('en-CA', { timeZone, ...parts, hourCycle: 'h23' });
    formats.set(timeZone, format);
  }
  const part = Object.fromEntries(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
  const date = `${part.year}-${part.month}-${part.day}`;
  return { date, time: `${part.hour}:${part.minute}`, weekday: (new Date(`${date}T00:00Z`).getUTCDay() + 6) % 7 };
}

const dayBefore = (date: string) => new Date(Date.parse(`${date}T00:00Z`) - 86_400_000).toISOString().slice(0, 10);

/**
 * Whether a moment lies in a window, by the clocks of its time zone: from and to mean what people there read, also where
 * clocks change. Half-open: `from` is in, `to` is not.
 */
export function isWithin(window: MaintenanceWindow, atMs: number): boolean {
  const { date, time, weekday } = localTime(atMs, window.timeZone);
  const beginsOn = (day: string, index: number) =>
    window.date === undefined ? !window.days || window.days.includes(weekdays[index] ?? 'monday') : window.date === day;
  const today = beginsOn(date, weekday);
  if (window.from < window.to) return today && window.from <= time && time < window.to;
  const yesterday = beginsOn(dayBefore(date), (weekday + 6) % 7);
  return (today && window.from <= time) || (yesterday && time < window.to);
}

/** Why a target is under maintenance at some moment between two; undefined where it isn't. */
export function maintenanceOf(
  windows: readonly MaintenanceWindow[],
  target: string,
  fromMs: number,
  toMs: number,
): string | undefined {
  return windows.find(
    (window) => (!window.targets || window.targets.includes(target)) && (isWithin(window, fromMs) || isWithin(window, toMs)),
  )?.why;
}
