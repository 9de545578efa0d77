import { expect } from "chai";

import { SIGMOID } from "../testing/models.ts";
import { onnxFile, type GraphSpec } from "../testing/onnx.ts";
import { ESTIMATE_BATCH, readGraph } from "./graphFacts.ts";

const WEIGHTS = { type: "float", shape: [4, 3], data: new Array<number>(12).fill(0.5) } as const;
const dense: GraphSpec = {
  inputs: [{ name: "x", type: "float", shape: ["N", 4] }],
  outputs: [{ name: "y", type: "float", shape: ["N", 3] }],
  nodes: [
    ["MatMul", ["x", "w"], ["h"]],
    ["Softmax", ["h"], ["s"]],
    ["Identity", ["s"], ["y"]],
  ],
  constants: { w: WEIGHTS },
};

describe("readGraph", () => {
  it("tells what a file says about itself", () => {
    const facts = readGraph(onnxFile(dense));
    expect(facts.inputs).to.deep.equal([{ name: "x", type: "float32", shape: ["N", 4] }]);
    expect(facts.outputs).to.deep.equal([{ name: "y", type: "float32", shape: ["N", 3] }]);
    expect(facts.opsets).to.deep.equal({ "ai.onnx": 20 });
    expect(facts.operators).to.deep.equal({ Identity: 1, MatMul: 1, Softmax: 1 });
    expect(facts.producers).to.deep.equal({ y: "Softmax" });
    expect(facts.externalFiles).to.deep.equal([]);
    expect(facts.labels).to.equal(undefined);
    // 48 bytes of numbers and the name and shape around them.
    expect(facts.memory.weights).to.be.within(4 * 12, 4 * 12 + 32);
    expect(facts.memory).to.deep.include({
      activations: 2 * 4 * 4 * ESTIMATE_BATCH,
      unseen: 2,
    });
  });

  it("names the files that weights lie in", () => {
    const facts = readGraph(
      onnxFile({
        ...dense,
        constants: { w: WEIGHTS, v: { type: "float", shape: [1], data: [], external: "../weights.bin" } },
      }),
    );
    expect(facts.externalFiles).to.deep.equal(["../weights.bin"]);
  });

  for (const [said, metadata] of Object.entries({
    JSON: '["cat","dog"]',
    "JSON by number": '{"0":"cat","1":"dog"}',
    Python: "{0: 'cat', 1: 'dog'}",
  })) {
    it(`finds the names of classes that an exporter left as ${said}`, () => {
      const facts = readGraph(onnxFile({ ...dense, metadata: { author: "me", names: metadata } }));
      expect(facts.labels).to.deep.equal(["cat", "dog"]);
    });
  }

  it("finds the classes of a scikit-learn classifier", () => {
    const nodes: GraphSpec["nodes"] = [
      ["ai.onnx.ml:LinearClassifier", ["x"], ["label", "y"], { classlabels_strings: ["no", "yes"] }],
    ];
    expect(readGraph(onnxFile({ ...dense, nodes })).labels).to.deep.equal(["no", "yes"]);
  });

  it("gets out of a circle of operators", () => {
    const nodes: GraphSpec["nodes"] = [
      ["Identity", ["a"], ["y"]],
      ["Identity", ["y"], ["a"]],
    ];
    expect(readGraph(onnxFile({ ...dense, nodes })).producers).to.deep.equal({ y: "Identity" });
  });

  it("refuses what is cut off or no model, with an error", () => {
    const bytes = onnxFile(SIGMOID);
    expect(() => readGraph(Buffer.from("not a graph"))).to.throw();
    expect(() => readGraph(new Uint8Array(0))).to.throw("MODEL_NOT_ONNX");
    for (let length = 0; length < bytes.length - 60; length += 3)
      expect(() => readGraph(bytes.subarray(0, length)), `${length} bytes`).to.throw();
  });
});
