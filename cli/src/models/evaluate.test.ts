import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { readModel, readRunConfig, type Manifest } from "@assay/keeper";
import { expect } from "chai";

import { assay } from "../testing/assay.ts";
import { ROOT } from "../testing/chain.ts";
import { digitClaims, DIGITS, digitsModel, sampleDigitClaims } from "../testing/digits.ts";
import { evaluate, judgeData, type Evaluation } from "./evaluate.ts";

const { manifest } = readModel(join(ROOT, "models/grounded/overlap-logistic/manifest.json"));

/** 4,000 claims, a quarter true, judged by `judge`. */
function warningsOf(
  judge: (truth: boolean, i: number) => number,
  described: Manifest = manifest,
): readonly string[] {
  const truths = Array.from({ length: 4_000 }, (_, i) => i % 4 === 0);
  return evaluate({ manifest: described, probabilities: truths.map(judge), truths }).warnings;
}

describe("evaluate", () => {
  it("has nothing to say against a model that knows something", () => {
    expect(warningsOf((truth, i) => ((i % 10 === 0) !== truth ? 0.8 : 0.1))).to.deep.equal([]);
  });

  it("says in words when accuracy is that of always answering the same", () => {
    const [warning, ...more] = warningsOf((_, i) => (i % 3 === 0 ? 0.4 : 0.3));
    expect(more).to.deep.equal([]);
    expect(warning).to.equal(
      "accuracy 0.750 is no better than always answering FALSE (0.750): check the preprocessing in the manifest and which output and class it names",
    );
  });

  it("says in words when accuracy is near that, or probabilities near the base rate", () => {
    // Of the true claims it finds one in five, then one in two, but hardly dares to say so.
    expect(warningsOf((_, i) => (i % 20 === 0 ? 0.75 : 0.2))).to.deep.equal([
      "accuracy 0.800 is near that of always answering FALSE (0.750): check the preprocessing in the manifest and which output and class it names",
    ]);
    expect(warningsOf((_, i) => (i % 8 === 0 ? 0.51 : 0.35)).join()).to.match(
      /^its probabilities are little better than always answering the base rate 0\.250, though/,
    );
  });

  it("says how far it stays below what the author measured, where that is no luck", () => {
    const hits = (every: number) => warningsOf((truth, i) => ((i % every === 0) !== truth ? 0.85 : 0.1));
    expect(manifest.measured).to.include({ accuracy: 0.899, rows: 416 });
    expect(hits(7), "0.857 is within three standard errors of 416 claims").to.deep.equal([]);
    expect(hits(6)).to.deep.equal([
      "accuracy 0.833 is far below the 0.899 its author measured: unless these claims are of another kind, check the preprocessing in the manifest and which output and class it names",
    ]);
    const { measured: _, ...bare } = manifest;
    expect(warningsOf((truth, i) => ((i % 6 === 0) !== truth ? 0.85 : 0.1), bare)).to.deep.equal([]);
  });

  it("adds that few claims tell little", () => {
    const truths = [true, false, true, false];
    const [warning] = evaluate({ manifest, probabilities: [0.9, 0.9, 0.4, 0.2], truths }).warnings;
    expect(warning).to.match(
      /no better than always answering FALSE .*; but 4 claims tell little, take 200 or more$/,
    );
  });

  it("says so of probabilities that only look sure", () => {
    // Right on 80 of 100 claims and always certain: worse than a quarter for everything.
    const [warning] = warningsOf((truth, i) => Number(i % 5 === 2 ? !truth : truth));
    expect(warning).to.match(/^its probabilities are no better than always answering the base rate 0\.250/);
  });

  it("says so of answers the wrong way round, and of claims of one kind", () => {
    expect(warningsOf((truth) => (truth ? 0.2 : 0.9)).join()).to.include(
      "false claims get the higher probabilities",
    );
    const one = evaluate({ manifest, probabilities: [0.9, 0.8], truths: [true, true] });
    expect(one.warnings).to.deep.equal(["all claims have the same truth: nothing can be told from them"]);
  });

  it("counts claims that were not judged as the base rate, also where they are paid", () => {
    const truths = Array.from({ length: 100 }, (_, i) => i % 2 === 0);
    const { unusable, network, quality } = evaluate({
      manifest,
      probabilities: truths.map(() => Number.NaN),
      truths,
    });
    expect(unusable).to.equal(100);
    expect(network.skill).to.equal(0);
    expect(quality.brier).to.be.closeTo((manifest.baseRate ** 2 + (1 - manifest.baseRate) ** 2) / 2, 1e-12);
  });
});

describe("assay models eval on images", function () {
  this.timeout(60_000);
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-eval-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("tells a digit classifier that knows from the same one fed at the wrong scale", async () => {
    const data = join(folder, "claims.jsonl");
    writeFileSync(
      data,
      digitClaims(400)
        .map((claim) => JSON.stringify(claim))
        .join("\n"),
    );
    writeFileSync(join(folder, "model.onnx"), digitsModel());
    const init = async (scale: string): Promise<void> => {
      const answers = [
        "--name",
        "Digits",
        "--domain",
        "digits",
        "--family",
        "drawings",
        "--source",
        "s",
        "--licence",
        "MIT",
      ];
      const how = [
        "--kind",
        "image",
        "--resize",
        "none",
        "--scale",
        scale,
        "--true",
        "answer",
        "--labels",
        DIGITS.join(","),
      ];
      const { code, stderr } = await assay([
        "models",
        "init",
        join(folder, "model.onnx"),
        ...answers,
        ...how,
        "--yes",
        "--force",
      ]);
      expect(code, stderr).to.equal(0);
    };
    const evaluated = async (): Promise<{
      accuracy: number;
      warnings: string[];
      network: { skill: number };
    }> => {
      const { code, stdout, stderr } = await assay([
        "models",
        "eval",
        folder + "/model.onnx",
        "--data",
        data,
        "--json",
      ]);
      expect(code, stderr).to.equal(0);
      return JSON.parse(stdout) as Awaited<ReturnType<typeof evaluated>>;
    };
    await init("1/255");
    const right = await evaluated();
    expect(right.accuracy).to.be.greaterThan(0.95);
    expect(right.network.skill).to.be.greaterThan(0.2);
    expect(right.warnings).to.deep.equal([]);
    await init("1");
    const wrong = await evaluated();
    expect(wrong.accuracy).to.be.lessThan(0.7);
    expect(wrong.network.skill).to.be.lessThan(0.05);
    expect(wrong.warnings.join()).to.match(
      /no better than always answering .*: check the preprocessing in the manifest \(scale, mean, std, channels, layout\)/,
    );
  });
});

describe("a built-in digit model at another scale", function () {
  this.timeout(60_000);
  let folder: string;
  let data: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-scale-"));
    data = join(folder, "claims.jsonl");
    writeFileSync(
      data,
      sampleDigitClaims(400)
        .map((claim) => JSON.stringify(claim))
        .join("\n"),
    );
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const at = async (family: string, scale: number): Promise<Evaluation> => {
    cpSync(join(ROOT, "models/digits", family), folder, { recursive: true });
    const path = join(folder, "manifest.json");
    const own = JSON.parse(readFileSync(path, "utf8")) as Manifest;
    // The samples are drawn, not those its author measured on.
    const { measured: _, ...described } = own;
    writeFileSync(
      path,
      JSON.stringify({ ...described, inputs: own.inputs.map((input) => ({ ...input, scale })) }),
    );
    return evaluate(await judgeData(path, data, readRunConfig()));
  };

  for (const family of ["stroke-conv", "gradient-perceptron", "pixel-softmax"]) {
    it(`says so of ${family} where scale is taken twice, or forgotten`, async () => {
      const right = await at(family, 1 / 255);
      expect([...right.warnings, ...right.notes]).to.deep.equal([]);
      const twice = await at(family, 1 / 255 ** 2);
      expect(twice.quality.accuracy).to.be.lessThan(0.6);
      expect(twice.warnings.join()).to.match(
        /accuracy 0\.5\d\d is (no better than|near that of) always answering (TRUE|FALSE) \(0\.500\): check the preprocessing/,
      );
      expect(twice.notes.join()).to.match(
        /^pixels reach image as 0 … 0\.00392, hardly apart: is scale taken/,
      );
      const forgotten = await at(family, 1);
      expect(forgotten.notes.join()).to.match(/^pixels reach image as 0 … 255: right only for a graph/);
      expect(forgotten.warnings.join()).to.match(/probabilities are (no|little) better than/);
    });
  }
});
