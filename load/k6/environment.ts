import { responseMs } from '../../fixtures/environments/response-ms.ts';
import type { Environment, Stamp } from '../../fixtures/environments/schema.ts';
import { type Target, targetsOf } from '../../fixtures/environments/targets.ts';
import { type Permit, refusal, requirePermit } from './permit.ts';

/** What a load test needs of an environment; server metrics, telemetry and the local store are none of k6's business. */
const needed = [
  'name',
  'production',
  'payment',
  'syntheticHeader',
  'auth',
  'shoppers',
  'stamps',
  'global',
  'objectives',
  'budgets',
  'load',
] as const;

/** Of a plan or a Cosmos account: which one, and whether production lives on it, too. */
interface Shared {
  readonly name: string;
  readonly servesProduction: boolean;
}

/** Of a plan also what it carries and when it scales. */
type SharedPlan = Shared & Pick<Environment['plans'][number], 'autoscale' | 'ratePerInstance'>;

export type LoadEnvironment = Pick<Environment, (typeof needed)[number]> & {
  readonly plans: readonly SharedPlan[];
  readonly local?: { readonly timeScale: number } | undefined;
  readonly cosmosAccounts: readonly Shared[];
  /** `npm run local` can start its store. */
  readonly embedded: boolean;
};
type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Reads an environment file inside k6, where zod can't run: `${NAME}` substituted, defaults as in the schema (a test holds
 * the two equal), everything else believed. `npm run load` has judged the whole file before.
 */
export function parseEnvironment(text: string, variables: Variables): LoadEnvironment {
  const document = JSON.parse(text.replace(/^\uFEFF/, '')) as Record<string, unknown>;
  const picked = Object.fromEntries(needed.filter((key) => key in document).map((key) => [key, withoutArm(document[key])]));
  const given = substitute(picked, variables) as LoadEnvironment;
  return {
    ...given,
    embedded: 'local' in document,
    plans: plansOf(document.plans),
    ...localOf(document.local),
    cosmosAccounts: sharedOf(document.cosmosAccounts),
    stamps: given.stamps.map(withStampDefaults),
    ...(given.global ? { global: { ...given.global, headers: given.global.headers ?? {} } } : {}),
    objectives: { ...given.objectives, latencyP95Ms: given.objectives.latencyP95Ms ?? responseMs.degraded },
    budgets: { ...given.budgets, journeyMs: given.budgets.journeyMs ?? 10_000, requestMs: given.budgets.requestMs ?? 5_000 },
    load: {
      ...given.load,
      durationSeconds: given.load.durationSeconds ?? 60,
      zipfExponent: given.load.zipfExponent ?? 1,
      seed: given.load.seed ?? 1,
    },
  };
}

/** Fields of ARM ids, which may name variables that k6 has no use for. */
const armFields: ReadonlySet<string> = new Set(['resourceId', 'keyVaultId', 'originGroupId'] satisfies (
  | keyof Stamp
  | keyof NonNullable<Environment['global']>
)[]);

function withoutArm(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutArm);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !armFields.has(key));
  return Object.fromEntries(kept.map(([key, entry]) => [key, withoutArm(entry)]));
}

function localOf(local: unknown): Pick<LoadEnvironment, 'local'> {
  return local === undefined ? {} : { local: { timeScale: (local as { timeScale?: number }).timeScale ?? 60 } };
}

function plansOf(list: unknown): SharedPlan[] {
  const given = list as readonly SharedPlan[];
  return sharedOf(list).map((plan, i) => {
    const { autoscale, ratePerInstance } = given[i] ?? {};
    return { ...plan, ...(autoscale ? { autoscale } : {}), ...(ratePerInstance ? { ratePerInstance } : {}) };
  });
}

function sharedOf(list: unknown): Shared[] {
  return (list as Partial<Shared>[]).map(({ name = '', servesProduction = false }) => ({ name, servesProduction }));
}

function withStampDefaults(stamp: Stamp): Stamp {
  const slots = (stamp.slots ?? []).map((slot) => ({ ...slot, headers: slot.headers ?? {} }));
  return { ...stamp, role: stamp.role ?? 'active', headers: stamp.headers ?? {}, slots };
}

function substitute(value: unknown, variables: Variables): unknown {
  if (typeof value === 'string') return value.replace(/\$\{(\w+)\}/g, (_, name: string) => variableNamed(name, variables));
  if (Array.isArray(value)) return value.map((entry) => substitute(entry, variables));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, substitute(entry, variables)]));
}

function variableNamed(name: string, variables: Variables): string {
  const value = variables[name];
  if (!value) throw new Error(`the environment file names the variable ${name}, which is not set`);
  return value;
}

/**
 * Where load goes: the regional endpoint of every active stamp and the global one, or the one that is asked for by its
 * name or endpoint. Throws ConfigurationError for a host that the environment doesn't name, for checkouts that cost money,
 * and for production without its window and confirmation.
 */
export function loadTargets(environment: Omit<LoadEnvironment, 'embedded'>, wanted?: string, permit: Permit = {}): Target[] {
  if (environment.payment === 'live' && (environment.load.mix.checkout ?? 0) > 0) {
    const allowed = 'a mix without checkout, or another payment';
    throw refusal(environment.name, { path: 'load.mix.checkout', seen: 'checkouts where payment is live', allowed });
  }
  const targets = chosenTargets(environment, wanted);
  // A slot shares plan and database with production: a smoke test is all that it takes.
  const takes = (target: Target) => permit.isSmoke === true && target.kind === 'slot';
  const touching = targets.filter((target) => !takes(target) && servesProduction(environment, target));
  if (touching.length > 0) requirePermit(environment.name, touching, permit);
  return targets;
}

/** Whether load on a target is felt by production: it is one, or its plan or Cosmos account serves one, too. */
export function servesProduction(
  environment: Omit<LoadEnvironment, 'embedded'>,
  { stamp }: { readonly stamp?: string | undefined },
): boolean {
  if (environment.production) return true;
  const shares = (list: readonly Shared[], name: string) => list.some((one) => one.name === name && one.servesProduction);
  // The global endpoint may lead to any stamp.
  return environment.stamps.some(
    ({ name, plan, cosmos }) =>
      (stamp ?? name) === name && (shares(environment.plans, plan) || shares(environment.cosmosAccounts, cosmos)),
  );
}

function chosenTargets(environment: Omit<LoadEnvironment, 'embedded'>, wanted?: string): Target[] {
  const all = targetsOf(environment as Environment);
  if (wanted) {
    const found = targetNamed(all, wanted);
    const known = all.map((target) => `${target.name} (${target.endpoint})`).join(', ');
    if (!found)
      throw refusal(environment.name, { path: 'target', seen: wanted, allowed: `what the environment names: ${known}` });
    return [found];
  }
  const standby = new Set(environment.stamps.filter((stamp) => stamp.role === 'standby').map((stamp) => stamp.name));
  // The custom domain is the global endpoint by another name: it would count the same front door twice.
  return all.filter((target) => target.kind !== 'slot' && target.name !== 'custom-domain' && !standby.has(target.name));
}

function targetNamed(all: readonly Target[], wanted: string): Target | undefined {
  const endpoint = wanted.replace(/\/+$/, '').toLowerCase();
  return all.find((target) => target.name === wanted || target.endpoint.toLowerCase() === endpoint);
}
