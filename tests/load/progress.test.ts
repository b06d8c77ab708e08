import { describe, expect, it } from 'vitest';
import { CpuMeter, cpuSecondsOf } from '../../load/cpu.ts';
import { type ProgressState, progressLine, progressPrinter } from '../../load/progress.ts';

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
