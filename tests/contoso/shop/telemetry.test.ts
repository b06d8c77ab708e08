import { afterEach, describe, expect, it } from 'vitest';
import { checkEnvelope, envelopeOf } from '../../../fixtures/contoso/azure/monitor/envelope.ts';
import { durationText, operationOf } from '../../../fixtures/contoso/shop/telemetry.ts';
import { filledCart, real, type Store, startStore, synthetic } from './store.ts';

let store: Store;
afterEach(() => store?.close());

const trace = '0af7651916cd43dd8448eb211c80319c';
const span = 'b7ad6b7169203331';
const traceparent = `00-${trace}-${span}-01`;
const itemsOf = (kind: string) => store.telemetry.filter((item) => item.kind === kind);

describe('telemetry of a request', () => {
  it('is one item under the trace of the caller', async () => {
    store = await startStore();
    await store.send('GET', '/api/products/shoe-0001?x=1', { traceparent });
    const [item, ...more] = itemsOf('Request');
    expect(more).toEqual([]);
    expect(item).toMatchObject({
      traceId: trace,
      parentId: span,
      data: {
        id: expect.stringMatching(/^[0-9a-f]{16}$/),
        name: 'GET /api/products/{id}',
        duration: expect.stringMatching(/^00:00:0\d\.\d{7}$/),
        responseCode: '200',
        success: true,
        url: '/api/products/shoe-0001?x=1',
        properties: { region: 'westeurope', stamp: 'weu-1', instance: 'i-1', build: '1.2.3', synthetic: 'false' },
      },
    });
    const calls = itemsOf('RemoteDependency');
    expect(calls.length).toBeGreaterThan(0);
    for (const call of calls)
      expect(call).toMatchObject({ traceId: trace, parentId: item?.data.id, data: { type: 'Azure DocumentDB', success: true } });
  });

  it('has Cosmos and payment calls that add up to the charge', async () => {
    store = await startStore();
    const cart = await filledCart(store, synthetic());
    store.telemetry.length = 0;
    store.operations.length = 0;
    const { headers } = await store.send(
      'POST',
      '/api/orders',
      { ...synthetic(), 'idempotency-key': 'k', traceparent },
      { cartId: cart },
    );
    const calls = itemsOf('RemoteDependency').map(
      ({ data }) => data as { type: string; measurements?: { requestCharge: number } },
    );
    expect(calls.filter(({ type }) => type === 'HTTP')).toMatchObject([
      { name: 'POST /payments', resultCode: '201', success: true },
    ]);
    const told = calls.reduce((sum, { measurements }) => sum + (measurements?.requestCharge ?? 0), 0);
    const spent = store.operations.reduce((sum, { requestCharge }) => sum + requestCharge, 0);
    expect(Number(headers['x-contoso-request-charge'])).toBeCloseTo(spent, 1);
    expect(told).toBeCloseTo(spent, 1);
    expect(itemsOf('Request')[0]?.data.properties).toMatchObject({ synthetic: 'true' });
  });

  it.each([
    ['/api/nothing/at/all', 404, 'GET (other)', false],
    ['/api/products?page=0', 400, 'GET /api/products', false],
    ['/api/me', 401, 'GET /api/me', true],
    ['/api/health/instance', 200, 'GET /api/health/instance', true],
  ])('%s is told as %i %s', async (path, status, name, success) => {
    store = await startStore();
    await store.send('GET', path);
    expect(itemsOf('Request').map(({ data }) => [data.responseCode, data.name, data.success])).toEqual([
      [String(status), name, success],
    ]);
    expect(itemsOf('Exception')).toEqual([]);
  });

  it('tells what lay beneath a failure', async () => {
    store = await startStore();
    store.faults.set('cosmos-reads', {});
    await store.send('GET', '/api/products/shoe-0001', { traceparent });
    expect(itemsOf('Exception')).toMatchObject([
      {
        traceId: trace,
        data: { exceptions: [{ message: expect.stringMatching(/^Injected fault.*cosmos-reads$/), hasFullStack: false }] },
      },
    ]);
    expect(itemsOf('Request')[0]?.data).toMatchObject({ responseCode: '503', success: false });
    expect(itemsOf('RemoteDependency').at(-1)?.data).toMatchObject({ resultCode: '503', success: false });
  });

  it('confirms an order whose afterwork fails, and says so', async () => {
    store = await startStore();
    const cart = await filledCart(store, real());
    // The order is written; then nothing can be.
    store.cosmos.onOperation(({ container, operationType }) => {
      if (container === 'orders' && operationType === 'Create') store.faults.set('cosmos-writes', {});
    });
    const { status } = await store.send('POST', '/api/orders', { ...real(), 'idempotency-key': 'k' }, { cartId: cart });
    expect(status).toBe(201);
    expect(itemsOf('Exception').length).toBeGreaterThan(0);
  });

  it('is taken by the ingestion endpoint, item by item', async () => {
    store = await startStore();
    store.draw(0);
    await store.send('GET', '/api/health', { traceparent });
    await store.send('GET', '/api/products', { traceparent });
    store.faults.set('cosmos-reads', {});
    await store.send('GET', '/api/products');
    expect(new Set(store.telemetry.map(({ kind }) => kind))).toEqual(new Set(['Request', 'RemoteDependency', 'Exception']));
    for (const item of store.telemetry) {
      const envelope = envelopeOf(item, 'key');
      expect(checkEnvelope(envelope, Buffer.byteLength(JSON.stringify(envelope)), 'key', Date.now())).toMatchObject({
        data: { baseType: `${item.kind}Data` },
      });
    }
  });
});

describe('traceparent', () => {
  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['no version', `${trace}-${span}-01`],
    ['short', `00-${trace.slice(1)}-${span}-01`],
    ['upper case', `00-${trace.toUpperCase()}-${span}-01`],
    ['a trace of zeros', `00-${'0'.repeat(32)}-${span}-01`],
    ['a span of zeros', `00-${trace}-${'0'.repeat(16)}-01`],
    ['twice', [traceparent, traceparent]],
  ])('%s gives a trace of its own', (_what, header) => {
    const operation = operationOf(header);
    expect(operation.parentId).toBeUndefined();
    expect(operation.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(operation.traceId).not.toBe(trace);
  });
});

describe('duration', () => {
  it.each([
    [0, '00:00:00.0000000'],
    [-1, '00:00:00.0000000'],
    [0.0001, '00:00:00.0000001'],
    [999.9999, '00:00:00.9999999'],
    [59_999.99999, '00:01:00.0000000'],
    [61_500, '00:01:01.5000000'],
    [3_661_000, '01:01:01.0000000'],
  ])('%d ms reads %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });
});
