import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { silentLogger } from "../lib/logger.ts";
import { encodePng } from "../model/inputs/pngEncode.ts";
import { MODEL_FILE, TOKENIZER_FILE, type Manifest } from "../model/manifest.ts";
import { embeddedSource } from "../model/source.ts";
import type { Claim } from "../payload/schema.ts";
import { startChildServer } from "../testing/childServer.ts";
import { modelOf, VALUES, zipMapModel } from "../testing/models.ts";
import { onnxFile } from "../testing/onnx.ts";
import { CLASSES, sklearnClaims, sklearnModel } from "../testing/sklearn.ts";
import { WORD_PIECES } from "../testing/tokenizers.ts";
import { remoteSchema, type OpenInferenceConfig } from "./config.ts";
import { openInferenceSource } from "./openInferenceSource.ts";

interface Kind {
  readonly bytes: Uint8Array;
  readonly manifest: Partial<Manifest>;
  readonly tokenizer?: object;
  readonly claims: readonly Claim[];
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const weights = (count: number): number[] => range(count).map((i) => Math.sin(i + 1) / 8);
const picture = (seed: number, side: number): string => {
  const data = Uint8Array.from({ length: side * side * 3 }, (_, i) => (i * 37 + seed * 91) % 256);
  return encodePng({ width: side, height: side, channels: 3, data }).toString("base64");
};

/** All black. */
const darkness = (side: number): string =>
  encodePng({ width: side, height: side, channels: 1, data: new Uint8Array(side * side) }).toString("base64");

const SHADES = { width: 4, height: 4, channels: "bgr", scale: 1 / 255 } as const;
const image = { kind: "image", name: "x", ...SHADES, resize: "bilinear" } as const;
const tokens = {
  kind: "tokens",
  fields: ["text", "answer"] as ("text" | "answer")[],
  maxTokens: 12,
  pad: "longest",
  type: "int64",
} as const;

/** A model of each kind of input; together they use every way to read an output. */
const KINDS: Readonly<Record<string, Kind>> = {
  "values to one logit, Platt": {
    bytes: onnxFile({
      inputs: [{ name: "x", type: "float", shape: ["N", 3] }],
      outputs: [{ name: "p", type: "float", shape: ["N", 1] }],
      nodes: [["MatMul", ["x", "w"], ["p"]]],
      constants: { w: { type: "float", shape: [3, 1], data: [0.5, -0.25, 0.125] } },
    }),
    manifest: {
      inputs: [{ ...VALUES, shape: [3], mean: 1, std: 2 }],
      output: { name: "p", values: "logits", select: { by: "only" } },
      calibration: { method: "platt", slope: 0.7, offset: 0.1 },
    },
    claims: [
      { values: [1], answer: "no" },
      ...range(20).map((i) => ({ values: [i, 3 - i, i / 7], answer: "it is" })),
    ],
  },
  "columns of text, as scikit-learn exports them, to the class the answer names": {
    bytes: sklearnModel({ locale: "C" }),
    manifest: {
      inputs: [{ kind: "strings", name: "message", fields: ["text"] }],
      output: {
        name: "probabilities",
        values: "probabilities",
        select: { by: "answer", labels: [...CLASSES] },
      },
    },
    claims: [...sklearnClaims(20), { values: [1], answer: "positive" }],
  },
  "an image to logits of labels": {
    bytes: onnxFile({
      inputs: [{ name: "x", type: "float", shape: ["N", 3, 4, 4] }],
      outputs: [{ name: "p", type: "float", shape: ["N", 2] }],
      nodes: [
        ["Flatten", ["x"], ["flat"]],
        ["MatMul", ["flat", "w"], ["p"]],
      ],
      constants: { w: { type: "float", shape: [48, 2], data: weights(96) } },
    }),
    manifest: {
      inputs: [{ ...image, layout: "nchw", mean: [0.1, 0.2, 0.3], std: [0.5], type: "float32" }],
      output: { name: "p", values: "logits", select: { by: "answer", labels: ["cat", "dog"] } },
      calibration: { method: "temperature", temperature: 1.5 },
    },
    claims: [
      { image: picture(1, 4), answer: "bird" },
      { text: "no picture", answer: "cat" },
      ...range(20).map((i) => ({ image: picture(i, 3 + (i % 3)), answer: i % 2 === 0 ? "cat" : "dog" })),
      { image: picture(1, 4).slice(0, 40), answer: "cat" },
    ],
  },
  "bytes of an image": {
    bytes: onnxFile({
      inputs: [{ name: "x", type: "uint8", shape: ["N", 4, 4, 3] }],
      outputs: [{ name: "p", type: "float", shape: ["N", 1] }],
      nodes: [
        ["Cast", ["x"], ["real"], { to: 1n }],
        ["Flatten", ["real"], ["flat"]],
        ["MatMul", ["flat", "w"], ["sum"]],
        ["Sigmoid", ["sum"], ["p"]],
      ],
      constants: { w: { type: "float", shape: [48, 1], data: weights(48).map((w) => w / 64) } },
    }),
    manifest: { inputs: [{ ...image, layout: "nhwc", scale: 1, mean: [0], std: [1], type: "uint8" }] },
    claims: range(20).map((i) => ({ image: picture(i, 4), answer: "so" })),
  },
  "token ids and their mask, isotonic": {
    bytes: onnxFile({
      inputs: [
        { name: "ids", type: "int64", shape: ["N", "L"] },
        { name: "mask", type: "int64", shape: ["N", "L"] },
      ],
      outputs: [{ name: "p", type: "float", shape: ["N"] }],
      nodes: [
        ["Mul", ["ids", "mask"], ["own"]],
        ["ReduceSum", ["own", "axis"], ["whole"], { keepdims: 0n }],
        ["Cast", ["whole"], ["sum"], { to: 1n }],
        ["Div", ["sum", "most"], ["p"]],
      ],
      constants: {
        axis: { type: "int64", shape: [1], data: [1] },
        most: { type: "float", shape: [], data: [100] },
      },
    }),
    manifest: {
      inputs: [
        { ...tokens, name: "ids", part: "ids" },
        { ...tokens, name: "mask", part: "attentionMask" },
      ],
      calibration: { method: "isotonic", from: [0, 0.5, 1], to: [0.1, 0.3, 0.9] },
    },
    tokenizer: WORD_PIECES,
    claims: [
      ...range(20).map((i) => ({
        text: "the bridge opened ".repeat(1 + (i % 4)),
        answer: "opened ".repeat(1 + (i % 3)),
      })),
      { values: [1], answer: "no text" },
    ],
  },
  "values to a label": {
    bytes: zipMapModel(["no", "yes"]),
    manifest: {
      inputs: [{ ...VALUES, shape: [2] }],
      output: { name: "label", values: "labels", select: { by: "label", label: "yes" } },
    },
    claims: range(20).map((i) => ({ values: [Math.sin(i), Math.cos(i)], answer: "yes" })),
  },
  "values to one of two classes": {
    bytes: zipMapModel([0n, 1n]),
    manifest: {
      inputs: [{ ...VALUES, shape: [2] }],
      output: {
        name: "probabilities",
        values: "probabilities",
        select: { by: "index", index: 1, classes: 2 },
      },
    },
    claims: range(20).map((i) => ({ values: [Math.sin(i), Math.cos(i)], answer: "yes" })),
  },
};

describe("Open Inference Protocol, every kind of input and output", function () {
  this.timeout(30_000);
  let folder: string;
  const open: { close(): Promise<void> }[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-kinds-"));
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  /** Closed after the test, whatever comes of it. */
  const keep = <T extends { close(): Promise<void> }>(one: T): T => {
    open.push(one);
    return one;
  };
  const serve = async (): Promise<string> => {
    const args = ["kind", join(folder, MODEL_FILE)];
    return keep(await startChildServer("openInferenceServer.ts", args)).url;
  };

  const write = ({ bytes, manifest, tokenizer }: Omit<Kind, "claims">): string => {
    const file = modelOf(bytes, manifest, tokenizer);
    writeFileSync(join(folder, MODEL_FILE), file.bytes);
    if (file.tokenizer !== undefined) writeFileSync(join(folder, TOKENIZER_FILE), file.tokenizer);
    const path = join(folder, "manifest.json");
    writeFileSync(path, JSON.stringify(file.manifest));
    return path;
  };
  const configOf = (url: string): OpenInferenceConfig =>
    remoteSchema.parse({ kind: "open-inference", url, model: "kind", batch: 7 }) as OpenInferenceConfig;

  for (const [what, kind] of Object.entries(KINDS)) {
    it(`gives what the keeper's own runtime gives: ${what}`, async () => {
      const path = write(kind);
      const url = await serve();
      const own = keep(await embeddedSource(path).open(silentLogger));
      // From here on the graph is the server's alone.
      rmSync(join(folder, MODEL_FILE));
      const remote = keep(await openInferenceSource(path, configOf(url)).open(silentLogger));
      const wanted = await own.judge(kind.claims);
      const given = await remote.judge(kind.claims);
      expect(given).to.have.length(wanted.length);
      wanted.forEach((p, i) => {
        if (Number.isNaN(p)) expect(given[i], `claim ${i} cannot be judged`).to.be.NaN;
        else expect(given[i], `claim ${i}`).to.be.closeTo(p, 1e-5);
      });
      expect(wanted.filter((p) => !Number.isNaN(p)).length).to.equal(20);
      expect(new Set(wanted).size, "different claims").to.be.greaterThan(1);
    });
  }

  it("keeps its time whatever a stranger's images unfold to, and the keeper's own work goes on", async () => {
    const path = write(KINDS["bytes of an image"]!);
    const timeoutMs = 500;
    const source = openInferenceSource(path, { ...configOf(await serve()), timeoutMs });
    const remote = keep(await source.open(silentLogger));
    // A few kilobytes each, and four million pixels.
    const bomb = { image: darkness(2_048), answer: "so" };
    let beats = 0;
    const heart = setInterval(() => (beats += 1), 1);
    const began = performance.now();
    await remote.judge(Array.from({ length: 150 }, () => bomb));
    const ms = performance.now() - began;
    clearInterval(heart);
    expect(ms).to.be.lessThan(timeoutMs + 3_000);
    expect(beats, "turns of the event loop").to.be.greaterThan(1);
  });

  it("refuses halves, which JSON has no form for, and a tokenizer.json that is none", async () => {
    const halves = write({
      bytes: onnxFile({
        inputs: [{ name: "x", type: "float16", shape: ["N", 1] }],
        outputs: [{ name: "p", type: "float16", shape: ["N", 1] }],
        nodes: [["Sigmoid", ["x"], ["p"]]],
      }),
      manifest: { inputs: [{ ...VALUES, type: "float16" }] },
    });
    const url = await serve();
    const code = await openInferenceSource(halves, configOf(url))
      .open(silentLogger)
      .then(
        () => "opened",
        (error: { code: string }) => error.code,
      );
    expect(code).to.equal("REMOTE_MODEL_WRONG");
    const { bytes, manifest } = KINDS["token ids and their mask, isotonic"]!;
    const broken = write({ bytes, manifest, tokenizer: { model: 1 } });
    expect(() => openInferenceSource(broken, configOf(url)))
      .to.throw()
      .with.property("code", "TOKENIZER_INVALID");
  });
});
