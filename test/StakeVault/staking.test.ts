import { expect } from "chai";

import { WAD } from "../../deploy/parameters.ts";
import { signPermit } from "../fixtures/peers.ts";
import { DAY, ethers, networkHelpers, nextEpoch, OPERATOR_STAKE } from "../fixtures/world.ts";
import { assetsFor, now, sharesFor, vaultWorld, VIRTUAL_SHARES } from "../fixtures/vault.ts";

const MIN_STAKE = 10n ** 15n;
const UNBONDING = 7n * DAY;
const MAX_SHARES = 2n ** 112n - 1n;

/** Alice delegated 500 WORK to the first operator. */
async function delegated() {
  const w = await vaultWorld();
  await w.vault.connect(w.alice).stake(w.domain, w.first.address, 500n * WAD);
  const { shares } = await w.vault.holdingOf(w.domain, w.first.address, w.alice.address);
  return { ...w, shares: shares as bigint, pool: [w.domain, w.first.address] as const };
}

/** Charges the first operator's pool down to `left` wei. */
async function chargeDownTo(w: Awaited<ReturnType<typeof delegated>>, left: bigint): Promise<void> {
  const { active, unbonding } = await w.vault.poolOf(...w.pool);
  await w.vault.connect(w.peers.assay).charge(...w.pool, 0n, active + unbonding - left, ethers.ZeroAddress);
}

describe("StakeVault staking", () => {
  // stake
  // ├── when the operator is not registered → NotRegistered
  // ├── when below MIN_STAKE → StakeTooSmall
  // ├── when allowance or balance are short → the token's errors
  // ├── given a pool charged down to nothing → PoolDepleted
  // └── else shares at the price of the pool, rounded down
  describe("stake", () => {
    it("reverts when the operator is not registered", async () => {
      const { vault, domain, alice, bob } = await networkHelpers.loadFixture(vaultWorld);
      await expect(vault.connect(alice).stake(domain, bob.address, WAD))
        .to.be.revertedWithCustomError(vault, "NotRegistered")
        .withArgs(domain, bob.address);
    });

    it("reverts when it is a wei below the smallest stake [STK-2]", async () => {
      const { vault, domain, alice, first } = await networkHelpers.loadFixture(vaultWorld);
      expect(await vault.MIN_STAKE()).to.equal(MIN_STAKE);
      await expect(vault.connect(alice).stake(domain, first.address, MIN_STAKE - 1n))
        .to.be.revertedWithCustomError(vault, "StakeTooSmall")
        .withArgs(MIN_STAKE - 1n, MIN_STAKE);
      await expect(vault.connect(alice).stake(domain, first.address, MIN_STAKE)).to.emit(vault, "Staked");
    });

    it("reverts when allowance or balance are short", async () => {
      const { vault, token, domain, alice, first, addresses } = await networkHelpers.loadFixture(vaultWorld);
      await expect(vault.connect(alice).stake(domain, first.address, 10_001n * WAD))
        .to.be.revertedWithCustomError(token, "ERC20InsufficientBalance")
        .withArgs(alice.address, 10_000n * WAD, 10_001n * WAD);
      await token.connect(alice).approve(addresses.StakeVault, WAD - 1n);
      await expect(vault.connect(alice).stake(domain, first.address, WAD))
        .to.be.revertedWithCustomError(token, "ERC20InsufficientAllowance")
        .withArgs(addresses.StakeVault, WAD - 1n, WAD);
    });

    it("lets anyone join at the price of the pool [STK-2, STK-3]", async () => {
      const w = await networkHelpers.loadFixture(delegated);
      await chargeDownTo(w, 777n * WAD + 5n);
      const before = await w.vault.sharesOf(...w.pool);
      const expected = sharesFor(123n * WAD + 7n, 777n * WAD + 5n, before.active);
      const tx = await w.vault.connect(w.bob).stake(...w.pool, 123n * WAD + 7n);
      await expect(tx)
        .to.emit(w.vault, "Staked")
        .withArgs(...w.pool, w.bob.address, 123n * WAD + 7n, expected);
      await expect(tx).to.changeTokenBalances(
        ethers,
        w.token,
        [w.bob, w.addresses.StakeVault],
        [-123n * WAD - 7n, 123n * WAD + 7n],
      );
      expect((await w.vault.sharesOf(...w.pool)).active).to.equal(before.active + expected);
      expect((await w.vault.poolOf(...w.pool)).active).to.equal(900n * WAD + 12n);
      const [worth] = await w.vault.assetsOf(...w.pool, w.bob.address);
      expect(worth).to.be.within(123n * WAD + 6n, 123n * WAD + 7n);
    });

    it("reverts when the pool was charged down to nothing, where shares cannot be counted", async () => {
      const w = await networkHelpers.loadFixture(delegated);
      await chargeDownTo(w, 0n);
      await expect(w.vault.connect(w.bob).stake(...w.pool, WAD))
        .to.be.revertedWithCustomError(w.vault, "PoolDepleted")
        .withArgs(...w.pool);
    });

    it("reverts when the pool's shares would not fit, though the holder's would", async () => {
      const w = await networkHelpers.loadFixture(delegated);
      await chargeDownTo(w, 10n ** 9n);
      const { active } = await w.vault.sharesOf(...w.pool);
      // Two stakes of this size do not fit together.
      const half = ((MAX_SHARES / 2n) * (10n ** 9n + 1n)) / (active + VIRTUAL_SHARES) + 10n ** 9n;
      await w.vault.connect(w.alice).stake(...w.pool, half);
      await expect(w.vault.connect(w.bob).stake(...w.pool, half))
        .to.be.revertedWithCustomError(w.vault, "PoolDepleted")
        .withArgs(...w.pool);
    });
  });

  // stakeWithPermit: as FeeMarket.buyWithPermit
  describe("stakeWithPermit", () => {
    async function unapproved() {
      const w = await vaultWorld();
      await w.token.connect(w.alice).approve(w.addresses.StakeVault, 0n);
      const permit = await signPermit(w, w.alice, w.addresses.StakeVault, 300n * WAD);
      return { ...w, permit };
    }

    it("needs no allowance before", async () => {
      const { vault, domain, first, alice, permit } = await networkHelpers.loadFixture(unapproved);
      const { deadline, v, r, s } = permit;
      await vault.connect(alice).stakeWithPermit(domain, first.address, 300n * WAD, deadline, v, r, s);
      const [worth] = await vault.assetsOf(domain, first.address, alice.address);
      expect(worth).to.equal(300n * WAD);
    });

    it("is not stopped by a front-run permit [STK-22]", async () => {
      const w = await networkHelpers.loadFixture(unapproved);
      const { deadline, v, r, s } = w.permit;
      const { StakeVault } = w.addresses;
      await w.token.connect(w.bob).permit(w.alice.address, StakeVault, 300n * WAD, deadline, v, r, s);
      await expect(
        w.vault.connect(w.alice).stakeWithPermit(w.domain, w.first.address, 300n * WAD, deadline, v, r, s),
      ).to.changeTokenBalance(ethers, w.token, w.alice, -300n * WAD);
    });

    it("reverts when somebody else uses the permit for itself", async () => {
      const w = await networkHelpers.loadFixture(unapproved);
      const { deadline, v, r, s } = w.permit;
      await w.token.connect(w.bob).approve(w.addresses.StakeVault, 0n);
      await expect(
        w.vault.connect(w.bob).stakeWithPermit(w.domain, w.first.address, 300n * WAD, deadline, v, r, s),
      )
        .to.be.revertedWithCustomError(w.token, "ERC20InsufficientAllowance")
        .withArgs(w.addresses.StakeVault, 0n, 300n * WAD);
    });
  });

  // requestUnstake
  // ├── when nothing is asked for, or more than is held → ZeroShares, InsufficientShares
  // ├── given a ticket → merged, the wait begins again
  // ├── given a ruined unbonding side → PoolDepleted
  // └── else active shares become unbonding ones
  describe("requestUnstake", () => {
    it("reverts when nothing is asked for", async () => {
      const w = await networkHelpers.loadFixture(delegated);
      await expect(w.vault.connect(w.alice).requestUnstake(...w.pool, 0n)).to.be.revertedWithCustomError(
        w.vault,
        "ZeroShares",
      );
    });

    it("reverts when more is asked for than is held", async () => {
      const w = await networkHelpers.loadFixture(delegated);
      for (const [holder, held] of [
        [w.alice, w.shares],
        [w.bob, 0n],
      ] as const) {
        await expect(w.vault.connect(holder).requestUnstake(...w.pool, held + 1n))
          .to.be.revertedWithCustomError(w.vault, "InsufficientShares")
          .withArgs(held + 1n, held);
      }
    });

    it("moves the assets to the unbonding side and starts the wait [STK-1, STK-4]", async () => {
      const w = await networkHelpers.loadFixture(delegated);
      const tx = await w.vault.connect(w.alice).requestUnstake(...w.pool, w.shares / 2n);
      const readyAt = (await now()) + UNBONDING;
      await expect(tx)
        .to.emit(w.vault, "UnstakeRequested")
        .withArgs(...w.pool, w.alice.address, 250n * WAD, 250n * WAD * VIRTUAL_SHARES, readyAt);
      expect(await w.vault.poolOf(...w.pool)).to.deep.equal([OPERATOR_STAKE + 250n * WAD, 250n * WAD, 0n]);
      expect(await w.vault.holdingOf(...w.pool, w.alice.address)).to.deep.equal([
        w.shares / 2n,
        250n * WAD * VIRTUAL_SHARES,
        readyAt,
      ]);
      expect(await w.vault.assetsOf(...w.pool, w.alice.address)).to.deep.equal([250n * WAD, 250n * WAD]);
    });

    it("merges a second request into the ticket and restarts its wait [STK-4]", async () => {
      const w = await networkHelpers.loadFixture(delegated);
      const vault = w.vault.connect(w.alice);
      await vault.requestUnstake(...w.pool, w.shares / 5n);
      await networkHelpers.time.increase(UNBONDING - 100n);
      await vault.requestUnstake(...w.pool, w.shares / 5n);
      const readyAt = (await now()) + UNBONDING;
      expect((await vault.holdingOf(...w.pool, w.alice.address)).readyAt).to.equal(readyAt);
      await networkHelpers.time.setNextBlockTimestamp(readyAt - 1n);
      await expect(vault.withdraw(...w.pool))
        .to.be.revertedWithCustomError(vault, "StillUnbonding")
        .withArgs(readyAt - 1n, readyAt);
      await networkHelpers.time.setNextBlockTimestamp(readyAt);
      await expect(vault.withdraw(...w.pool)).to.changeTokenBalance(ethers, w.token, w.alice, 200n * WAD);
    });

    it("reverts when the unbonding side was charged down to nothing and cannot be counted", async () => {
      const w = await networkHelpers.loadFixture(delegated);
      await w.vault.connect(w.alice).requestUnstake(...w.pool, w.shares / 2n);
      await chargeDownTo(w, 0n);
      await w.token.connect(w.peers.minter).mint(w.addresses.StakeVault, 4_000n * WAD);
      await w.vault.connect(w.peers.minter).reward(...w.pool, 1n, 4_000n * WAD);
      await w.vault.connect(w.peers.assay).takeSeat(...w.pool, w.first.address, 1n, 1n);
      await expect(w.vault.connect(w.alice).requestUnstake(...w.pool, w.shares / 2n))
        .to.be.revertedWithCustomError(w.vault, "PoolDepleted")
        .withArgs(...w.pool);
    });
  });

  // cancelUnstake
  // ├── given no ticket → NoTicket
  // ├── given shares that would not fit → PoolDepleted, the ticket can be withdrawn
  // └── else the whole ticket becomes active shares at the price of the pool
  describe("cancelUnstake", () => {
    it("reverts when there is no ticket", async () => {
      const w = await networkHelpers.loadFixture(delegated);
      await expect(w.vault.connect(w.alice).cancelUnstake(...w.pool))
        .to.be.revertedWithCustomError(w.vault, "NoTicket")
        .withArgs(...w.pool, w.alice.address);
    });

    it("gives the whole ticket back to the active side [STK-6]", async () => {
      const w = await networkHelpers.loadFixture(delegated);
      const vault = w.vault.connect(w.alice);
      await vault.requestUnstake(...w.pool, w.shares);
      await expect(vault.cancelUnstake(...w.pool))
        .to.emit(vault, "UnstakeCancelled")
        .withArgs(...w.pool, w.alice.address, 500n * WAD, w.shares);
      expect(await vault.holdingOf(...w.pool, w.alice.address)).to.deep.equal([w.shares, 0n, 0n]);
      expect(await vault.poolOf(...w.pool)).to.deep.equal([OPERATOR_STAKE + 500n * WAD, 0n, 0n]);
      expect((await vault.sharesOf(...w.pool)).unbonding).to.equal(0n);
      await expect(vault.withdraw(...w.pool))
        .to.be.revertedWithCustomError(vault, "NoTicket")
        .withArgs(...w.pool, w.alice.address);
    });

    it("reverts when its shares would not fit any more, and the ticket can still be withdrawn", async () => {
      const w = await networkHelpers.loadFixture(delegated);
      await chargeDownTo(w, 10n ** 9n);
      const { active } = await w.vault.sharesOf(...w.pool);
      const half = ((MAX_SHARES / 2n) * (10n ** 9n + 1n)) / (active + VIRTUAL_SHARES) + 10n ** 9n;
      const vault = w.vault.connect(w.alice);
      await vault.stake(...w.pool, half);
      await vault.requestUnstake(...w.pool, (MAX_SHARES / 10n) * 4n);
      await w.vault.connect(w.bob).stake(...w.pool, (half / 10n) * 13n);
      await expect(vault.cancelUnstake(...w.pool))
        .to.be.revertedWithCustomError(vault, "PoolDepleted")
        .withArgs(...w.pool);
      await networkHelpers.time.increase(UNBONDING);
      const [, ticket] = await vault.assetsOf(...w.pool, w.alice.address);
      await expect(vault.withdraw(...w.pool)).to.changeTokenBalance(ethers, w.token, w.alice, ticket);
    });
  });

  // withdraw
  // ├── given no ticket → NoTicket
  // ├── when a second early → StillUnbonding
  // ├── when what would be left is below the locked bonds → StakeLocked (see charges.test.ts for real seats)
  // ├── given a pause → pays all the same
  // └── else pays the ticket once
  describe("withdraw", () => {
    it("reverts when there is no ticket", async () => {
      const w = await networkHelpers.loadFixture(delegated);
      await expect(w.vault.connect(w.alice).withdraw(...w.pool))
        .to.be.revertedWithCustomError(w.vault, "NoTicket")
        .withArgs(...w.pool, w.alice.address);
    });

    it("reverts a second too early and pays once in time [STK-7]", async () => {
      const w = await networkHelpers.loadFixture(delegated);
      const vault = w.vault.connect(w.alice);
      await vault.requestUnstake(...w.pool, w.shares);
      const readyAt = (await now()) + UNBONDING;
      await networkHelpers.time.setNextBlockTimestamp(readyAt - 1n);
      await expect(vault.withdraw(...w.pool))
        .to.be.revertedWithCustomError(vault, "StillUnbonding")
        .withArgs(readyAt - 1n, readyAt);
      await networkHelpers.time.setNextBlockTimestamp(readyAt);
      const tx = await vault.withdraw(...w.pool);
      await expect(tx)
        .to.emit(vault, "Withdrawn")
        .withArgs(...w.pool, w.alice.address, 500n * WAD);
      await expect(tx).to.changeTokenBalance(ethers, w.token, w.alice, 500n * WAD);
      expect(await vault.poolOf(...w.pool)).to.deep.equal([OPERATOR_STAKE, 0n, 0n]);
      await expect(vault.withdraw(...w.pool))
        .to.be.revertedWithCustomError(vault, "NoTicket")
        .withArgs(...w.pool, w.alice.address);
    });

    it("does not stop while requests are paused [STK-7, ACC-7]", async () => {
      const w = await networkHelpers.loadFixture(delegated);
      await w.vault.connect(w.alice).requestUnstake(...w.pool, w.shares);
      await networkHelpers.time.increase(UNBONDING);
      await w.registry.pause((await now()) + 7n * DAY);
      await expect(w.vault.connect(w.alice).withdraw(...w.pool)).to.changeTokenBalance(
        ethers,
        w.token,
        w.alice,
        500n * WAD,
      );
    });
  });

  // INV-17: nobody gains by the share price
  // ├── given a first stake of dust and a donation → the next staker loses nothing
  // ├── given tokens sent to the vault → no effect at all
  // └── given unstaking and cancelling dust over and over → never a wei more
  describe("share price", () => {
    it("takes no notice of tokens sent to the vault [STK-3]", async () => {
      const w = await networkHelpers.loadFixture(delegated);
      const before = [await w.vault.poolOf(...w.pool), await w.vault.assetsOf(...w.pool, w.alice.address)];
      await w.token.connect(w.bob).transfer(w.addresses.StakeVault, 9_000n * WAD);
      const after = [await w.vault.poolOf(...w.pool), await w.vault.assetsOf(...w.pool, w.alice.address)];
      expect(after).to.deep.equal(before);
      await expect(w.vault.connect(w.bob).stake(...w.pool, WAD))
        .to.emit(w.vault, "Staked")
        .withArgs(...w.pool, w.bob.address, WAD, WAD * VIRTUAL_SHARES);
    });

    it("gives a first depositor with a donation nothing of the second stake [INV-17]", async () => {
      const w = await networkHelpers.loadFixture(vaultWorld);
      const pool = [w.domain, w.bob.address] as const;
      const attacker = w.vault.connect(w.bob);
      await attacker.register(w.domain, w.bob.address, 0, 0, ethers.id("m"), "");
      await attacker.stake(...pool, MIN_STAKE);
      // Leave a single share behind, then donate.
      const { shares } = await attacker.holdingOf(...pool, w.bob.address);
      await attacker.requestUnstake(...pool, shares - 1n);
      await w.token.connect(w.bob).transfer(w.addresses.StakeVault, 5_000n * WAD);
      await w.vault.connect(w.alice).stake(...pool, 10n * WAD);
      const [victim] = await w.vault.assetsOf(...pool, w.alice.address);
      const [own] = await w.vault.assetsOf(...pool, w.bob.address);
      expect(10n * WAD - victim).to.be.at.most(10n);
      expect(own).to.be.at.most(1n);
    });

    it("never grows by unstaking and cancelling dust at an odd price [INV-17]", async () => {
      const w = await networkHelpers.loadFixture(delegated);
      await chargeDownTo(w, 1_337n * WAD + 13n);
      const vault = w.vault.connect(w.alice);
      const worth = async () => {
        const [active, unbonding] = await vault.assetsOf(...w.pool, w.alice.address);
        return active + unbonding;
      };
      let last = await worth();
      for (let wei = 0n; wei <= 20n; wei++) {
        await vault.requestUnstake(...w.pool, wei * 1_871n + 1n);
        if (wei % 3n === 1n) await vault.cancelUnstake(...w.pool);
        const next = await worth();
        expect(next, `after ${wei} wei`).to.be.at.most(last);
        last = next;
      }
    });

    it("rounds a withdrawal down to what the books say [STK-3]", async () => {
      const w = await networkHelpers.loadFixture(delegated);
      await chargeDownTo(w, 1_000n * WAD + 1n);
      const total = await w.vault.sharesOf(...w.pool);
      const expected = assetsFor(w.shares, 1_000n * WAD + 1n, total.active);
      await w.vault.connect(w.alice).requestUnstake(...w.pool, w.shares);
      await nextEpoch(w, 7n);
      await networkHelpers.time.increase(DAY);
      const before = await w.token.balanceOf(w.alice.address);
      await w.vault.connect(w.alice).withdraw(...w.pool);
      const paid = (await w.token.balanceOf(w.alice.address)) - before;
      expect(paid).to.be.within(expected - 1n, expected);
    });
  });
});
