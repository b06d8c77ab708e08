import { rmSync, writeFileSync } from 'node:fs';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { type Target, targetsOf } from '../../fixtures/environments/targets.ts';
import { caFileOf } from '../../scripts/local-store.ts';
import { type Check, checksOf } from '../../synthetics/runners/prepare.ts';
import { outboxPath } from '../../telemetry/outbox.ts';
import { startTestStore, type TestStore, type TestStoreOptions } from '../support/store.ts';

/** An envelope as the store's ingestion endpoint received or made it, the parts that tests look at. */
export interface Received {
  readonly kind: string;
  readonly envelope: {
    readonly time: string;
    readonly tags: Readonly<Record<string, string>>;
    readonly data: {
      readonly baseData: {
        readonly id: string;
        readonly name: string;
        readonly duration: string;
        readonly success: boolean;
        readonly runLocation: string;
        readonly message: string;
        readonly properties: Readonly<Record<string, string>>;
      };
    };
  };
}

/** A store whose environment has a name of its own, so that commands pointed at it share neither CA file nor outbox. */
export async function startNamedStore(what: string, { change = (e) => e, ...rest }: TestStoreOptions = {}): Promise<TestStore> {
  const name = `acceptance-${what}-${process.pid}`;
  const store = await startTestStore({ ...rest, change: (environment) => change({ ...environment, name }) });
  writeFileSync(caFileOf(store.environment), store.contoso.ca);
  const close = async () => {
    await store.close();
    forget(store.environment);
  };
  return { ...store, close };
}

/** What commands leave behind for an environment. */
export function forget(environment: Environment): void {
  const outbox = outboxPath(environment.name);
  for (const file of [caFileOf(environment), outbox, `${outbox}-wal`, `${outbox}-shm`]) rmSync(file, { force: true });
}

/** What the store's ingestion holds of a kind, and how many it ever got. */
export async function received(store: TestStore, kind: string): Promise<{ items: Received[]; count: number }> {
  const { json } = await store.admin('GET', `/admin/telemetry?kind=${kind}&limit=20000`);
  const { items, counts } = json as { items: Received[]; counts: Record<string, number> };
  return { items, count: counts[kind] ?? 0 };
}

export const checksIn = (environment: Environment): Check[] => checksOf(environment, targetsOf(environment)).checks;

/** `checkout@westeurope-staging` */
export const nameOf = ({ journey, target }: { journey: string; target: Pick<Target, 'name'> }) => `${journey}@${target.name}`;
