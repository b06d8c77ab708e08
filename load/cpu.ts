import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';

/** `/proc` counts in hundredths of a second (USER_HZ, the same on every Linux). */
const ticksPerSecond = 100;

/** CPU seconds, user and system, that a process has used; undefined where there is no such process or no /proc. */
export function cpuSecondsOf(pid: number): number | undefined {
  try {
    // The second field is the command in brackets and may hold spaces; utime and stime are the 14th and 15th.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  } catch {
    return undefined;
  }
}

interface Reading {
  readonly atMs: number;
  readonly process: number | undefined;
  readonly busy: number;
  readonly all: number;
}

/** Busy and total CPU milliseconds of the machine since it started. */
function machine(): { busy: number; all: number } {
  let [busy, all] = [0, 0];
  for (const { times } of cpus()) {
    const sum = times.user + times.nice + times.sys + times.irq + times.idle;
    all += sum;
    busy += sum - times.idle;
  }
  return { busy, all };
}

interface CpuUse {
  readonly coresUsed: number | undefined;
  readonly cores: number;
  readonly machineBusy: number | undefined;
}

/** What a process used of the machine between the first and the last call of `read`. */
export class CpuMeter {
  private readonly pid: number;
  private first: Reading | undefined;
  private last: Reading | undefined;

  constructor(pid: number) {
    this.pid = pid;
  }

  read(nowMs: number): void {
    const reading = { atMs: nowMs, process: cpuSecondsOf(this.pid), ...machine() };
    // A process that has ended says nothing any more; its last words count.
    if (reading.process === undefined && this.last?.process !== undefined) return;
    this.first ??= reading;
    this.last = reading;
  }

  use(): CpuUse {
    const cores = availableParallelism();
    const { first, last } = this;
    if (!first || !last || last.atMs === first.atMs) return { coresUsed: undefined, cores, machineBusy: undefined };
    const used = last.process === undefined || first.process === undefined ? undefined : last.process - first.process;
    return {
      coresUsed: used === undefined ? undefined : used / ((last.atMs - first.atMs) / 1000),
      cores,
      machineBusy: last.all === first.all ? undefined : (last.busy - first.busy) / (last.all - first.all),
    };
  }
}
