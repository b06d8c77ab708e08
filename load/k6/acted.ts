import type { LoadEnvironment } from './environment.ts';
import { refusal } from './permit.ts';
import { profileOf, type Scenario } from './profiles.ts';

type Acted = Pick<LoadEnvironment, 'name' | 'stamps' | 'global'>;

function refused(environment: Acted, path: string, seen: string, allowed: string): never {
  throw refusal(environment.name, { path, seen, allowed });
}

/** The stamp whose slots are swapped: the one that is asked for, else the first active one that has a slot. */
export function swappedStamp(environment: Acted, wanted?: string) {
  const able = environment.stamps.filter(({ role, slots }) => role === 'active' && slots.length > 0);
  const found = wanted === undefined ? able[0] : able.find(({ name, endpoint }) => name === wanted || endpoint === wanted);
  const [slot] = found?.slots ?? [];
  if (found && slot) return { stamp: found.name, slot: slot.name };
  const names = able.map(({ name }) => name).join(', ');
  return refused(environment, 'target', wanted ?? 'no active stamp with a slot', names || 'an environment with a slot to swap');
}

/** The region that leaves, that of the first active stamp, and the stamps there and elsewhere. */
export function leavingRegion(environment: Acted) {
  const active = environment.stamps.filter(({ role }) => role === 'active');
  const region = active[0]?.region ?? '';
  const gone = active.filter((stamp) => stamp.region === region);
  const others = active.filter((stamp) => stamp.region !== region);
  if (others.length === 0)
    refused(environment, 'stamps', `active ones in ${region} alone`, 'active stamps in two regions at least');
  return { region, gone, others };
}

/** The new stamp, the first on standby, and the active ones of its region, whose traffic it takes. */
export function newStamp(environment: Acted) {
  const isStandby = ({ role }: Acted['stamps'][number]) => role === 'standby';
  const [green] = environment.stamps.filter(isStandby);
  if (!green) return refused(environment, 'stamps', 'none on standby', 'a new stamp with the role standby');
  const blues = environment.stamps.filter((stamp) => !isStandby(stamp) && stamp.region === green.region);
  if (blues.length === 0)
    refused(
      environment,
      'stamps',
      `no active one in ${green.region}`,
      `an active stamp in ${green.region}, where ${green.name} is`,
    );
  return { green, blues };
}

/**
 * Where a scenario that acts on the store sends its load, unless told otherwise; undefined: it acts on nothing.
 * @throws ConfigurationError where there is nothing to act on, or load would not feel it
 */
export function actedTarget(scenario: Scenario, environment: Acted, wanted?: string): string | undefined {
  const { through } = profileOf(scenario);
  if (through === undefined) return wanted;
  if (through === 'swapped') return swappedStamp(environment, wanted).stamp;
  const { global } = environment;
  if (!global) return refused(environment, 'global', 'nothing', 'the global endpoint: the traffic moves behind it');
  const known = ['global', global.endpoint, ...(global.customDomain ? ['custom-domain', global.customDomain] : [])];
  if (wanted !== undefined && !known.includes(wanted)) refused(environment, 'target', wanted, `one of ${known.join(', ')}`);
  return wanted ?? 'global';
}
