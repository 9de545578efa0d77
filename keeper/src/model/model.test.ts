import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { expect } from "chai";

import { sha256 } from "../lib/sha256.ts";
import type { Claim } from "../payload/schema.ts";
import { ModelFileError } from "./errors.ts";
import { readModel } from "./manifest.ts";
import { loadModel, type Model } from "./session.ts";

const SMALL = resolve(import.meta.dirname, "../../../models/misbehaving/base-rate");
const REAL = resolve(import.meta.dirname, "../../../models/grounded/overlap-logistic");

const claim = (i: number) => ({
  text: `The harbour bridge was opened in ${1_900 + i} and carries ${i} lanes.`,
  answer: i % 2 === 0 ? `It opened in ${1_900 + i}.` : `It carries ${i + 3} railway tracks.`,
});

describe("model files", () => {
  let folder: string;
  let manifest: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-model-"));
    cpSync(SMALL, folder, { recursive: true });
    manifest = join(folder, "manifest.json");
    file = join(folder, "model.onnx");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const codeOf = (path = manifest): string => {
    try {
      readModel(path);
      return "read";
    } catch (error) {
      expect(error).to.be.instanceOf(ModelFileError);
      return (error as ModelFileError).code;
    }
  };
  const edit = (change: object): void => {
    const before = JSON.parse(readFileSync(manifest, "utf8")) as object;
    writeFileSync(manifest, JSON.stringify({ ...before, ...change }));
  };

  it("refuses a flipped bit in every 29th byte [KEEP-7]", function () {
    this.timeout(60_000);
    const bytes = readFileSync(file);
    // Coprime with 8, so that every place of a bit in its byte comes up.
    for (let i = 0; i < bytes.length; i += 29) {
      bytes[i]! ^= 1 << (i & 7);
      writeFileSync(file, bytes);
      expect(codeOf(), `byte ${i}`).to.equal("MODEL_HASH_MISMATCH");
      bytes[i]! ^= 1 << (i & 7);
    }
    writeFileSync(file, bytes);
    expect(codeOf()).to.equal("read");
  });

  it("refuses a missing model, a manifest of another shape, and no JSON", () => {
    rmSync(file);
    expect(codeOf()).to.equal("MODEL_UNREADABLE");
    for (const change of [
      { schemaVersion: 1 },
      { files: { "model.onnx": "00" } },
      { baseRate: 1 },
      { inputs: [] },
      { limits: {} },
      { limits: { text: { min: 0, max: 9 }, answer: { min: 1, max: 9 } } },
      { more: 1 },
    ]) {
      cpSync(SMALL, folder, { recursive: true });
      edit(change);
      expect(codeOf(), JSON.stringify(change)).to.equal("MANIFEST_INVALID");
    }
    writeFileSync(manifest, "{");
    expect(codeOf()).to.equal("MANIFEST_INVALID");
    expect(codeOf(join(folder, "none.json"))).to.equal("MANIFEST_INVALID");
  });

  it("refuses bytes that are no graph, and a graph that is not the manifest's, before the first request", async () => {
    const failure = async (): Promise<string> =>
      loadModel(readModel(manifest)).then(
        () => "loaded",
        (error: ModelFileError) => error.code,
      );
    edit({ output: { name: "no such output", values: "probabilities", select: { by: "only" } } });
    expect(await failure()).to.equal("PORTS_MISMATCH");
    writeFileSync(file, "no graph");
    edit({ files: { "model.onnx": sha256(Buffer.from("no graph")) } });
    expect(await failure()).to.equal("MODEL_NOT_ONNX");
  });
});

describe("model sessions", () => {
  let model: Model;
  before(async () => {
    model = await loadModel(readModel(join(REAL, "manifest.json")));
  });
  after(() => model.close());

  it("give the same for a batch and for single claims, across the edge of a batch", async () => {
    const claims = Array.from({ length: 37 }, (_, i) => claim(i));
    const together = await model.judge(claims);
    expect(together).to.have.length(37);
    for (const [i, item] of claims.entries()) {
      const [alone] = await model.judge([item]);
      expect(alone, `claim ${i}`).to.be.closeTo(together[i]!, 1e-5);
      expect(alone).to.be.within(0, 1);
    }
  });

  it("are reproducible bit for bit", async () => {
    const claims = Array.from({ length: 16 }, (_, i) => claim(i));
    expect(await model.judge(claims)).to.deep.equal(await model.judge(claims));
  });

  it("see what follows a NUL character", async () => {
    const { text, answer } = claim(2);
    const [whole, hidden, spaced] = await model.judge([
      { text, answer },
      { text: `\0${text}`, answer: `\0${answer}` },
      { text: ` ${text}`, answer: ` ${answer}` },
    ]);
    expect(hidden).to.equal(spaced);
    expect(hidden).to.be.closeTo(whole!, 0.2);
  });
});

describe("built-in models", () => {
  const ROOT = resolve(import.meta.dirname, "../../..");
  for (const [domain, family] of [
    ["grounded", "hard-negative"],
    ["relevance", "hashed-mlp"],
    ["language", "char-conv"],
    ["digits", "gradient-perceptron"],
  ] as const) {
    it(`judge the samples of ${domain} as their manifests say`, async () => {
      const lines = readFileSync(join(ROOT, `samples/${domain}-claims.jsonl`), "utf8")
        .trim()
        .split("\n");
      const samples = lines.map((line) => JSON.parse(line) as Claim & { truth: boolean });
      const model = await loadModel(readModel(join(ROOT, "models", domain, family, "manifest.json")));
      const judged = await model.judge(samples.map(({ truth: _truth, ...claim }) => claim));
      await model.close();
      for (const p of judged) expect(p).to.be.within(0, 1);
      const right = judged.filter((p, i) => p > 0.5 === samples[i]!.truth).length;
      expect(right / samples.length).to.be.at.least(0.85);
    });
  }
});

describe("built-in models asked about nothing", () => {
  const ROOT = resolve(import.meta.dirname, "../../..");
  const blanks = [
    " ".repeat(16),
    `a${" ".repeat(15)}`,
    "\0".repeat(20),
    "\u200b".repeat(20),
    "\u2060 ".repeat(10),
  ];

  for (const [folder, answer] of [
    ["language/ngram-bayes", "en"],
    ["grounded/overlap-logistic", "It opened in 1932."],
  ] as const) {
    it(`say nothing: ${folder}`, async () => {
      const model = await loadModel(readModel(join(ROOT, "models", folder, "manifest.json")));
      const judged = await model.judge(blanks.map((text) => ({ text, answer })));
      await model.close();
      expect(judged.every(Number.isNaN), judged.join()).to.equal(true);
    });
  }
});
