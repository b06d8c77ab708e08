import { journeyNames } from '../fixtures/environments/journeys.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { objectiveOf } from './objectives.ts';

/** What the platform lets a place promise, with the sum that says so. */
interface Promised {
  /** A region, or `global`. */
  readonly place: string;
  readonly percent: number;
  readonly arithmetic: string;
}

interface Overpromised {
  readonly place: string;
  readonly journeys: readonly string[];
  readonly objectivePercent: number;
  readonly promisedPercent: number;
  readonly arithmetic: string;
}

interface Part {
  readonly name: string;
  readonly percent: number;
}

/**
 * Parts that are all needed multiply; of n that can stand in for each other only all at once fail: 1 − (1 − A)ⁿ.
 * https://learn.microsoft.com/azure/well-architected/reliability/metrics (from memory). Promises count refunds, not minutes,
 * and independence is assumed; so this is the most that can be hoped for.
 */
export function promisedBy(environment: Environment): Promised[] {
  const { promises, stamps, global } = environment;
  const regions = [...new Set(stamps.map(({ region }) => region))];
  const stampPart = serial([
    { name: 'App Service', percent: promises.appServicePercent },
    { name: 'Key Vault', percent: promises.keyVaultPercent },
  ]);
  const places = regions.map((region): Promised => {
    const own = stamps.filter((stamp) => stamp.region === region && stamp.role === 'active');
    const count = Math.max(1, own.length);
    return { place: region, ...serial([redundant(stampPart, count, `${count} stamps`), cosmosOf(environment, own[0]?.cosmos)]) };
  });
  if (!global) return places;
  const active = stamps.filter(({ role }) => role === 'active');
  const front = serial([
    { name: 'Front Door', percent: promises.frontDoorPercent },
    redundant(stampPart, Math.max(1, active.length), `${active.length} stamps in ${regions.length} regions`),
    cosmosOf(environment, active[0]?.cosmos),
  ]);
  return [...places, { place: 'global', ...front }];
}

function cosmosOf({ promises, cosmosAccounts }: Environment, name: string | undefined): Part {
  const regions = cosmosAccounts.find((account) => account.name === name)?.regions.length ?? 1;
  return regions > 1
    ? { name: `Cosmos DB in ${regions} regions`, percent: promises.cosmosManyRegionsPercent }
    : { name: 'Cosmos DB in one region', percent: promises.cosmosOneRegionPercent };
}

const shown = (percent: number) => `${Number(percent.toFixed(5))} %`;

function serial(parts: readonly Part[]): { percent: number; arithmetic: string } {
  const percent = parts.reduce((product, part) => (product * part.percent) / 100, 100);
  return { percent, arithmetic: `${parts.map((part) => `${part.name} ${shown(part.percent)}`).join(' × ')} = ${shown(percent)}` };
}

function redundant({ percent, arithmetic }: { percent: number; arithmetic: string }, count: number, name: string): Part {
  if (count < 2) return { name: `(${arithmetic})`, percent };
  const all = (1 - (1 - percent / 100) ** count) * 100;
  return { name: `${name}, 1 − (1 − (${arithmetic}))^${count} =`, percent: all };
}

/** Objectives that the platform's own promises don't carry: to be said when the configuration is read. */
export function overpromised(environment: Environment): Overpromised[] {
  return promisedBy(environment).flatMap(({ place, percent, arithmetic }) => {
    const above = journeyNames
      .map((journey) => objectiveOf(environment, journey, place))
      .filter((o) => o.availabilityPercent > percent);
    const targets = [...new Set(above.map(({ availabilityPercent }) => availabilityPercent))];
    return targets.map((objectivePercent) => ({
      place,
      journeys: above.filter((o) => o.availabilityPercent === objectivePercent).map(({ journey }) => journey),
      objectivePercent,
      promisedPercent: percent,
      arithmetic,
    }));
  });
}

/** One line for a person. */
export function overpromisedLine({ place, journeys, objectivePercent, promisedPercent, arithmetic }: Overpromised): string {
  const who = journeys.length === journeyNames.length ? 'every journey' : journeys.join(', ');
  return `${place}: the objective of ${objectivePercent} % for ${who} is above what the platform promises, ${shown(promisedPercent)} (${arithmetic})`;
}
