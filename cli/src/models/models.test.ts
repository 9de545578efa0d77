import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { assay } from "../testing/assay.ts";
import { ROOT } from "../testing/chain.ts";
import { onnxModel, wordsModel } from "../testing/onnx.ts";
import { rowsOf } from "../testing/table.ts";
import { inspectModel } from "./inspect.ts";
import type { Quality } from "./metrics.ts";
import type { NetworkSkill } from "./network.ts";

const MODEL = join(ROOT, "models/grounded/overlap-logistic");
const SAMPLES = join(ROOT, "samples/grounded-claims.jsonl");

describe("assay models", function () {
  this.timeout(30_000);
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-models-"));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("inspects a manifest and its model alike", async () => {
    const byManifest = await inspectModel(join(MODEL, "manifest.json"));
    if (byManifest.kind !== "graph") expect.fail(byManifest.kind);
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
    expect(stderr).to.match(/^The model at .* cannot be used.*\[MODEL_NOT_ONNX\]\. .*\n$/);
  });

  it("names operators, opsets and memory", async () => {
    const { code, stdout } = await assay(["models", "inspect", join(MODEL, "model.onnx")]);
    expect(code).to.equal(0);
    expect(stdout).to.include("opsets: ai.onnx 20, ai.onnx.ml 3, com.microsoft 1\n");
    expect(stdout).to.match(/^operators: (?=.*Sigmoid × 1).*com\.microsoft:Tokenizer × 2/m);
    expect(stdout).to.match(/^external data: none$/m);
    expect(stdout).to.match(/^estimated memory: .* KiB beside the runtime itself: weights .*largest tensor/m);
  });

  it("looks into a model that cannot be loaded, says why, and leaves with 1", async () => {
    const file = join(folder, "model.onnx");
    for (const [plan, said] of [
      [
        wordsModel([["NoSuchOperator", ["words"], "probability"]]),
        /^REFUSED \[OPERATOR_MISSING\]: .*NoSuchOperator.*Export/m,
      ],
      [{ ...wordsModel(), opset: 99 }, /^REFUSED \[OPSET_TOO_NEW\]: opset 99.*Export with a lower opset/m],
      [
        { ...wordsModel(), external: ["far", "../weights.bin"] as const },
        /^REFUSED \[EXTERNAL_DATA\]: .*Save it in one file[^]*^external data: \.\.\/weights\.bin$/m,
      ],
    ] as const) {
      writeFileSync(file, onnxModel(plan));
      const { code, stdout } = await assay(["models", "inspect", file]);
      expect(stdout).to.match(said);
      expect(code).to.equal(1);
    }
  });

  it("measures a model on claims with known truth", async () => {
    const { code, stdout } = await assay([
      "models",
      "eval",
      join(MODEL, "model.onnx"),
      "--data",
      SAMPLES,
      "--base-rate",
      "0.2",
      "--plot",
      join(folder, "plot.svg"),
      "--json",
    ]);
    expect(code).to.equal(0);
    const found = JSON.parse(stdout) as {
      claims: number;
      accuracy: number;
      skill: number;
      unusable: number;
      network: NetworkSkill;
      warnings: string[];
    };
    expect(found.claims).to.equal(readFileSync(SAMPLES, "utf8").trim().split("\n").length);
    expect(found.unusable).to.equal(0);
    expect(found.accuracy).to.be.greaterThan(0.6);
    expect(found.skill).to.be.within(0.1, 1);
    expect(found.network.pinned).to.equal(51);
    expect(found.network.skill).to.be.within(0.05, found.network.ceiling);
    expect(found.warnings).to.deep.equal([]);
    expect(readFileSync(join(folder, "plot.svg"), "utf8")).to.match(/^<svg [^]*<circle[^]*<\/svg>\n$/);
  });

  it("prints the figures it gives programs, each with its measure", async () => {
    const evaluated = async (...args: string[]): Promise<string> => {
      const about = ["--data", SAMPLES, "--base-rate", "0.2", "--plot", join(folder, "plot.svg"), ...args];
      const { code, stdout, stderr } = await assay([
        "models",
        "eval",
        join(MODEL, "manifest.json"),
        ...about,
      ]);
      expect(code, stderr).to.equal(0);
      return stdout;
    };
    const found = JSON.parse(await evaluated("--json")) as Quality & { network: NetworkSkill };
    const { accuracy, majorityAccuracy, brier, logLoss, ece, auc, skill, baseRate, network } = found;
    const printed = await evaluated();
    const shown = (value: number) => value.toFixed(4);
    expect(rowsOf(printed).map(([measure, value]) => [measure, value])).to.deep.equal([
      ["accuracy", shown(accuracy)],
      ["Brier", shown(brier)],
      ["log loss", shown(logLoss)],
      ["ECE", shown(ece)],
      ["AUC", shown(auc)],
      ["Brier skill", shown(skill)],
      ["paid skill", shown(network.skill)],
    ]);
    expect(new Set([accuracy, brier, logLoss, ece, auc, skill, network.skill].map(shown))).to.have.length(7);
    expect(printed)
      .to.include(`Overlap logistic on ${found.claims} claims of ${SAMPLES}\n`)
      .and.include(`answering always the same: ${shown(majorityAccuracy)} `)
      .and.include(`against always answering ${shown(baseRate)};`)
      .and.include(`knowing everything: ${shown(network.ceiling)} `)
      .and.include("\npaid skill: at base rate 0.2000 (b = 51) beside a committee")
      .and.include(`\nreliability diagram: ${join(folder, "plot.svg")}\n`);
    expect(shown(baseRate), "of the data, not of the domain").not.to.equal("0.2000");
  });

  it("needs a truth in every claim", async () => {
    const data = join(folder, "claims.jsonl");
    writeFileSync(data, '{"text":"t","answer":"a","truth":true}\n{"text":"t","answer":"a"}\n');
    const { code, stderr } = await assay(["models", "eval", join(MODEL, "manifest.json"), "--data", data]);
    expect(code).to.equal(1);
    expect(stderr).to.include("claim: 2) [TRUTH_MISSING]");
  });
});
