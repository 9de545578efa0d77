import { rewards } from "@assay/keeper";
import { expect } from "chai";

import { WAD } from "../../deploy/parameters.ts";
import { impersonated } from "../fixtures/peers.ts";
import { GWEI, vaultWorld } from "../fixtures/vault.ts";
import { ethers, networkHelpers, nextEpoch, OPERATOR_STAKE } from "../fixtures/world.ts";

const load = networkHelpers.loadFixture.bind(networkHelpers);
const NONE = [ethers.ZeroAddress, 0n, 0n, 0n] as const;
/** gwei */
const CAP = 3_000_000_000n;

/** The first operator was moved out of family 0; its next rewards owe Alice a bounty of at most 3 WORK. */
async function promised() {
  const w = await vaultWorld();
  const judge = w.vault.connect(await impersonated(w.addresses.CloneRegistry));
  const pool = [w.domain, w.first.address] as const;
  const from: bigint = (await w.vault.currentEpoch()) + 1n;
  const until = from + 30n;
  const bounty = [w.alice.address, from, until, CAP] as const;
  const promise = await judge.reclassify(...pool, 1, bounty);
  return { ...w, judge, pool, from, until, bounty, promise };
}

type Given = Awaited<ReturnType<typeof promised>>;

/** Mints what a reward books, as the RewardMinter does. */
async function pay(w: Given, epoch: bigint, amount: bigint) {
  await w.token.connect(w.peers.minter).mint(w.addresses.StakeVault, amount);
  return w.vault.connect(w.peers.minter).reward(...w.pool, epoch, amount);
}

/** What Alice gets of a reward; the pool must get the rest. */
async function paidOf(w: Given, epoch: bigint, amount: bigint): Promise<bigint> {
  const before: bigint = await w.token.balanceOf(w.alice.address);
  const { active }: { active: bigint } = await w.vault.poolOf(...w.pool);
  await pay(w, epoch, amount);
  const paid = (await w.token.balanceOf(w.alice.address)) - before;
  expect((await w.vault.poolOf(...w.pool)).active, "the pool gets the rest").to.equal(active + amount - paid);
  return paid;
}

describe("StakeVault", () => {
  // reward of a reclassified operator
  // ├── for an epoch before `from`, or from `until` on → all of it to the pool
  // └── otherwise a twentieth in whole gwei, at most what is left, goes to the reporter
  // reclassify
  // ├── given a bounty whose epochs are not over → it goes on, for the same reporter
  // └── given no reporter → it ends
  describe("bounty", () => {
    it("is promised to the reporter, and known", async () => {
      const w = await load(promised);
      await expect(w.promise)
        .to.emit(w.vault, "BountyPromised")
        .withArgs(...w.pool, ...w.bounty);
      expect(await w.vault.bountyOf(...w.pool)).to.deep.equal([...w.bounty]);
    });

    it("takes a twentieth out of the next rewards, before commission", async () => {
      const w = await load(promised);
      const amount = 20n * WAD + 7n;
      const tx = await pay(w, w.from, amount);
      const part = WAD;
      await expect(tx)
        .to.emit(w.vault, "ReporterPaid")
        .withArgs(...w.pool, w.alice.address, w.from, part);
      await expect(tx)
        .to.emit(w.vault, "Rewarded")
        .withArgs(...w.pool, amount - part, (amount - part) / 10n);
      await expect(tx).to.changeTokenBalance(ethers, w.token, w.alice, part);
      expect((await w.vault.bountyOf(...w.pool)).left).to.equal(CAP - part / GWEI);
      expect((await w.vault.poolOf(...w.pool)).active).to.equal(OPERATOR_STAKE + amount - part);
    });

    it("takes from the rewards of its epochs only, whenever they are distributed", async () => {
      const w = await load(promised);
      await nextEpoch(w, 100n);
      for (const [epoch, paid] of [
        [w.from - 1n, 0n],
        [w.from, WAD / 20n],
        [w.until - 1n, WAD / 20n],
        [w.until, 0n],
      ] as const)
        expect(await paidOf(w, epoch, WAD), `epoch ${epoch}`).to.equal(paid);
    });

    it("takes no more than its cap", async () => {
      const w = await load(promised);
      expect(await paidOf(w, w.from, 40n * WAD)).to.equal(2n * WAD);
      expect(await paidOf(w, w.from + 1n, 40n * WAD), "what is left").to.equal(WAD);
      expect(await paidOf(w, w.from + 2n, 40n * WAD), "nothing is left").to.equal(0n);
    });

    it("takes nothing from other operators", async () => {
      const w = await load(promised);
      await w.token.connect(w.peers.minter).mint(w.addresses.StakeVault, WAD);
      await expect(w.vault.connect(w.peers.minter).reward(w.domain, w.second.address, w.from, WAD))
        .to.emit(w.vault, "Rewarded")
        .withArgs(w.domain, w.second.address, WAD, WAD / 10n);
    });

    it("goes on, for the same reporter, when somebody reports the operator again", async () => {
      const w = await load(promised);
      await nextEpoch(w, 2n);
      const again = [w.bob.address, w.from + 2n, w.until + 2n, CAP] as const;
      await expect(w.judge.reclassify(...w.pool, 2, again)).not.to.emit(w.vault, "BountyPromised");
      expect(await w.vault.bountyOf(...w.pool)).to.deep.equal([...w.bounty]);
      // Until the epoch in which the last of its epochs is over.
      await nextEpoch(w, 28n);
      expect(await w.vault.currentEpoch()).to.equal(w.until - 1n);
      await w.judge.reclassify(...w.pool, 1, again);
      expect((await w.vault.bountyOf(...w.pool)).reporter).to.equal(w.alice.address);
      await nextEpoch(w, 2n);
      await w.judge.reclassify(...w.pool, 2, again);
      expect((await w.vault.bountyOf(...w.pool)).reporter).to.equal(w.bob.address);
    });

    it("ends with the reversal", async () => {
      const w = await load(promised);
      await nextEpoch(w, 2n);
      expect(await paidOf(w, w.from, WAD), "before").to.equal(WAD / 20n);
      await w.judge.reclassify(...w.pool, 0, NONE);
      expect(await paidOf(w, w.from + 1n, WAD), "after").to.equal(0n);
      expect(await w.vault.bountyOf(...w.pool)).to.deep.equal([...NONE]);
    });

    it("does not end when the operator leaves, nor when it comes back", async () => {
      const w = await load(promised);
      const own = w.vault.connect(w.first);
      await own.rest(w.domain, true);
      await nextEpoch(w, 3n);
      await own.deregister(w.domain);
      expect(await paidOf(w, w.from, WAD), "it is away").to.equal(WAD / 20n);
      await own.register(w.domain, w.first.address, 1, 1_000, ethers.id("model"), "");
      expect(await paidOf(w, w.from + 1n, WAD), "it is back").to.equal(WAD / 20n);
      expect((await w.vault.operatorOf(...w.pool)).family).to.equal(1n);
    });

    it("is what the mirror says, for any reward", async () => {
      const w = await load(promised);
      const bounty = { from: w.from, until: w.until, left: CAP };
      for (let i = 0n; i < 40n; i++) {
        const [epoch, amount] = [w.from - 2n + ((i * 7n) % 35n), (i * i * 3n + 1n) * 10n ** (i % 17n)];
        const part = rewards.reporterPart(bounty, epoch, amount);
        expect(await paidOf(w, epoch, amount), `${amount} wei in epoch ${epoch}`).to.equal(part * GWEI);
        bounty.left -= part;
      }
      expect(bounty.left, "something was paid, something is left").to.be.within(1n, CAP - 1n);
    });
  });
});
