import { describe, expect, it } from 'vitest';
import { createDeployment, type Deployment } from '../../../fixtures/contoso/azure/app-service/deployment.ts';
import { createHealthCheck, excluded, healthLimits } from '../../../fixtures/contoso/azure/app-service/health-check.ts';
import { createPlan } from '../../../fixtures/contoso/azure/app-service/plan.ts';
import { createSettings } from '../../../fixtures/contoso/azure/app-service/settings.ts';
import type { App, LifecycleEvent } from '../../../fixtures/contoso/azure/app-service/worker.ts';
import type { ServedBy } from '../../../fixtures/contoso/azure/ports.ts';
import { settableFaults } from './doubles.ts';
import { recordingWatcher, simulatedTime } from './simulated.ts';

// Source: azure-facts, section 1 (App Service, "Monitor instances by using Health check").

interface SetUp {
  readonly instances: number;
  readonly values?: Record<string, string>;
  readonly sites?: number;
}

async function setUp({ instances, values = { WEBSITE_HEALTHCHECK_MAXPINGFAILURES: '2' }, sites = 1 }: SetUp) {
  const time = simulatedTime();
  const { watcher, told } = recordingWatcher();
  const faults = settableFaults();
  const plan = createPlan({ name: 'plan', sku: 'S2', instances }, time.world);
  const status = new Map<string, number>();
  const pinged: string[] = [];
  const events: LifecycleEvent[] = [];
  const appOf = ({ instance, slot }: ServedBy): App => ({
    handle(req, res) {
      pinged.push(`${slot ?? 'production'} ${instance} ${req.method} ${req.url} ${req.headers['user-agent']}`);
      res.statusCode = status.get(`${slot ?? 'production'} ${instance}`) ?? status.get(instance) ?? 200;
      res.end();
    },
    ready: () => Promise.resolve(),
    close: () => Promise.resolve(),
  });
  // The test makes the minutes itself, so that it knows when their pings have settled.
  const scheduler = { ...time.scheduler, everyMinute: () => () => undefined };
  const healthCheck = createHealthCheck({ plan, scheduler, faults, watcher, path: '/api/health/instance' });
  const settings = createSettings({ values, readSecret: () => Promise.reject(new Error('none')), world: time.world });
  const deployments = Array.from({ length: sites }, (_, i): Deployment => {
    const slot = i === 0 ? undefined : `slot-${i}`;
    const configuration = {
      stamp: 'weu',
      region: 'weu',
      slot,
      settings,
      record: (event: LifecycleEvent) => void events.push(event),
    };
    return createDeployment({
      plan,
      build: 'good',
      configuration,
      ...time,
      faults,
      pullImage: async () => undefined,
      createApp: appOf,
    });
  });
  for (const deployment of deployments) healthCheck.watch(() => deployment);
  await time.advance(1);
  const minutes = async (count: number) => {
    for (let minute = 0; minute < count; minute += 1) {
      await time.advance(60);
      await healthCheck.minute(time.clock.now());
    }
  };
  const states = () => (deployments[0] as Deployment).workers.map((w) => `${w.instance.id} ${w.state}`);
  return { time, plan, faults, status, pinged, events, told, states, minutes, deployments };
}

describe('pings', () => {
  it('reach every instance on the health path, out of rotation too', async () => {
    const { pinged, minutes, status } = await setUp({ instances: 2 });
    status.set('plan-1', 500);
    await minutes(3);
    expect(new Set(pinged)).toEqual(
      new Set(['0', '1'].map((i) => `production plan-${i} GET /api/health/instance HealthCheck/1.0`)),
    );
    expect(pinged.filter((line) => line.includes('plan-1')).length).toBe(3);
  });

  // 200 to 299 is healthy; everything else, redirects too, is a failed ping.
  it.each([
    [200, 'warm'],
    [204, 'warm'],
    [299, 'warm'],
    [300, 'out-of-rotation'],
    [302, 'out-of-rotation'],
    [404, 'out-of-rotation'],
    [503, 'out-of-rotation'],
  ])('answered with %i leave the instance %s', async (code, state) => {
    const { minutes, status, states } = await setUp({ instances: 2 });
    status.set('plan-1', code);
    await minutes(2);
    expect(states()).toEqual(['plan-0 warm', `plan-1 ${state}`]);
  });
});

describe('the documented limits', () => {
  it.each([
    [undefined, 10],
    ['2', 2],
    ['10', 10],
    ['1', 10],
    ['11', 10],
    ['x', 10],
  ])('WEBSITE_HEALTHCHECK_MAXPINGFAILURES %s is %i', (text, expected) =>
    expect(healthLimits(text === undefined ? {} : { WEBSITE_HEALTHCHECK_MAXPINGFAILURES: text }).maxFailures).toBe(expected),
  );

  it.each([
    [undefined, 50],
    ['1', 1],
    ['100', 100],
    ['0', 50],
    ['101', 50],
  ])('WEBSITE_HEALTHCHECK_MAXUNHEALTHYWORKERPERCENT %s is %i', (text, expected) =>
    expect(
      healthLimits(text === undefined ? {} : { WEBSITE_HEALTHCHECK_MAXUNHEALTHYWORKERPERCENT: text }).maxUnhealthyPercent,
    ).toBe(expected),
  );

  // Documented: four instances, three unhealthy, 50 %: two leave. Rounding down is ours.
  it.each([
    [3, 4, 50, 2],
    [1, 4, 50, 1],
    [2, 3, 50, 1],
    [1, 2, 10, 0],
    [2, 3, 100, 2],
    [1, 1, 100, 0],
    [4, 4, 100, 0],
    [0, 4, 50, 0],
  ])('%i unhealthy of %i at %i %% leave: %i', (unhealthy, instances, percent, expected) => {
    const all = Array.from({ length: unhealthy }, (_, i) => i);
    expect(excluded(all, instances, percent)).toEqual(all.slice(0, expected));
  });
});

describe('an instance that fails its health check', () => {
  it('leaves rotation after the failures that are set, not before, and one healthy answer puts it back', async () => {
    const { minutes, status, states, events } = await setUp({
      instances: 2,
      values: { WEBSITE_HEALTHCHECK_MAXPINGFAILURES: '4' },
    });
    status.set('plan-1', 500);
    await minutes(3);
    expect(states()[1]).toBe('plan-1 warm');
    await minutes(1);
    expect(states()[1]).toBe('plan-1 out-of-rotation');
    status.set('plan-1', 200);
    await minutes(1);
    expect(states()[1]).toBe('plan-1 warm');
    expect(events.slice(-2).map(({ reason }) => reason)).toEqual([
      'health check: 4 failed pings',
      'health check: back in rotation',
    ]);
  });

  it('counts consecutive failures alone', async () => {
    const { minutes, status, states } = await setUp({ instances: 2, values: { WEBSITE_HEALTHCHECK_MAXPINGFAILURES: '5' } });
    for (let turn = 0; turn < 3; turn += 1) {
      status.set('plan-1', 500);
      await minutes(4);
      status.set('plan-1', 200);
      await minutes(1);
    }
    expect(states()[1]).toBe('plan-1 warm');
  });

  it.each([
    ['a single instance', 1],
    ['all instances', 3],
  ])('never leaves when it is %s', async (_what, instances) => {
    const { minutes, status, states, plan } = await setUp({ instances });
    for (const { id } of plan.instances) status.set(id, 500);
    await minutes(5);
    expect(states().every((state) => state.endsWith(' warm'))).toBe(true);
  });

  it('shows in the metric only once it has failed often enough', async () => {
    const { minutes, status, told } = await setUp({ instances: 2, values: { WEBSITE_HEALTHCHECK_MAXPINGFAILURES: '4' } });
    status.set('plan-1', 500);
    await minutes(4);
    const healthy = told.healthMinute.filter(({ instance }) => instance === 'plan-1').map((minute) => minute.healthy);
    expect(healthy).toEqual([true, true, true, false]);
  });
});

describe('replacement', () => {
  it('comes after an hour of being unhealthy, a single instance too', async () => {
    const { minutes, status, states, plan, events } = await setUp({ instances: 1 });
    status.set('plan-0', 500);
    await minutes(61);
    expect(plan.instances.map(({ id }) => id)).toEqual(['plan-0']);
    await minutes(4);
    expect(plan.instances.map(({ id }) => id)).toEqual(['plan-1']);
    expect(events.map(({ reason }) => reason)).toContain('health check: unhealthy for an hour');
    await minutes(3);
    expect(states()).toEqual(['plan-1 warm']);
  });

  it('takes at most one an hour and three a day', async () => {
    const { minutes, status, plan } = await setUp({ instances: 5 });
    for (let i = 0; i < 20; i += 1) status.set(`plan-${i}`, 500);
    const made = () => Math.max(...plan.instances.map(({ id }) => Number(id.split('-')[1]))) - 4;
    const perHour: number[] = [];
    for (let hour = 0; hour < 6; hour += 1) {
      await minutes(62);
      perHour.push(made());
    }
    expect(perHour.slice(0, 3)).toEqual([1, 2, 3]);
    expect(perHour.at(-1)).toBe(3);
  });

  it('waits until every site of the plan is unhealthy there', async () => {
    const { minutes, status, plan } = await setUp({ instances: 2, sites: 2 });
    status.set('production plan-1', 500);
    await minutes(70);
    expect(plan.instances.map(({ id }) => id)).toEqual(['plan-0', 'plan-1']);
    status.set('slot-1 plan-1', 500);
    await minutes(65);
    expect(plan.instances.map(({ id }) => id)).toEqual(['plan-0', 'plan-2']);
  });
});

describe('faults', () => {
  it('make the health check of an instance fail, until they end', async () => {
    const { minutes, faults, states, pinged } = await setUp({ instances: 2 });
    faults.set('health-check-failing', { instance: 'plan-0' }, { status: 503 });
    await minutes(2);
    expect(states()).toEqual(['plan-0 out-of-rotation', 'plan-1 warm']);
    expect(pinged.every((line) => line.includes('plan-1'))).toBe(true);
    faults.clear();
    await minutes(1);
    expect(states()).toEqual(['plan-0 warm', 'plan-1 warm']);
  });

  it('crash a container, which comes up again when they end', async () => {
    const { minutes, faults, states, events } = await setUp({ instances: 2 });
    faults.set('instance-crash', { instance: 'plan-0' }, { reset: true });
    await minutes(3);
    expect(states()).toEqual(['plan-0 starting', 'plan-1 warm']);
    expect(events.map(({ reason }) => reason)).toContain('image pull: the container exited: injected fault f-1');
    faults.clear();
    await minutes(3);
    expect(states()).toEqual(['plan-0 warm', 'plan-1 warm']);
  });
});
