import { expect } from "chai";

import type { Claim } from "../../payload/schema.ts";
import { judge, near, refusal, TEXT, values } from "../../testing/judging.ts";
import { modelOf, SIGMOID, VALUES } from "../../testing/models.ts";
import { onnxFile, type GraphSpec } from "../../testing/onnx.ts";
import { BYTE_PAIRS, WORD_PIECES } from "../../testing/tokenizers.ts";
import { createFeeds } from "./feeds.ts";
import { encodePng } from "./pngEncode.ts";
import type { Manifest } from "../manifest.ts";
import { sigmoid } from "../numbers.ts";

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

  it("of plain values standardised one by one, row by row", async () => {
    // (number · 2 − mean) / std by hand, each feature with its own, in a tensor of two rows by three.
    const standardised: GraphSpec = {
      inputs: [{ name: "x", type: "float", shape: ["N", 2, 3] }],
      outputs: [{ name: "p", type: "float", shape: ["N", 6] }],
      nodes: [
        ["Reshape", ["x", "flat"], ["row"]],
        ["Sigmoid", ["row"], ["p"]],
      ],
      constants: { flat: { type: "int64", shape: [2], data: [-1, 6] } },
    };
    const claims = [values(1, 2, 3, 4, 5, 6), values(0, 0, 0, 0, 0, 0), values(1, 2, 3)];
    const feature = async (own: Partial<typeof VALUES>, index: number): Promise<number[]> =>
      judge(
        modelOf(onnxFile(standardised), {
          inputs: [{ ...VALUES, shape: [2, 3], scale: 2, ...own }],
          output: { name: "p", values: "probabilities", select: { by: "index", index, classes: 6 } },
        }),
        claims,
      );
    const both = { mean: [1, 2, 3, 4, 5, 6], std: [1, 1, 4, 8, 10, 16] };
    const wanted: readonly (readonly [number, number])[] = [
      [1, -1],
      [2, -2],
      [0.75, -0.75],
      [0.5, -0.5],
      [0.5, -0.5],
      [0.375, -0.375],
    ];
    for (const [i, row] of wanted.entries()) near(await feature(both, i), [...row.map(sigmoid), NaN]);
    // A list beside one number for all: (6 · 2 − 4) / 4 and (6 · 2 − 6) / 4.
    near(await feature({ mean: 4, std: [1, 1, 1, 1, 1, 4] }, 5), [...[2, -1].map(sigmoid), NaN]);
    near(await feature({ mean: both.mean, std: 4 }, 5), [...[1.5, -1.5].map(sigmoid), NaN]);
  });

  it("of plain values that need more digits, standardised one by one", () => {
    // The most that a double counts to; a float32 makes it one more.
    const most = 2 ** 53 - 1;
    const input: typeof VALUES = {
      ...VALUES,
      shape: [3],
      mean: [1, most, 0],
      std: [1, 1, 4],
      type: "float64",
    };
    const [feed] = createFeeds([input], undefined);
    const row = feed!.row(values(most, most - 1, 10));
    expect(feed!.tensor([row])).to.deep.equal({
      type: "float64",
      dims: [1, 3],
      data: Float64Array.of(most - 1, -1, 2.5),
    });
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
