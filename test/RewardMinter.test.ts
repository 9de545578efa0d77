import { expect } from "chai";

import { GWEI, PUBLISHED_DOMAIN, WAD } from "../deploy/parameters.ts";
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

const account = async (w: World, epoch: number, owner: string): Promise<Record<string, bigint>> =>
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
      const seat = { owner: w.outsider.address, score: 0, value: 1 };
      await expect(w.minter.connect(w.outsider).credit(w.domain, 1, 1, [seat]))
        .to.be.revertedWithCustomError(w.minter, "NotAssay")
        .withArgs(w.outsider.address, w.addresses.Assay);
    });

    it("pins the terms of the epoch with its first seat [REW-9]", async () => {
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

    it("gives equal families no tilt, and a scarce family √(W / (F · W_f)) [REW-4]", async () => {
      const w = await networkHelpers.loadFixture(unevenWorld);
      await settledRound(w, 1, unanimous(w, 6, yes(1)));
      // W / (4 · W_f): 6/8 for the families of two, 6/4 for the families of one; √1.5 = 1.2247448713…
      expect((await account(w, 1, w.owners[0]!.address)).factor, "common").to.equal(FACTOR_ONE);
      expect((await account(w, 1, w.owners[3]!.address)).factor, "scarce").to.equal(1_224_744_871n);
    });

    it("caps the tilt at λ [REW-4]", async () => {
      const w = await networkHelpers.loadFixture(unevenWorldWithLowCap);
      await settledRound(w, 1, unanimous(w, 6, yes(1)));
      expect((await account(w, 1, w.owners[3]!.address)).factor, "17/16").to.equal(1_062_500_000n);
    });

    it("multiplies by R^γ: 2 at R = 4 with γ = ½ [REW-4]", async () => {
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

    it("fixes the factor with the first seat of the epoch [REW-4]", async () => {
      const w = await networkHelpers.loadFixture(steepWorld);
      const ballots = unanimous(w, 4, yes(1));
      await settledRound(w, 1, ballots);
      await w.ledger.post(w.domain, [{ owner: w.owners[0]!.address, reputation: 2n * WAD }]);
      await settledRound(w, 1, ballots);
      expect((await account(w, 1, w.owners[0]!.address)).factor, "as it opened").to.equal(FACTOR_ONE);
    });

    it("counts only mature, positive accounts in the points [REW-3]", async () => {
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

    it("carries an immature account over whole, over empty epochs too [REW-11]", async () => {
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
      const { bond } = await w.lens.drawOf(request.id);
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
    it("reverts when the caller does not govern [ACC-8]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await expect(w.minter.connect(w.outsider).setShare(w.domain, 1))
        .to.be.revertedWithCustomError(w.minter, "AccessManagedUnauthorized")
        .withArgs(w.outsider.address);
    });

    it("reverts when the share is above 1 [REW-10]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await expect(w.minter.setShare(w.domain, 10_001))
        .to.be.revertedWithCustomError(w.minter, "ShareTooHigh")
        .withArgs(10_001, 10_000);
      await expect(w.minter.setShare(w.domain, 10_000))
        .to.emit(w.minter, "ShareChanged")
        .withArgs(w.domain, 10_000);
      expect(await w.minter.shareOf(w.domain), "share").to.equal(10_000n);
    });

    it("halves the schedule every HALVING epochs [REW-10]", async () => {
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

    it("adds the domain's share of the schedule, never above the burn [REW-2]", async () => {
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
