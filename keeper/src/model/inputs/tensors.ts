/** A tensor on its way to a graph; flat, row by row. Numbers of float16 are what its sixteen bits stand for. */
export interface InputTensor {
  readonly type: "string" | NumberType;
  readonly dims: readonly number[];
  readonly data: readonly string[] | Float32Array | Float64Array | Uint8Array | BigInt64Array | Int32Array;
}

export type NumberType = "float32" | "float16" | "float64" | "int64" | "int32" | "uint8" | "bool";

/** Numbers in a row of this shape. */
export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/**
 * Numbers as a tensor of another element type. What does not fit whole numbers is cut, halves are rounded up; true is what
 * is not 0.
 *
 * @param data Float32Array for float32 and float16
 */
export function numberTensor(
  type: NumberType,
  data: Float32Array | Float64Array,
  dims: readonly number[],
): InputTensor {
  switch (type) {
    case "uint8":
      return { type, dims, data: Uint8Array.from(data, (x) => rounded(x, 0, 255)) };
    case "int32":
      return { type, dims, data: Int32Array.from(data, (x) => rounded(x, -(2 ** 31), 2 ** 31 - 1)) };
    case "int64":
      // The last double below 2⁶³.
      return {
        type,
        dims,
        data: BigInt64Array.from(data as Iterable<never>, (x: number) =>
          BigInt(rounded(x, -(2 ** 63), 2 ** 63 - 1_024)),
        ),
      };
    case "bool":
      return { type, dims, data: Uint8Array.from(data, (x) => Number(x !== 0)) };
    default:
      return { type, dims, data };
  }
}

const rounded = (x: number, min: number, max: number): number => Math.min(max, Math.max(min, Math.round(x)));

/** Whole numbers as a tensor. */
export function integerTensor(
  type: "int64" | "int32",
  data: readonly number[],
  dims: readonly number[],
): InputTensor {
  return { type, dims, data: type === "int64" ? BigInt64Array.from(data, BigInt) : Int32Array.from(data) };
}

/** Most rows, and most numbers, of a block. */
const BLOCK_ROWS = 64;
const BLOCK_NUMBERS = 262_144;

/** Rows of one length for one batch after the other. */
export interface Rows {
  next(): Float32Array;
  /** Lets go of all rows given so far: their memory is used again. */
  recycle(): void;
}

/** Rows lie side by side in blocks: a batch that fills them in order needs no copy. */
export function createRows(length: number): Rows {
  const rows = Math.max(1, Math.min(BLOCK_ROWS, Math.floor(BLOCK_NUMBERS / Math.max(1, length))));
  let block = new Float32Array(0);
  let at = 0;
  return {
    next() {
      if (at + length > block.length) [block, at] = [new Float32Array(rows * length), 0];
      return block.subarray(at, (at += length));
    },
    recycle() {
      at = 0;
    },
  };
}

/** Rows of the same length, one after the other. */
export function joined(rows: readonly Float32Array[], length: number): Float32Array {
  const [first] = rows;
  const isInOrder = (row: Float32Array, i: number): boolean =>
    row.buffer === first?.buffer && row.byteOffset === first.byteOffset + i * length * row.BYTES_PER_ELEMENT;
  if (first !== undefined && rows.every(isInOrder))
    return new Float32Array(first.buffer, first.byteOffset, rows.length * length);
  const all = new Float32Array(rows.length * length);
  for (const [i, row] of rows.entries()) all.set(row, i * length);
  return all;
}
