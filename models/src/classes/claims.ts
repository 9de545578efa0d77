import { below, type Random } from "../rng.ts";

/** "Item `item` is of class `label`", and whether it is. */
export interface ClassClaim {
  readonly item: number;
  readonly label: number;
  readonly truth: boolean;
}

/** Mean vector of each class. */
export function centroids(
  vectors: readonly ArrayLike<number>[],
  labels: readonly number[],
  classes: number,
): number[][] {
  const width = vectors[0]?.length ?? 0;
  return Array.from({ length: classes }, (_, label) => {
    const own = vectors.filter((_, index) => labels[index] === label);
    return Array.from(
      { length: width },
      (_, column) => own.reduce((sum, vector) => sum + (vector[column] ?? 0), 0) / Math.max(1, own.length),
    );
  });
}

/**
 * Two claims an item: one names its class, one another class. Half of the wrong ones are what a weak model would have said (the
 * nearest centroid of another class), half are drawn evenly.
 */
export function claimsAbout(
  vectors: readonly ArrayLike<number>[],
  labels: readonly number[],
  centres: readonly (readonly number[])[],
  random: Random,
): ClassClaim[] {
  return labels.flatMap((label, item) => {
    const likely = nearestOther(vectors[item] ?? [], centres, label);
    const any = (label + 1 + below(random, centres.length - 1)) % centres.length;
    const wrong = random() < 0.5 ? likely : any;
    return [
      { item, label, truth: true },
      { item, label: wrong, truth: false },
    ];
  });
}

function nearestOther(
  vector: ArrayLike<number>,
  centres: readonly (readonly number[])[],
  label: number,
): number {
  const distances = centres.map((centre) =>
    centre.reduce((sum, value, column) => sum + (value - (vector[column] ?? 0)) ** 2, 0),
  );
  return distances.reduce(
    (best, distance, other) =>
      other !== label && (best < 0 || distance < (distances[best] ?? Infinity)) ? other : best,
    -1,
  );
}
