/** Digits of 2^256 - 1: every uint256 has its place and text sorts as numbers do. */
const DIGITS = 78;

/** A bigint as it stands in a column: zero-padded decimal text, so that ORDER BY and < work on it. */
export function encodeBigint(value: bigint): string {
  if (value < 0n || value >= 1n << 256n) {
    throw new RangeError(`a column holds 0 … 2^256 - 1, given ${value}`);
  }
  return value.toString().padStart(DIGITS, "0");
}

/** @throws RangeError if the column holds anything that {@link encodeBigint} does not write */
export function decodeBigint(column: unknown): bigint {
  if (typeof column !== "string" || !/^[0-9]{78}$/.test(column)) {
    throw new RangeError(`a column of 78 digits was expected, given ${String(column).slice(0, 100)}`);
  }
  return BigInt(column);
}
