import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { readModel } from "@assay/keeper";
import { expect } from "chai";

import type { CliError } from "../lib/errors.ts";
import { assay } from "../testing/assay.ts";
import { onnxModel, wordsModel, writeModel } from "../testing/onnx.ts";
import { calibrateModel } from "./calibrate.ts";

/** The test model says σ(words / 2 − 3). */
const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

describe("calibrateModel", function () {
  this.timeout(60_000);
  let folder: string;
  let manifest: string;
  let data: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-calibrate-"));
    data = join(folder, "claims.jsonl");
    manifest = writeModel(folder, onnxModel(wordsModel()));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Claims of 1 to 12 words, of which as many are true as `chance` of the model's logit says. */
  const world = (chance: (logit: number) => number, each = 60): void => {
    const lines = Array.from({ length: 12 * each }, (_, i) => {
      const [words, nth] = [1 + Math.floor(i / each), i % each];
      const truth = nth < Math.round(each * chance(words / 2 - 3));
      return JSON.stringify({ text: "a text", answer: new Array(words).fill("word").join(" "), truth });
    });
    writeFileSync(data, lines.join("\n"));
  };

  it("writes calibration and base rate into the manifest, and nothing else", async () => {
    world((z) => sigmoid(z / 2 + 1));
    const before = readModel(manifest).manifest;
    const report = await calibrateModel(manifest, data, "auto");
    const { calibration, baseRate, ...rest } = readModel(manifest).manifest;
    expect(before).to.deep.include(rest);
    expect(calibration).to.deep.equal(report.calibration);
    if (calibration.method !== "platt") expect.fail(calibration.method);
    expect(calibration.slope).to.be.closeTo(0.5, 0.05);
    expect(calibration.offset).to.be.closeTo(1, 0.05);
    const lines = readFileSync(data, "utf8").split("\n");
    expect(baseRate).to.equal(lines.filter((line) => line.includes('"truth":true')).length / lines.length);
    expect(report.after.logLoss).to.be.lessThan(report.before.logLoss - 0.05);
    expect(report.candidates).to.have.length(4);
    expect(report.warnings).to.deep.equal([]);
  });

  it("starts from the model's own answers, however they are calibrated already", async () => {
    world((z) => sigmoid(z / 2 + 1));
    const first = await calibrateModel(manifest, data, "platt");
    expect(await calibrateModel(manifest, data, "platt")).to.deep.equal(first);
  });

  it("leaves alone what is calibrated, with the base rate it had", async () => {
    world(sigmoid, 200);
    await calibrateModel(manifest, data, "auto");
    const { calibration, baseRate } = readModel(manifest).manifest;
    expect(calibration).to.deep.equal({ method: "none" });
    expect(baseRate).to.equal(0.5);
  });

  it("warns of few claims, and of answers a temperature leaves off their base rate", async () => {
    world((z) => sigmoid(z + 2), 4);
    const { warnings } = await calibrateModel(manifest, data, "temperature");
    expect(warnings[0]).to.match(/^only 48 claims/);
    expect(warnings[1]).to.match(/^the mean answer is .*--method platt/);
  });

  it("warns of a model the wrong way round", async () => {
    world((z) => sigmoid(-z));
    const { warnings } = await calibrateModel(manifest, data, "platt");
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.include("turns the answers round");
  });

  it("warns of a model that knows nothing", async () => {
    world(() => 0.3);
    const { warnings } = await calibrateModel(manifest, data, "platt");
    expect(warnings.join()).to.include(
      "no better than always answering the base rate: check the preprocessing",
    );
  });

  it("refuses claims that are all true, and leaves the manifest", async () => {
    world(() => 1);
    const before = readFileSync(manifest, "utf8");
    const error: unknown = await calibrateModel(manifest, data, "auto").catch((refused: unknown) => refused);
    expect((error as CliError).code).to.equal("DATA_ONE_SIDED");
    expect(readFileSync(manifest, "utf8")).to.equal(before);
  });

  it("is a command", async () => {
    world((z) => sigmoid(z / 3));
    const { code, stdout, stderr } = await assay(["models", "calibrate", manifest, "--data", data]);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/written into the manifest: temperature [23]\.\d+/);
    const wrong = await assay(["models", "calibrate", manifest, "--data", data, "--method", "magic"]);
    expect(wrong.code).to.equal(1);
  });
});
