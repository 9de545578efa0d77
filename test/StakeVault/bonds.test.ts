import { expect } from "chai";

import { ballot, commitBallot, endReveal, openWithSeats, playRound, votesOf } from "../fixtures/round.ts";
import { DAY, ethers, networkHelpers, nextEpoch, OPERATOR_STAKE } from "../fixtures/world.ts";
import { GWEI, vaultWorld } from "../fixtures/vault.ts";

const UNBONDING = 7n * DAY;

/** A committee committed to a request; then its first member asked for all of its stake back. */
async function seatedAndLeaving() {
  const w = await vaultWorld();
  const { request, drawn } = await openWithSeats(w, 64, 4);
  for (const member of drawn) await commitBallot(w, request, ballot(member, new Uint8Array(64)));
  const owner = drawn[0]!;
  const pool = [w.domain, owner.address] as const;
  const { shares } = await w.vault.holdingOf(...pool, owner.address);
  await w.vault.connect(owner).requestUnstake(...pool, shares);
  const { bond } = await w.lens.drawOf(request.id);
  return { ...w, request, owner, pool, bond: bond as bigint };
}

describe("StakeVault bonds of real seats", () => {
  // withdraw
  // ├── given a seat that is not settled → StakeLocked, however long it takes
  // ├── given a seat that never revealed → its bond is charged from unbonding stake, the rest pays out
  // └── given a seat that was settled and released → all pays out
  describe("withdraw", () => {
    it("reverts when what is left would not cover the locked bonds [STK-7]", async () => {
      const w = await networkHelpers.loadFixture(seatedAndLeaving);
      expect((await w.vault.poolOf(...w.pool)).locked).to.equal(w.bond);
      await networkHelpers.time.increase(UNBONDING);
      await expect(w.vault.connect(w.owner).withdraw(...w.pool))
        .to.be.revertedWithCustomError(w.vault, "StakeLocked")
        .withArgs(0n, w.bond * GWEI);
    });

    it("lets a holder take what leaves the bonds covered, to the wei [STK-7]", async () => {
      const w = await networkHelpers.loadFixture(seatedAndLeaving);
      await w.vault.connect(w.alice).stake(...w.pool, w.bond * GWEI - 1n);
      await networkHelpers.time.increase(UNBONDING);
      await expect(w.vault.connect(w.owner).withdraw(...w.pool))
        .to.be.revertedWithCustomError(w.vault, "StakeLocked")
        .withArgs(w.bond * GWEI - 1n, w.bond * GWEI);
      await w.vault.connect(w.alice).stake(...w.pool, 10n ** 15n);
      await expect(w.vault.connect(w.owner).withdraw(...w.pool)).to.changeTokenBalance(
        ethers,
        w.token,
        w.owner,
        OPERATOR_STAKE,
      );
    });

    it("pays the rest once a seat that never revealed was charged from unbonding stake [STK-8, SCORE-8]", async () => {
      const w = await networkHelpers.loadFixture(seatedAndLeaving);
      await endReveal(w, w.request);
      await w.assay.finalize(w.request.terms);
      await w.assay.connect(w.bob).settle(w.request.terms, 0, [{ owner: w.owner.address, votes: "0x" }]);
      const charged = w.bond * GWEI;
      expect(await w.vault.poolOf(...w.pool)).to.deep.equal([0n, OPERATOR_STAKE - charged, 0n]);
      await networkHelpers.time.increase(UNBONDING);
      const before = await w.token.balanceOf(w.owner.address);
      await w.vault.connect(w.owner).withdraw(...w.pool);
      const paid = (await w.token.balanceOf(w.owner.address)) - before;
      expect(paid).to.be.within(OPERATOR_STAKE - charged - 1n, OPERATOR_STAKE - charged);
    });

    it("pays all once the seat was settled and its bond released [STK-7, REW-8]", async () => {
      const w = await networkHelpers.loadFixture(vaultWorld);
      const { request, drawn } = await openWithSeats(w, 64, 5);
      const votes = Array.from({ length: 64 }, (_, i) => (i % 2 ? 240 : 15));
      const ballots = drawn.map((owner) => ballot(owner, votes));
      const owner = drawn[0]!;
      const pool = [w.domain, owner.address] as const;
      const { shares } = await w.vault.holdingOf(...pool, owner.address);
      await w.vault.connect(owner).requestUnstake(...pool, shares);
      await playRound(w, request, ballots);
      await w.assay.settle(request.terms, 0, votesOf(ballots));
      const { bond } = await w.lens.drawOf(request.id);
      expect((await w.vault.poolOf(...pool)).locked).to.equal(bond);
      await w.minter.connect(w.bob).unlock(w.domain, owner.address);
      expect((await w.vault.poolOf(...pool)).locked).to.equal(0n);
      await networkHelpers.time.increase(UNBONDING);
      await expect(w.vault.connect(owner).withdraw(...pool)).to.changeTokenBalance(
        ethers,
        w.token,
        owner,
        OPERATOR_STAKE,
      );
    });
  });

  // takeSeat through Assay
  // └── given too little free stake → the commit reverts, there is no duty
  describe("commit", () => {
    it("reverts when the pool cannot lock the bond [STK-11]", async () => {
      const w = await networkHelpers.loadFixture(vaultWorld);
      const { request, drawn } = await openWithSeats(w, 256, 1);
      const owner = drawn[0]!;
      const { bond } = await w.lens.drawOf(request.id);
      const left = bond - 1n;
      const charge = OPERATOR_STAKE - left * GWEI;
      await w.vault.connect(w.peers.assay).charge(w.domain, owner.address, 0n, charge, ethers.ZeroAddress);
      await expect(commitBallot(w, request, ballot(owner, new Uint8Array(256))))
        .to.be.revertedWithCustomError(w.vault, "InsufficientFreeStake")
        .withArgs(left, bond);
    });

    it("is judged by the epoch of the request, whatever was unstaked since [EPO-5]", async () => {
      const w = await networkHelpers.loadFixture(vaultWorld);
      const { request, drawn } = await openWithSeats(w, 4, 1);
      const owner = drawn[0]!;
      const { shares } = await w.vault.holdingOf(w.domain, owner.address, owner.address);
      await w.vault.connect(owner).requestUnstake(w.domain, owner.address, shares);
      await commitBallot(w, request, ballot(owner, [1, 2, 3, 4]));
      await nextEpoch(w);
      const [drawnStill] = await w.lens.isDrawn(request.id, owner.address);
      expect(drawnStill).to.equal(true);
    });
  });
});
