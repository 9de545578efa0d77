import { expect } from "chai";

import { DAY, ethers, networkHelpers } from "../fixtures/world.ts";
import { now, vaultWorld } from "../fixtures/vault.ts";

/** What operators of the default world ask, basis points. */
const COMMISSION = 1_000n;
const UNBONDING = 7n * DAY;

describe("StakeVault commission", () => {
  // setCommission
  // ├── when not registered, or above half → NotRegistered, CommissionTooHigh
  // ├── when lower → at once, and a pending rise is off
  // ├── when higher → after UNBONDING, so that delegators can leave first
  // ├── given a pending rise, when higher again → replaced, the wait begins again
  // └── given a rise that came into force → the base of what is higher or lower
  describe("setCommission", () => {
    it("reverts when the caller is not registered", async () => {
      const { vault, domain, alice } = await networkHelpers.loadFixture(vaultWorld);
      await expect(vault.connect(alice).setCommission(domain, 0))
        .to.be.revertedWithCustomError(vault, "NotRegistered")
        .withArgs(domain, alice.address);
    });

    it("reverts when it is above half and not when it is half [STK-16]", async () => {
      const { vault, domain, first } = await networkHelpers.loadFixture(vaultWorld);
      await expect(vault.connect(first).setCommission(domain, 5_001))
        .to.be.revertedWithCustomError(vault, "CommissionTooHigh")
        .withArgs(5_001, 5_000);
      await expect(vault.connect(first).setCommission(domain, 5_000)).to.emit(vault, "CommissionChanged");
    });

    it("falls at once [STK-17]", async () => {
      const { vault, domain, first } = await networkHelpers.loadFixture(vaultWorld);
      const tx = await vault.connect(first).setCommission(domain, 999);
      await expect(tx)
        .to.emit(vault, "CommissionChanged")
        .withArgs(domain, first.address, 999, await now());
      expect(await vault.commissionOf(domain, first.address)).to.equal(999n);
    });

    it("rises only after UNBONDING [STK-17]", async () => {
      const { vault, domain, first } = await networkHelpers.loadFixture(vaultWorld);
      const tx = await vault.connect(first).setCommission(domain, 4_000);
      const effectiveAt = (await now()) + UNBONDING;
      await expect(tx)
        .to.emit(vault, "CommissionChanged")
        .withArgs(domain, first.address, 4_000, effectiveAt);
      await networkHelpers.time.increaseTo(effectiveAt - 1n);
      expect(await vault.commissionOf(domain, first.address)).to.equal(COMMISSION);
      await networkHelpers.time.increaseTo(effectiveAt);
      expect(await vault.commissionOf(domain, first.address)).to.equal(4_000n);
    });

    it("lets a delegator leave before a rise takes a share of its rewards", async () => {
      const { vault, domain, first, alice } = await networkHelpers.loadFixture(vaultWorld);
      await vault.connect(alice).stake(domain, first.address, 100n * 10n ** 18n);
      await vault.connect(first).setCommission(domain, 5_000);
      const effectiveAt = (await now()) + UNBONDING;
      const { shares } = await vault.holdingOf(domain, first.address, alice.address);
      await networkHelpers.time.setNextBlockTimestamp(effectiveAt - 1n);
      await vault.connect(alice).requestUnstake(domain, first.address, shares);
      expect(await vault.commissionOf(domain, first.address)).to.equal(COMMISSION);
    });

    it("drops a pending rise when it falls or is confirmed", async () => {
      for (const commission of [COMMISSION - 1n, COMMISSION]) {
        const { vault, domain, first } = await networkHelpers.loadFixture(vaultWorld);
        await vault.connect(first).setCommission(domain, 4_000);
        await vault.connect(first).setCommission(domain, commission);
        await networkHelpers.time.increase(2n * UNBONDING);
        expect(await vault.commissionOf(domain, first.address)).to.equal(commission);
      }
    });

    it("waits again when a pending rise is replaced [STK-17]", async () => {
      const { vault, domain, first } = await networkHelpers.loadFixture(vaultWorld);
      await vault.connect(first).setCommission(domain, 2_000);
      await networkHelpers.time.increase(UNBONDING - 10n);
      await vault.connect(first).setCommission(domain, 3_000);
      const effectiveAt = (await now()) + UNBONDING;
      await networkHelpers.time.increaseTo(effectiveAt - 1n);
      expect(await vault.commissionOf(domain, first.address)).to.equal(COMMISSION);
      await networkHelpers.time.increaseTo(effectiveAt);
      expect(await vault.commissionOf(domain, first.address)).to.equal(3_000n);
    });

    it("counts from a rise that came into force", async () => {
      const { vault, domain, first } = await networkHelpers.loadFixture(vaultWorld);
      const operator = vault.connect(first);
      await operator.setCommission(domain, 3_000);
      await networkHelpers.time.increase(UNBONDING);
      await operator.setCommission(domain, 4_000);
      expect(await vault.commissionOf(domain, first.address)).to.equal(3_000n);
      await networkHelpers.time.increase(UNBONDING);
      expect(await vault.commissionOf(domain, first.address)).to.equal(4_000n);
      await operator.setCommission(domain, 2_500);
      expect(await vault.commissionOf(domain, first.address)).to.equal(2_500n);
    });

    it("forgets a pending rise when the operator registers again", async () => {
      const { vault, domain, alice } = await networkHelpers.loadFixture(vaultWorld);
      const operator = vault.connect(alice);
      const model = ethers.id("model");
      await operator.register(domain, alice.address, 0, 100, model, "");
      await operator.setCommission(domain, 5_000);
      await operator.deregister(domain);
      await operator.register(domain, alice.address, 0, 200, model, "");
      await networkHelpers.time.increase(2n * UNBONDING);
      expect(await vault.commissionOf(domain, alice.address)).to.equal(200n);
    });
  });
});
