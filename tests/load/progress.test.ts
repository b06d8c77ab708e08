import { describe, expect, it } from 'vitest';
import { CpuMeter, cpuSecondsOf } from '../../load/cpu.ts';
import { type ProgressState, progressLine, progressPrinter } from '../../load/progress.ts';
import type { ServerSeries } from '../../load/verdict/verdict.ts';
import { totalOf, watch } from '../../scripts/servers-now.ts';

const state = (elapsedSeconds: number, change: Partial<ProgressState> = {}): ProgressState => ({
  elapsedSeconds,
  durationSeconds: 60,
  rateWantedPerSecond: 60,
  recent: { ratePerSecond: 59, p95Ms: 41.2, requests: 712, failed: 3, atMs: 0 },
  ...change,
});

function shown(isTTY: boolean, columns?: number) {
  const written: string[] = [];
  const printer = progressPrinter({ isTTY, ...(columns ? { columns } : {}), write: (text) => written.push(text) });
  for (let second = 1; second <= 30; second += 1) printer.show(state(second));
  printer.end();
  return written;
}

describe('progress of a load run', () => {
  it.each([
    { at: state(12), line: 'load 0:12, 0:48 left · 59/s of 60/s · p95 41 ms · errors 0.42 % of 712' },
    { at: state(75), line: 'load 1:15, 0:00 left · 59/s of 60/s · p95 41 ms · errors 0.42 % of 712' },
    { at: state(1, { recent: undefined }), line: 'load 0:01, 0:59 left · k6 is starting' },
    {
      at: state(12, { servers: { instances: 4, ruPerSecond: 1_234.5 } }),
      line: 'load 0:12, 0:48 left · 59/s of 60/s · p95 41 ms · errors 0.42 % of 712 · 4 instances · 1,235 RU/s',
    },
    {
      at: state(12, { servers: { instances: undefined, ruPerSecond: undefined } }),
      line: 'load 0:12, 0:48 left · 59/s of 60/s · p95 41 ms · errors 0.42 % of 712 · – instances · – RU/s',
    },
    {
      at: state(5, { recent: { ratePerSecond: 0, p95Ms: undefined, requests: 0, failed: 0, atMs: 0 } }),
      line: 'load 0:05, 0:55 left · 0.0/s of 60/s · p95 – · errors 0 % of 0',
    },
  ])('says times, rate, latency and errors: $line', ({ at, line }) => expect(progressLine(at)).toBe(line));

  it('rewrites one line on a terminal and clears it', () => {
    const written = shown(true);
    expect(written).toHaveLength(31);
    expect(written.every((text) => text.startsWith('\r') && !text.includes('\n'))).toBe(true);
    expect(written.at(-1)).toMatch(/^\r +\r$/);
  });

  it('never wraps a narrow terminal', () => {
    for (const text of shown(true, 40)) expect(text.replaceAll('\r', '').length).toBeLessThan(40);
  });

  it('writes a plain line every ten seconds elsewhere', () => {
    const written = shown(false);
    expect(written.map((text) => text.slice(0, 9))).toEqual(['load 0:10', 'load 0:20', 'load 0:30']);
    expect(written.every((text) => text.endsWith('\n') && !text.includes('\r'))).toBe(true);
  });
});

describe('what the servers say meanwhile', () => {
  const nowMs = Date.UTC(2026, 0, 5);
  const series = (kind: ServerSeries['kind'], of: string, ...values: (number | undefined)[]): ServerSeries => ({
    kind,
    of,
    everyMs: 1_000,
    points: values.map((value, i) => ({ atMs: nowMs - (values.length - i) * 1_000, ...(value === undefined ? {} : { value }) })),
  });

  it.each([
    {
      title: 'is the last whole minute of all plans',
      of: [series('instances', 'a', 2, 3), series('instances', 'b', 2)],
      total: 5,
    },
    { title: 'steps over a hole', of: [series('instances', 'a', 2, undefined)], total: 2 },
    {
      title: 'is nothing of the others where one is missing',
      of: [series('instances', 'a', 2), series('instances', 'b')],
      total: undefined,
    },
    { title: 'is not what was long ago', of: [series('instances', 'a', 2, ...Array<undefined>(30))], total: undefined },
    { title: 'is unknown without metrics', of: [], total: undefined },
    { title: 'leaves out other figures', of: [series('ru', 'a', 900)], total: undefined },
  ])('$title', ({ of, total }) => expect(totalOf(of, 'instances', nowMs, 1_000)).toBe(total));

  it('leaves out the minute that is passing', () => {
    const ru: ServerSeries = {
      kind: 'ru',
      of: 'a',
      everyMs: 1_000,
      points: [
        { atMs: nowMs - 1_500, value: 800 },
        { atMs: nowMs - 500, value: 3 },
      ],
    };
    expect(totalOf([ru], 'ru', nowMs, 1_000)).toBe(800);
  });

  it('holds nobody up when Azure Monitor hangs or refuses', async () => {
    let asked = 0;
    const hanging = watch(() => new Promise(() => (asked += 1)), 1_000);
    const refusing = watch(() => Promise.reject(new Error('403')), 1_000);
    await Promise.resolve();
    for (const each of [hanging, refusing]) {
      expect(each.latest()).toEqual({ instances: undefined, ruPerSecond: undefined });
      each.stop();
    }
    expect(asked).toBe(1);
  });
});

describe.runIf(process.platform === 'linux')("a process's CPU", () => {
  it('grows with its work and agrees with its own count', () => {
    const before = cpuSecondsOf(process.pid) ?? 0;
    const own = process.cpuUsage();
    const until = performance.now() + 300;
    while (performance.now() < until) Math.sqrt(until);
    const { user, system } = process.cpuUsage(own);
    expect((cpuSecondsOf(process.pid) ?? 0) - before).toBeCloseTo((user + system) / 1e6, 1);
  });

  it('is unknown for one that is gone', () => expect(cpuSecondsOf(2 ** 22 + 1)).toBeUndefined());

  it('is told in cores, of how many', () => {
    const meter = new CpuMeter(process.pid);
    expect(meter.use().coresUsed).toBeUndefined();
    meter.read(0);
    meter.read(1000);
    const { coresUsed, cores } = meter.use();
    expect(coresUsed).toBeGreaterThanOrEqual(0);
    expect(cores).toBeGreaterThanOrEqual(1);
  });
});
