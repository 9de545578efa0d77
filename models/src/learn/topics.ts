import type { Random } from "../rng.ts";

/** A document as weights of buckets. */
export type SparseRow = ReadonlyMap<number, number>;

/** ln((1 + documents) / (1 + documents with the bucket)), one number a bucket. */
export function rarities(documents: readonly ReadonlySet<number>[], buckets: number): Float64Array {
  const holders = new Float64Array(buckets);
  for (const document of documents)
    for (const bucket of document) holders[bucket] = (holders[bucket] ?? 0) + 1;
  return holders.map((count) => Math.log((1 + documents.length) / (1 + count)));
}

const ITERATIONS = 8;

/**
 * The `width` strongest directions of the documents in the space of buckets (latent semantic analysis), by subspace iteration:
 * [buckets, width] row-major, columns orthonormal.
 */
export function topicDirections(
  documents: readonly SparseRow[],
  buckets: number,
  width: number,
  random: Random,
): Float64Array {
  let basis = Float64Array.from({ length: buckets * width }, () => random() - 0.5);
  orthonormalise(basis, buckets, width);
  for (let round = 0; round < ITERATIONS; round++) {
    const next = new Float64Array(buckets * width);
    for (const document of documents) {
      const image = new Float64Array(width);
      for (const [bucket, weight] of document) {
        for (let i = 0; i < width; i++)
          image[i] = (image[i] ?? 0) + weight * (basis[bucket * width + i] ?? 0);
      }
      for (const [bucket, weight] of document) {
        const start = bucket * width;
        for (let i = 0; i < width; i++) next[start + i] = (next[start + i] ?? 0) + weight * (image[i] ?? 0);
      }
    }
    orthonormalise(next, buckets, width);
    basis = next;
  }
  return basis;
}

/** Gram–Schmidt over the columns, in place. */
function orthonormalise(matrix: Float64Array, rows: number, columns: number): void {
  const dot = (a: number, b: number): number => {
    let sum = 0;
    for (let row = 0; row < rows; row++)
      sum += (matrix[row * columns + a] ?? 0) * (matrix[row * columns + b] ?? 0);
    return sum;
  };
  for (let column = 0; column < columns; column++) {
    for (let earlier = 0; earlier < column; earlier++) {
      const share = dot(column, earlier);
      for (let row = 0; row < rows; row++) {
        const at = row * columns;
        matrix[at + column] = (matrix[at + column] ?? 0) - share * (matrix[at + earlier] ?? 0);
      }
    }
    const length = Math.sqrt(dot(column, column)) || 1;
    for (let row = 0; row < rows; row++) {
      matrix[row * columns + column] = (matrix[row * columns + column] ?? 0) / length;
    }
  }
}
