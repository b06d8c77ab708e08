/** Weight of each name, as in the environment file: `{ "browse": 60, "checkout": 4 }`. */
export type Mix = Readonly<Record<string, number>>;

/** Each name's share of the whole; names of weight 0 are left out. */
export function sharesOf(mix: Mix): ReadonlyMap<string, number> {
  const weighted = Object.entries(mix).filter(([, weight]) => weight > 0);
  const total = weighted.reduce((sum, [, weight]) => sum + weight, 0);
  return new Map(weighted.map(([name, weight]) => [name, weight / total]));
}

/** The name in whose band `point` of [0, 1) falls. */
export function chooser(mix: Mix): (point: number) => string {
  const shares = sharesOf(mix);
  const names = [...shares.keys()];
  const last = names.at(-1);
  if (last === undefined) throw new Error('the mix is empty: give at least one journey a weight above 0');
  let sum = 0;
  const upTo = [...shares.values()].map((share) => {
    sum += share;
    return sum;
  });
  return (point) => names[upTo.findIndex((bound) => point < bound)] ?? last;
}

/** Requests of one iteration on average. Throws for a journey whose requests aren't known. */
export function meanRequests(mix: Mix, requestsOf: Readonly<Record<string, number>>): number {
  let mean = 0;
  for (const [name, share] of sharesOf(mix)) {
    const requests = requestsOf[name];
    if (requests === undefined)
      throw new Error(`load.mix names ${name}, which is none of: ${Object.keys(requestsOf).join(', ')}`);
    mean += share * requests;
  }
  return mean;
}
