import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCores } from '../../../fixtures/contoso/azure/app-service/cores.ts';

describe('the cores of an instance', () => {
  it('lets two requests run at once on two cores, and the third wait', () => {
    const cores = createCores(2);
    expect([cores.admit(100, 0), cores.admit(100, 0), cores.admit(100, 0)]).toEqual([100, 100, 200]);
    expect(cores.totals(0).queueLength).toBe(1);
    expect(cores.totals(99.9).queueLength).toBe(1);
    expect(cores.totals(100).queueLength).toBe(0);
  });

  // arrivals a second, service time, cores -> CPU percent over ten seconds
  it.each([
    [10, 20, 2, 10],
    [50, 20, 2, 50],
    [100, 20, 2, 100],
    [200, 20, 2, 100],
    [40, 25, 1, 100],
    [20, 25, 1, 50],
  ])('at %i a second of %i ms on %i cores is %i %% busy', (rate, serviceMs, count, percent) => {
    const cores = createCores(count);
    for (let i = 0; i < rate * 10; i += 1) cores.admit(serviceMs, (i * 1_000) / rate);
    expect((cores.totals(10_000).busyMs / (10_000 * count)) * 100).toBeCloseTo(percent, 0);
  });

  it('shows overload as a queue that grows and shrinks', () => {
    const cores = createCores(1);
    for (let i = 0; i < 10; i += 1) cores.admit(100, 0);
    expect([0, 450, 899, 900].map((now) => cores.totals(now).queueLength)).toEqual([9, 5, 1, 0]);
    // 9 wait 100, 200, … 900 ms: the integral of the queue length.
    expect(cores.totals(2_000).waitedMs).toBe(4_500);
  });

  it('refuses a request once the queue is full, without booking it', () => {
    const cores = createCores(1, 2);
    expect([1, 2, 3].map(() => cores.admit(10, 0))).toEqual([10, 20, 30]);
    expect(cores.admit(10, 0)).toBeUndefined();
    expect(cores.totals(1_000)).toEqual({ arrivals: 3, refused: 1, busyMs: 30, waitedMs: 30, queueLength: 0 });
    expect(cores.admit(10, 10)).toBe(40);
  });

  it('keeps its sums through thousands of waiting requests', () => {
    const cores = createCores(1, 100_000);
    for (let i = 0; i < 5_000; i += 1) cores.admit(2, i);
    expect(cores.totals(5_000).busyMs).toBe(5_000);
    expect(cores.totals(5_000).queueLength).toBe(2_499);
    expect(cores.totals(20_000)).toMatchObject({ busyMs: 10_000, queueLength: 0, arrivals: 5_000 });
  });

  it('never does more work than its cores allow, nor less than was asked in the end', () => {
    const arrivals = fc.array(fc.record({ gapMs: fc.integer({ min: 0, max: 50 }), serviceMs: fc.integer({ min: 1, max: 80 }) }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), arrivals, (count, list) => {
        const cores = createCores(count);
        let now = 0;
        for (const { gapMs, serviceMs } of list) {
          now += gapMs;
          const before = cores.totals(now).busyMs;
          expect(before).toBeLessThanOrEqual(now * count + 1e-6);
          expect(cores.admit(serviceMs, now)).toBeGreaterThanOrEqual(now + serviceMs);
        }
        expect(cores.totals(now + 1e9).busyMs).toBeCloseTo(
          list.reduce((sum, a) => sum + a.serviceMs, 0),
          6,
        );
        expect(cores.totals(now + 1e9).queueLength).toBe(0);
      }),
    );
  });
});
