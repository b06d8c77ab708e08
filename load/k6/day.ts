import type { Corner } from './profiles.ts';

/**
 * Share of the evening's peak for each local hour from midnight: shops on the web are quiet at night, busy from the
 * morning, and busiest after dinner (our own figures, in the shape that published traffic of shops has).
 */
const hourShares = [
  0.22, 0.14, 0.1, 0.08, 0.09, 0.14, 0.25, 0.38, 0.5, 0.6, 0.66, 0.7, 0.74, 0.72, 0.68, 0.66, 0.68, 0.74, 0.84, 0.95, 1, 0.9,
  0.66, 0.4,
] as const;

/** Hours ahead of UTC in winter, by Azure region: where its shoppers are. */
const hoursAhead: Readonly<Record<string, number>> = {
  westus: -8,
  westus2: -8,
  westus3: -7,
  southcentralus: -6,
  centralus: -6,
  northcentralus: -6,
  canadacentral: -5,
  eastus: -5,
  eastus2: -5,
  brazilsouth: -3,
  northeurope: 0,
  uksouth: 0,
  ukwest: 0,
  francecentral: 1,
  germanywestcentral: 1,
  italynorth: 1,
  norwayeast: 1,
  polandcentral: 1,
  spaincentral: 1,
  swedencentral: 1,
  switzerlandnorth: 1,
  westeurope: 1,
  southafricanorth: 2,
  israelcentral: 2,
  qatarcentral: 3,
  uaenorth: 4,
  centralindia: 5.5,
  southindia: 5.5,
  southeastasia: 8,
  eastasia: 8,
  japaneast: 9,
  japanwest: 9,
  koreacentral: 9,
  australiaeast: 10,
};

/** How busy a region's shoppers are at an hour of the UTC day, 0 to 1; straight lines between the hours. */
export function activity(region: string, utcHour: number): number {
  const ahead = hoursAhead[region];
  if (ahead === undefined)
    throw new Error(
      `no time zone is known for ${region}; add it to load/k6/day.ts beside: ${Object.keys(hoursAhead).join(', ')}`,
    );
  const hour = (utcHour + ahead + 48) % 24;
  const before = Math.floor(hour);
  const [from = 0, to = 0] = [hourShares[before], hourShares[(before + 1) % 24]];
  return from + (to - from) * (hour - before);
}

/** The sum of the regions' curves over a UTC day that is compressed into the run, its peak at the wanted rate. */
export function worldCorners(regions: readonly string[], durationSeconds: number): readonly Corner[] {
  const hours = Array.from({ length: 25 }, (_, hour) => hour);
  const sums = hours.map((hour) => regions.reduce((sum, region) => sum + activity(region, hour), 0));
  const peak = Math.max(...sums);
  return hours.map((hour, index) => [(hour / 24) * durationSeconds, (sums[index] ?? 0) / peak]);
}
