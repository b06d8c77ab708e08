const shares = new Map<string, readonly number[]>();

/** Sums of 1 / rank^exponent: the share of the first r of `count` items is sums[r - 1] / sums[count - 1]. */
function sumsOf(count: number, exponent: number): readonly number[] {
  const key = `${count}/${exponent}`;
  const known = shares.get(key);
  if (known) return known;
  let sum = 0;
  const sums = Array.from({ length: count }, (_, rank) => {
    sum += (rank + 1) ** -exponent;
    return sum;
  });
  shares.set(key, sums);
  return sums;
}

/** One of `count` items by Zipf's law, 0 the most popular; exponent 0 is uniform. `random` gives [0, 1). */
export function zipf(random: () => number, count: number, exponent: number): number {
  const sums = sumsOf(count, exponent);
  const aim = random() * (sums[count - 1] ?? 0);
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sums[middle] ?? 0) > aim) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The share of choices that fall on the first `first` of `count` items. */
export function shareOfFirst(first: number, count: number, exponent: number): number {
  const sums = sumsOf(count, exponent);
  return (sums[Math.min(first, count) - 1] ?? 0) / (sums[count - 1] ?? 1);
}
