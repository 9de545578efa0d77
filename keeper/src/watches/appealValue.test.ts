import { expect } from "chai";

import { ASSAY } from "../testing/deps.ts";
import { appealValue, doubts, type Ruled } from "./appealValue.ts";

const GWEI = 10n ** 9n;
/** θ = ½, verdicts TRUE FALSE undecided TRUE. */
const RULED: Ruled = {
  verdicts: [0b10_00_01_10n, 0n],
  votes: [{ owner: ASSAY, votes: Uint8Array.from([255, 0, 128, 100]) }],
  threshold: 32_768n,
  baseRate: 64,
  seatBond: 64_000_000n,
};

describe("value of an appeal", () => {
  it("counts the claims the model is confident against, and what their losing voters would lose", () => {
    // Against TRUE by 0.4, against FALSE by 0.4, undecided, with TRUE.
    const found = doubts(RULED, Uint8Array.from([25, 230, 0, 250]), 3_500n);
    // Half of the whole bond, a fourth of the claims: each stood at the far end.
    const reward = (((RULED.seatBond / 4n) * GWEI) / 2n) as bigint;
    expect(found).to.deep.equal([
      { claim: 0, wrong: 230n, reward },
      { claim: 1, wrong: 230n, reward },
    ]);
  });

  it("leaves out what is not confident, at the bound too, and a vote of the base rate", () => {
    const at = (byte: number, confidence: bigint) =>
      doubts(RULED, Uint8Array.from([byte, 128, 128, 255]), confidence).length;
    expect(at(63, 2_500n), "0.2529 below θ").to.equal(1);
    expect(at(64, 2_400n), "b").to.equal(0);
    expect(at(65, 2_400n)).to.equal(1);
    expect(at(65, 2_500n), "0.2451 below θ").to.equal(0);
    expect(
      doubts({ ...RULED, threshold: 51n * 256n }, Uint8Array.from([0, 0, 0, 255]), 2_000n),
    ).to.have.length(0);
  });

  it("gives voters on the other side of θ nothing to lose", () => {
    // The fourth voted 100 of 255 where the verdict is TRUE.
    const [only] = doubts(RULED, Uint8Array.from([255, 0, 0, 5]), 3_500n);
    expect(only).to.deep.equal({ claim: 3, wrong: 250n, reward: 0n });
  });

  it("is the formula: reward by chance, capped at the bond, less what is lost otherwise", () => {
    const whole = 1_000_000n;
    const bond = { whole, own: whole };
    const sure = [{ claim: 0, wrong: 255n, reward: 10n * whole }];
    expect(appealValue(sure, 10_000n, bond), "certain, capped").to.equal(whole);
    expect(appealValue(sure, 0n, bond), "no trust").to.equal(-whole);
    expect(appealValue(sure, 5_000n, bond), "one in two").to.equal(0n);
    const small = [{ claim: 0, wrong: 255n, reward: whole / 10n }];
    expect(appealValue(small, 9_000n, bond), "0.9 · 0.1 − 0.1").to.equal(-10_000n);
    const two = [small[0]!, { claim: 1, wrong: 51n, reward: whole / 10n }];
    expect(appealValue(two, 10_000n, bond), "every claim adds its part").to.equal(120_000n);
    expect(appealValue(sure, 7_500n, { whole, own: whole / 4n }), "a fourth of it").to.equal(125_000n);
    const likely = [{ claim: 0, wrong: 204n, reward: whole / 10n }];
    expect(appealValue(likely, 10_000n, bond), "0.8 · 0.1 − 0.2").to.equal(-120_000n);
    expect(appealValue([], 10_000n, bond)).to.equal(-whole);
    expect(appealValue(sure, 5_001n, { whole: 3n, own: 3n }), "down").to.equal(0n);
    expect(appealValue(sure, 4_999n, { whole: 3n, own: 3n }), "down").to.equal(-1n);
  });
});
