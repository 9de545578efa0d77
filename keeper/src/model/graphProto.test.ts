import { expect } from "chai";

import { externalModel, zipMapModel } from "../testing/models.ts";
import { summarizeGraph } from "./graphProto.ts";

describe("summarizeGraph", () => {
  it("tells opsets, operators and external data, subgraphs counted in", () => {
    expect(summarizeGraph(externalModel("/etc/hostname", true))).to.deep.include({
      irVersion: 9,
      opsets: { "ai.onnx": 20 },
      operators: { If: 1, Add: 2 },
      externalData: ["/etc/hostname"],
    });
    expect(summarizeGraph(zipMapModel([0n, 1n])).opsets).to.deep.equal({ "ai.onnx": 20, "ai.onnx.ml": 3 });
    expect(summarizeGraph(zipMapModel([0n, 1n])).operators).to.deep.equal({
      Softmax: 1,
      ArgMax: 1,
      "ai.onnx.ml:LabelEncoder": 1,
      "ai.onnx.ml:ZipMap": 1,
    });
  });
});
