import { reputationMath } from "@assay/keeper";
import { expect } from "chai";
import { parseEther } from "viem";

import { createTapes } from "./tapes.ts";

const OWNER = "0x00000000000000000000000000000000000000A1";
const RULE: reputationMath.Rule = {
  pull: parseEther("0.055"),
  success: parseEther("1.05"),
  wrong: parseEther("0.94"),
  late: parseEther("0.97"),
  absent: parseEther("0.94"),
  catchUp: 0n,
};

describe("createTapes", () => {
  it("remembers R from before a full tape was folded for the newest outcome", () => {
    const tapes = createTapes(() => RULE);
    for (let i = 0; i < 48; i++) tapes.record(OWNER, 3n, 1n);
    const expected = reputationMath.replay(reputationMath.START, (1n << 96n) - 1n, 48n, RULE);
    const said = { version: 1, length: 48n, before: reputationMath.START, reputation: expected };
    const { checks } = tapes.replay(OWNER, { ...said, isFold: true });
    expect(checks.every(({ computed, chain }) => computed === chain)).to.equal(true);
    tapes.record(OWNER, 3n, 1n);
    const after = { reputation: expected, tape: 3n, length: 1n };
    expect(tapes.of(OWNER), "the charge of the newest outcome used the R of before").to.deep.equal({
      ...after,
      atLastOutcome: reputationMath.START,
    });
    tapes.record(OWNER, 0n, 1n);
    expect(tapes.of(OWNER).atLastOutcome).to.equal(expected);
  });

  it("uses the new R for outcomes after a posted tape", () => {
    const tapes = createTapes(() => RULE);
    tapes.record(OWNER, 2n, 1n);
    const posted = parseEther("0.97");
    const said = { version: 1, length: 1n, before: reputationMath.START, reputation: posted, isFold: false };
    expect(tapes.replay(OWNER, said).checks.map(({ computed }) => computed)).to.deep.equal([
      1n,
      reputationMath.START,
      posted,
    ]);
    tapes.record(OWNER, 3n, 1n);
    expect(tapes.of(OWNER).atLastOutcome).to.equal(posted);
  });
});
