import { seeded } from '../../fixtures/data/random.ts';

/** One seed an iteration, so that which virtual user happens to run it doesn't matter. The odd factor spreads neighbours apart. */
export function iterationSeed(seed: number, iteration: number): number {
  return (Math.imul(seed, 0x9e3779b1) ^ Math.imul(iteration + 1, 0x85ebca6b)) >>> 0;
}

/**
 * Point `index` of a sequence that covers the unit square evenly (multiples of the golden ratio and of the square root of
 * two, shifted by the seed), so that a short run has its share of rare journeys, too, on every target.
 */
export function evenPoint(seed: number, index: number): readonly [number, number] {
  let shift = shifts.get(seed);
  if (!shift) {
    const random = seeded(seed);
    shift = [random(), random()];
    shifts.set(seed, shift);
  }
  return [(shift[0] + index * 0.6180339887498949) % 1, (shift[1] + index * 0.4142135623730951) % 1];
}

const shifts = new Map<number, readonly [number, number]>();
