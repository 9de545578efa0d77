import { expect } from "chai";

import type { Claim } from "../payload/schema.ts";
import {
  externalModel,
  hugeModel,
  localeModel,
  modelOf,
  nanModel,
  P,
  SIGMOID,
  VALUES,
  X,
  zipMapModel,
} from "../testing/models.ts";
import { onnxFile, type GraphSpec } from "../testing/onnx.ts";
import { BYTE_PAIRS, WORD_PIECES } from "../testing/tokenizers.ts";
import { RefusedModel, type Refusal } from "./errors.ts";
import { summarizeGraph } from "./graphProto.ts";
import { encodePng } from "./inputs/pngEncode.ts";
import type { Manifest, ModelFile } from "./manifest.ts";
import { sigmoid } from "./numbers.ts";
import { openRuntime } from "./runtime.ts";

const values = (...numbers: number[]): Claim => ({ values: numbers, answer: "a" });
const TEXT = { kind: "string", name: "t", field: "text" } as const;

async function judge(file: ModelFile, claims: readonly Claim[]): Promise<number[]> {
  const runtime = await openRuntime(file);
  const { probabilities } = await runtime.judge(claims);
  await runtime.close();
  return Array.from(probabilities);
}

async function refusal(file: ModelFile): Promise<Refusal> {
  try {
    await (await openRuntime(file)).close();
  } catch (error) {
    expect(error).to.be.instanceOf(RefusedModel);
    return (error as RefusedModel).refusal;
  }
  throw new Error("the model was not refused");
}

/** The first field of a model is its IR version, below 128 in one byte. */
function withIrVersion(model: Uint8Array, version: number): Uint8Array {
  expect([...model.subarray(0, 2)]).to.deep.equal([8, 9]);
  return Uint8Array.of(8, version, ...model.subarray(2));
}

const near = (given: readonly number[], wanted: readonly number[], within = 1e-6): void => {
  expect(given).to.have.length(wanted.length);
  wanted.forEach((p, i) =>
    Number.isNaN(p) ? expect(given[i]).to.be.NaN : expect(given[i]).to.be.closeTo(p, within),
  );
};

describe("inputs", () => {
  it("of plain values: scaled, and none where the count is another", async () => {
    const file = modelOf(onnxFile(SIGMOID), { inputs: [{ ...VALUES, scale: 2, mean: 1, std: 4 }] });
    near(await judge(file, [values(3), values(-1), values(1, 2), { text: "t", answer: "a" }]), [
      sigmoid(1.25),
      sigmoid(-0.75),
      NaN,
      NaN,
    ]);
  });

  it("of strings: text and answer, NUL as a space", async () => {
    const same: GraphSpec = {
      inputs: [
        { name: "t", type: "string", shape: ["N"] },
        { name: "a", type: "string", shape: ["N"] },
      ],
      outputs: [{ name: "p", type: "float", shape: ["N"] }],
      nodes: [
        ["StringConcat", ["t", "a"], ["both"]],
        [
          "ai.onnx.ml:LabelEncoder",
          ["both"],
          ["p"],
          { keys_strings: ["yesno", "a b"], values_floats: [1, 0.5], default_float: 0 },
        ],
      ],
    };
    const inputs = [TEXT, { kind: "string", name: "a", field: "answer" }] as Manifest["inputs"];
    near(
      await judge(modelOf(onnxFile(same), { inputs }), [
        { text: "yes", answer: "no" },
        { text: "no", answer: "yes" },
        { text: "a\0", answer: "b" },
        values(1),
      ]),
      [1, 0, 0.5, NaN],
    );
  });

  it("of strings in columns, as scikit-learn exports declare them", async () => {
    const columns: GraphSpec = {
      inputs: [{ name: "t", type: "string", shape: ["N", 2] }],
      outputs: [{ name: "p", type: "float", shape: ["N"] }],
      nodes: [
        ["Split", ["t"], ["first", "second"], { axis: 1n, num_outputs: 2n }],
        ["StringConcat", ["second", "first"], ["both"]],
        ["Reshape", ["both", "flat"], ["row"]],
        [
          "ai.onnx.ml:LabelEncoder",
          ["row"],
          ["p"],
          { keys_strings: ["yesno", "b a"], values_floats: [1, 0.5], default_float: 0 },
        ],
      ],
      constants: { flat: { type: "int64", shape: [1], data: [-1] } },
    };
    const inputs: Manifest["inputs"] = [{ kind: "strings", name: "t", fields: ["text", "answer"] }];
    near(
      await judge(modelOf(onnxFile(columns), { inputs }), [
        { text: "no", answer: "yes" },
        { text: "yes", answer: "no" },
        { text: "a", answer: "b\0" },
        values(1),
      ]),
      [1, 0, 0.5, NaN],
    );
    const flat = modelOf(onnxFile(columns), { inputs: [TEXT] });
    const { code, advice } = await refusal(flat);
    expect(code).to.equal("SHAPES_MISMATCH");
    expect(advice).to.include("inspect");
  });

  it("of tokens: ids, mask and types of a pair, padded to the longest or to the most", async () => {
    // p = (Σ ids · mask · 100 + Σ types · 10 + length) / 100,000: every number of the encoding shows.
    const port = (name: string) => ({ name, type: "int64", shape: ["N", "T"] }) as const;
    const seen: GraphSpec = {
      inputs: [port("ids"), port("mask"), port("types")],
      outputs: [{ name: "p", type: "float", shape: ["N"] }],
      nodes: [
        ["Mul", ["ids", "mask"], ["own"]],
        ["ReduceSum", ["own", "axis"], ["sum"], { keepdims: 0n }],
        ["Mul", ["sum", "hundred"], ["first"]],
        ["ReduceSum", ["types", "axis"], ["kinds"], { keepdims: 0n }],
        ["Mul", ["kinds", "ten"], ["second"]],
        ["Shape", ["ids"], ["length"], { start: 1n }],
        ["Add", ["first", "second"], ["both"]],
        ["Add", ["both", "length"], ["all"]],
        ["Cast", ["all"], ["number"], { to: 1n }],
        ["Div", ["number", "scale"], ["p"]],
      ],
      constants: {
        axis: { type: "int64", shape: [1], data: [1] },
        hundred: { type: "int64", shape: [1], data: [100] },
        ten: { type: "int64", shape: [1], data: [10] },
        scale: { type: "float", shape: [1], data: [100_000] },
      },
    };
    const inputs = (pad: "longest" | "maximum") =>
      (["ids", "attentionMask", "typeIds"] as const).map((part, i) => ({
        kind: "tokens" as const,
        name: ["ids", "mask", "types"][i]!,
        part,
        fields: ["text", "answer"] as ("text" | "answer")[],
        maxTokens: 9,
        pad,
        type: "int64" as const,
      }));
    const claims = [
      // 2 5 3 8 6 3, the last three of type 1
      { text: "Bridge", answer: "is open" },
      // 2 4 5 8 6 3 4 5 3, cut: the bridge is open . | the bridge
      { text: "The bridge is open.", answer: "the bridge" },
    ];
    const sums = (length: number) => [
      (2_700 + 30 + Math.min(length, 9)) / 100_000,
      (4_000 + 30 + length) / 100_000,
    ];
    const file = (pad: "longest" | "maximum") =>
      modelOf(onnxFile(seen), { inputs: inputs(pad) }, WORD_PIECES);
    near(await judge(file("longest"), claims), sums(9));
    near(await judge(file("longest"), [claims[0]!]), [(2_700 + 30 + 6) / 100_000]);
    near(await judge(file("maximum"), [claims[0]!]), [(2_700 + 30 + 9) / 100_000]);
  });

  it("of tokens padded on the left", async () => {
    const first: GraphSpec = {
      inputs: [{ name: "ids", type: "int32", shape: ["N", "T"] }],
      outputs: [{ name: "p", type: "float", shape: ["N"] }],
      nodes: [
        ["Gather", ["ids", "zero"], ["first"], { axis: 1n }],
        ["Cast", ["first"], ["number"], { to: 1n }],
        ["Div", ["number", "ten"], ["p"]],
      ],
      constants: {
        zero: { type: "int64", shape: [], data: [0] },
        ten: { type: "float", shape: [], data: [10] },
      },
    };
    const inputs: Manifest["inputs"] = [
      {
        kind: "tokens",
        name: "ids",
        part: "ids",
        fields: ["text"],
        maxTokens: 4,
        pad: "longest",
        type: "int32",
      },
    ];
    const claims = ["abc", "abc ab"].map((text) => ({ text, answer: "a" }));
    near(await judge(modelOf(onnxFile(first), { inputs }, BYTE_PAIRS), claims), [0.7, 0.5]);
  });

  it("of images: every layout and type, resized or refused", async () => {
    // The answer is the pixel at the upper right of the second channel (or the only one).
    const picture = encodePng({
      width: 2,
      height: 2,
      channels: 3,
      data: Uint8Array.of(1, 2, 3, 40, 51, 60, 7, 8, 9, 10, 11, 12),
    });
    const claims: Claim[] = [{ image: picture.toString("base64"), answer: "a" }];
    const pixel = async (
      own: Partial<Extract<Manifest["inputs"][number], { kind: "image" }>>,
      shape: readonly number[],
      at: readonly number[],
      type: "float" | "float16" | "uint8" = "float",
    ): Promise<number[]> => {
      const graph: GraphSpec = {
        inputs: [{ name: "image", type, shape: ["N", ...shape] }],
        outputs: [{ name: "p", type: "float", shape: ["N", 1] }],
        nodes: [
          ["Cast", ["image"], ["numbers"], { to: 1n }],
          ["Slice", ["numbers", "from", "to"], ["one"]],
          ["Reshape", ["one", "flat"], ["bright"]],
          ["Div", ["bright", "most"], ["p"]],
        ],
        constants: {
          from: { type: "int64", shape: [shape.length + 1], data: [0, ...at] },
          to: { type: "int64", shape: [shape.length + 1], data: [99, ...at.map((i) => i + 1)] },
          flat: { type: "int64", shape: [2], data: [-1, 1] },
          most: { type: "float", shape: [], data: [255] },
        },
      };
      const input: Manifest["inputs"][number] = {
        kind: "image",
        name: "image",
        width: 2,
        height: 2,
        resize: "none",
        channels: "rgb",
        layout: "nchw",
        scale: 1,
        mean: [0],
        std: [1],
        type: type === "float" ? "float32" : type,
        ...own,
      };
      return judge(modelOf(onnxFile(graph), { inputs: [input] }), claims);
    };
    near(await pixel({}, [3, 2, 2], [1, 0, 1]), [51 / 255]);
    near(await pixel({ channels: "bgr" }, [3, 2, 2], [0, 0, 1]), [60 / 255]);
    near(await pixel({ layout: "nhwc" }, [2, 2, 3], [0, 1, 1]), [51 / 255]);
    near(await pixel({ layout: "nhwc", scale: 2, mean: [0, 2, 0], std: [1, 4, 1] }, [2, 2, 3], [0, 1, 1]), [
      25 / 255,
    ]);
    near(await pixel({}, [3, 2, 2], [1, 0, 1], "float16"), [51 / 255]);
    near(await pixel({}, [3, 2, 2], [1, 0, 1], "uint8"), [51 / 255]);
    // 0.299 · 40 + 0.587 · 51 + 0.114 · 60 = 48.7
    near(await pixel({ channels: "gray", layout: "nhw" }, [2, 2], [0, 1]), [49 / 255]);
    near(await pixel({ width: 4, height: 4, resize: "nearest" }, [3, 4, 4], [1, 1, 2]), [51 / 255]);
    near(await pixel({ width: 1, height: 1, resize: "bilinear" }, [3, 1, 1], [1, 0, 0]), [18 / 255]);
    near(await pixel({ width: 3, height: 2 }, [3, 2, 3], [1, 0, 1]), [NaN]);
    claims[0] = { image: picture.subarray(0, 60).toString("base64"), answer: "a" };
    near(await pixel({}, [3, 2, 2], [1, 0, 1]), [NaN]);
  });
});

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

describe("strangers' models that are refused, with the reason and the cure", () => {
  const good = onnxFile(SIGMOID);

  const cases: Record<string, [ModelFile, RegExp]> = {
    "OPERATOR_MISSING: unknown": [
      modelOf(onnxFile({ ...SIGMOID, nodes: [["Frobnicate", ["x"], ["p"]]] }), {}),
      /Frobnicate.*without custom operators/,
    ],
    "OPERATOR_MISSING: unknown domain": [
      modelOf(onnxFile({ ...SIGMOID, nodes: [["my.domain:Frobnicate", ["x"], ["p"]]] }), {}),
      /those of my\.domain.*without custom operators/,
    ],
    "OPERATOR_MISSING: not for these types": [
      modelOf(
        onnxFile({
          ...SIGMOID,
          nodes: [
            ["Cast", ["x"], ["double"], { to: 11n }],
            ["Elu", ["double"], ["elu"]],
            ["Cast", ["elu"], ["p"], { to: 1n }],
          ],
        }),
        {},
      ),
      /Elu version 6 for these types.*without custom operators/,
    ],
    "OPSET_TOO_NEW: IR version": [
      modelOf(withIrVersion(good, 99), {}),
      /IR version 99.*IR version \d+ at most/,
    ],
    "OPSET_TOO_NEW: ": [modelOf(onnxFile(SIGMOID, 99), {}), /opset 99.*lower opset/],
    "LOCALE_MISSING: named": [
      modelOf(localeModel("de_XX.UTF-8"), { inputs: [TEXT] }),
      /de_XX\.UTF-8.*locale-gen.*locale="C"/,
    ],
    "EXTERNAL_DATA: absolute": [modelOf(externalModel("/etc/hostname"), {}), /\/etc\/hostname.*onnx\.save/],
    "EXTERNAL_DATA: above": [modelOf(externalModel("../../secret"), {}), /\.\.\/\.\.\/secret.*onnx\.save/],
    "EXTERNAL_DATA: beside": [modelOf(externalModel("model.onnx.data"), {}), /model\.onnx\.data/],
    "EXTERNAL_DATA: in a subgraph": [modelOf(externalModel("/etc/hostname", true), {}), /\/etc\/hostname/],
    "MODEL_TOO_BIG: 4 TB": [modelOf(hugeModel(), {}), /4398046511104 bytes.*shape/],
    "MODEL_NOT_ONNX: text": [modelOf(Buffer.from("no graph"), {}), /no ONNX model.*copy it again/],
    "MODEL_NOT_ONNX: nothing": [modelOf(new Uint8Array(), {}), /copy it again/],
    "SHAPES_MISMATCH: inside": [
      modelOf(
        onnxFile({
          ...SIGMOID,
          nodes: [["MatMul", ["x", "w"], ["p"]]],
          constants: { w: { type: "float", shape: [3, 1], data: [1, 2, 3] } },
        }),
        {},
      ),
      /MatMul.*manifest/,
    ],
    "SHAPES_MISMATCH: of the input": [
      modelOf(onnxFile(SIGMOID), { inputs: [{ ...VALUES, shape: [2] }] }),
      /x.*Expected: 1.*manifest/,
    ],
    "SHAPES_MISMATCH: of the output": [
      modelOf(onnxFile(SIGMOID), {
        output: { name: "p", values: "probabilities", select: { by: "index", index: 1, classes: 2 } },
      }),
      /2 a claim.*output\.select/,
    ],
    "PORTS_MISMATCH: output": [
      modelOf(good, { output: { name: "q", values: "probabilities", select: { by: "only" } } }),
      /gives p: tensor.*models init/,
    ],
    "PORTS_MISMATCH: type": [
      modelOf(good, { inputs: [{ ...VALUES, type: "float16" }] }),
      /x: float32.*x: float16.*models init/,
    ],
    "TOKENIZER_INVALID: ": [
      modelOf(
        good,
        {
          inputs: [
            {
              kind: "tokens",
              name: "x",
              part: "ids",
              fields: ["text"],
              maxTokens: 4,
              pad: "longest",
              type: "int64",
            },
          ],
        },
        { model: {} },
      ),
      /tokenizer\.save/,
    ],
    "MODEL_INVALID: types": [
      modelOf(onnxFile({ ...SIGMOID, nodes: [["StringConcat", ["x", "x"], ["p"]]] }), {}),
      /StringConcat.*onnx\.checker/,
    ],
  };
  for (const [name, [file, words]] of Object.entries(cases)) {
    it(name, async () => {
      const { code, given, allowed, advice } = await refusal(file);
      expect(code).to.equal(name.split(":")[0]);
      expect(`${given} ${allowed} ${advice}`).to.match(words);
    });
  }

  it("cut off anywhere", async () => {
    for (let length = 0; length < good.length; length++) {
      const { code } = await refusal(modelOf(good.slice(0, length), {}));
      // A file cut between two fields is a file without opsets or without a graph.
      expect(code, `${length} bytes`).to.be.oneOf(["MODEL_NOT_ONNX", "MODEL_INVALID", "OPERATOR_MISSING"]);
    }
  });

  it("StringNormalizer works under the locale C", async () => {
    const file = modelOf(localeModel("C"), { inputs: [TEXT] });
    near(
      await judge(file, [
        { text: "YES", answer: "a" },
        { text: "NO", answer: "a" },
      ]),
      [1, 0],
    );
  });
});

describe("a StringNormalizer without a locale", () => {
  it("works where the machine has onnxruntime's own, and is refused with its name and the cure where not", async () => {
    const file = modelOf(localeModel(undefined), { inputs: [TEXT] });
    const judged = await judge(file, [
      { text: "YES", answer: "a" },
      { text: "NO", answer: "a" },
    ]).catch((error: unknown) => error);
    if (Array.isArray(judged)) return expect(judged).to.deep.equal([1, 0]);
    expect(judged).to.be.instanceOf(RefusedModel);
    const { code, given, advice } = (judged as RefusedModel).refusal;
    expect(code).to.equal("LOCALE_MISSING");
    expect(given).to.include("en_US.UTF-8");
    expect(advice).to.match(/"en_US\.UTF-8 UTF-8" in \/etc\/locale\.gen.*locale="C"/);
  });
});

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
