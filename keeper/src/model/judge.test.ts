import { expect } from "chai";

import { createLogger, silentLogger } from "../lib/logger.ts";
import { judgeClaims } from "./judge.ts";
import type { Model } from "./session.ts";

const CLAIM = { text: "The bridge was opened in 1932.", answer: "It opened in 1932." };
const B = 77;

describe("judgeClaims", () => {
  const modelOf = (judge: Model["judge"]): Model => ({
    name: "test",
    family: "test",
    hash: "0x00",
    baseRate: 0.5,
    judge,
    close: async () => {},
  });

  for (const [what, judge] of [
    ["throws", async () => Promise.reject(new Error("broken"))],
    ["gives NaN", async () => [NaN, NaN]],
    ["gives infinity", async () => [Infinity, -Infinity]],
    ["gives too few answers", async () => []],
    ["gives numbers that are no probabilities", async () => [7, -7]],
  ] as const) {
    it(`votes the base rate when the model ${what} [KEEP-8]`, async () => {
      const { votes } = await judgeClaims(modelOf(judge as Model["judge"]), [CLAIM, CLAIM], B, silentLogger);
      expect([...votes]).to.deep.equal([B, B]);
    });
  }

  it("votes the base rate on what was not judged, and only there [KEEP-8, PAY-6]", async () => {
    const { votes, abstained } = await judgeClaims(
      modelOf(async () => [0.9, NaN, 0.9]),
      [CLAIM, CLAIM, CLAIM],
      128,
      silentLogger,
    );
    expect([...votes]).to.deep.equal([230, 128, 230]);
    expect(abstained).to.equal(1);
  });

  it("says how many claims got no answer", async () => {
    const lines: string[] = [];
    const log = createLogger({ write: (line) => lines.push(line) });
    await judgeClaims(
      modelOf(async () => [NaN, 0.5]),
      [CLAIM, CLAIM],
      128,
      log,
    );
    expect(lines.join("")).to.include("claims voted at the base rate").and.to.include('"unusable":1');
  });
});
