import { expect } from "chai";

import { DEFAULT_DOMAIN, GWEI, PUBLISHED_DOMAIN, WAD } from "../deploy/parameters.ts";
import { divUp } from "./fixtures/scoring.ts";
import {
  ballotsOf,
  eventsIn,
  seatedWorld,
  seatedWorldWith,
  settledRound,
  tune,
  unanimous,
} from "./fixtures/seated.ts";
import {
  buildWorld,
  deployProtocol,
  ethers,
  networkHelpers,
  nextEpoch,
  type World,
} from "./fixtures/world.ts";

const FACTOR_ONE = 10n ** 9n;
const NONE = ethers.MaxUint256;
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

interface AccountOpened {
  readonly epoch: bigint;
  readonly owner: string;
  readonly factor: bigint;
  readonly carriedFrom: bigint;
}

/** Families of two, two, one and one operators: the last two are scarce. */
async function unevenWorld(): Promise<World> {
  return buildWorld(6, tune({ committee: { seats: 7 } }));
}

async function unevenWorldWithLowCap(): Promise<World> {
  return buildWorld(6, tune({ committee: { seats: 7, boostCap: 17 } }));
}

/** R doubles with every settled request; γ is ½. */
async function steepWorld(): Promise<World> {
  return seatedWorldWith({ committee: { preset: 1 }, reputation: { success: 2n * WAD, pull: 0n } });
}

/** The published γ, and R that doubles. */
async function steepPublishedWorld(): Promise<World> {
  return seatedWorldWith(
    { committee: { ...PUBLISHED_DOMAIN.committee, seats: 8 }, reputation: { success: 2n * WAD } },
    PUBLISHED_DOMAIN,
  );
}

const account = async (w: World, epoch: number, owner: string) =>
  (await w.minter.accountOf(w.domain, epoch, owner)).toObject();

async function distribute(w: World, epoch: number, owners = w.owners): Promise<Distributed[]> {
  const addresses = owners.map((o) => o.address);
  const receipt = await (await w.minter.distribute(w.domain, epoch, addresses)).wait();
  return eventsIn<Distributed>(w.minter, receipt, "Distributed");
}

describe("RewardMinter", () => {
  // credit
  // ├── when the caller is not Assay → NotAssay
  // └── otherwise
  //     ├── the first seat of an epoch fixes the factor R^γ · tilt and the epoch's terms
  //     ├── a mature account counts in the points, an immature one does not
  //     └── an immature account is carried over whole into the next active epoch
  describe("credit", () => {
    it("reverts when the caller is not Assay", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const seat = { value: 1, scored: 1, bond: 1, served: 1 };
      await expect(w.minter.connect(w.outsider).credit(w.domain, w.outsider.address, seat))
        .to.be.revertedWithCustomError(w.minter, "NotAssay")
        .withArgs(w.outsider.address, w.addresses.Assay);
    });

    it("pins the terms of the epoch with its first seat", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await w.minter.setShare(w.domain, 250);
      await settledRound(w, 1, unanimous(w, 4, yes(1)));
      await w.minter.setShare(w.domain, 9_999);
      expect((await w.minter.termsOf(w.domain, 1)).toObject(), "terms").to.deep.equal({
        points: 0n,
        maturity: 64n,
        mintRatio: 9_000n,
        mintCap: 15_000n,
        penaltyRatio: 20_000n,
        share: 250n,
        open: true,
      });
    });

    it("gives equal families no tilt, and a scarce family √(W / (F · W_f))", async () => {
      const w = await networkHelpers.loadFixture(unevenWorld);
      await settledRound(w, 1, unanimous(w, 6, yes(1)));
      // W / (4 · W_f): 6/8 for the families of two, 6/4 for the families of one; √1.5 = 1.2247448713…
      expect((await account(w, 1, w.owners[0]!.address)).factor, "common").to.equal(FACTOR_ONE);
      expect((await account(w, 1, w.owners[3]!.address)).factor, "scarce").to.equal(1_224_744_871n);
    });

    it("caps the tilt at λ", async () => {
      const w = await networkHelpers.loadFixture(unevenWorldWithLowCap);
      await settledRound(w, 1, unanimous(w, 6, yes(1)));
      expect((await account(w, 1, w.owners[3]!.address)).factor, "17/16").to.equal(1_062_500_000n);
    });

    it("multiplies by R^γ: 2 at R = 4 with γ = ½", async () => {
      const w = await networkHelpers.loadFixture(steepWorld);
      const ballots = unanimous(w, 4, yes(1));
      for (let i = 0; i < 2; i++) await settledRound(w, 1, ballots);
      await w.ledger.post(w.domain, [{ owner: w.owners[0]!.address, reputation: 4n * WAD }]);
      await nextEpoch(w);
      await settledRound(w, 1, ballots);
      const { factor } = await account(w, 2, w.owners[0]!.address);
      expect(factor, "√4, rounded down").to.be.within(2n * FACTOR_ONE - 1n, 2n * FACTOR_ONE);
      expect((await account(w, 2, w.owners[1]!.address)).factor, "not posted").to.equal(FACTOR_ONE);
    });

    it("uses the published γ of 1.2: 2.2974 at R = 2", async () => {
      const w = await networkHelpers.loadFixture(steepPublishedWorld);
      const ballots = unanimous(w, 4, yes(1));
      await settledRound(w, 1, ballots);
      await w.ledger.post(w.domain, [{ owner: w.owners[0]!.address, reputation: 2n * WAD }]);
      await nextEpoch(w);
      await settledRound(w, 1, ballots);
      const { factor } = await account(w, 2, w.owners[0]!.address);
      expect(factor, "2^1.2 = 2.2973967099…").to.equal(2_297_396_709n);
    });

    it("fixes the factor with the first seat of the epoch", async () => {
      const w = await networkHelpers.loadFixture(steepWorld);
      const ballots = unanimous(w, 4, yes(1));
      await settledRound(w, 1, ballots);
      await w.ledger.post(w.domain, [{ owner: w.owners[0]!.address, reputation: 2n * WAD }]);
      await settledRound(w, 1, ballots);
      expect((await account(w, 1, w.owners[0]!.address)).factor, "as it opened").to.equal(FACTOR_ONE);
    });

    it("counts only mature, positive accounts in the points", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await settledRound(w, 63, unanimous(w, 4, yes(63)));
      expect((await w.minter.termsOf(w.domain, 1)).points, "63 scored claims").to.equal(0n);
      await settledRound(w, 1, unanimous(w, 5, [255]));
      let sum = 0n;
      for (const owner of w.owners.slice(0, 4)) {
        const { score, factor } = await account(w, 1, owner.address);
        sum += (score * factor) / FACTOR_ONE;
      }
      expect((await account(w, 1, w.owners[4]!.address)).score, "immature").to.be.greaterThan(0n);
      expect((await w.minter.termsOf(w.domain, 1)).points, "four mature ones").to.equal(sum);
    });

    it("takes the points of an account back when it turns negative", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await settledRound(w, 64, unanimous(w, 5, yes(64)));
      const { score } = await account(w, 1, w.owners[0]!.address);
      expect((await w.minter.termsOf(w.domain, 1)).points, "five").to.equal(5n * score);
      await settledRound(w, 128, ballotsOf(w, [no(128), yes(128), yes(128), yes(128), yes(128)]));
      expect((await account(w, 1, w.owners[0]!.address)).score, "negative").to.be.lessThan(0n);
      const others = (await account(w, 1, w.owners[1]!.address)).score;
      expect((await w.minter.termsOf(w.domain, 1)).points, "four").to.equal(4n * others);
    });

    it("carries an immature account over whole, over empty epochs too", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const owner = w.owners[0]!.address;
      const ballots = unanimous(w, 4, yes(40));
      await settledRound(w, 40, ballots);
      const before = await account(w, 1, owner);
      await nextEpoch(w, 3n);
      await distribute(w, 1);
      expect(await account(w, 1, owner), "not closed").to.deep.equal(before);

      const request = await settledRound(w, 40, ballots);
      const opened = await w.minter.queryFilter(w.minter.filters.AccountOpened!(w.domain, 4));
      const [event] = eventsIn<AccountOpened>(w.minter, { logs: opened }, "AccountOpened");
      expect([event!.owner, event!.carriedFrom], "carried from").to.deep.equal([owner, 1n]);
      const after = await account(w, 4, owner);
      const { bond } = await w.assay.drawOf(request.id);
      expect(after.scored, "scored").to.equal(80n);
      expect(after.score, "score").to.be.greaterThan(before.score);
      expect(after.releasable, "bonds of both").to.equal(before.releasable + bond);
      expect(after.served, "served of both").to.equal(before.served + (request.terms.price * 40n) / GWEI);
      expect((await account(w, 1, owner)).factor, "the old one is gone").to.equal(0n);
      expect(await w.minter.lastEpochOf(w.domain, owner), "last epoch").to.equal(4n);
    });

    it("opens a new account beside a mature one that waits to be distributed", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const owner = w.owners[0]!.address;
      await settledRound(w, 64, unanimous(w, 4, yes(64)));
      const before = await account(w, 1, owner);
      await nextEpoch(w);
      await settledRound(w, 64, unanimous(w, 4, yes(64)));
      expect(await account(w, 1, owner), "waits").to.deep.equal(before);
      expect((await account(w, 2, owner)).scored, "new").to.equal(64n);
      const opened = await w.minter.queryFilter(w.minter.filters.AccountOpened!(w.domain, 2));
      const [event] = eventsIn<AccountOpened>(w.minter, { logs: opened }, "AccountOpened");
      expect(event!.carriedFrom, "nothing carried").to.equal(NONE);
    });
  });

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

    it("reverts when the batch is larger than 64", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await expect(w.minter.distribute(w.domain, 0, new Array(65).fill(w.outsider.address)))
        .to.be.revertedWithCustomError(w.minter, "BatchTooLarge")
        .withArgs(65, 64);
    });

    it("mints each its share of κ · earned into its pool, once", async () => {
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

    it("mints at most mintCap · κ of the fees its own seats turned into burn", async () => {
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

    it("passes over immature and unknown accounts", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await settledRound(w, 63, unanimous(w, 4, yes(63)));
      await nextEpoch(w);
      expect(await distribute(w, 1, [...w.owners, w.outsider]), "nothing").to.deep.equal([]);
    });

    it("stays possible in any later epoch", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await settledRound(w, 64, unanimous(w, 4, yes(64)));
      await nextEpoch(w, 500n);
      const paid = await distribute(w, 1);
      expect(paid[0]!.minted, "minted").to.equal((await w.minter.mintable(w.domain, 1)) / 4n);
    });

    it("charges ρ · |score|, pays the caller a twentieth and burns the rest", async () => {
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

    it("never charges more than the bonds of the account's own seats", async () => {
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

    it("frees all bonds of an account without a loss", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const owner = w.owners[0]!.address;
      const request = await settledRound(w, 64, unanimous(w, 4, yes(64)));
      const { bond } = await w.assay.drawOf(request.id);
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

    it("keeps ρ times the loss, and distribute finds it there", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const liar = w.owners[0]!;
      const request = await settledRound(w, 64, ballotsOf(w, [no(64), yes(64), yes(64), yes(64), yes(64)]));
      const { bond } = await w.assay.drawOf(request.id);
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

  // payBounty
  // └── when the caller is not the ledger → NotLedger (what it pays: ReputationLedger.test.ts)
  describe("payBounty", () => {
    it("reverts when the caller is not the ledger", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await expect(w.minter.connect(w.outsider).payBounty(w.domain, w.outsider.address, 1))
        .to.be.revertedWithCustomError(w.minter, "NotLedger")
        .withArgs(w.outsider.address, w.addresses.ReputationLedger);
    });
  });

  // setShare, schedule, mintable
  // ├── when the caller does not govern → AccessManagedUnauthorized; the share is above 1 → ShareTooHigh
  // ├── the schedule halves every HALVING epochs
  // └── mintable is κ · earned + min(share · schedule, (1 − κ) · earned), never above earned
  describe("setShare", () => {
    it("reverts when the caller does not govern", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await expect(w.minter.connect(w.outsider).setShare(w.domain, 1))
        .to.be.revertedWithCustomError(w.minter, "AccessManagedUnauthorized")
        .withArgs(w.outsider.address);
    });

    it("reverts when the share is above 1", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await expect(w.minter.setShare(w.domain, 10_001))
        .to.be.revertedWithCustomError(w.minter, "ShareTooHigh")
        .withArgs(10_001, 10_000);
      await expect(w.minter.setShare(w.domain, 10_000))
        .to.emit(w.minter, "ShareChanged")
        .withArgs(w.domain, 10_000);
      expect(await w.minter.shareOf(w.domain), "share").to.equal(10_000n);
    });

    it("halves the schedule every HALVING epochs", async () => {
      const { minter, parameters } = await networkHelpers.loadFixture(deployed);
      const { initialEmission, halving } = parameters;
      for (const [epoch, divisor] of [
        [0n, 1n],
        [halving - 1n, 1n],
        [halving, 2n],
        [2n * halving - 1n, 2n],
        [2n * halving, 4n],
        [10n * halving, 1_024n],
      ] as const) {
        expect(await minter.schedule(epoch), `epoch ${epoch}`).to.equal(initialEmission / divisor);
      }
      expect(await minter.schedule(10n ** 9n), "in the end").to.equal(0n);
    });

    it("adds the domain's share of the schedule, never above the burn", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      // 1,000 WORK an epoch: one basis point is 0.1 WORK.
      await w.minter.setShare(w.domain, 1);
      const ballots = unanimous(w, 8, yes(256));
      await settledRound(w, 256, ballots);
      const small = await w.fees.earned(w.domain, 1);
      expect(await w.minter.mintable(w.domain, 1), "the share").to.equal((small * 9n) / 10n + WAD / 10n);
      await nextEpoch(w);
      await w.minter.setShare(w.domain, 10_000);
      await settledRound(w, 256, ballots);
      const earned = await w.fees.earned(w.domain, 2);
      expect(await w.minter.mintable(w.domain, 2), "all that was burned").to.equal(
        (earned * 9n) / 10n + earned / 10n,
      );
      await nextEpoch(w);
      const supply = await w.token.totalSupply();
      const paid = await distribute(w, 2);
      const minted = paid.reduce((sum, p) => sum + p.minted, 0n);
      expect((await w.token.totalSupply()) - supply, "minted").to.equal(minted);
      expect(earned - minted, "all but the dust of eight divisions").to.be.within(0n, 8n);
    });

    it("mints nothing for an epoch without seats", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await w.minter.setShare(w.domain, 10_000);
      expect(await w.minter.mintable(w.domain, 0), "no burn, no mint").to.equal(0n);
    });
  });
});

async function deployed() {
  return deployProtocol();
}
