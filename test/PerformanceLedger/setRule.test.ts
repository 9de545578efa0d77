import { performanceMath } from "@assay/keeper";
import { expect } from "chai";

import { performanceWorld } from "../fixtures/performance.ts";
import { ethers, networkHelpers } from "../fixtures/world.ts";

const { DEFAULT_RULE, PUBLISHED_RULE } = performanceMath;
const load = networkHelpers.loadFixture.bind(networkHelpers);

const asStored = (rule: performanceMath.Rule) =>
  Object.fromEntries(Object.entries(rule).map(([name, value]) => [name, BigInt(value)]));

describe("PerformanceLedger", () => {
  // setRule
  // ├── when the caller does not own the domain, or nobody does → NotDomainOwner
  // ├── when a number is out of its bounds or the weights are not 1 → InvalidRule
  // └── otherwise later posts are computed under it; earlier versions stay
  describe("setRule", () => {
    it("begins with the default rule [PERF-5]", async () => {
      const w = await load(performanceWorld);
      expect(await w.performance.versionOf(w.domain)).to.equal(0n);
      expect((await w.performance.ruleOf(w.domain, 0)).toObject()).to.deep.equal(asStored(DEFAULT_RULE));
    });

    it("adds a version and keeps the others", async () => {
      const w = await load(performanceWorld);
      const fast = {
        ...DEFAULT_RULE,
        speedWeight: 10_000,
        forwardWeight: 0,
        backwardWeight: 0,
        responseWeight: 0,
      };
      for (const [i, rule] of [PUBLISHED_RULE, fast].entries()) {
        await expect(w.performance.setRule(w.domain, rule))
          .to.emit(w.performance, "RuleSet")
          .withArgs(w.domain, i + 1, Object.values(rule));
      }
      expect(await w.performance.versionOf(w.domain)).to.equal(2n);
      for (const [version, rule] of [DEFAULT_RULE, PUBLISHED_RULE, fast].entries()) {
        const stored = (await w.performance.ruleOf(w.domain, version)).toObject();
        expect(stored, `version ${version}`).to.deep.equal(asStored(rule));
      }
    });

    it("reverts when the caller is not the domain's owner [PERF-15]", async () => {
      const w = await load(performanceWorld);
      await expect(w.performance.connect(w.outsider).setRule(w.domain, PUBLISHED_RULE))
        .to.be.revertedWithCustomError(w.performance, "NotDomainOwner")
        .withArgs(w.outsider.address, w.deployer.address);
      await expect(w.performance.setRule(99, PUBLISHED_RULE))
        .to.be.revertedWithCustomError(w.performance, "NotDomainOwner")
        .withArgs(w.deployer.address, ethers.ZeroAddress);
    });

    const BOUNDS: Readonly<Record<string, readonly [least: number, most: number]>> = {
      alpha: [0, 10_000],
      beta: [0, 10_000],
      scale: [1, 10],
      success: [10_000, 20_000],
      late: [1_000, 10_000],
    };
    for (const [name, [least, most]] of Object.entries(BOUNDS)) {
      it(`takes ${name} from ${least} to ${most} [PERF-15]`, async () => {
        const w = await load(performanceWorld);
        for (const value of [least, most])
          await w.performance.setRule(w.domain, { ...DEFAULT_RULE, [name]: value });
        for (const value of [least - 1, most + 1].filter((x) => x >= 0)) {
          const rule = { ...DEFAULT_RULE, [name]: value };
          await expect(w.performance.setRule(w.domain, rule))
            .to.be.revertedWithCustomError(w.performance, "InvalidRule")
            .withArgs(Object.values(rule));
        }
      });
    }

    it("wants weights that are 1 together [PERF-15]", async () => {
      const w = await load(performanceWorld);
      for (const responseWeight of [2_499, 2_501]) {
        const rule = { ...DEFAULT_RULE, responseWeight };
        await expect(w.performance.setRule(w.domain, rule))
          .to.be.revertedWithCustomError(w.performance, "InvalidRule")
          .withArgs(Object.values(rule));
      }
    });
  });
});
