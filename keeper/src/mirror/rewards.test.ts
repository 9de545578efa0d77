import { expect } from "chai";

import { WAD } from "./fixedPoint.ts";
import {
  absenceCharge,
  cap,
  debt,
  due,
  factor,
  mintable,
  payout,
  points,
  reporterPart,
  schedule,
  unlockable,
  type Account,
  type EpochTerms,
} from "./rewards.ts";

const ONE = 10n ** 9n;
const TERMS: EpochTerms = {
  points: 300n,
  maturity: 64n,
  mintRatio: 9_000n,
  mintCap: 15_000n,
  penaltyRatio: 20_000n,
  share: 0n,
};
const ACCOUNT: Account = { score: 100n, releasable: 0n, served: 1_000n, factor: ONE, scored: 64n };

describe("rewards, points and payouts", () => {
  it("multiplies R^γ and the tilt, down to 1e-9", () => {
    const common = { weight: 4n, families: 4n, familyWeight: 1n, boostCap: 32n };
    expect(factor(WAD, WAD / 2n, common)).to.equal(ONE);
    expect(factor(WAD, WAD / 2n, { ...common, weight: 9n }), "√(9 / 4)").to.equal((3n * ONE) / 2n);
    // 0.1^1.25 = 0.0562341325…
    expect(factor(WAD / 10n, (5n * WAD) / 4n, common)).to.equal(56_234_132n);
  });

  it("gives points to mature gains only, rounded down", () => {
    expect(points({ ...ACCOUNT, factor: (3n * ONE) / 2n - 1n }, 64n)).to.equal(149n);
    expect(points({ ...ACCOUNT, scored: 63n }, 64n)).to.equal(0n);
    expect(points({ ...ACCOUNT, score: -100n }, 64n)).to.equal(0n);
  });

  it("pays by points up to the cap", () => {
    // 1,000 gwei · 1.5 · 0.9
    expect(cap(ACCOUNT, TERMS)).to.equal(1_350n * ONE);
    expect(payout(ACCOUNT, TERMS, 1_000n), "a third").to.equal(333n);
    expect(payout(ACCOUNT, TERMS, 10_000n * ONE)).to.equal(1_350n * ONE);
    expect(payout({ ...ACCOUNT, score: 0n }, TERMS, 1_000n)).to.equal(0n);
  });
});

describe("rewards.mintable", () => {
  it("is κ of the burn without a share", () => {
    expect(mintable(1_001n, 10n ** 21n, TERMS)).to.equal(900n);
  });

  it("adds the scheduled share, never above the burn", () => {
    const shared = { ...TERMS, share: 1_000n };
    expect(mintable(1_000n, 500n, shared), "900 + 50").to.equal(950n);
    expect(mintable(1_000n, 10n ** 21n, shared), "900 + 100").to.equal(1_000n);
  });

  it("has a schedule that halves", () => {
    const emissions = [0n, 364n, 365n, 730n, 365n * 300n].map((epoch) => schedule(1_000n, 365n, epoch));
    expect(emissions).to.deep.equal([1_000n, 1_000n, 500n, 250n, 0n]);
    expect(schedule(8n, 0n, 3n), "a halving of zero counts as one").to.equal(1n);
  });
});

describe("rewards, bounty of a reporter", () => {
  it("is a twentieth in whole gwei, of the epochs that pay, at most what is left", () => {
    const bounty = { from: 5n, until: 7n, left: 3n };
    expect([4n, 5n, 6n, 7n].map((epoch) => reporterPart(bounty, epoch, 20n * ONE))).to.deep.equal([
      0n,
      1n,
      1n,
      0n,
    ]);
    expect(reporterPart(bounty, 5n, 40n * ONE - 1n), "rounded down").to.equal(1n);
    expect(reporterPart(bounty, 5n, 1_000n * ONE)).to.equal(3n);
  });
});

describe("rewards, debts", () => {
  it("owes ρ times a loss, rounded up", () => {
    expect(debt(-3n, 15_000n)).to.equal(5n);
    expect(debt(0n, 15_000n)).to.equal(0n);
    expect(debt(7n, 15_000n)).to.equal(0n);
  });

  it("is due up to the bonds of the account", () => {
    expect(due({ ...ACCOUNT, score: -ONE, releasable: 3n }, TERMS)).to.equal(2n * ONE);
    expect(due({ ...ACCOUNT, score: -ONE, releasable: 1n }, TERMS)).to.equal(ONE);
  });

  it("frees the bonds a loss does not need", () => {
    // a debt of 2 gwei and 2 wei needs three gwei
    expect(unlockable({ ...ACCOUNT, score: -ONE - 1n, releasable: 5n }, TERMS)).to.equal(2n);
    expect(unlockable({ ...ACCOUNT, score: -ONE, releasable: 1n }, TERMS)).to.equal(0n);
    expect(unlockable({ ...ACCOUNT, releasable: 5n }, TERMS)).to.equal(5n);
  });

  it("discounts an absence by R^δ, rounded up", () => {
    expect(absenceCharge(10n, 10_000n, WAD, WAD / 2n)).to.equal(10n);
    expect(absenceCharge(3n, 5_000n, WAD, WAD / 2n)).to.equal(2n);
    expect(
      absenceCharge(100n, 10_000n, 10n * WAD, WAD),
      "a tenth, up because powWad falls short of 10",
    ).to.equal(11n);
  });
});
