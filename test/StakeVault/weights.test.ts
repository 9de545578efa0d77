import { expect } from "chai";

import { WAD } from "../../deploy/parameters.ts";
import { addOperator, ethers, networkHelpers, nextEpoch, OPERATOR_STAKE } from "../fixtures/world.ts";
import { expectExactSums, GWEI, root, vaultWorld } from "../fixtures/vault.ts";

const FULL = OPERATOR_STAKE / GWEI;
const MIN_SELF_BOND = 100n * WAD;
const MIN_FAMILY_WEIGHT = 1_000n * WAD;

/** A fifth family, empty, for Alice. */
async function fifthFamily() {
  const w = await vaultWorld();
  await w.registry.proposeFamily(w.domain, "fifth");
  await w.registry.listFamily(w.domain, ethers.id("fifth"));
  return w;
}

type Vaults = Awaited<ReturnType<typeof vaultWorld>>;

async function weightOf(w: Vaults, owner: string, epoch: bigint): Promise<bigint> {
  return (await w.vault.seatWeights(w.domain, owner, epoch)).weight;
}

describe("StakeVault weights", () => {
  // seatWeights, domainSums
  // ├── when stake, R or rest change → from the next epoch on, exact for two epochs
  // ├── given R below 1 → less weight; above 1 → not more
  // ├── given a tier change → from the next epoch on
  // ├── given an own share below minSelfBond → no weight
  // └── when another epoch than the three is asked for → EpochOutsideWindow
  describe("seatWeights", () => {
    it("changes with the next epoch and stays exact for the one before [EPO-2, EPO-3]", async () => {
      const w = await networkHelpers.loadFixture(vaultWorld);
      const owner = w.first.address;
      const epoch: bigint = await w.vault.currentEpoch();
      const tx = await w.vault.connect(w.alice).stake(w.domain, owner, 300n * WAD);
      await expect(tx)
        .to.emit(w.vault, "WeightChanged")
        .withArgs(w.domain, owner, epoch + 1n, FULL + 300n * GWEI, 2n);
      expect(await weightOf(w, owner, epoch)).to.equal(FULL);
      await nextEpoch(w);
      expect(await weightOf(w, owner, epoch)).to.equal(FULL);
      expect(await weightOf(w, owner, epoch + 1n)).to.equal(FULL + 300n * GWEI);
      // Another change in the new epoch leaves both.
      await w.vault.connect(w.alice).stake(w.domain, owner, 50n * WAD);
      expect(await weightOf(w, owner, epoch)).to.equal(FULL);
      expect(await weightOf(w, owner, epoch + 1n)).to.equal(FULL + 300n * GWEI);
      expect(await weightOf(w, owner, epoch + 2n)).to.equal(FULL + 350n * GWEI);
      await expectExactSums(w, w.domain, w.owners);
    });

    it("keeps the last of several changes in one epoch, and a stake in and out weighs nothing [EPO-2]", async () => {
      const w = await networkHelpers.loadFixture(vaultWorld);
      const owner = w.first.address;
      const epoch: bigint = await w.vault.currentEpoch();
      await w.vault.connect(w.alice).stake(w.domain, owner, 5_000n * WAD);
      const { shares } = await w.vault.holdingOf(w.domain, owner, w.alice.address);
      await w.vault.connect(w.alice).requestUnstake(w.domain, owner, shares);
      expect(await weightOf(w, owner, epoch + 1n)).to.equal(FULL);
      await expectExactSums(w, w.domain, w.owners);
    });

    it("reverts outside of the previous, the current and the next epoch [EPO-3]", async () => {
      const w = await networkHelpers.loadFixture(vaultWorld);
      await nextEpoch(w, 5n);
      const epoch: bigint = await w.vault.currentEpoch();
      for (const asked of [epoch - 2n, epoch + 2n]) {
        await expect(w.vault.seatWeights(w.domain, w.first.address, asked))
          .to.be.revertedWithCustomError(w.vault, "EpochOutsideWindow")
          .withArgs(asked, epoch);
        await expect(w.vault.familyWeight(w.domain, 0, asked))
          .to.be.revertedWithCustomError(w.vault, "EpochOutsideWindow")
          .withArgs(asked, epoch);
      }
      expect(await weightOf(w, w.first.address, epoch - 1n)).to.equal(FULL);
    });

    it("is stake · min(R, 1): less with a bad record, not more with a good one [STK-9]", async () => {
      const w = await networkHelpers.loadFixture(vaultWorld);
      const owner = w.first.address;
      const epoch: bigint = await w.vault.currentEpoch();
      const ledger = w.vault.connect(w.peers.ledger);
      for (const [reputation, weight] of [
        [WAD / 10n, FULL / 10n],
        [WAD - 1n, FULL - 1n],
        [WAD, FULL],
        [10n * WAD, FULL],
      ] as const) {
        await ledger.setReputation(w.domain, owner, reputation);
        expect(await weightOf(w, owner, epoch + 1n), `R = ${reputation}`).to.equal(weight);
        await expectExactSums(w, w.domain, w.owners);
      }
    });

    it("raises and lowers the tier with the next epoch only [EPO-2, EPO-7]", async () => {
      const w = await networkHelpers.loadFixture(vaultWorld);
      const owner = w.first.address;
      const start: bigint = await w.vault.currentEpoch();
      const ledger = w.vault.connect(w.peers.ledger);
      const tierAt = async (epoch: bigint) => (await w.vault.seatWeights(w.domain, owner, epoch)).tier;
      const steps = [
        [WAD / 2n, 2n],
        [WAD / 2n - 1n, 1n],
        [2n * WAD - 1n, 2n],
        [2n * WAD, 3n],
        [5n * WAD - 1n, 3n],
        [5n * WAD, 4n],
      ] as const;
      let before = 2n;
      for (const [i, [reputation, tier]] of steps.entries()) {
        const epoch = start + BigInt(i);
        await ledger.setReputation(w.domain, owner, reputation);
        expect([await tierAt(epoch), await tierAt(epoch + 1n)]).to.deep.equal([before, tier]);
        await nextEpoch(w);
        expect([await tierAt(epoch), await tierAt(epoch + 1n)]).to.deep.equal([before, tier]);
        before = tier;
      }
      await nextEpoch(w, 3n);
      const late = start + BigInt(steps.length) + 3n;
      expect([await tierAt(late - 1n), await tierAt(late), await tierAt(late + 1n)]).to.deep.equal([
        4n,
        4n,
        4n,
      ]);
    });

    it("is zero while the operator's own share is below minSelfBond, whoever else stakes [STK-9]", async () => {
      const w = await networkHelpers.loadFixture(vaultWorld);
      await addOperator(w, w.domain, w.outsider, 0, MIN_SELF_BOND - GWEI);
      const owner = w.outsider.address;
      const epoch: bigint = await w.vault.currentEpoch();
      await w.vault.connect(w.alice).stake(w.domain, owner, 5_000n * WAD);
      expect(await weightOf(w, owner, epoch + 1n)).to.equal(0n);
      await w.token.transfer(owner, 10n ** 15n);
      await w.vault.connect(w.outsider).stake(w.domain, owner, 10n ** 15n);
      expect(await weightOf(w, owner, epoch + 1n)).to.equal(
        (MIN_SELF_BOND - GWEI + 10n ** 15n + 5_000n * WAD) / GWEI,
      );
      await expectExactSums(w, w.domain, [...w.owners, w.outsider]);
    });

    it("counts unbonding stake for nothing [STK-8]", async () => {
      const w = await networkHelpers.loadFixture(vaultWorld);
      const owner = w.first.address;
      const epoch: bigint = await w.vault.currentEpoch();
      const { shares } = await w.vault.holdingOf(w.domain, owner, owner);
      await w.vault.connect(w.first).requestUnstake(w.domain, owner, shares / 4n);
      expect(await weightOf(w, owner, epoch + 1n)).to.equal((FULL / 4n) * 3n);
      // What stays is worth less than minSelfBond: nothing of it weighs.
      await w.vault.connect(w.first).requestUnstake(w.domain, owner, (shares / 400n) * 285n + 1n);
      expect(await weightOf(w, owner, epoch + 1n)).to.equal(0n);
      await expectExactSums(w, w.domain, w.owners);
    });
  });

  // rest
  // ├── when not registered → NotRegistered
  // ├── when resting → no weight from the next epoch on, stake stays
  // └── when back → full weight from the next epoch on
  describe("rest", () => {
    it("reverts when the caller is not registered", async () => {
      const { vault, domain, alice } = await networkHelpers.loadFixture(vaultWorld);
      await expect(vault.connect(alice).rest(domain, true))
        .to.be.revertedWithCustomError(vault, "NotRegistered")
        .withArgs(domain, alice.address);
    });

    it("takes the weight away with the next epoch and gives it back with the one after [STK-18]", async () => {
      const w = await networkHelpers.loadFixture(vaultWorld);
      const owner = w.first.address;
      const epoch: bigint = await w.vault.currentEpoch();
      const vault = w.vault.connect(w.first);
      await expect(vault.rest(w.domain, true)).to.emit(vault, "RestChanged").withArgs(w.domain, owner, true);
      expect([await weightOf(w, owner, epoch), await weightOf(w, owner, epoch + 1n)]).to.deep.equal([
        FULL,
        0n,
      ]);
      await expectExactSums(w, w.domain, w.owners);
      await nextEpoch(w);
      // Stake that comes meanwhile rests too.
      await w.vault.connect(w.alice).stake(w.domain, owner, 100n * WAD);
      expect(await weightOf(w, owner, epoch + 2n)).to.equal(0n);
      await vault.rest(w.domain, false);
      expect(await weightOf(w, owner, epoch + 1n)).to.equal(0n);
      expect(await weightOf(w, owner, epoch + 2n)).to.equal(FULL + 100n * GWEI);
      expect((await vault.poolOf(w.domain, owner)).active).to.equal(OPERATOR_STAKE + 100n * WAD);
      await expectExactSums(w, w.domain, w.owners);
    });
  });

  // domainSums
  // ├── given four equal families → W, Σroot and F as computed by hand
  // ├── given a family that crosses minFamilyWeight up and down → in and out, exactly
  // └── given dust families → not counted, no seat
  describe("domainSums", () => {
    it("adds up the families that count [STK-10]", async () => {
      const w = await networkHelpers.loadFixture(vaultWorld);
      const family = 3n * FULL;
      expect(await w.vault.domainSums(w.domain)).to.deep.equal([4n * family, 4n * root(family), 4n]);
      await expectExactSums(w, w.domain, w.owners);
    });

    it("stays exact while a family crosses the floor up and down [DOM-7, STK-10]", async () => {
      const w = await networkHelpers.loadFixture(fifthFamily);
      const all = [...w.owners, w.outsider];
      const family = 3n * FULL;
      const without = [4n * family, 4n * root(family), 4n];
      const floor = MIN_FAMILY_WEIGHT / GWEI;
      const withFifth = [4n * family + floor, 4n * root(family) + root(floor), 5n];

      await addOperator(w, w.domain, w.outsider, 4, MIN_FAMILY_WEIGHT - 10n ** 15n);
      expect(await w.vault.nextDomainSums(w.domain)).to.deep.equal(without);
      await expectExactSums(w, w.domain, all, 5);

      await w.token.transfer(w.outsider.address, 10n ** 15n);
      await w.vault.connect(w.outsider).stake(w.domain, w.outsider.address, 10n ** 15n);
      expect(await w.vault.nextDomainSums(w.domain)).to.deep.equal(withFifth);
      expect(await w.vault.domainSums(w.domain)).to.deep.equal(without);
      await expectExactSums(w, w.domain, all, 5);

      await nextEpoch(w);
      expect(await w.vault.domainSums(w.domain)).to.deep.equal(withFifth);
      await w.vault.connect(w.outsider).requestUnstake(w.domain, w.outsider.address, GWEI * 1_000n);
      expect(await w.vault.nextDomainSums(w.domain)).to.deep.equal(without);
      expect(await w.vault.domainSums(w.domain)).to.deep.equal(withFifth);
      await expectExactSums(w, w.domain, all, 5);

      await w.vault.connect(w.outsider).cancelUnstake(w.domain, w.outsider.address);
      expect(await w.vault.nextDomainSums(w.domain)).to.deep.equal(withFifth);
      await w.vault.connect(w.outsider).rest(w.domain, true);
      await nextEpoch(w, 4n);
      expect(await w.vault.domainSums(w.domain)).to.deep.equal(without);
      await expectExactSums(w, w.domain, all, 5);
    });

    it("leaves dust families out of the sums and their members without a family weight [DOM-7]", async () => {
      const w = await networkHelpers.loadFixture(fifthFamily);
      await addOperator(w, w.domain, w.outsider, 4, MIN_SELF_BOND);
      await nextEpoch(w);
      const epoch: bigint = await w.vault.currentEpoch();
      const seat = await w.vault.seatWeights(w.domain, w.outsider.address, epoch);
      expect(seat.weight).to.equal(MIN_SELF_BOND / GWEI);
      expect(seat.familyWeight).to.equal(0n);
      expect(await w.vault.familyWeight(w.domain, 4, epoch)).to.equal(MIN_SELF_BOND / GWEI);
      expect((await w.vault.domainSums(w.domain)).families).to.equal(4n);
      await expectExactSums(w, w.domain, [...w.owners, w.outsider], 5);
    });

    it("goes down to nothing when everybody rests", async () => {
      const w = await networkHelpers.loadFixture(vaultWorld);
      for (const owner of w.owners) await w.vault.connect(owner).rest(w.domain, true);
      await expectExactSums(w, w.domain, w.owners);
      await nextEpoch(w, 2n);
      expect(await w.vault.domainSums(w.domain)).to.deep.equal([0n, 0n, 0n]);
      await expectExactSums(w, w.domain, w.owners);
    });

    it("stays exact over a mixed history with idle epochs [STK-10, EPO-4]", async () => {
      const w = await networkHelpers.loadFixture(vaultWorld);
      const assay = w.vault.connect(w.peers.assay);
      const ledger = w.vault.connect(w.peers.ledger);
      for (const [i, owner] of w.owners.entries()) {
        const pool = [w.domain, owner.address] as const;
        const odd = BigInt(i * i) * 7_777_777_777_777_777n + 10n ** 15n;
        if (i % 3 === 0) await w.vault.connect(w.alice).stake(...pool, odd);
        if (i % 3 === 1) await assay.charge(...pool, 0n, odd * 97n, ethers.ZeroAddress);
        if (i % 3 === 2) await ledger.setReputation(...pool, WAD / 3n + odd);
        if (i % 4 === 3) await w.vault.connect(owner).requestUnstake(...pool, odd * 1_013n);
        if (i % 5 === 4) await nextEpoch(w, BigInt(1 + (i % 3)));
        await expectExactSums(w, w.domain, w.owners);
      }
    });
  });
});
