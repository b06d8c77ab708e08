import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startCosmos } from '../../../fixtures/contoso/azure/cosmos/cosmos.ts';
import { contoso, type Managed, managed } from '../monitor/support.ts';

let m: Managed;
beforeAll(async () => {
  m = await managed();
});
afterAll(() => m.close());

const version = 'api-version=2024-11-15';

// Source: REST reference, SQL Resources - Update SQL Container Throughput; limits: concepts-limits.
describe('Cosmos throughput', () => {
  beforeEach(async () => {
    for (const account of contoso.cosmosAccounts) {
      const standIn = await startCosmos({ account, faults: m.faults, world: m.hand });
      standIn.createContainers('shop', [
        { id: 'orders', partitionKey: '/shopperId' },
        { id: 'carts', partitionKey: '/shopperId' },
      ]);
      m.accounts.set(account.name, standIn);
    }
  });
  afterEach(async () => {
    for (const account of m.accounts.values()) await account.close();
    m.accounts.clear();
  });
  const path = (account: string, rest: string) =>
    `${m.management.resources.cosmos(account).id}/sqlDatabases/shop${rest}/throughputSettings/default?${version}`;
  const autoscale = (maxThroughput: number) => ({ properties: { resource: { autoscaleSettings: { maxThroughput } } } });
  const manual = (throughput: number) => ({ properties: { resource: { throughput } } });

  test('is read of a container, or of the database that shares it', async () => {
    expect((await m.arm('GET', path('contoso', '/containers/orders'))).json()).toMatchObject(autoscale(4_000));
    expect((await m.arm('GET', path('shared', ''))).json()).toMatchObject(manual(400));
  });

  test('is set of one container alone', async () => {
    const accepted = await m.arm('PUT', path('contoso', '/containers/orders'), autoscale(7_000));
    expect(accepted.status).toBe(202);
    expect((await m.arm('GET', String(accepted.headers.location))).json()).toMatchObject(autoscale(7_000));
    expect((await m.arm('GET', path('contoso', '/containers/carts'))).json()).toMatchObject(autoscale(4_000));
  });

  test('is set of a database', async () => {
    expect((await m.arm('PUT', path('shared', ''), manual(900))).status).toBe(202);
    expect((await m.arm('GET', path('shared', ''))).json()).toMatchObject(manual(900));
  });

  test.each([
    ['off the steps', 'contoso', '/containers/orders', autoscale(1_500), 400],
    ['under the minimum', 'shared', '', manual(300), 400],
    ['of the other mode', 'contoso', '/containers/orders', manual(4_000), 400],
    ['of a serverless account', 'serverless', '/containers/orders', manual(400), 400],
    ['of a container that shares', 'shared', '/containers/orders', manual(500), 404],
    ['of an unknown container', 'contoso', '/containers/shoes', autoscale(5_000), 404],
    ['of an unknown account', 'contoso-2', '/containers/orders', autoscale(5_000), 404],
    [
      'in two modes',
      'contoso',
      '/containers/orders',
      { properties: { resource: { throughput: 400, autoscaleSettings: { maxThroughput: 4_000 } } } },
      400,
    ],
  ])('%s is refused', async (_what, account, rest, body, status) => {
    expect((await m.arm('PUT', path(account, rest), body)).status).toBe(status);
    expect((await m.arm('GET', path('contoso', '/containers/orders'))).json()).toMatchObject(autoscale(4_000));
  });
});
