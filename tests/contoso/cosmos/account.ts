import { type Container, CosmosClient, type CosmosClientOptions } from '@azure/cosmos';
import { afterEach } from 'vitest';
import { type CosmosSetup, startCosmos } from '../../../fixtures/contoso/azure/cosmos/cosmos.ts';
import type { CosmosOperation, CosmosStandIn } from '../../../fixtures/contoso/azure/cosmos/types.ts';
import type { FaultInForce } from '../../../fixtures/contoso/azure/ports.ts';
import type { CosmosAccountOptions } from '../../../fixtures/contoso/options.ts';

export interface TestAccount {
  readonly cosmos: CosmosStandIn;
  /** Every operation that the account answered. */
  readonly operations: CosmosOperation[];
  /** Moves the account's clock on. */
  advance(ms: number): void;
  now(): number;
  /** Faults in force by kind and region; `*` holds in all regions. */
  readonly faults: Map<string, FaultInForce>;
  container(id: string, region?: string, options?: Partial<CosmosClientOptions>): Container;
}

type Options = Partial<CosmosAccountOptions> & Omit<Partial<CosmosSetup>, 'account' | 'world' | 'faults'>;

const cleanUps: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** An account on a clock that stands still, with containers `orders` (/shopperId, TTL on), `products` (/id) and `events` (/id, TTL off). */
export async function startAccount(options: Options = {}): Promise<TestAccount> {
  const { key, physicalPartitions, charges, replicationLagMs, ...account } = options;
  let now = 1_700_000_000_000;
  const faults = new Map<string, FaultInForce>();
  const cosmos = await startCosmos({
    account: {
      name: 'contoso',
      regions: ['westeurope'],
      mode: 'manual',
      throughput: 'container',
      ruPerSecond: 10_000,
      multiRegionWrites: false,
      ...account,
    },
    world: { now: () => now, random: () => 0.5, timeScale: 60 },
    faults: { find: (kind, { region }) => faults.get(`${kind} ${region}`) ?? faults.get(`${kind} *`) },
    key,
    physicalPartitions,
    charges,
    replicationLagMs,
  });
  cleanUps.push(() => cosmos.close());
  cosmos.createContainers('shop', [
    { id: 'orders', partitionKey: '/shopperId', defaultTtl: -1 },
    { id: 'products', partitionKey: '/id' },
    { id: 'events', partitionKey: '/id' },
  ]);
  const operations: CosmosOperation[] = [];
  cosmos.onOperation((operation) => operations.push(operation));
  return {
    cosmos,
    operations,
    faults,
    now: () => now,
    advance: (ms) => {
      now += ms;
    },
    container: (id, region = account.regions?.[0] ?? 'westeurope', more = {}) => {
      const client = new CosmosClient({
        endpoint: cosmos.endpoints[region] ?? '',
        key: cosmos.key,
        connectionPolicy: { enableEndpointDiscovery: false },
        ...more,
      });
      cleanUps.push(() => client.dispose());
      return client.database('shop').container(id);
    },
  };
}

/** What an operation failed with, as the SDK shows it. */
export async function failure(
  act: Promise<unknown>,
): Promise<{ code: unknown; substatus: unknown; message: string; headers: Record<string, unknown> }> {
  try {
    await act;
  } catch (error) {
    const { code, substatus, headers, message } = error as {
      code?: unknown;
      substatus?: unknown;
      headers?: Record<string, unknown>;
      message: string;
    };
    return { code, substatus, message, headers: headers ?? {} };
  }
  throw new Error('expected a failure, got none');
}

/** A document whose JSON is exactly so many bytes. */
export function sized(bytes: number, fields: Readonly<Record<string, unknown>> & { readonly id: string }) {
  const empty = Buffer.byteLength(JSON.stringify({ ...fields, pad: '' }));
  return { ...fields, pad: 'x'.repeat(bytes - empty) };
}
