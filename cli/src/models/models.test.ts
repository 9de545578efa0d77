import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import fc from "fast-check";

import { assay } from "../testing/assay.ts";
import { ROOT } from "../testing/chain.ts";
import { inspectModel } from "./inspect.ts";
import { measure } from "./metrics.ts";

const MODEL = join(ROOT, "models/grounded/overlap-logistic");
const SAMPLES = join(ROOT, "samples/grounded-claims.jsonl");

describe("measure", () => {
  it("gives the numbers of a worked example", () => {
    const quality = measure([0.9, 0.6, 0.2, 0.7], [true, true, false, false]);
    expect(quality.claims).to.equal(4);
    expect(quality.accuracy).to.equal(0.75);
    expect(quality.brier).to.be.closeTo((0.01 + 0.16 + 0.04 + 0.49) / 4, 1e-12);
    expect(quality.logLoss).to.be.closeTo(
      -(Math.log(0.9) + Math.log(0.6) + Math.log(0.8) + Math.log(0.3)) / 4,
      1e-12,
    );
    expect(quality.ece).to.be.closeTo((0.1 + 0.4 + 0.2 + 0.7) / 4, 1e-12);
    expect(quality.skill).to.be.closeTo(1 - 0.175 / 0.25, 1e-12);
  });

  it("gives no skill for repeating the base rate, whatever it is", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 50 }), (truths) => {
        const rate = truths.filter(Boolean).length / truths.length;
        expect(
          measure(
            truths.map(() => rate),
            truths,
          ).skill,
        ).to.be.closeTo(0, 1e-9);
      }),
    );
  });
});

describe("assay models", function () {
  this.timeout(30_000);
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-models-"));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("inspects a manifest and its model alike", async () => {
    const byManifest = await inspectModel(join(MODEL, "manifest.json"));
    expect(await inspectModel(join(MODEL, "model.onnx"))).to.deep.equal(byManifest);
    expect(byManifest.hashMatches).to.equal(true);
    expect(byManifest.manifest?.["files"]).to.deep.equal({ "model.onnx": byManifest.sha256 });
    expect(byManifest.inputs.map(({ name, type }) => [name, type])).to.deep.equal([
      ["text", "string"],
      ["answer", "string"],
    ]);
    expect(byManifest.outputs.map(({ name, type }) => [name, type])).to.deep.equal([
      ["probability", "float32"],
    ]);
  });

  it("leaves with 1 when the manifest names another file", async () => {
    copyFileSync(join(MODEL, "model.onnx"), join(folder, "model.onnx"));
    const manifest = JSON.parse(readFileSync(join(MODEL, "manifest.json"), "utf8")) as object;
    writeFileSync(
      join(folder, "manifest.json"),
      JSON.stringify({ ...manifest, files: { "model.onnx": "0".repeat(64) } }),
    );
    const { code, stdout } = await assay(["models", "inspect", join(folder, "model.onnx")]);
    expect(stdout).to.include("names ANOTHER file");
    expect(code).to.equal(1);
  });

  it("refuses what is no model, in one line", async () => {
    writeFileSync(join(folder, "model.onnx"), "not a graph");
    const { code, stderr } = await assay(["models", "inspect", join(folder, "model.onnx")]);
    expect(code).to.equal(1);
    expect(stderr).to.match(/^The file cannot be used .*\[MODEL_UNUSABLE\]\. .*\n$/);
  });

  it("measures a model on claims with known truth", async () => {
    const { code, stdout } = await assay([
      "models",
      "eval",
      join(MODEL, "model.onnx"),
      "--data",
      SAMPLES,
      "--json",
    ]);
    expect(code).to.equal(0);
    const found = JSON.parse(stdout) as { claims: number; accuracy: number; skill: number; unusable: number };
    expect(found.claims).to.equal(readFileSync(SAMPLES, "utf8").trim().split("\n").length);
    expect(found.unusable).to.equal(0);
    expect(found.accuracy).to.be.greaterThan(0.6);
    expect(found.skill).to.be.within(0.1, 1);
  });

  it("needs a truth in every claim", async () => {
    const data = join(folder, "claims.jsonl");
    writeFileSync(data, '{"text":"t","answer":"a","truth":true}\n{"text":"t","answer":"a"}\n');
    const { code, stderr } = await assay(["models", "eval", join(MODEL, "manifest.json"), "--data", data]);
    expect(code).to.equal(1);
    expect(stderr).to.include("claim: 2) [TRUTH_MISSING]");
  });
});
