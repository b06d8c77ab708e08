import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  type IngestionServer,
  localInstrumentationKey,
  startIngestion,
} from '../../../fixtures/contoso/azure/monitor/ingestion.ts';
import { createTelemetryStore } from '../../../fixtures/contoso/azure/monitor/telemetry-store.ts';
import type { TelemetryItem } from '../../../fixtures/contoso/azure/ports.ts';
import { createFaults, type FaultBoard } from '../../../fixtures/contoso/faults.ts';
import { ask, type Clock, clock, type Reply, type Tls, tls } from './support.ts';

const hourMs = 3_600_000;
let world: Clock;
let faults: FaultBoard;
let secured: Tls;
let server: IngestionServer;

beforeAll(async () => {
  secured = await tls();
  world = clock();
  faults = createFaults(world);
  server = await startIngestion({ port: 0, certificate: secured.certificate, world, faults });
});
afterAll(async () => {
  await secured.dispatcher.close();
  await server.close();
});
afterEach(() => {
  faults.clear();
  server.telemetry.clear();
});

const availability = {
  ver: 2,
  id: 'b7ad6b7169203331',
  name: 'browse',
  duration: '00:00:01.234',
  success: true,
  runLocation: 'local',
};
type Json = Readonly<Record<string, unknown>>;

function envelope(baseType = 'AvailabilityData', baseData: Json = availability, changes: Json = {}) {
  return {
    ver: 1,
    name: `Microsoft.ApplicationInsights.${baseType.replace('Data', '')}`,
    time: new Date(world.now()).toISOString(),
    iKey: localInstrumentationKey,
    tags: { 'ai.operation.id': '4bf92f3577b34da6a3ce929d0e0e4736' },
    data: { baseType, baseData },
    ...changes,
  };
}

interface Verdict {
  readonly itemsReceived: number;
  readonly itemsAccepted: number;
  readonly errors: readonly { readonly index: number; readonly statusCode: number; readonly message: string }[];
}

const post = (body: string | Buffer, headers: Record<string, string> = {}, path = '/v2.1/track'): Promise<Reply> =>
  ask(secured.dispatcher, `${server.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
const send = (...items: readonly unknown[]) => post(JSON.stringify(items));
const verdictOf = (reply: Reply) => [
  reply.status,
  reply.json<Verdict>().itemsAccepted,
  reply.json<Verdict>().errors.map(({ index, statusCode }) => [index, statusCode]),
];

describe('what is taken', () => {
  const kinds: readonly (readonly [baseType: string, baseData: Json])[] = [
    ['AvailabilityData', availability],
    [
      'AvailabilityData',
      { ...availability, duration: '1.02:03:04.1234567', properties: { journey: 'browse' }, measurements: { steps: 5 } },
    ],
    ['RequestData', { id: '1', duration: '00:00:00.010', responseCode: '200', success: true, url: 'https://localhost/' }],
    ['RemoteDependencyData', { name: 'GET /payments', duration: '00:00:00.010', success: false, resultCode: '503' }],
    ['ExceptionData', { exceptions: [{ typeName: 'Error', message: 'broken' }] }],
    ['MessageData', { message: 'hello', severityLevel: 1 }],
    ['EventData', { name: 'swap' }],
    ['MetricData', { metrics: [{ name: 'cpu', value: 1 }] }],
  ];
  test.each(kinds)('%s %j', async (baseType, baseData) => {
    expect(verdictOf(await send(envelope(baseType, baseData)))).toEqual([200, 1, []]);
    const [item, ...more] = server.telemetry.query({ kind: baseType.replace('Data', '') });
    expect([item?.envelope.data.baseData, more.length, item?.receivedAt]).toEqual([baseData, 0, world.now()]);
  });

  const item = () => JSON.stringify(envelope());
  const forms: readonly (readonly [what: string, body: () => string | Buffer, headers: Record<string, string>, path: string])[] =
    [
      ['an array', () => `[${item()},${item()}]`, {}, '/v2.1/track'],
      ['an array at the older path', () => `[${item()},${item()}]`, {}, '/v2/track'],
      ['one a line', () => `${item()}\n${item()}\n`, { 'content-type': 'application/x-json-stream' }, '/v2/track'],
      ['an array in gzip', () => gzipSync(`[${item()},${item()}]`), { 'content-encoding': 'gzip' }, '/v2.1/track'],
      ['lines in gzip', () => gzipSync(`${item()}\n${item()}`), { 'content-encoding': 'gzip' }, '/v2/track'],
    ];
  test.each(forms)('%s', async (_what, body, headers, path) => {
    expect(verdictOf(await post(body(), headers, path))).toEqual([200, 2, []]);
    expect(server.telemetry.counts()).toEqual({ Availability: 2 });
  });

  test('the name may carry the instrumentation key', async () => {
    const named = envelope('AvailabilityData', availability, {
      name: `Microsoft.ApplicationInsights.${localInstrumentationKey}.Availability`,
    });
    expect((await send(named)).status).toBe(200);
  });

  test('an item older than 48 hours, or over a day ahead, gets the time of its arrival', async () => {
    const at = (hours: number) => new Date(world.now() - hours * hourMs).toISOString();
    await send(
      envelope('EventData', { name: 'kept' }, { time: at(48) }),
      envelope('EventData', { name: 'overwritten' }, { time: at(48.001) }),
      envelope('EventData', { name: 'kept too' }, { time: at(-24) }),
      envelope('EventData', { name: 'overwritten too' }, { time: at(-24.001) }),
    );
    expect(server.telemetry.query().map(({ envelope: received }) => received.time)).toEqual([at(48), at(0), at(-24), at(0)]);
  });

  test('a repeat is kept twice: nothing removes duplicates', async () => {
    await send(envelope());
    await send(envelope());
    expect(server.telemetry.query({ kind: 'Availability' }).length).toBe(2);
  });
});

describe('what is refused', () => {
  const refused: readonly (readonly [what: string, item: () => unknown, message: RegExp])[] = [
    ['no object', () => 7, /Envelope/],
    ['null', () => null, /Envelope/],
    ['no name', () => envelope('AvailabilityData', availability, { name: undefined }), /name/],
    ['a foreign name', () => envelope('AvailabilityData', availability, { name: 'Availability' }), /name/],
    ['no time', () => envelope('AvailabilityData', availability, { time: undefined }), /time/],
    ['a local time', () => envelope('AvailabilityData', availability, { time: '2026-11-22T10:00:00+01:00' }), /time/],
    ['another key', () => envelope('AvailabilityData', availability, { iKey: 'other' }), /Invalid instrumentation key/],
    ['no key', () => envelope('AvailabilityData', availability, { iKey: undefined }), /Invalid instrumentation key/],
    ['an unknown kind', () => envelope('WeatherData'), /Unknown base type 'WeatherData'/],
    ['a kind that every object has', () => envelope('constructor'), /Unknown base type/],
    ['no id', () => envelope('AvailabilityData', { ...availability, id: undefined }), /AvailabilityData\.id/],
    ['no duration', () => envelope('AvailabilityData', { ...availability, duration: undefined }), /duration/],
    ['a duration in ms', () => envelope('AvailabilityData', { ...availability, duration: '1234' }), /duration/],
    ['1,000 days', () => envelope('AvailabilityData', { ...availability, duration: '1000.00:00:00.000' }), /duration/],
    ['25 hours', () => envelope('AvailabilityData', { ...availability, duration: '25:00:00.000' }), /duration/],
    ['success as text', () => envelope('AvailabilityData', { ...availability, success: 'true' }), /success/],
    [
      'a property that is a number',
      () => envelope('AvailabilityData', { ...availability, properties: { steps: 5 } }),
      /properties\.steps/,
    ],
    [
      'a property of 8,193 characters',
      () => envelope('EventData', { name: 'e', properties: { p: 'x'.repeat(8_193) } }),
      /properties\.p/,
    ],
    ['a property name of 151', () => envelope('EventData', { name: 'e', properties: { ['n'.repeat(151)]: '' } }), /properties/],
    ['a measurement as text', () => envelope('EventData', { name: 'e', measurements: { ms: '5' } }), /measurements\.ms/],
    ['an item over 64 KB', () => envelope('MessageData', { message: 'm', filler: 'x'.repeat(65_536) }), /larger than 65536/],
    ['a request without a code', () => envelope('RequestData', { id: '1', duration: '00:00:01', success: true }), /responseCode/],
    ['an exception without any', () => envelope('ExceptionData', { exceptions: [] }), /exceptions/],
  ];
  test.each(refused)('%s', async (_what, item, message) => {
    const alone = await send(item());
    expect(verdictOf(alone)).toEqual([400, 0, [[0, 400]]]);
    expect(alone.json<Verdict>().errors[0]?.message).toMatch(message);
    expect(verdictOf(await send(envelope(), item(), envelope()))).toEqual([206, 2, [[1, 400]]]);
    expect(server.telemetry.query({ kind: 'Availability' }).length).toBe(2);
  });

  test.each([
    ['no JSON', '{', {}],
    ['an empty body', '', {}],
    ['gzip that is none', '[]', { 'content-encoding': 'gzip' }],
  ] as const)('a batch that is %s', async (_what, body, headers) => {
    expect(verdictOf(await post(body, headers))).toEqual([400, 0, [[0, 400]]]);
  });

  test('another path or method', async () => {
    expect((await post('[]', {}, '/v2.1/other')).status).toBe(404);
    expect((await ask(secured.dispatcher, `${server.url}/v2.1/track`)).status).toBe(404);
  });

  test('a client that does not trust the CA', async () => {
    await expect(ask(undefined, `${server.url}/v2.1/track`)).rejects.toThrow(/certificate/);
  });
});

describe('what is out of order', () => {
  const rows: readonly (readonly [fault: Readonly<Record<string, unknown>>, verdict: readonly unknown[], kept: number])[] = [
    [{ kind: 'ingestion', status: 206 }, [206, 2, [[1, 500]]], 2],
    [{ kind: 'ingestion', status: 206, itemStatus: 400 }, [206, 2, [[1, 400]]], 2],
    [
      { kind: 'ingestion', status: 400 },
      [
        400,
        0,
        [
          [0, 400],
          [1, 400],
          [2, 400],
        ],
      ],
      0,
    ],
    [
      { kind: 'ingestion', status: 429, retryAfterSeconds: 3 },
      [
        429,
        0,
        [
          [0, 429],
          [1, 429],
          [2, 429],
        ],
      ],
      0,
    ],
    [
      { kind: 'ingestion', status: 439 },
      [
        439,
        0,
        [
          [0, 439],
          [1, 439],
          [2, 439],
        ],
      ],
      0,
    ],
    [
      { kind: 'ingestion-failing' },
      [
        500,
        0,
        [
          [0, 500],
          [1, 500],
          [2, 500],
        ],
      ],
      0,
    ],
    [{ kind: 'ingestion', delayMs: 30 }, [200, 3, []], 3],
  ];
  test.each(rows)('%j shows and ends', async (fault, verdict, kept) => {
    faults.add({ ...fault, seconds: 60 });
    const startedAt = performance.now();
    const reply = await send(envelope(), envelope(), envelope());
    expect(verdictOf(reply)).toEqual(verdict);
    expect(reply.headers['retry-after']).toBe(
      fault.retryAfterSeconds === undefined ? undefined : String(fault.retryAfterSeconds),
    );
    if (typeof fault.delayMs === 'number') expect(performance.now() - startedAt).toBeGreaterThanOrEqual(fault.delayMs - 1);
    expect(server.telemetry.query().length).toBe(kept);
    world.pass(60);
    expect(verdictOf(await send(envelope()))).toEqual([200, 1, []]);
  });

  test('garbage is an answer of 200 that is no JSON', async () => {
    faults.add({ kind: 'ingestion', garbage: true });
    const reply = await send(envelope());
    expect(reply.status).toBe(200);
    expect(() => reply.json()).toThrow(SyntaxError);
    expect(server.telemetry.query()).toEqual([]);
  });

  test.each(['ingestion-gone', 'ingestion'])('%s cuts the connection and keeps nothing', async (kind) => {
    faults.add({ kind, ...(kind === 'ingestion' ? { reset: true } : {}) });
    await expect(send(envelope())).rejects.toThrow();
    expect(server.telemetry.query()).toEqual([]);
  });

  test('the daily cap answers 439, to the item, until midnight', async () => {
    const bytes = Buffer.byteLength(JSON.stringify(envelope()));
    const capped = await startIngestion({ port: 0, certificate: secured.certificate, world, faults, dailyCapBytes: 2 * bytes });
    const sendThere = (count: number) =>
      ask(secured.dispatcher, `${capped.url}/v2.1/track`, {
        method: 'POST',
        body: JSON.stringify(Array.from({ length: count }, () => envelope())),
      });
    expect(verdictOf(await sendThere(3))).toEqual([206, 2, [[2, 439]]]);
    expect(verdictOf(await sendThere(2))).toEqual([
      439,
      0,
      [
        [0, 439],
        [1, 439],
      ],
    ]);
    world.pass(86_400);
    expect(verdictOf(await sendThere(2))).toEqual([200, 2, []]);
    await capped.close();
  });
});

describe('the store’s own telemetry', () => {
  const servedBy = { region: 'westeurope', stamp: 'westeurope', slot: 'staging', instance: 'i-1', build: 'good' };
  const tracked = (changes: Partial<TelemetryItem> = {}): TelemetryItem => ({
    kind: 'Request',
    at: 1_795_000_000_123,
    traceId: 'a'.repeat(32),
    parentId: 'b'.repeat(16),
    servedBy,
    data: {
      id: 'c'.repeat(16),
      name: 'GET /api/products',
      duration: '00:00:00.012',
      responseCode: '200',
      success: true,
      properties: { synthetic: 'true' },
    },
    ...changes,
  });

  test('becomes an envelope that ingestion itself would take', async () => {
    server.telemetry.track(tracked());
    const [received] = server.telemetry.query({ traceId: 'a'.repeat(32) });
    expect(received?.envelope).toMatchObject({
      name: 'Microsoft.ApplicationInsights.Request',
      time: new Date(1_795_000_000_123).toISOString(),
      tags: {
        'ai.cloud.role': 'contoso-shoes',
        'ai.cloud.roleInstance': 'i-1',
        'ai.application.ver': 'good',
        'ai.operation.id': 'a'.repeat(32),
        'ai.operation.parentId': 'b'.repeat(16),
        'ai.operation.syntheticSource': 'True',
      },
      data: {
        baseType: 'RequestData',
        baseData: { ver: 2, properties: { synthetic: 'true', region: 'westeurope', stamp: 'westeurope', slot: 'staging' } },
      },
    });
    expect(verdictOf(await send(received?.envelope))).toEqual([200, 1, []]);
  });

  test('shoppers’ own requests carry no synthetic source', () => {
    server.telemetry.track(tracked({ data: { name: 'swap' }, traceId: undefined }));
    expect(server.telemetry.query()[0]?.envelope.tags).not.toHaveProperty('ai.operation.syntheticSource');
    expect(server.telemetry.query()[0]?.envelope.tags).not.toHaveProperty('ai.operation.id');
  });

  test('is found by kind and trace, oldest first', () => {
    for (const [index, kind] of (['Request', 'RemoteDependency', 'Request'] as const).entries()) {
      server.telemetry.track(tracked({ kind, traceId: `${index}`.repeat(32) }));
      world.pass(1);
    }
    expect(server.telemetry.query({ kind: 'Request' }).length).toBe(2);
    expect(server.telemetry.query().map(({ kind }) => kind)).toEqual(['Request', 'RemoteDependency', 'Request']);
    expect(server.telemetry.query({ traceId: '1'.repeat(32) }).map(({ kind }) => kind)).toEqual(['RemoteDependency']);
    expect(server.telemetry.query({ limit: 1 }).map(({ envelope: { tags } }) => tags?.['ai.operation.id'])).toEqual([
      '2'.repeat(32),
    ]);
    expect(server.telemetry.counts()).toEqual({ Request: 2, RemoteDependency: 1 });
  });

  test('memory is bounded by kind, and the count is not', () => {
    const store = createTelemetryStore(world, localInstrumentationKey);
    store.track(tracked({ kind: 'Availability' }));
    for (let index = 0; index < 50_000; index++) store.track(tracked());
    expect(store.query({ kind: 'Request' }).length).toBeLessThanOrEqual(22_000);
    expect(store.query({ kind: 'Availability' }).length).toBe(1);
    expect(store.counts()).toEqual({ Availability: 1, Request: 50_000 });
  });
});
