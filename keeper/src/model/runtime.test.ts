import { expect } from "chai";

import type { Claim } from "../payload/schema.ts";
import { judge, near, refusal, values } from "../testing/judging.ts";
import { modelOf, nanModel, P, SIGMOID, VALUES, X, zipMapModel } from "../testing/models.ts";
import { onnxFile, type GraphSpec } from "../testing/onnx.ts";
import { sigmoid } from "./numbers.ts";
import { openRuntime } from "./runtime.ts";

describe("limits and calibration", () => {
  it("abstain outside, and calibrate inside", async () => {
    const file = modelOf(onnxFile(SIGMOID), {
      limits: { answer: { min: 2, max: 3 } },
      calibration: { method: "platt", slope: 1, offset: 1 },
    });
    const answers = ["a", "ab", "abc", "abcd"].map((answer): Claim => ({ values: [0], answer }));
    near(await judge(file, answers), [NaN, sigmoid(1), sigmoid(1), NaN]);
  });
});

describe("strangers' models that work", () => {
  it("scikit-learn's, whose maps nobody asks for; labels as int64 and as string", async () => {
    const two = { ...VALUES, shape: [2] };
    const claims = [values(0, Math.log(3)), values(Math.log(3), 0)];
    for (const labels of [
      [0n, 1n],
      ["no", "yes"],
    ] as [bigint[], string[]]) {
      const bytes = zipMapModel(labels);
      const select = { by: "index", index: 1, classes: 2 } as const;
      const output = { name: "probabilities", values: "probabilities", select } as const;
      near(await judge(modelOf(bytes, { inputs: [two], output }), claims), [0.75, 0.25]);
      const label = { by: "label", label: String(labels[1]) } as const;
      const byLabel = { name: "label", values: "labels", select: label } as const;
      near(await judge(modelOf(bytes, { inputs: [two], output: byLabel }), claims), [1, 0]);
      const map = { ...output, name: "output_probability" };
      expect((await refusal(modelOf(bytes, { inputs: [two], output: map }))).code).to.equal("PORTS_MISMATCH");
    }
  });

  it("float16, in and out", async () => {
    const half = {
      ...SIGMOID,
      inputs: [{ ...X, type: "float16" }],
      outputs: [{ ...P, type: "float16" }],
    } as const;
    const file = modelOf(onnxFile(half), { inputs: [{ ...VALUES, type: "float16" }] });
    near(await judge(file, [values(1), values(-1)]), [sigmoid(1), sigmoid(-1)], 1e-3);
  });

  for (const [type, wire, given, wanted] of [
    ["int64", "int64", 2 ** 40 + 1.4, 1],
    ["float64", "double", 2 ** 40 + 0.25, 0.25],
  ] as const) {
    it(`${type}, with every digit a float32 has not`, async () => {
      const bytes = onnxFile({
        inputs: [{ ...X, type: wire }],
        outputs: [P],
        nodes: [
          ["Sub", ["x", "most"], ["rest"]],
          ["Cast", ["rest"], ["number"], { to: 1n }],
          ["Sigmoid", ["number"], ["p"]],
        ],
        constants: { most: { type: wire, shape: [], data: [2 ** 40] } },
      });
      near(await judge(modelOf(bytes, { inputs: [{ ...VALUES, type }] }), [values(given)]), [
        sigmoid(wanted),
      ]);
    });
  }

  for (const [type, wanted] of [
    ["int32", 2],
    ["uint8", 2],
    ["bool", 1],
  ] as const) {
    it(`${type}, of numbers`, async () => {
      const bytes = onnxFile({
        inputs: [{ ...X, type }],
        outputs: [P],
        nodes: [
          ["Cast", ["x"], ["number"], { to: 1n }],
          ["Sigmoid", ["number"], ["p"]],
        ],
      });
      const file = modelOf(bytes, { inputs: [{ ...VALUES, type, scale: 2 }] });
      near(await judge(file, [values(1.2), values(0)]), [sigmoid(wanted), 0.5]);
    });
  }

  it("int8, quantised as onnxruntime does it", async () => {
    const eighth: GraphSpec = {
      inputs: [X],
      outputs: [P],
      nodes: [
        ["DynamicQuantizeLinear", ["x"], ["q", "scale", "zero"]],
        ["MatMulInteger", ["q", "w", "zero"], ["sum"]],
        ["Cast", ["sum"], ["number"], { to: 1n }],
        ["Mul", ["number", "scale"], ["scaled"]],
        ["Mul", ["scaled", "step"], ["logit"]],
        ["Sigmoid", ["logit"], ["p"]],
      ],
      constants: {
        w: { type: "int8", shape: [1, 1], data: [100] },
        step: { type: "float", shape: [], data: [0.01] },
      },
    };
    near(await judge(modelOf(onnxFile(eighth), {}), [values(2)]), [sigmoid(2)], 1e-2);
  });

  it("of a fixed batch, row by row or in pieces filled up", async () => {
    const claims = [1, 2, 3, 4, 5].map((x) => values(x));
    const wanted = [1, 2, 3, 4, 5].map(sigmoid);
    for (const rows of [1, 3]) {
      const fixed = {
        ...SIGMOID,
        inputs: [{ ...X, shape: [rows, 1] }],
        outputs: [{ ...P, shape: [rows, 1] }],
      };
      near(await judge(modelOf(onnxFile(fixed), {}), claims), wanted);
    }
  });

  it("that say they take many rows and take one", async () => {
    const liar: GraphSpec = {
      ...SIGMOID,
      nodes: [
        ["Reshape", ["x", "one"], ["only"]],
        ["Sigmoid", ["only"], ["p"]],
      ],
      constants: { one: { type: "int64", shape: [2], data: [1, 1] } },
    };
    near(await judge(modelOf(onnxFile(liar), {}), [values(1), values(2)]), [1, 2].map(sigmoid));
  });

  it("that do not like one claim: only that one abstains", async () => {
    // Gather fails on a place beyond the table.
    const picky: GraphSpec = {
      ...SIGMOID,
      nodes: [
        ["Cast", ["x"], ["place"], { to: 7n }],
        ["Gather", ["table", "place"], ["p"]],
      ],
      constants: { table: { type: "float", shape: [3], data: [0.1, 0.2, 0.3] } },
    };
    const runtime = await openRuntime(modelOf(onnxFile(picky), {}));
    const judged = await runtime.judge([values(0), values(9), values(2)]);
    near(Array.from(judged.probabilities), [0.1, NaN, 0.3]);
    expect(judged.failure).to.match(/Gather/);
    expect((await runtime.judge([values(1)])).failure).to.equal(undefined);
    await runtime.close();
  });

  it("that give NaN: only those claims abstain", async () => {
    near(await judge(modelOf(nanModel(), {}), [values(1), values(-1), values(1)]), [0.5, NaN, 0.5]);
  });
});
