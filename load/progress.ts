import type { Recent } from './collector.ts';
import { count, ms, percent, rate } from './verdict/units.ts';

export interface ProgressState {
  readonly elapsedSeconds: number;
  readonly durationSeconds: number;
  readonly rateWantedPerSecond: number;
  readonly recent: Recent | undefined;
  /** What the servers' metrics say by now; absent where nobody asks them. */
  readonly servers?: ServersNow | undefined;
}

/** Of all plans and accounts, in the metrics' last whole minute; undefined: it hasn't come. */
export interface ServersNow {
  readonly instances: number | undefined;
  readonly ruPerSecond: number | undefined;
}

const clock = (seconds: number) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;

const known = (value: number | undefined) => (value === undefined ? '–' : count(value));

/** `load 0:12, 0:48 left · 59/s of 60/s · p95 41 ms · errors 0 % of 712 · 4 instances · 812 RU/s` */
export function progressLine(state: ProgressState): string {
  const { elapsedSeconds, durationSeconds, rateWantedPerSecond, recent, servers } = state;
  const left = Math.max(0, durationSeconds - elapsedSeconds);
  const times = `load ${clock(elapsedSeconds)}, ${clock(left)} left`;
  if (!recent) return `${times} · k6 is starting`;
  const errors = recent.requests === 0 ? 0 : (recent.failed / recent.requests) * 100;
  return [
    times,
    `${rate(recent.ratePerSecond)} of ${rate(rateWantedPerSecond)}`,
    `p95 ${recent.p95Ms === undefined ? '–' : ms(recent.p95Ms)}`,
    `errors ${percent(errors)} of ${count(recent.requests)}`,
    ...(servers ? [`${known(servers.instances)} instances`, `${known(servers.ruPerSecond)} RU/s`] : []),
  ].join(' · ');
}

export interface ProgressOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Plain lines this far apart where the output is no terminal. */
const plainEverySeconds = 10;

/** One line that is rewritten each second on a terminal, else a plain line every ten seconds. */
export function progressPrinter(output: ProgressOutput): { show(state: ProgressState): void; end(): void } {
  let nextPlain = plainEverySeconds;
  let width = 0;
  return {
    show(state) {
      if (!output.isTTY) {
        if (state.elapsedSeconds < nextPlain) return;
        nextPlain += plainEverySeconds;
        output.write(`${progressLine(state)}\n`);
        return;
      }
      // A line longer than the terminal would wrap and could not be rewritten.
      const line = progressLine(state).slice(0, (output.columns ?? 80) - 1);
      output.write(`\r${line.padEnd(width)}`);
      width = line.length;
    },
    end() {
      if (output.isTTY && width > 0) output.write(`\r${' '.repeat(width)}\r`);
    },
  };
}
