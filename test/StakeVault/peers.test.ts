import { expect } from "chai";

import { WAD } from "../../deploy/parameters.ts";
import { ethers, networkHelpers, nextEpoch, OPERATOR_STAKE } from "../fixtures/world.ts";
import {
  assetsFor,
  expectExactSums,
  GWEI,
  sharesFor,
  vaultWorld,
  VIRTUAL_SHARES,
} from "../fixtures/vault.ts";

const FULL = OPERATOR_STAKE / GWEI;
const BOND = 64_000_000n; // gwei
const NOBODY = ethers.ZeroAddress;

/** The pool of the first operator, a quarter of it unbonding. */
async function quarterUnbonding() {
  const w = await vaultWorld();
  const pool = [w.domain, w.first.address] as const;
  const { shares } = await w.vault.holdingOf(...pool, w.first.address);
  await w.vault.connect(w.first).requestUnstake(...pool, shares / 4n);
  const assay = w.vault.connect(w.peers.assay);
  const minter = w.vault.connect(w.peers.minter);
  const epoch: bigint = await w.vault.currentEpoch();
  return { ...w, pool, assay, minter, epoch };
}

type Given = Awaited<ReturnType<typeof quarterUnbonding>>;

async function backing(w: Given): Promise<bigint> {
  const { active, unbonding } = await w.vault.poolOf(...w.pool);
  return active + unbonding;
}

/** Mints what a reward books, as the RewardMinter does. */
async function pay(w: Given, owner: string, amount: bigint) {
  await w.token.connect(w.peers.minter).mint(w.addresses.StakeVault, amount);
  return w.minter.reward(w.domain, owner, w.epoch, amount);
}

describe("StakeVault peers", () => {
  // takeSeat
  // ├── when the caller is not Assay → NotAssay
  // ├── when nobody registered, or a strange key → NotRegistered, NotOperatorKey
  // ├── when the bond is above what is free → InsufficientFreeStake
  // ├── when the epoch cannot be read any more → EpochOutsideWindow
  // └── else locks the bond and tells weight, family and tier of the epoch
  describe("takeSeat", () => {
    it("reverts when the caller is not Assay [STK-21]", async () => {
      const w = await networkHelpers.loadFixture(quarterUnbonding);
      for (const caller of [w.first, w.deployer, w.peers.minter, w.peers.ledger]) {
        await expect(w.vault.connect(caller).takeSeat(...w.pool, w.first.address, w.epoch, BOND))
          .to.be.revertedWithCustomError(w.vault, "NotAssay")
          .withArgs(caller.address, w.addresses.Assay);
      }
    });

    it("reverts when the owner is not registered", async () => {
      const w = await networkHelpers.loadFixture(quarterUnbonding);
      await expect(w.assay.takeSeat(w.domain, w.alice.address, w.alice.address, w.epoch, BOND))
        .to.be.revertedWithCustomError(w.vault, "NotRegistered")
        .withArgs(w.domain, w.alice.address);
    });

    it("reverts when the vote was sent with a strange key", async () => {
      const w = await networkHelpers.loadFixture(quarterUnbonding);
      await w.vault.connect(w.first).setHotKey(w.domain, w.bob.address);
      await expect(w.assay.takeSeat(...w.pool, w.alice.address, w.epoch, BOND))
        .to.be.revertedWithCustomError(w.vault, "NotOperatorKey")
        .withArgs(w.alice.address, w.first.address, w.bob.address);
    });

    it("reverts when the bond is a gwei above what no seat holds, unbonding stake included [STK-11]", async () => {
      const w = await networkHelpers.loadFixture(quarterUnbonding);
      await w.assay.takeSeat(...w.pool, w.first.address, w.epoch, BOND);
      const free = FULL - BOND;
      expect(await w.vault.freeStake(...w.pool)).to.equal(free);
      await expect(w.assay.takeSeat(...w.pool, w.first.address, w.epoch, free + 1n))
        .to.be.revertedWithCustomError(w.vault, "InsufficientFreeStake")
        .withArgs(free, free + 1n);
      await w.assay.takeSeat(...w.pool, w.first.address, w.epoch, free);
      expect(await w.vault.freeStake(...w.pool)).to.equal(0n);
      expect((await w.vault.poolOf(...w.pool)).locked).to.equal(FULL);
    });

    it("reverts when the round's epoch is gone [EPO-3]", async () => {
      const w = await networkHelpers.loadFixture(quarterUnbonding);
      await nextEpoch(w, 2n);
      await expect(w.assay.takeSeat(...w.pool, w.first.address, w.epoch, BOND))
        .to.be.revertedWithCustomError(w.vault, "EpochOutsideWindow")
        .withArgs(w.epoch, w.epoch + 2n);
    });

    it("judges the seat by the round's epoch, also in the one after [EPO-5]", async () => {
      const w = await networkHelpers.loadFixture(quarterUnbonding);
      await w.vault.connect(w.peers.ledger).setReputation(...w.pool, 3n * WAD);
      await nextEpoch(w);
      const seat = (epoch: bigint) => w.assay.takeSeat.staticCall(...w.pool, w.first.address, epoch, BOND);
      expect(await seat(w.epoch)).to.deep.equal([FULL, 3n * FULL, 0n, 2n]);
      expect(await seat(w.epoch + 1n)).to.deep.equal([
        (FULL / 4n) * 3n,
        2n * FULL + (FULL / 4n) * 3n,
        0n,
        3n,
      ]);
    });
  });

  // unlock
  // ├── when the caller is neither Assay nor the RewardMinter → NotMinter
  // └── else the bond is free again
  describe("unlock", () => {
    it("reverts when the caller is neither Assay nor the RewardMinter", async () => {
      const w = await networkHelpers.loadFixture(quarterUnbonding);
      for (const caller of [w.first, w.deployer, w.peers.ledger]) {
        await expect(w.vault.connect(caller).unlock(...w.pool, 0n))
          .to.be.revertedWithCustomError(w.vault, "NotMinter")
          .withArgs(caller.address, w.addresses.RewardMinter);
      }
    });

    it("frees a bond for either peer [STK-21]", async () => {
      const w = await networkHelpers.loadFixture(quarterUnbonding);
      for (const peer of [w.assay, w.minter]) {
        await w.assay.takeSeat(...w.pool, w.first.address, w.epoch, BOND);
        await expect(peer.unlock(...w.pool, BOND))
          .to.emit(w.vault, "BondUnlocked")
          .withArgs(...w.pool, BOND);
        expect((await w.vault.poolOf(...w.pool)).locked).to.equal(0n);
      }
    });
  });

  // charge
  // ├── when the caller is neither Assay nor the RewardMinter → NotMinter
  // ├── given stake on both sides → the same fraction of both, weight falls next epoch
  // ├── given a collector → a twentieth to it, the rest burns; without one all burns
  // ├── given other seats → their bonds are never touched, what is missing is a Shortfall
  // └── given its own bond → freed first
  describe("charge", () => {
    it("reverts when the caller is neither Assay nor the RewardMinter", async () => {
      const w = await networkHelpers.loadFixture(quarterUnbonding);
      for (const caller of [w.first, w.deployer, w.peers.ledger]) {
        await expect(w.vault.connect(caller).charge(...w.pool, 0n, 1n, caller.address))
          .to.be.revertedWithCustomError(w.vault, "NotMinter")
          .withArgs(caller.address, w.addresses.RewardMinter);
      }
    });

    it("takes the same fraction of active and unbonding stake [STK-8, STK-13]", async () => {
      const w = await networkHelpers.loadFixture(quarterUnbonding);
      const supply = await w.token.totalSupply();
      const tx = await w.assay.charge(...w.pool, 0n, 400n * WAD, w.bob.address);
      await expect(tx)
        .to.emit(w.vault, "Charged")
        .withArgs(...w.pool, 400n * WAD, 20n * WAD, w.bob.address);
      await expect(tx).to.changeTokenBalances(
        ethers,
        w.token,
        [w.addresses.StakeVault, w.bob],
        [-400n * WAD, 20n * WAD],
      );
      expect(await w.token.totalSupply()).to.equal(supply - 380n * WAD);
      expect(await w.vault.poolOf(...w.pool)).to.deep.equal([1_200n * WAD, 400n * WAD, 0n]);
      const [active, ticket] = await w.vault.assetsOf(...w.pool, w.first.address);
      expect(active).to.be.within(1_200n * WAD - 1n, 1_200n * WAD);
      expect(ticket).to.be.within(400n * WAD - 1n, 400n * WAD);
      const seat = await w.vault.seatWeights(...w.pool, w.epoch + 1n);
      expect(seat.weight).to.equal(1_200n * GWEI);
      await expectExactSums(w, w.domain, w.owners);
    });

    it("burns everything when nobody collects [STK-14]", async () => {
      const w = await networkHelpers.loadFixture(quarterUnbonding);
      const supply = await w.token.totalSupply();
      await expect(w.minter.charge(...w.pool, 0n, 7n, NOBODY))
        .to.emit(w.vault, "Charged")
        .withArgs(...w.pool, 7n, 0n, NOBODY);
      expect(await w.token.totalSupply()).to.equal(supply - 7n);
      expect(await backing(w)).to.equal(OPERATOR_STAKE - 7n);
    });

    it("rounds the unbonding part down and never takes more than asked, wei by wei [STK-13]", async () => {
      const w = await networkHelpers.loadFixture(quarterUnbonding);
      for (const wei of [1n, 2n, 3n, 5n, 19n, 20n]) {
        const before = await w.vault.poolOf(...w.pool);
        await w.assay.charge(...w.pool, 0n, wei, w.bob.address);
        const after = await w.vault.poolOf(...w.pool);
        const fromUnbonding = (wei * before.unbonding) / (before.active + before.unbonding);
        expect(before.unbonding - after.unbonding).to.equal(fromUnbonding);
        expect(before.active - after.active).to.equal(wei - fromUnbonding);
      }
    });

    it("pays from its own bond and what is free, never from another seat's bond [STK-12]", async () => {
      const w = await networkHelpers.loadFixture(quarterUnbonding);
      const others = FULL - 2n * BOND;
      await w.assay.takeSeat(...w.pool, w.first.address, w.epoch, others);
      await w.assay.takeSeat(...w.pool, w.first.address, w.epoch, BOND);
      const tx = await w.assay.charge(...w.pool, BOND, 5n * BOND * GWEI, w.bob.address);
      await expect(tx)
        .to.emit(w.vault, "Shortfall")
        .withArgs(...w.pool, 3n * BOND * GWEI);
      await expect(tx)
        .to.emit(w.vault, "Charged")
        .withArgs(...w.pool, 2n * BOND * GWEI, (2n * BOND * GWEI) / 20n, w.bob.address);
      expect((await w.vault.poolOf(...w.pool)).locked).to.equal(others);
      expect(await backing(w)).to.equal(others * GWEI);
      expect(await w.vault.freeStake(...w.pool)).to.equal(0n);
    });

    it("takes nothing where all is locked elsewhere, and says so [STK-12]", async () => {
      const w = await networkHelpers.loadFixture(quarterUnbonding);
      await w.assay.takeSeat(...w.pool, w.first.address, w.epoch, FULL);
      const tx = await w.assay.charge(...w.pool, 0n, 9n, w.bob.address);
      await expect(tx)
        .to.emit(w.vault, "Shortfall")
        .withArgs(...w.pool, 9n);
      await expect(tx)
        .to.emit(w.vault, "Charged")
        .withArgs(...w.pool, 0n, 0n, w.bob.address);
      expect(await backing(w)).to.equal(OPERATOR_STAKE);
    });

    it("empties a pool, and charges an empty one without harm", async () => {
      const w = await networkHelpers.loadFixture(quarterUnbonding);
      await w.assay.charge(...w.pool, 0n, OPERATOR_STAKE, NOBODY);
      expect(await w.vault.poolOf(...w.pool)).to.deep.equal([0n, 0n, 0n]);
      await expect(w.assay.charge(...w.pool, 0n, 1n, NOBODY))
        .to.emit(w.vault, "Shortfall")
        .withArgs(...w.pool, 1n);
      await expectExactSums(w, w.domain, w.owners);
    });
  });

  // reward
  // ├── when the caller is not the RewardMinter → NotMinter
  // ├── given delegators → commission to the operator's shares, the rest to active holders, none to unbonding ones
  // ├── given no active shares → all becomes operator shares
  // └── given shares that would not fit → no shares, the assets stay in the pool
  describe("reward", () => {
    it("reverts when the caller is not the RewardMinter [STK-21]", async () => {
      const w = await networkHelpers.loadFixture(quarterUnbonding);
      for (const caller of [w.first, w.peers.assay, w.peers.ledger]) {
        await expect(w.vault.connect(caller).reward(...w.pool, w.epoch, 1n))
          .to.be.revertedWithCustomError(w.vault, "NotMinter")
          .withArgs(caller.address, w.addresses.RewardMinter);
      }
    });

    it("gives commission to the operator, the rest to active holders, nothing to unbonding ones [STK-15]", async () => {
      const w = await networkHelpers.loadFixture(quarterUnbonding);
      await w.vault.connect(w.alice).stake(...w.pool, 500n * WAD); // a quarter of the active side
      await expect(pay(w, w.first.address, 100n * WAD))
        .to.emit(w.vault, "Rewarded")
        .withArgs(...w.pool, 100n * WAD, 10n * WAD);
      const [own, ticket] = await w.vault.assetsOf(...w.pool, w.first.address);
      const [alice] = await w.vault.assetsOf(...w.pool, w.alice.address);
      expect(alice).to.be.within(522n * WAD + WAD / 2n - 2n, 522n * WAD + WAD / 2n);
      expect(own).to.be.within(1_577n * WAD + WAD / 2n - 2n, 1_577n * WAD + WAD / 2n);
      expect(ticket).to.equal(500n * WAD);
      expect(await w.vault.poolOf(...w.pool)).to.deep.equal([2_100n * WAD, 500n * WAD, 0n]);
      await expectExactSums(w, w.domain, w.owners);
    });

    it("makes operator shares of a reward to a pool without active shares [STK-15]", async () => {
      const w = await networkHelpers.loadFixture(quarterUnbonding);
      const { shares } = await w.vault.holdingOf(...w.pool, w.first.address);
      await w.vault.connect(w.first).requestUnstake(...w.pool, shares);
      expect((await w.vault.sharesOf(...w.pool)).active).to.equal(0n);
      const dust = (await w.vault.poolOf(...w.pool)).active;
      await expect(pay(w, w.first.address, 40n * WAD))
        .to.emit(w.vault, "Rewarded")
        .withArgs(...w.pool, 40n * WAD, 40n * WAD);
      const minted = sharesFor(40n * WAD, dust, 0n);
      expect((await w.vault.sharesOf(...w.pool)).active).to.equal(minted);
      const [own] = await w.vault.assetsOf(...w.pool, w.first.address);
      expect(own).to.equal(assetsFor(minted, dust + 40n * WAD, minted));
      // Whoever comes next does not get any of it.
      await w.vault.connect(w.alice).stake(...w.pool, 10n * WAD);
      const [alice] = await w.vault.assetsOf(...w.pool, w.alice.address);
      expect(alice).to.be.at.most(10n * WAD);
    });

    it("leaves the assets to all holders when the commission's shares would not fit", async () => {
      const w = await networkHelpers.loadFixture(quarterUnbonding);
      await w.vault.connect(w.first).setCommission(w.domain, 5_000);
      await networkHelpers.time.increase(7n * 86_400n);
      // Alice's shares fill half of what can be counted; half of the reward would be as many again.
      await w.assay.charge(...w.pool, 0n, OPERATOR_STAKE - GWEI, NOBODY);
      const { active } = await w.vault.poolOf(...w.pool);
      const { active: shares } = await w.vault.sharesOf(...w.pool);
      const half = (2n ** 111n * (active + 1n)) / (shares + VIRTUAL_SHARES) + GWEI;
      await w.vault.connect(w.alice).stake(...w.pool, half);
      await w.assay.charge(...w.pool, 0n, await backing(w), NOBODY);

      const before = await w.vault.sharesOf(...w.pool);
      await expect(pay(w, w.first.address, 8n * WAD))
        .to.emit(w.vault, "Rewarded")
        .withArgs(...w.pool, 8n * WAD, 4n * WAD);
      expect(await w.vault.sharesOf(...w.pool)).to.deep.equal(before);
      expect((await w.vault.poolOf(...w.pool)).active).to.equal(8n * WAD);
      const [alice] = await w.vault.assetsOf(...w.pool, w.alice.address);
      const [own] = await w.vault.assetsOf(...w.pool, w.first.address);
      expect(alice + own).to.be.within(8n * WAD - 2n, 8n * WAD);
    });
  });

  // setReputation: see weights.test.ts for what it changes
  describe("setReputation", () => {
    it("reverts when the caller is not the ReputationLedger [STK-21]", async () => {
      const w = await networkHelpers.loadFixture(quarterUnbonding);
      for (const caller of [w.first, w.peers.assay, w.peers.minter]) {
        await expect(w.vault.connect(caller).setReputation(...w.pool, 10n * WAD))
          .to.be.revertedWithCustomError(w.vault, "NotLedger")
          .withArgs(caller.address, w.addresses.ReputationLedger);
      }
    });

    it("is remembered, and for somebody unregistered changes no sum", async () => {
      const w = await networkHelpers.loadFixture(quarterUnbonding);
      const sums = await w.vault.nextDomainSums(w.domain);
      await w.vault.connect(w.peers.ledger).setReputation(w.domain, w.alice.address, 6n * WAD);
      expect((await w.vault.operatorOf(w.domain, w.alice.address)).reputation).to.equal(6n * WAD);
      expect(await w.vault.nextDomainSums(w.domain)).to.deep.equal(sums);
    });
  });

  // books: balance = Σ (active + unbonding); locked · 1e9 ≤ active + unbonding
  describe("books", () => {
    it("balance after stakes, charges, rewards and withdrawals [INV-4]", async () => {
      const w = await networkHelpers.loadFixture(quarterUnbonding);
      await w.vault.connect(w.alice).stake(...w.pool, 333n * WAD + 1n);
      await w.assay.charge(...w.pool, 0n, 77n * WAD + 3n, w.bob.address);
      await pay(w, w.first.address, 5n * WAD + 7n);
      await pay(w, w.second.address, 11n * WAD);
      await networkHelpers.time.increase(8n * 86_400n);
      await w.vault.connect(w.first).withdraw(...w.pool);
      let sum = 0n;
      for (const owner of w.owners) {
        const { active, unbonding } = await w.vault.poolOf(w.domain, owner.address);
        sum += active + unbonding;
      }
      expect(await w.token.balanceOf(w.addresses.StakeVault)).to.equal(sum);
      const shares = await w.vault.sharesOf(...w.pool);
      const first = await w.vault.holdingOf(...w.pool, w.first.address);
      const alice = await w.vault.holdingOf(...w.pool, w.alice.address);
      expect(first.shares + alice.shares).to.equal(shares.active);
      expect(shares.active).to.be.above(1_833n * WAD * VIRTUAL_SHARES);
    });
  });
});
