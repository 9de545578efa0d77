import { expect } from "chai";

import { GWEI, WAD } from "../../deploy/parameters.ts";
import { divUp } from "../fixtures/scoring.ts";
import { ballotsOf, eventsIn, seatedWorld, settledRound, tune, unanimous } from "../fixtures/seated.ts";
import { buildWorld, networkHelpers, nextEpoch, type World } from "../fixtures/world.ts";

const FACTOR_ONE = 10n ** 9n;
const yes = (claims: number) => new Array<number>(claims).fill(255);
const no = (claims: number) => new Array<number>(claims).fill(0);

interface Distributed {
  readonly owner: string;
  readonly score: bigint;
  readonly points: bigint;
  readonly minted: bigint;
  readonly debt: bigint;
  readonly charged: bigint;
}

/** Families of two, two, one and one operators: the last two are scarce. */
async function unevenWorld(): Promise<World> {
  return buildWorld(6, tune({ committee: { seats: 7 } }));
}

const account = async (w: World, epoch: number, owner: string): Promise<Record<string, bigint>> =>
  (await w.minter.accountOf(w.domain, epoch, owner)).toObject();

async function distribute(w: World, epoch: number, owners = w.owners): Promise<Distributed[]> {
  const addresses = owners.map((o) => o.address);
  const receipt = await (await w.minter.distribute(w.domain, epoch, addresses)).wait();
  return eventsIn<Distributed>(w.minter, receipt, "Distributed");
}

describe("RewardMinter", () => {
  // distribute
  // ├── when the epoch is not over → EpochNotOver; the batch is too large → BatchTooLarge
  // ├── unknown, immature and closed accounts are passed over
  // ├── a positive account is minted pot · points / Σ points, at most mintCap · κ · served, and its bonds are freed
  // └── a negative account is charged ρ · |score| out of its bonds, a twentieth to the caller
  describe("distribute", () => {
    it("reverts when the epoch is not over", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      for (const epoch of [1, 2]) {
        await expect(w.minter.distribute(w.domain, epoch, []))
          .to.be.revertedWithCustomError(w.minter, "EpochNotOver")
          .withArgs(epoch, 1);
      }
    });

    it("reverts when the batch is larger than 64 [REW-5]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await expect(w.minter.distribute(w.domain, 0, new Array(65).fill(w.outsider.address)))
        .to.be.revertedWithCustomError(w.minter, "BatchTooLarge")
        .withArgs(65, 64);
    });

    it("mints each its share of κ · earned into its pool, once [REW-2, REW-5]", async () => {
      const w = await networkHelpers.loadFixture(unevenWorld);
      await settledRound(
        w,
        64,
        ballotsOf(w, [yes(64), yes(64), yes(64), yes(64), yes(64).fill(200), yes(64)]),
      );
      const earned = await w.fees.earned(w.domain, 1);
      await nextEpoch(w);
      const pot = await w.minter.mintable(w.domain, 1);
      expect(pot, "κ · earned").to.equal((earned * 9n) / 10n);
      const accounts = await Promise.all(w.owners.map((o) => account(w, 1, o.address)));
      const points = accounts.map((a) => (a.score * a.factor) / FACTOR_ONE);
      const total = points.reduce((a, b) => a + b, 0n);
      const supply = await w.token.totalSupply();
      const bounded = (part: bigint, served: bigint) => {
        const cap = (served * GWEI * 15_000n * 9_000n) / 10n ** 8n;
        return part < cap ? part : cap;
      };
      const paid = await distribute(w, 1);
      let minted = 0n;
      for (const [i, event] of paid.entries()) {
        const due = bounded((pot * points[i]!) / total, accounts[i]!.served);
        expect(event, `event of ${i}`).to.include({ points: points[i], minted: due, debt: 0n, charged: 0n });
        const pool = await w.vault.poolOf(w.domain, w.owners[i]!.address);
        expect(pool.active, `pool of ${i}`).to.equal(2_000n * WAD + due);
        expect(pool.locked, `bonds of ${i}`).to.equal(0n);
        minted += due;
      }
      expect(points[3], "the scarce family earns more").to.be.greaterThan(points[0]!);
      expect((await w.token.totalSupply()) - supply, "minted").to.equal(minted);
      expect(minted, "never above the burn").to.be.lessThanOrEqual(earned);
      expect(await distribute(w, 1), "closed accounts are passed over").to.deep.equal([]);
    });

    it("mints at most mintCap · κ of the fees its own seats turned into burn [REW-5]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const idle = new Array<number>(64).fill(128);
      const request = await settledRound(w, 64, ballotsOf(w, [yes(64), idle, idle, idle]));
      await nextEpoch(w);
      const served = request.terms.price * 64n;
      // Alone it would get 0.9 · 4 fees; the cap is 1.5 · 0.9 fees.
      expect(await w.minter.mintable(w.domain, 1), "pot").to.equal((served * 4n * 9n) / 10n);
      const [first, second] = await distribute(w, 1);
      expect(first!.minted, "capped").to.equal((served * 135n) / 100n);
      expect([second!.score, second!.points, second!.minted], "base rate").to.deep.equal([0n, 0n, 0n]);
    });

    it("passes over immature and unknown accounts [REW-11]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await settledRound(w, 63, unanimous(w, 4, yes(63)));
      await nextEpoch(w);
      expect(await distribute(w, 1, [...w.owners, w.outsider]), "nothing").to.deep.equal([]);
    });

    it("stays possible in any later epoch [REW-5]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await settledRound(w, 64, unanimous(w, 4, yes(64)));
      await nextEpoch(w, 500n);
      const paid = await distribute(w, 1);
      expect(paid[0]!.minted, "minted").to.equal((await w.minter.mintable(w.domain, 1)) / 4n);
    });

    it("charges ρ · |score|, pays the caller a twentieth and burns the rest [REW-7]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await settledRound(w, 64, ballotsOf(w, [no(64), yes(64), yes(64), yes(64), yes(64)]));
      const liar = w.owners[0]!;
      const { score, releasable } = await account(w, 1, liar.address);
      await nextEpoch(w);
      const debt = -score * 2n;
      expect(debt, "within the bond").to.be.lessThan(releasable * GWEI);
      const supply = await w.token.totalSupply();
      const owners = [liar.address];
      await expect(w.minter.connect(w.outsider).distribute(w.domain, 1, owners))
        .to.emit(w.minter, "Distributed")
        .withArgs(w.domain, 1, liar.address, score, 0, 0, debt, debt);
      const pool = await w.vault.poolOf(w.domain, liar.address);
      expect([pool.active, pool.locked], "pool").to.deep.equal([2_000n * WAD - debt, 0n]);
      expect(await w.token.balanceOf(w.outsider.address), "bounty").to.equal(debt / 20n);
      expect(supply - (await w.token.totalSupply()), "burned").to.equal(debt - debt / 20n);
    });

    it("never charges more than the bonds of the account's own seats [REW-7]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      // The worst there is: surely wrong in a sure committee.
      await settledRound(w, 256, ballotsOf(w, [no(256), no(256), ...new Array<number[]>(5).fill(yes(256))]));
      for (const liar of w.owners.slice(0, 2)) {
        const { score, releasable } = await account(w, 1, liar.address);
        expect(-score * 2n, "debt").to.be.within(1n, releasable * GWEI);
      }
    });
  });

  // unlock
  // ├── when nothing can be freed → NothingToUnlock
  // └── otherwise it frees releasable − ρ · max(0, −score)
  describe("unlock", () => {
    it("reverts when there is nothing to free", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await expect(w.minter.unlock(w.domain, w.owners[0]!.address))
        .to.be.revertedWithCustomError(w.minter, "NothingToUnlock")
        .withArgs(w.domain, w.owners[0]!.address);
    });

    it("frees all bonds of an account without a loss [REW-8]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const owner = w.owners[0]!.address;
      const request = await settledRound(w, 64, unanimous(w, 4, yes(64)));
      const { bond } = await w.lens.drawOf(request.id);
      await expect(w.minter.connect(w.outsider).unlock(w.domain, owner))
        .to.emit(w.minter, "BondsReleased")
        .withArgs(w.domain, 1, owner, bond);
      expect((await w.vault.poolOf(w.domain, owner)).locked, "locked").to.equal(0n);
      await expect(w.minter.unlock(w.domain, owner))
        .to.be.revertedWithCustomError(w.minter, "NothingToUnlock")
        .withArgs(w.domain, owner);
      await nextEpoch(w);
      expect((await distribute(w, 1)).length, "pays all the same").to.equal(4);
    });

    it("keeps ρ times the loss, and distribute finds it there [REW-8]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const liar = w.owners[0]!;
      const request = await settledRound(w, 64, ballotsOf(w, [no(64), yes(64), yes(64), yes(64), yes(64)]));
      const { bond } = await w.lens.drawOf(request.id);
      const { score } = await account(w, 1, liar.address);
      const kept = divUp(-score * 2n, GWEI);
      await w.minter.unlock(w.domain, liar.address);
      expect((await account(w, 1, liar.address)).releasable, "kept").to.equal(kept);
      expect((await w.vault.poolOf(w.domain, liar.address)).locked, "locked").to.equal(kept);
      expect(kept, "less than the bond").to.be.lessThan(bond);
      await expect(w.minter.unlock(w.domain, liar.address))
        .to.be.revertedWithCustomError(w.minter, "NothingToUnlock")
        .withArgs(w.domain, liar.address);
      await nextEpoch(w);
      const [event] = await distribute(w, 1, [liar]);
      expect(event!.charged, "charged in full").to.equal(-score * 2n);
    });

    it("frees the bonds of an immature account that may never close", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const owner = w.owners[0]!.address;
      await settledRound(w, 1, unanimous(w, 4, yes(1)));
      await nextEpoch(w, 10n);
      await w.minter.unlock(w.domain, owner);
      expect((await w.vault.poolOf(w.domain, owner)).locked, "locked").to.equal(0n);
    });
  });
});
