import { expect } from "chai";

import { RemoteError } from "./errors.ts";
import { fromWire, toWire } from "./wireTensor.ts";

describe("toWire", () => {
  it("writes every type JSON has, flat", () => {
    expect(toWire("a", { type: "string", dims: [2], data: ["x", "y"] })).to.deep.equal({
      name: "a",
      shape: [2],
      datatype: "BYTES",
      data: ["x", "y"],
    });
    const ids = { type: "int64", dims: [1, 2], data: BigInt64Array.of(7n, 30_522n) };
    expect(toWire("ids", ids)).to.deep.include({ datatype: "INT64", data: [7, 30_522] });
    const flags = { type: "bool", dims: [2], data: Uint8Array.of(0, 1) };
    expect(toWire("flags", flags)).to.deep.include({ datatype: "BOOL", data: [false, true] });
    const floats = { type: "float32", dims: [2], data: Float32Array.of(0.1, 2) };
    const { data } = toWire("f", floats) as { data: number[] };
    expect(Float32Array.from(JSON.parse(JSON.stringify(data)) as number[])).to.deep.equal(floats.data);
  });

  it("refuses halves", () => {
    expect(() => toWire("h", { type: "float16", dims: [1], data: Uint16Array.of(1) })).to.throw("float16");
  });
});

describe("fromWire", () => {
  const EXPECTED = { name: "p", rows: 2, id: "1", path: "/infer" };
  const output = (change: object = {}): object => ({
    name: "p",
    datatype: "FP32",
    shape: [2],
    data: [0.1, 0.2],
    ...change,
  });
  const read = (answer: object): unknown => fromWire(answer, EXPECTED);

  it("takes flat and nested data, with or without an id, and other outputs beside", () => {
    expect(read({ outputs: [output()] })).to.deep.equal({ type: "float32", dims: [2], data: [0.1, 0.2] });
    const nested = {
      shape: [2, 2],
      data: [
        [1, 2],
        [3, 4],
      ],
    };
    expect(read({ id: "1", outputs: [output({ name: "q" }), output(nested)] })).to.deep.equal({
      type: "float32",
      dims: [2, 2],
      data: [1, 2, 3, 4],
    });
    expect(read({ outputs: [output({ datatype: "BYTES", data: ["a", "b"] })] })).to.have.property(
      "type",
      "string",
    );
  });

  for (const [what, answer] of [
    ["the answer to another question", { id: "2", outputs: [output()] }],
    ["no outputs", { outputs: [] }],
    ["another output", { outputs: [output({ name: "q" })] }],
    ["the output twice", { outputs: [output(), output()] }],
    ["a row too few", { outputs: [output({ shape: [1], data: [0.1] })] }],
    ["a row too many", { outputs: [output({ shape: [3], data: [0.1, 0.2, 0.3] })] }],
    ["fewer elements than the shape", { outputs: [output({ data: [0.1] })] }],
    ["data nested deeper than the shape", { outputs: [output({ data: [[0.1], [0.2]] })] }],
    ["no shape", { outputs: [output({ shape: [] })] }],
    ["a shape that is none", { outputs: [output({ shape: [-1] })] }],
    ["an unknown type", { outputs: [output({ datatype: "FP8" })] }],
    ["null for a number", { outputs: [output({ data: [0.1, null] })] }],
    ["text for a number", { outputs: [output({ data: [0.1, "0.2"] })] }],
    [
      "binary data",
      { outputs: [{ name: "p", datatype: "FP32", shape: [2], parameters: { binary_data_size: 8 } }] },
    ],
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(() => read(answer))
        .to.throw(RemoteError)
        .with.property("code", "REMOTE_ANSWER_WRONG");
    });
  }
});
