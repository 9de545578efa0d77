import { expect } from "chai";

import { createRows, joined, numberTensor } from "./tensors.ts";

describe("rows of a batch", () => {
  const filled = (next: () => Float32Array, count: number): Float32Array[] =>
    Array.from({ length: count }, (_, i) => next().fill(i));
  const wanted = (count: number, length: number): number[] =>
    Array.from({ length: count * length }, (_, at) => Math.floor(at / length));

  it("need no copy as long as they lie side by side", () => {
    const rows = filled(createRows(3).next, 16);
    const all = joined(rows, 3);
    expect([...all]).to.deep.equal(wanted(16, 3));
    expect(all.buffer).to.equal(rows[0]!.buffer);
  });

  it("come out in order wherever a block ends, and whatever was left out or repeated", () => {
    const { next } = createRows(3);
    filled(next, 60);
    const rows = filled(next, 16);
    expect([...joined(rows, 3)], "across two blocks").to.deep.equal(wanted(16, 3));
    const some = [rows[5]!, rows[7]!, rows[7]!, rows[6]!];
    expect([...joined(some, 3)]).to.deep.equal([5, 5, 5, 7, 7, 7, 7, 7, 7, 6, 6, 6]);
    expect([...joined([], 3)]).to.deep.equal([]);
  });

  it("lie where the last batch was once that is let go of, and nowhere else before", () => {
    const memory = createRows(3);
    const [first, second] = [memory.next(), memory.next()];
    expect(second.byteOffset).to.equal(12);
    memory.recycle();
    const again = memory.next();
    expect([again.buffer, again.byteOffset]).to.deep.equal([first.buffer, 0]);
  });

  it("never share their numbers, and take no block larger than they are when they are long", () => {
    const { next } = createRows(1_000_000);
    const [first, second] = filled(next, 2);
    expect(first!.buffer.byteLength).to.equal(4_000_000);
    expect([first![0], second![0]]).to.deep.equal([0, 1]);
  });
});

describe("numberTensor", () => {
  for (const [type, given, wanted] of [
    ["int64", [-2.5, 1e300, -1e300], [-2n, 2n ** 63n - 1_024n, -(2n ** 63n)]],
    ["int32", [3.5, 2 ** 31, -(2 ** 40)], [4, 2 ** 31 - 1, -(2 ** 31)]],
    ["uint8", [7.4, 256, -1], [7, 255, 0]],
    ["bool", [0, 0.25, -3], [0, 1, 1]],
    ["float64", [0.1, 1e300, -3], [0.1, 1e300, -3]],
  ] as const) {
    it(`makes ${type}, rounded and cut to what fits`, () => {
      const { data, dims } = numberTensor(type, Float64Array.from(given), [3]);
      expect([...data]).to.deep.equal(wanted);
      expect(dims).to.deep.equal([3]);
    });
  }
});
