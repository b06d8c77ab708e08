import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { subscriptionId } from '../../../fixtures/contoso/azure/arm/resources.ts';
import type { Reply } from '../azure-control/support.ts';
import { type Managed, managed } from '../monitor/support.ts';

let m: Managed;
beforeAll(async () => {
  m = await managed();
});
afterAll(() => m.close());
beforeEach(() => m.actions.reset());

const version = 'api-version=2024-04-01';
const ids = () => m.management.resources;
const errorOf = (answer: Reply) => [answer.status, answer.json<{ error: { code: string } }>().error.code];
const address = (answer: Reply, name: string) => String(answer.headers[name]);

// Source: learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors; REST reference, "Common".
describe('every operation', () => {
  test('needs a token', async () => {
    const answer = await m.arm('GET', `${ids().plan('plan-weu').id}?${version}`, undefined, null);
    expect(errorOf(answer)).toEqual([401, 'AuthenticationFailed']);
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer authorization_uri="https:\/\/localhost:\d+\/identity"/);
  });

  test.each([
    ['of the store', 'api://contoso-shoes/.default'],
    ['of the metrics data plane', 'https://metrics.monitor.azure.com/.default'],
  ])('takes no token %s', async (_what, scope) => {
    expect(errorOf(await m.arm('GET', `${ids().plan('plan-weu').id}?${version}`, undefined, scope))).toEqual([
      401,
      'InvalidAuthenticationToken',
    ]);
  });

  test('says no more than 401 to a stranger, whatever the path', async () => {
    for (const path of ['/subscriptions/other/x', `/subscriptions/${subscriptionId}/nothing`])
      expect((await m.arm('GET', `${path}?${version}`, undefined, null)).status).toBe(401);
  });

  const refused: readonly (readonly [
    what: string,
    method: 'GET' | 'POST' | 'DELETE',
    path: () => string,
    status: number,
    code: string,
  ])[] = [
    ['no api-version', 'GET', () => ids().plan('plan-weu').id, 400, 'MissingApiVersionParameter'],
    [
      'another subscription',
      'GET',
      () => `/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/a?${version}`,
      404,
      'SubscriptionNotFound',
    ],
    [
      'an unknown path',
      'GET',
      () => `/subscriptions/${subscriptionId}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/a?${version}`,
      404,
      'NotFound',
    ],
    ['an unknown plan', 'GET', () => `${ids().plan('plan-weu').id}x?${version}`, 404, 'ResourceNotFound'],
    ['an unknown site', 'GET', () => `${ids().site('westeurope').id}x?${version}`, 404, 'ResourceNotFound'],
    [
      'an unknown origin',
      'GET',
      () => `${ids().frontDoor.id}/originGroups/shop/origins/mars?${version}`,
      404,
      'ResourceNotFound',
    ],
    [
      'an unknown operation',
      'GET',
      () => `/subscriptions/${subscriptionId}/providers/Microsoft.Web/locations/global/operationStatuses/1?${version}`,
      404,
      'OperationNotFound',
    ],
    ['autoscale of a plan without', 'GET', () => `${ids().autoscale('plan-eus').id}?${version}`, 404, 'ResourceNotFound'],
    ['another method', 'DELETE', () => `${ids().plan('plan-weu').id}?${version}`, 405, 'MethodNotAllowed'],
  ];
  test.each(refused)('refuses %s', async (_what, method, path, status, code) => {
    expect(errorOf(await m.arm(method, path()))).toEqual([status, code]);
  });

  test('takes paths in any case', async () => {
    expect(
      (
        await m.arm(
          'GET',
          `${ids().plan('plan-weu').id.replace('resourceGroups', 'RESOURCEGROUPS').replace('Microsoft.Web', 'microsoft.web')}?${version}`,
        )
      ).status,
    ).toBe(200);
  });
});

// Source: REST reference, App Service plans - Update.
describe('a plan', () => {
  test('shows its size and instance count', async () => {
    const plan = (await m.arm('GET', `${ids().plan('plan-weu').id}?${version}`)).json();
    expect(plan).toMatchObject({
      id: ids().plan('plan-weu').id,
      type: 'Microsoft.Web/serverfarms',
      location: 'westeurope',
      sku: { name: 'S2', tier: 'Standard', capacity: 2 },
    });
  });

  test('takes an instance count', async () => {
    const answer = await m.arm('PATCH', `${ids().plan('plan-weu').id}?${version}`, { sku: { capacity: 4 } });
    expect([answer.status, answer.json<{ sku: { capacity: number } }>().sku.capacity]).toEqual([200, 4]);
    expect(m.actions.calls).toEqual(['instances plan-weu 4']);
  });

  test.each([
    ['more than the size allows', { sku: { capacity: 11 } }, 'BadRequest'],
    ['half an instance', { sku: { capacity: 1.5 } }, 'InvalidRequestContent'],
    ['no count', { sku: {} }, 'InvalidRequestContent'],
    ['no JSON', 'capacity=3', 'InvalidRequestContent'],
  ])('refuses %s, and changes nothing', async (_what, body, code) => {
    expect(errorOf(await m.arm('PATCH', `${ids().plan('plan-weu').id}?${version}`, body))).toEqual([400, code]);
    expect(m.actions.calls).toEqual([]);
  });
});

// Source: learn.microsoft.com/azure/azure-monitor/autoscale/autoscale-understanding-settings.
describe('autoscale settings', () => {
  test('have ARM’s shape: counts and values as text, durations in ISO 8601', async () => {
    const setting = (await m.arm('GET', `${ids().autoscale('plan-weu').id}?api-version=2022-10-01`)).json<{
      properties: { targetResourceUri: string; profiles: Record<string, unknown>[] };
    }>();
    expect(setting.properties.targetResourceUri).toBe(ids().plan('plan-weu').id);
    expect(setting.properties.profiles[0]?.capacity).toEqual({ minimum: '2', maximum: '5', default: '2' });
    const rules = (setting.properties.profiles[0]?.rules ?? []) as readonly unknown[];
    expect(rules[1]).toEqual({
      metricTrigger: {
        metricName: 'CpuPercentage',
        metricNamespace: 'microsoft.web/serverfarms',
        metricResourceUri: ids().plan('plan-weu').id,
        timeGrain: 'PT1M',
        statistic: 'Average',
        timeWindow: 'PT5M',
        timeAggregation: 'Average',
        operator: 'LessThan',
        threshold: 30,
        dimensions: [],
        dividePerInstance: false,
      },
      scaleAction: { direction: 'Decrease', type: 'ChangeCount', value: '1', cooldown: 'PT5M' },
    });
  });

  test.each([
    ['of the subscription', '', 1],
    ['of their resource group', '/resourceGroups/RG-contoso-westeurope', 1],
    ['of another', '/resourceGroups/rg-contoso-eastus', 0],
  ])('are listed %s', async (_what, group, count) => {
    const answer = await m.arm(
      'GET',
      `/subscriptions/${subscriptionId}${group}/providers/Microsoft.Insights/autoscaleSettings?${version}`,
    );
    expect(answer.json<{ value: unknown[] }>().value.length).toBe(count);
  });
});

// Source: "Track asynchronous Azure operations": 202 with Azure-AsyncOperation and Location, both to be polled.
describe('a slot swap', () => {
  const start = (body: unknown = { targetSlot: 'production', preserveVnet: true }, slot = '/slots/staging') =>
    m.arm('POST', `${ids().site('westeurope').id}${slot}/slotsswap?${version}`, body);

  test('is accepted, under way, and done', async () => {
    const accepted = await start();
    expect([accepted.status, accepted.text, accepted.headers['retry-after']]).toEqual([202, '', '0']);
    expect(m.actions.calls).toEqual(['swap westeurope staging production']);
    const status = () => m.arm('GET', address(accepted, 'azure-asyncoperation'));
    const result = () => m.arm('GET', address(accepted, 'location'));
    expect((await status()).json()).toMatchObject({ status: 'InProgress', startTime: expect.any(String) });
    expect((await result()).status).toBe(202);
    m.actions.finishSwap();
    expect((await status()).json()).toMatchObject({ status: 'Succeeded', endTime: expect.any(String) });
    expect((await result()).status).toBe(204);
  });

  test('that is stopped fails, and says at which step', async () => {
    const accepted = await start();
    m.actions.finishSwap(Object.assign(new Error('warm-up answered 500'), { name: 'SwapFailed' }));
    const failed = { code: 'SwapFailed', message: 'warm-up answered 500' };
    const status = await m.arm('GET', address(accepted, 'azure-asyncoperation'));
    expect([status.status, status.json()]).toEqual([200, expect.objectContaining({ status: 'Failed', error: failed })]);
    const result = await m.arm('GET', address(accepted, 'location'));
    expect([result.status, result.json()]).toEqual([409, { error: failed }]);
  });

  test('can start from production too', async () => {
    expect((await start({ targetSlot: 'staging' }, '')).status).toBe(202);
    expect(m.actions.calls).toEqual(['swap westeurope production staging']);
  });

  test.each([
    ['with an unknown target', { targetSlot: 'canary' }, '/slots/staging', 404, 'ResourceNotFound'],
    ['of an unknown slot', { targetSlot: 'production' }, '/slots/canary', 404, 'ResourceNotFound'],
    ['with itself', { targetSlot: 'staging' }, '/slots/staging', 400, 'BadRequest'],
    ['without a target', {}, '/slots/staging', 400, 'InvalidRequestContent'],
  ])('%s is refused', async (_what, body, slot, status, code) => {
    expect(errorOf(await start(body, slot))).toEqual([status, code]);
    expect(m.actions.calls).toEqual([]);
  });

  test('needs a token to be followed', async () => {
    const accepted = await start();
    expect((await m.arm('GET', address(accepted, 'azure-asyncoperation'), undefined, null)).status).toBe(401);
  });
});

// Source: REST reference, AFD Origins - Update.
describe('an origin', () => {
  const path = (name = 'westeurope') => `${ids().frontDoor.id}/originGroups/shop/origins/${name}?${version}`;

  test.each([
    [{ enabledState: 'Disabled' }, { enabledState: 'Disabled', weight: 50, priority: 1 }],
    [{ weight: 900 }, { enabledState: 'Enabled', weight: 900, priority: 1 }],
    [
      { enabledState: 'Enabled', priority: 2 },
      { enabledState: 'Enabled', weight: 50, priority: 2 },
    ],
  ])('takes %j', async (properties, expected) => {
    const accepted = await m.arm('PATCH', path(), { properties });
    expect(accepted.status).toBe(202);
    const result = await m.arm('GET', address(accepted, 'location'));
    expect([result.status, result.json()]).toEqual([
      200,
      expect.objectContaining({ properties: expect.objectContaining(expected) }),
    ]);
    expect((await m.arm('GET', path())).json()).toMatchObject({ name: 'westeurope', properties: expected });
  });

  test.each([[{}], [{ enabledState: 'Off' }], [{ weight: 0 }], [{ weight: 1_001 }], [{ priority: 6 }]])(
    'refuses %j',
    async (properties) => {
      expect(errorOf(await m.arm('PATCH', path(), { properties }))).toEqual([400, 'InvalidRequestContent']);
      expect(m.actions.calls).toEqual([]);
    },
  );

  test('is listed with the others of its group', async () => {
    const list = (await m.arm('GET', `${ids().frontDoor.id}/originGroups/shop/origins?${version}`)).json<{
      value: { name: string }[];
    }>();
    expect(list.value.map(({ name }) => name)).toEqual(['westeurope', 'eastus']);
  });
});
