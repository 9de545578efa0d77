import { readModel, voteByte } from "@assay/keeper";
import { expect } from "chai";

import { openJudge } from "./judge.ts";
import { modelPaths } from "./paths.ts";
import { readSamples } from "./samples.ts";

const { manifest, bytes } = readModel(modelPaths("language", "char-conv").manifest);
const [claim] = readSamples("language");
const asked = { ...claim, answer: claim?.answer ?? "en", truth: true };

describe("openJudge", () => {
  it("has no probability where the model has no label, which becomes the base rate", async () => {
    const judge = await openJudge(manifest, bytes);
    const [known = Number.NaN, unknown = 0] = await judge.judge([
      asked,
      { ...asked, answer: "no such label" },
    ]);
    await judge.release();
    expect(known).to.be.within(0, 1);
    expect(unknown).to.be.NaN;
    expect(voteByte(unknown, manifest.baseRate, 77)).to.equal(77);
  });

  it("asks whatever the limits are, and tells the time", async () => {
    const judge = await openJudge({ ...manifest, limits: { text: { min: 0, max: 1 } } }, bytes);
    const probabilities = await judge.judge([asked]);
    const milliseconds = judge.milliseconds();
    await judge.release();
    expect(probabilities[0]).to.be.within(0, 1);
    expect(milliseconds).to.be.greaterThan(0);
  });
});
