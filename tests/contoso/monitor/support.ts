import type { ControlActions, OriginChange, OriginView } from '../../../fixtures/contoso/azure/actions.ts';
import type { CosmosStandIn } from '../../../fixtures/contoso/azure/cosmos/types.ts';
import { createManagement, type Management } from '../../../fixtures/contoso/azure/management.ts';
import type { ScaleEvent } from '../../../fixtures/contoso/azure/watch.ts';
import { type ControlClock, createClock, minuteMs } from '../../../fixtures/contoso/clock.ts';
import type { ContosoOptions } from '../../../fixtures/contoso/options.ts';
import { autoscaleSettings as autoscale } from '../../support/autoscale-rules.ts';
import {
  adminToken,
  ask,
  type Bench,
  bench,
  type Clock,
  client,
  clock,
  form,
  type Options,
  type Reply,
} from '../azure-control/support.ts';

/** Two regions, a slot, a plan without autoscale, and an account of each throughput model. */
export const contoso: ContosoOptions = {
  stamps: [
    {
      name: 'westeurope',
      region: 'westeurope',
      role: 'active',
      port: 0,
      slots: [{ name: 'staging', port: 0 }],
      plan: 'plan-weu',
      cosmos: 'contoso',
    },
    { name: 'eastus', region: 'eastus', role: 'active', port: 0, slots: [], plan: 'plan-eus', cosmos: 'contoso' },
  ],
  plans: [
    { name: 'plan-weu', sku: 'S2', instances: 2, autoscale },
    { name: 'plan-eus', sku: 'B1', instances: 1 },
  ],
  cosmosAccounts: [
    {
      name: 'contoso',
      regions: ['westeurope', 'eastus'],
      mode: 'autoscale',
      throughput: 'container',
      ruPerSecond: 4_000,
      multiRegionWrites: true,
    },
    {
      name: 'shared',
      regions: ['westeurope'],
      mode: 'manual',
      throughput: 'database',
      ruPerSecond: 400,
      multiRegionWrites: false,
    },
    { name: 'serverless', regions: ['westeurope'], mode: 'serverless', throughput: 'container', multiRegionWrites: false },
  ],
  globalPort: 0,
  controlPort: 0,
  adminToken,
  client,
  syntheticHeader: { name: 'x-synthetic-test', value: 'true' },
  timeScale: 60,
  seed: 1,
};

interface Actions extends ControlActions {
  /** What was asked for, in order. */
  readonly calls: string[];
  /** Settles the swap under way; with an error, it has failed. */
  finishSwap(error?: Error): void;
  /** As at the start. */
  reset(): void;
}

/** Does what it is told at once, but for swaps, which the test ends. */
function fakeActions(): Actions {
  const calls: string[] = [];
  const counts = new Map<string, number>();
  const origins = new Map<string, OriginView>();
  const reset = () => {
    calls.length = 0;
    for (const { name, instances } of contoso.plans) counts.set(name, instances);
    for (const { name } of contoso.stamps) origins.set(name, { name, enabled: true, healthy: true, weight: 50, priority: 1 });
  };
  reset();
  let settle: ((error?: Error) => void) | undefined;
  return {
    calls,
    reset,
    finishSwap: (error) => settle?.(error),
    swap(stamp, source, target) {
      calls.push(`swap ${stamp} ${source} ${target}`);
      return new Promise((resolve, reject) => {
        settle = (error) => (error ? reject(error) : resolve());
      });
    },
    lastSwap: () => undefined,
    setInstanceCount(plan, count) {
      if (count < 1 || count > 10) throw new RangeError(`plan ${plan} (S2): ${count} instances; allowed: 1 to 10`);
      calls.push(`instances ${plan} ${count}`);
      counts.set(plan, count);
    },
    instanceCount: (plan) => counts.get(plan) ?? 0,
    autoscale: (plan) => contoso.plans.find(({ name }) => name === plan)?.autoscale,
    scaleEvents: (): readonly ScaleEvent[] => [],
    origins: () => [...origins.values()],
    setOrigin(name, change: OriginChange) {
      const known = origins.get(name);
      if (!known) return false;
      calls.push(`origin ${name} ${JSON.stringify(change)}`);
      origins.set(name, {
        ...known,
        enabled: change.enabled ?? known.enabled,
        weight: change.weight ?? known.weight,
        priority: change.priority ?? known.priority,
      });
      return true;
    },
  };
}

export interface Managed extends Bench {
  readonly management: Management;
  readonly actions: Actions;
  readonly control: Bench['control'];
  readonly controlClock: ControlClock;
  readonly hand: Clock;
  readonly accounts: Map<string, CosmosStandIn>;
  /** Moves control-plane time. */
  passMinutes(minutes: number): void;
  /** With a token for the scope; default ARM's. Paths that start with `/` get an api-version. */
  arm(method: Options['method'], path: string, body?: unknown, scope?: string | null): Promise<Reply>;
}

/** The control endpoint with metrics and ARM, over HTTPS, in a world whose clock the test moves. */
export async function managed(options: ContosoOptions = contoso): Promise<Managed> {
  const hand = clock(options.timeScale);
  const controlClock = createClock(hand);
  const actions = fakeActions();
  const accounts = new Map<string, CosmosStandIn>();
  let b: Bench | undefined;
  const control = () => {
    if (!b) throw new Error('the control endpoint has not started');
    return b.control;
  };
  const management = createManagement({
    options,
    world: hand,
    clock: controlClock,
    control,
    actions: () => actions,
    account: (name) => accounts.get(name),
  });
  const { monitor, mounts } = management;
  const hooks = { state: () => ({ metrics: monitor.snapshot() }), setRotation: () => true, table: monitor.table };
  b = await bench({ world: hand, mounts, hooks, epoch: controlClock.epoch });
  const started = b;
  const tokens = new Map<string, string>();
  const tokenFor = async (scope: string) => {
    const known = tokens.get(scope);
    if (known) return known;
    const fields = { grant_type: 'client_credentials', client_id: client.id, client_secret: client.secret, scope };
    const answer = await started.ask('/identity/oauth2/v2.0/token', form(fields));
    const token = answer.json<{ access_token: string }>().access_token;
    tokens.set(scope, token);
    return token;
  };
  return {
    ...started,
    management,
    actions,
    controlClock,
    hand,
    accounts,
    passMinutes: (minutes) => hand.pass((minutes * minuteMs) / 1_000 / options.timeScale),
    async arm(method, path, body, scope = 'https://management.azure.com/.default') {
      const url = path.startsWith('https://') ? path : `${started.control.url}${path}`;
      const token = scope === null ? {} : { authorization: `Bearer ${await tokenFor(scope)}` };
      return ask(started.dispatcher, url, {
        ...(method ? { method } : {}),
        headers: { 'content-type': 'application/json', ...token },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
    },
    close: async () => {
      await management.close();
      await started.close();
    },
  };
}
