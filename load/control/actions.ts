import { z } from 'zod';

/** What is done to the store. Names are those of the environment. */
export type Action =
  | { readonly kind: 'swap'; readonly stamp: string; readonly slot: string }
  | { readonly kind: 'origin'; readonly stamp: string; readonly enabled?: boolean; readonly weight?: number }
  | { readonly kind: 'instances'; readonly plan: string; readonly count: number };

/** ARM ids of what an environment names. Throw ConfigurationError where the file has none. */
export interface ResourceIds {
  site(stamp: string): string;
  origin(stamp: string): string;
  plan(name: string): string;
}

/** As much of Azure Resource Manager as actions need; `telemetry/arm.ts` is one. */
export interface ControlArm {
  get(path: string, apiVersion: string): Promise<unknown>;
  patch(path: string, apiVersion: string, body: unknown, accepted?: (operation: Operation) => void): Promise<unknown>;
  post(path: string, apiVersion: string, body?: unknown, accepted?: (operation: Operation) => void): Promise<unknown>;
  over(operation: Operation): Promise<void>;
}

const operationSchema = z.object({ status: z.string().optional(), location: z.string().optional() });
type Operation = z.infer<typeof operationSchema>;

const changed = { what: z.string(), path: z.string(), operation: operationSchema.optional() };

/** One thing that an action is about to change, and what it was before: a line of the journal. */
export const changeSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('swap'),
    ...changed,
    slot: z.string(),
    /** Times of the site's last swap: before the action, and before it was put back. */
    before: z.string().nullable(),
    beforeBack: z.string().nullable().optional(),
  }),
  z.strictObject({
    kind: z.literal('origin'),
    ...changed,
    before: z.object({ enabledState: z.enum(['Enabled', 'Disabled']), weight: z.number() }),
  }),
  z.strictObject({
    kind: z.literal('instances'),
    ...changed,
    before: z.object({ capacity: z.number() }),
    /** Counts that the run has set: any other is someone else's, such as autoscale's. */
    asked: z.array(z.number()).default([]),
  }),
]);
export type Change = z.infer<typeof changeSchema>;
type Of<K, T> = Extract<T, { readonly kind: K }>;

/** Keeps what is known of a change, before anything else happens. */
type Note<C> = (more: Partial<C>) => void;

/** What was to be put back: it was; it stood as before already; or someone else has changed it since, and it is theirs. */
export type Found = 'put back' | 'stands as before' | { readonly leftAt: string };

interface Kind<K extends Action['kind']> {
  /** Reads what stands now. */
  before(arm: ControlArm, ids: ResourceIds, action: Of<K, Action>): Promise<Of<K, Change>>;
  act(arm: ControlArm, action: Of<K, Action>, change: Of<K, Change>, note: Note<Of<K, Change>>): Promise<void>;
  /** Puts back what the action changed, and says what it found. Once more does no harm. */
  back(arm: ControlArm, change: Of<K, Change>, note: Note<Of<K, Change>>): Promise<Found>;
}

const webVersion = '2024-04-01';
const cdnVersion = '2024-09-01';

const siteSchema = z.object({
  properties: z.object({ slotSwapStatus: z.object({ timestampUtc: z.string() }).nullish() }),
});
const originSchema = z.object({ properties: z.object({ enabledState: z.enum(['Enabled', 'Disabled']), weight: z.number() }) });
const planSchema = z.object({ sku: z.object({ capacity: z.number() }) });

/** When the slots of a site were last swapped (Web Apps - Get, `slotSwapStatus`); null: never. */
async function lastSwapOf(arm: Pick<ControlArm, 'get'>, site: string): Promise<string | null> {
  const { properties } = siteSchema.parse(await arm.get(site, webVersion));
  return properties.slotSwapStatus?.timestampUtc ?? null;
}

export async function originOf(arm: Pick<ControlArm, 'get'>, origin: string): Promise<Of<'origin', Change>['before']> {
  return originSchema.parse(await arm.get(origin, cdnVersion)).properties;
}

const capacityOf = async (arm: ControlArm, plan: string) => planSchema.parse(await arm.get(plan, webVersion)).sku.capacity;

const swapSlots = (arm: ControlArm, { path, slot }: Of<'swap', Change>, note: Note<Of<'swap', Change>>) =>
  arm.post(`${path}/slots/${slot}/slotsswap`, webVersion, { targetSlot: 'production', preserveVnet: true }, (operation) =>
    note({ operation }),
  );

/** A swap that was asked for and not yet accepted when its process died shows within this time. */
const swapShowsMs = 2_000;
const lookEveryMs = 250;
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function hasSwapped(arm: ControlArm, path: string, before: string | null, isKnown: boolean): Promise<boolean> {
  for (let waited = 0; ; waited += lookEveryMs) {
    if ((await lastSwapOf(arm, path)) !== before) return true;
    if (isKnown || waited >= swapShowsMs) return false;
    await pause(lookEveryMs);
  }
}

/** One row a kind of action. */
export const kinds: { readonly [K in Action['kind']]: Kind<K> } = {
  swap: {
    async before(arm, ids, { stamp, slot }) {
      const path = ids.site(stamp);
      return { kind: 'swap', what: `swap of ${stamp} with ${slot}`, path, slot, before: await lastSwapOf(arm, path) };
    },
    async act(arm, _action, change, note) {
      await swapSlots(arm, change, note);
    },
    // A swap undoes a swap, so one too many would be as wrong as none: the time of the last one tells which are done.
    async back(arm, change, note) {
      const { path, before, beforeBack, operation } = change;
      if (!(await hasSwapped(arm, path, before, operation !== undefined))) return 'stands as before';
      const now = await lastSwapOf(arm, path);
      // Put back already, by a process that died before it could say so.
      if (beforeBack !== undefined && now !== beforeBack) return 'put back';
      note({ beforeBack: now });
      await swapSlots(arm, change, note);
      return 'put back';
    },
  },
  origin: {
    async before(arm, ids, { stamp }) {
      const path = ids.origin(stamp);
      const { enabledState, weight } = await originOf(arm, path);
      return { kind: 'origin', what: `origin ${stamp}`, path, before: { enabledState, weight } };
    },
    async act(arm, { enabled, weight }, { path }, note) {
      const state = enabled === undefined ? {} : { enabledState: enabled ? 'Enabled' : 'Disabled' };
      const properties = { ...state, ...(weight === undefined ? {} : { weight }) };
      await arm.patch(path, cdnVersion, { properties }, (operation) => note({ operation }));
    },
    async back(arm, { path, before }, note) {
      const { enabledState, weight } = await originOf(arm, path);
      if (enabledState === before.enabledState && weight === before.weight) return 'stands as before';
      await arm.patch(path, cdnVersion, { properties: before }, (operation) => note({ operation }));
      return 'put back';
    },
  },
  instances: {
    async before(arm, ids, { plan }) {
      const path = ids.plan(plan);
      const before = { capacity: await capacityOf(arm, path) };
      return { kind: 'instances', what: `instances of ${plan}`, path, before, asked: [] };
    },
    async act(arm, { count }, { path, asked }, note) {
      note({ asked: [...asked, count] });
      await arm.patch(path, webVersion, { sku: { capacity: count } }, (operation) => note({ operation }));
    },
    // A count that the run never set is autoscale's or an operator's by now, and follows the load that there is.
    async back(arm, { path, before, asked }, note) {
      const now = await capacityOf(arm, path);
      if (now === before.capacity) return 'stands as before';
      if (!asked.includes(now)) return { leftAt: `${now}, which the run never set` };
      await arm.patch(path, webVersion, { sku: before }, (operation) => note({ operation }));
      return 'put back';
    },
  },
};

/** `origin westeurope: out`, `swap of westeurope with staging` */
export function describeAction(action: Action): string {
  switch (action.kind) {
    case 'swap':
      return `swap of ${action.stamp} with ${action.slot}`;
    case 'origin': {
      const state = action.enabled === undefined ? [] : [action.enabled ? 'in' : 'out'];
      return `origin ${action.stamp}: ${[...state, ...(action.weight === undefined ? [] : [`weight ${action.weight}`])].join(', ')}`;
    }
    case 'instances':
      return `instances of ${action.plan}: ${action.count}`;
  }
}

/** What stood before, for the line that says it is back. */
export function describeBefore(change: Change): string {
  switch (change.kind) {
    case 'swap':
      return 'the slots as before';
    case 'origin':
      return `${change.before.enabledState === 'Enabled' ? 'in' : 'out'}, weight ${change.before.weight}`;
    case 'instances':
      return String(change.before.capacity);
  }
}
