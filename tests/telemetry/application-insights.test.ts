import { hostname } from 'node:os';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { closeExporter, openExporter } from '../../telemetry/application-insights.ts';
import { type Connection, parseConnectionString } from '../../telemetry/connection-string.ts';
import { availabilityEmission, eventEmission } from '../../telemetry/envelope.ts';
import { acceptAll, type Ingestion, idOf, refuse, startIngestion } from '../support/ingestion.ts';
import { aResult, results } from '../support/results.ts';

const now = Date.UTC(2026, 10, 23, 13);
const emissions = (count: number, from = 0) => results(count, from).map((result) => availabilityEmission(result, now));

let ingestion: Ingestion;
let connection: Connection;

beforeAll(async () => {
  ingestion = await startIngestion();
  connection = parseConnectionString(ingestion.connectionString);
});
afterAll(async () => {
  await closeExporter();
  await ingestion.close();
});
beforeEach(() => {
  ingestion.requests.length = 0;
  ingestion.behave(acceptAll);
});

describe('the envelope on the wire', () => {
  it('is what Application Insights reads, whole', async () => {
    const variables = () => Object.entries(process.env).filter(([name]) => /^(OTEL|APPLICATION)/.test(name));
    const before = variables();
    const exporter = await openExporter(connection);
    // What silenced the SDK is not left behind for the processes that we start.
    expect(variables()).toEqual(before);
    await exporter.send(emissions(1), 5_000, now);
    expect(ingestion.requests).toHaveLength(1);
    expect(ingestion.requests[0]).toEqual([
      {
        ver: 1,
        name: 'Microsoft.ApplicationInsights.Availability',
        time: '2026-11-23T12:00:00.000Z',
        sampleRate: 100,
        iKey: '11111111-2222-3333-4444-555555555555',
        tags: {
          'ai.cloud.role': 'contoso-synthetics',
          'ai.cloud.roleInstance': hostname(),
          'ai.internal.sdkVersion': expect.any(String),
          'ai.operation.id': aResult(0).traceId,
          // The span outside the check, not the result itself: nothing is its own parent.
          'ai.operation.parentId': aResult(0).traceId.slice(16),
        },
        data: {
          baseType: 'AvailabilityData',
          baseData: {
            ver: 2,
            id: aResult(0).id,
            name: 'checkout',
            duration: '00:00:00.812',
            success: true,
            runLocation: 'local',
            message: 'passed',
            properties: {
              journey: 'checkout',
              outcome: 'passed',
              environment: 'test',
              stamp: 'westeurope',
              region: 'westeurope',
              target: 'westeurope',
              targetKind: 'stamp',
              servedByRegion: 'westeurope',
              servedByStamp: 'westeurope',
              servedByInstance: 'i-1',
              servedByBuild: '1.2.3',
              attempts: '1',
            },
            measurements: { 'fill the cart.durationMs': 300, 'fill the cart.requestCharge': 12.5, 'pay.durationMs': 512.4 },
          },
        },
      },
    ]);
  });

  it('keeps every property of a failed result of a slot', async () => {
    const failure = { step: 'pay', rule: 'status 201', seen: '"id":"ffffffffffffffff"', cause: 'http' } as const;
    const target = { ...aResult(0).target, kind: 'slot', name: 'westeurope-staging', slot: 'staging' } as const;
    const emission = availabilityEmission(aResult(0, { outcome: 'failed', failure, target, warnings: ['pinned'] }), now - 1);
    const exporter = await openExporter(connection);
    const { receipts } = await exporter.send([emission], 5_000, now);
    const baseData = ingestion.requests[0]?.[0]?.data.baseData;
    expect(baseData).toMatchObject({ name: 'checkout [staging]', success: false, properties: emission.properties });
    // What a store answers can look like an id of ours, and is none.
    expect([...receipts]).toEqual([[aResult(0).id, { verdict: 'accepted' }]]);
  });

  it('takes the operation of no trace for what has none', async () => {
    const event = {
      id: '00000000000000ff',
      name: 'heartbeat',
      at: aResult(0).startedAt,
      properties: {},
      measurements: { rounds: 3 },
    };
    const exporter = await openExporter(connection);
    const { receipts } = await exporter.send([eventEmission(event, now)], 5_000, now);
    const [envelope] = ingestion.requests[0] ?? [];
    expect(envelope?.tags['ai.operation.id']).toBeUndefined();
    expect(envelope?.data).toMatchObject({ baseType: 'EventData', baseData: { name: 'heartbeat', measurements: { rounds: 3 } } });
    expect(receipts.get(event.id)).toEqual({ verdict: 'accepted' });
  });
});

describe('the exporter', () => {
  it('gives a receipt for each of 512 items in one request', async () => {
    const exporter = await openExporter(connection);
    const { receipts } = await exporter.send(emissions(512), 5_000, now);
    expect(ingestion.requests.map((items) => items.length)).toEqual([512]);
    expect([...receipts.keys()]).toEqual(results(512).map((r) => r.id));
    expect(new Set([...receipts.values()].map((r) => r.verdict))).toEqual(new Set(['accepted']));
  });

  it('keeps the receipts of sends at once apart', async () => {
    const exporter = await openExporter(connection);
    ingestion.behave((items, request) => {
      const bad = items.some((item) => idOf(item) === aResult(100).id);
      return bad
        ? refuse(() => ({ statusCode: 500, message: 'no' }))(items, request)
        : { ...acceptAll(items, request), afterMs: 50 };
    });
    const [one, two, three] = await Promise.all([
      exporter.send(emissions(3), 5_000, now),
      exporter.send(emissions(2, 100), 5_000, now),
      exporter.send(emissions(1, 200), 5_000, now),
    ]);
    expect([one, two, three].map(({ receipts }) => [...receipts.values()].map((r) => r.verdict))).toEqual([
      ['accepted', 'accepted', 'accepted'],
      ['later', 'later'],
      ['accepted'],
    ]);
  });

  it('is opened anew for another endpoint, and then for the first', async () => {
    const other = await startIngestion();
    const first = await openExporter(connection);
    expect(await openExporter(connection)).toBe(first);
    const second = await openExporter(parseConnectionString(other.connectionString));
    await second.send(emissions(2), 5_000, now);
    expect([other.requests.length, ingestion.requests.length]).toEqual([1, 0]);
    await (await openExporter(connection)).send(emissions(1), 5_000, now);
    expect([other.requests.length, ingestion.requests.length]).toEqual([1, 1]);
    await other.close();
  });

  it('works again after it was closed', async () => {
    await closeExporter();
    await closeExporter();
    const { receipts } = await (await openExporter(connection)).send(emissions(1), 5_000, now);
    expect(receipts.size).toBe(1);
  });
});
