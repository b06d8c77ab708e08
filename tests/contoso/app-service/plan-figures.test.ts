import { describe, expect, it } from 'vitest';
import { createAutoscaleJob } from '../../../fixtures/contoso/azure/app-service/autoscale-job.ts';
import { createPlan, type InstanceLoad } from '../../../fixtures/contoso/azure/app-service/plan.ts';
import { createSampler } from '../../../fixtures/contoso/azure/app-service/sampler.ts';
import { scaleOut as rule, autoscaleSettings as settings } from '../../support/autoscale-rules.ts';
import { recordingWatcher, simulatedTime } from './simulated.ts';

function setUp({ load = { memoryMb: 792, hogPercent: 0 } as InstanceLoad } = {}) {
  const time = simulatedTime();
  const { watcher, told } = recordingWatcher();
  const plan = createPlan({ name: 'plan', sku: 'S2', instances: 2 }, time.world);
  const started: string[] = [];
  plan.host({ join: ({ id }) => void started.push(id), leave: () => undefined, loadOf: () => load });
  const sampler = createSampler({ plan, ...time, watcher });
  /** Arrivals for some minutes, spread evenly: as many milliseconds of work a second as would keep `busyCores` busy. */
  const drive = async (controlMinutes: number, busyCores: number) => {
    const steps = controlMinutes * 10;
    for (let step = 0; step < steps; step += 1) {
      const now = time.world.now();
      for (const { cores } of plan.instances)
        for (const half of [0.5, 0.5]) cores.admit((busyCores / plan.instances.length) * 100 * half, now);
      await time.advance(6);
    }
  };
  return { time, plan, sampler, watcher, told, drive, started };
}

describe('the figures of an instance', () => {
  it.each([
    ['idle', 0, 0],
    ['half of one core of two', 1, 25],
    ['both cores', 4, 100],
  ])('are CPU from busy time: %s', async (_what, busyCores, expected) => {
    const { sampler, drive } = setUp();
    await drive(2, busyCores);
    const cpu = sampler.samples(0).map(({ cpuPercent }) => Math.round(cpuPercent));
    expect(cpu).toEqual([expected, expected, expected, expected]);
  });

  it('come once a control-plane minute, for each instance, with the start of the minute', async () => {
    const { sampler, time, told } = setUp();
    const start = time.clock.now();
    await time.advance(180);
    expect(sampler.samples(0).map(({ at, instance }) => [(at - start) / 60_000, instance])).toEqual([
      [0, 'plan-0'],
      [0, 'plan-1'],
      [1, 'plan-0'],
      [1, 'plan-1'],
      [2, 'plan-0'],
      [2, 'plan-1'],
    ]);
    expect(sampler.samples(start + 120_000)).toHaveLength(2);
    expect(told.instanceMinute).toEqual(sampler.samples(0));
  });

  it('are the queue length on average: what waits, over the minute', async () => {
    const { sampler, plan, time } = setUp();
    // Two cores are taken for the whole minute (one real second), and three requests wait all that time.
    for (let request = 0; request < 5; request += 1) plan.instances[0]?.cores.admit(1_000, time.world.now());
    await time.advance(60);
    expect(sampler.samples(0).map(({ httpQueueLength }) => Number(httpQueueLength.toFixed(2)))).toEqual([3, 0]);
  });

  // Ours: 1,000 MB for the system, 792 MB of sites, of 3.5 GB.
  it('are memory as a share of the size', async () => {
    const { sampler, time } = setUp();
    await time.advance(60);
    expect(sampler.samples(0).map(({ memoryPercent }) => memoryPercent)).toEqual([50, 50]);
  });

  it('count what hogs the processor beside the requests', async () => {
    const { sampler, drive } = setUp({ load: { memoryMb: 0, hogPercent: 60 } });
    await drive(1, 2);
    expect(sampler.samples(0).map(({ cpuPercent }) => Math.round(cpuPercent))).toEqual([80, 80]);
  });
});

describe('the documented sequence of autoscale', () => {
  it('is: metric over the window, scale-out, cool-down, scale-in without flapping', async () => {
    const { time, plan, sampler, watcher, told, drive, started } = setUp();
    createAutoscaleJob({ plan, settings, samples: sampler.samples, ...time, watcher });
    const start = time.clock.now();
    const counts: number[] = [];
    const minutesOf = async (count: number, busyCores: number) => {
      for (let minute = 0; minute < count; minute += 1) {
        await drive(1, busyCores);
        counts.push(plan.instances.length);
      }
    };
    await minutesOf(3, 3.2);
    expect(counts.at(-1)).toBe(3);
    expect(started).toEqual(['plan-0', 'plan-1', 'plan-2']);
    const actions = () => told.scaleEvent.filter(({ kind }) => kind === 'ScaleAction');
    const [first] = actions();
    expect(first).toMatchObject({ direction: 'Increase', from: 2, to: 3, plan: 'plan' });
    expect(first?.reason).toBe('CpuPercentage 80 > 70 over PT5M');
    const firedAt = first?.at ?? 0;
    expect(firedAt - start).toBeLessThanOrEqual(120_000);
    // The load goes at once, but the cool-down blocks scale-in as well.
    await minutesOf(2, 0.2);
    expect(plan.instances).toHaveLength(3);
    await minutesOf(8, 0.2);
    expect(actions().map(({ direction, from, to }) => [direction, from, to])).toEqual([
      ['Increase', 2, 3],
      ['Decrease', 3, 2],
    ]);
    expect((actions()[1]?.at ?? 0) - firedAt).toBeGreaterThanOrEqual(300_000);
  });

  it('tells the observed capacity, and every rule with what it saw', async () => {
    const { time, plan, sampler, watcher, told } = setUp();
    createAutoscaleJob({ plan, settings, samples: sampler.samples, ...time, watcher });
    await time.advance(90);
    // Documented: every 30 to 60 s.
    expect(told.autoscaleRun.map(({ at }) => at).map((at, i, all) => at - (all[i - 1] ?? at))).toEqual([0, 30_000, 30_000]);
    expect(told.autoscaleRun.at(-1)).toMatchObject({
      capacity: 2,
      rules: [
        { metric: 'CpuPercentage', threshold: 70, seen: 0 },
        { metric: 'CpuPercentage', threshold: 30, seen: 0 },
      ],
    });
  });

  it('pulls a count set by hand back into its limits', async () => {
    const { time, plan, sampler, watcher, drive } = setUp();
    createAutoscaleJob({ plan, settings, samples: sampler.samples, ...time, watcher });
    plan.setInstanceCount(9, 'by hand');
    await drive(0.5, 3);
    expect(plan.instances).toHaveLength(5);
  });

  it('records an action that the size refuses', async () => {
    const { time, plan, sampler, watcher, told, drive } = setUp();
    const tooMany = { ...settings, maximum: 30, rules: [{ ...rule, change: 20 }] };
    createAutoscaleJob({ plan, settings: tooMany, samples: sampler.samples, ...time, watcher });
    await drive(2, 4);
    const failed = told.scaleEvent.find(({ kind }) => kind === 'ActionFailed');
    expect(failed).toMatchObject({ from: 2, to: 2 });
    expect(failed?.reason).toContain('allowed: 1 to 10');
    expect(plan.instances).toHaveLength(2);
  });
});
