import { expect } from "chai";

import { judge, near, refusal, TEXT } from "../testing/judging.ts";
import {
  externalAttributeModel,
  externalModel,
  hugeModel,
  localeModel,
  modelOf,
  SIGMOID,
  VALUES,
  zipMapModel,
} from "../testing/models.ts";
import { onnxFile } from "../testing/onnx.ts";
import { RefusedModel } from "./errors.ts";
import type { ModelFile } from "./manifest.ts";

/** The first field of a model is its IR version, below 128 in one byte. */
function withIrVersion(model: Uint8Array, version: number): Uint8Array {
  expect([...model.subarray(0, 2)]).to.deep.equal([8, 9]);
  return Uint8Array.of(8, version, ...model.subarray(2));
}

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
    "OPSET_TOO_NEW: default": [
      modelOf(onnxFile(SIGMOID, 99), {}),
      /opset 99 of ai\.onnx opset (\d+) of ai\.onnx at most.*convert_version\(model, \1\)/,
    ],
    "OPSET_TOO_NEW: of another set": [
      modelOf(onnxFile(SIGMOID, 20, { "ai.onnx.ml": 99 }), {}),
      /opset 99 of ai\.onnx\.ml opset (\d+) of ai\.onnx\.ml at most.*target_opset=\{"ai\.onnx\.ml": \1\}/,
    ],
    "LOCALE_MISSING: named": [
      modelOf(localeModel("de_XX.UTF-8"), { inputs: [TEXT] }),
      /de_XX\.UTF-8.*locale-gen.*locale="C"/,
    ],
    "EXTERNAL_DATA: absolute": [modelOf(externalModel("/etc/hostname"), {}), /\/etc\/hostname.*onnx\.save/],
    "EXTERNAL_DATA: above": [modelOf(externalModel("../../secret"), {}), /\.\.\/\.\.\/secret.*onnx\.save/],
    "EXTERNAL_DATA: beside": [modelOf(externalModel("model.onnx.data"), {}), /model\.onnx\.data/],
    "EXTERNAL_DATA: in a subgraph": [modelOf(externalModel("/etc/hostname", true), {}), /\/etc\/hostname/],
    "EXTERNAL_DATA: an attribute": [
      modelOf(externalAttributeModel("/etc/hostname", "graph"), {}),
      /"\/etc\/hostname".*onnx\.save/,
    ],
    "EXTERNAL_DATA: sparse": [
      modelOf(externalAttributeModel("/etc/hostname", "sparse"), {}),
      /"\/etc\/hostname".*onnx\.save/,
    ],
    "EXTERNAL_DATA: in a function": [
      modelOf(externalAttributeModel("/etc/hostname", "function"), {}),
      /"\/etc\/hostname".*onnx\.save/,
    ],
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
    "PORTS_MISMATCH: a map": [
      modelOf(zipMapModel(["no", "yes"]), {
        inputs: [{ ...VALUES, shape: [2] }],
        output: {
          name: "output_probability",
          values: "probabilities",
          select: { by: "index", index: 1, classes: 2 },
        },
      }),
      /output_probability: no tensor.*'zipmap': False.*all or nothing/,
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
