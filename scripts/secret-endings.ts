import { z } from 'zod';
import type { Environment } from '../fixtures/environments/schema.ts';
import { type Ending, hourMs } from '../health/foresight.ts';
import type { Arm } from '../telemetry/arm.ts';

/** Of ARM's list of a vault's secrets: names and attributes, never values. A secret without `exp` (seconds since the epoch) doesn't end. */
const secretSchema = z.object({
  name: z.string(),
  properties: z.object({ attributes: z.object({ enabled: z.boolean().optional(), exp: z.number().optional() }).optional() }),
});
const apiVersion = '2023-07-01';

/** Secrets of the stamps' Key Vaults that end; `Reader` on a vault is enough to list them. The local store's don't end. */
export async function secretEndings({ local, stamps }: Environment, arm: () => Promise<Pick<Arm, 'list'>>): Promise<Ending[]> {
  const vaults = [...new Set(stamps.flatMap(({ keyVaultId }) => keyVaultId ?? []))];
  if (local || vaults.length === 0) return [];
  const { list } = await arm();
  const endings = await Promise.all(
    vaults.map(async (vault) => {
      const place = vault.slice(vault.lastIndexOf('/') + 1);
      const secrets = z.array(secretSchema).parse(await list(`${vault}/secrets`, apiVersion));
      return secrets.flatMap(({ name, properties }): Ending[] => {
        const { enabled = true, exp } = properties.attributes ?? {};
        return enabled && exp !== undefined
          ? [{ id: `secret-end@${place}/${name}`, title: `secret ${name}`, place, endsAtMs: exp * 1_000 }]
          : [];
      });
    }),
  );
  return endings.flat();
}

/** Asks once an hour, and again at once where it failed: what ends within the week needs no more. */
export function hourly<T>(ask: () => Promise<T>): (nowMs: number) => Promise<T> {
  let held: { readonly atMs: number; readonly value: T } | undefined;
  return async (nowMs) => {
    if (held && nowMs - held.atMs < hourMs) return held.value;
    held = { atMs: nowMs, value: await ask() };
    return held.value;
  };
}
