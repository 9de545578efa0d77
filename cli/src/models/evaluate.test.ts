import { join } from "node:path";

import { readModel, type Manifest } from "@assay/keeper";
import { expect } from "chai";

import { ROOT } from "../testing/chain.ts";
import { evaluate } from "./evaluate.ts";

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
