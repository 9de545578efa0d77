import { expect } from "chai";

import {
  appeal,
  APPEAL_SEATS,
  appealWorld,
  chainWorld,
  endow,
  overturned,
  playChain,
  published,
  publish,
  settleRound,
} from "../fixtures/appeals.ts";
import { impersonated } from "../fixtures/peers.ts";
import { endAppeal, endReveal, playRound, type OpenRequest } from "../fixtures/round.ts";
import { eventsIn, openSealed, PHASE, unanimous } from "../fixtures/seated.ts";
import { ethers, networkHelpers, type Signer, type World } from "../fixtures/world.ts";

const STATE = { FUNDING: 0n, LOCKED: 1n, RETURNED: 2n, BURNED: 3n } as const;

const balanceOf = async (w: World, who: string): Promise<bigint> => w.token.balanceOf(who);

async function bondOf(w: World, request: OpenRequest): Promise<bigint> {
  return w.appeals.bondOf(request.terms, 1);
}

/** A published request, all of whose voters said 255, and the id of the round an appeal would open. */
async function appealable(w: World) {
  const { request, ballots } = await published(w, new Array(6).fill([255]));
  return { request, ballots, roundId: (await w.assay.roundIdOf(request.id, 1)) as string };
}

/** An appeal of which everybody says what the first round said, so that it fails; everything is final. */
async function failedAppeal(w: World, appellant?: Signer) {
  const { request, roundId } = await appealable(w);
  const round = await appeal(w, request, appellant);
  await playRound(w, round, unanimous(w, 8, [255]));
  return { request, roundId };
}

describe("Appeals", () => {
  // fund
  // ├── when the round is not the next one, or no round at all → UnknownRound
  // ├── given nothing → ZeroAmount
  // ├── when nothing is missing → NothingMissing
  // ├── when the appeal was opened already → NotFundable
  // ├── when no appeal can be opened now → WrongPhase, RequestsPaused, NoFurtherAppeal
  // └── otherwise it takes at most what is missing
  describe("fund", () => {
    it("reverts for a round that cannot come next", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request } = await appealable(w);
      const appeals = w.appeals.connect(w.outsider);
      await expect(appeals.fund(request.terms, 0, 1))
        .to.be.revertedWithCustomError(w.appeals, "UnknownRound")
        .withArgs(request.id, 0);
      await expect(appeals.fund(request.terms, 2, 1))
        .to.be.revertedWithCustomError(w.appeals, "UnknownRound")
        .withArgs(request.id, 1);
      await expect(appeals.fund(request.terms, 3, 1))
        .to.be.revertedWithCustomError(w.assay, "NoSuchRound")
        .withArgs(3, 2);
    });

    it("reverts when nothing is given", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request } = await appealable(w);
      await expect(w.appeals.connect(w.outsider).fund(request.terms, 1, 0)).to.be.revertedWithCustomError(
        w.appeals,
        "ZeroAmount",
      );
    });

    it("takes what is missing and no more [APP-3]", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request, roundId } = await appealable(w);
      const bond = await bondOf(w, request);
      expect(bond, "price of seventeen seats").to.equal(request.terms.price * APPEAL_SEATS);
      await expect(w.appeals.connect(w.requester).fund(request.terms, 1, bond - 1n))
        .to.emit(w.appeals, "Funded")
        .withArgs(roundId, w.requester.address, bond - 1n);
      await expect(w.appeals.connect(w.outsider).fund(request.terms, 1, bond))
        .to.emit(w.appeals, "Funded")
        .withArgs(roundId, w.outsider.address, 1);
      await expect(w.appeals.connect(w.outsider).fund(request.terms, 1, 1))
        .to.be.revertedWithCustomError(w.appeals, "NothingMissing")
        .withArgs(roundId, bond);
      expect(await balanceOf(w, w.addresses.Appeals), "held").to.equal(bond);
    });

    it("reverts while there is no verdict to appeal, so that no pot waits for one its funders did not see", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const appeals = w.appeals.connect(w.outsider);
      const request = await openSealed(w, 1);
      const early = (terms: OpenRequest["terms"], id: string, round: number, phase: bigint) =>
        expect(appeals.fund(terms, round, 1))
          .to.be.revertedWithCustomError(w.assay, "WrongPhase")
          .withArgs(id, phase, PHASE.FINALIZED);
      await early(request.terms, request.id, 1, PHASE.COMMIT);
      const published = await appealable(w);
      const until = BigInt(await networkHelpers.time.latest()) + 60n;
      await w.registry.pause(until);
      await expect(appeals.fund(published.request.terms, 1, 1))
        .to.be.revertedWithCustomError(w.registry, "RequestsPaused")
        .withArgs(until);
      await w.registry.pause(0);
      await endAppeal(w, published.request);
      await early(published.request.terms, published.request.id, 1, PHASE.FINAL);
    });

    it("reverts where a further committee would be too large, and before the appeal in between is over", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request } = await appealable(w);
      const round = await appeal(w, request);
      const again = () => w.appeals.connect(w.outsider).fund(request.terms, 2, 1);
      await expect(again())
        .to.be.revertedWithCustomError(w.assay, "WrongPhase")
        .withArgs(round.id, PHASE.COMMIT, PHASE.FINALIZED);
      await publish(w, round, unanimous(w, 8, [255]));
      await expect(again())
        .to.be.revertedWithCustomError(w.appeals, "NoFurtherAppeal")
        .withArgs(request.id, 35, 31);
    });

    it("reverts once the appeal is opened", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request, roundId } = await appealable(w);
      await appeal(w, request);
      await expect(w.appeals.connect(w.outsider).fund(request.terms, 1, 1))
        .to.be.revertedWithCustomError(w.appeals, "NotFundable")
        .withArgs(roundId, STATE.LOCKED);
    });
  });

  // withdraw
  // ├── when the appeal was opened → WrongBondState
  // ├── when the caller put nothing in → NothingToWithdraw
  // └── otherwise it returns the contribution, once
  describe("withdraw", () => {
    it("returns a contribution once, while the appeal is not opened [APP-3]", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request, roundId } = await appealable(w);
      const before = await balanceOf(w, w.outsider.address);
      await w.appeals.connect(w.outsider).fund(request.terms, 1, 1_000);
      await w.appeals.connect(w.outsider).withdraw(roundId);
      expect(await balanceOf(w, w.outsider.address)).to.equal(before);
      await expect(w.appeals.connect(w.outsider).withdraw(roundId))
        .to.be.revertedWithCustomError(w.appeals, "NothingToWithdraw")
        .withArgs(roundId, w.outsider.address);
    });

    it("returns it also when the window passed without an appeal", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request, roundId } = await appealable(w);
      await w.appeals.connect(w.outsider).fund(request.terms, 1, 1_000);
      await endAppeal(w, request);
      await expect(w.appeals.connect(w.outsider).withdraw(roundId)).to.emit(w.appeals, "FundingWithdrawn");
    });

    it("reverts once the appeal is opened", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request, roundId } = await appealable(w);
      await appeal(w, request);
      await expect(w.appeals.connect(w.outsider).withdraw(roundId))
        .to.be.revertedWithCustomError(w.appeals, "WrongBondState")
        .withArgs(roundId, STATE.LOCKED, STATE.FUNDING);
    });
  });

  describe("open and award", () => {
    it("are Assay's alone", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request, roundId } = await appealable(w);
      for (const call of [
        w.appeals.connect(w.outsider).open(request.terms, w.outsider.address),
        w.appeals.connect(w.outsider).award(roundId, w.domain, 1),
      ]) {
        await expect(call)
          .to.be.revertedWithCustomError(w.appeals, "NotAssay")
          .withArgs(w.outsider.address, w.addresses.Assay);
      }
    });

    it("take from the appellant only what others did not pay [APP-3]", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request } = await appealable(w);
      const bond = await bondOf(w, request);
      await w.appeals.connect(w.requester).fund(request.terms, 1, bond / 3n);
      const before = await balanceOf(w, w.outsider.address);
      await appeal(w, request, w.outsider);
      expect(before - (await balanceOf(w, w.outsider.address))).to.equal(bond - bond / 3n);
    });

    it("need nothing of whoever opens a fully funded appeal", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request } = await appealable(w);
      await w.appeals.connect(w.requester).fund(request.terms, 1, ethers.MaxUint256);
      await expect(w.assay.connect(w.owners[3]!).appeal(request.terms)).to.emit(w.assay, "Appealed");
    });
  });

  // resolve
  // ├── when there is no such appeal → UnknownRound
  // ├── when the request is not final → NotFinal
  // ├── when it was resolved before → WrongBondState
  // ├── given an appeal that overturned a verdict for good, or a void one → RETURNED
  // └── given any other → BURNED for the domain
  describe("resolve", () => {
    it("reverts when there was no such appeal", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request } = await appealable(w);
      for (const index of [0, 1, 2, 3]) {
        await expect(w.appeals.resolve(request.terms, index))
          .to.be.revertedWithCustomError(w.appeals, "UnknownRound")
          .withArgs(request.id, index);
      }
    });

    it("reverts while verdicts can change", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request } = await appealable(w);
      const round = await appeal(w, request);
      await publish(w, round, unanimous(w, 8, [0]));
      await expect(w.appeals.resolve(request.terms, 1))
        .to.be.revertedWithCustomError(w.appeals, "NotFinal")
        .withArgs(request.id, PHASE.APPEALED);
    });

    it("burns the bond of an appeal that changed nothing, as a fee for the domain [APP-10]", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request, roundId } = await failedAppeal(w);
      const bond = await bondOf(w, request);
      const epoch = await w.fees.currentEpoch();
      const [earned, supply] = [await w.fees.earned(w.domain, epoch), await w.token.totalSupply()];
      await expect(w.appeals.connect(w.owners[0]!).resolve(request.terms, 1))
        .to.emit(w.appeals, "BondResolved")
        .withArgs(roundId, STATE.BURNED, bond);
      expect((await w.fees.earned(w.domain, epoch)) - earned, "earned").to.equal(bond);
      expect(supply - (await w.token.totalSupply()), "burned").to.equal(bond);
      expect(await balanceOf(w, w.addresses.Appeals), "held").to.equal(0n);
      await expect(w.appeals.claim(roundId, w.outsider.address))
        .to.be.revertedWithCustomError(w.appeals, "WrongBondState")
        .withArgs(roundId, STATE.BURNED, STATE.RETURNED);
      await expect(w.appeals.resolve(request.terms, 1))
        .to.be.revertedWithCustomError(w.appeals, "WrongBondState")
        .withArgs(roundId, STATE.BURNED, STATE.LOCKED);
    });

    it("burns the bond of an appeal that decides an open claim [APP-10]", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request } = await published(w, [[255], [255], [0], [0]]);
      const round = await appeal(w, request);
      await playRound(w, round, unanimous(w, 8, [255]));
      await w.appeals.resolve(request.terms, 1);
      expect((await w.appeals.potOf(round.id)).state).to.equal(STATE.BURNED);
    });

    it("returns the bond of a void appeal [APP-10]", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request, roundId } = await appealable(w);
      const before = await balanceOf(w, w.outsider.address);
      const round = await appeal(w, request);
      await endReveal(w, round);
      await w.assay.finalize(request.terms);
      await endAppeal(w, round);
      await w.appeals.resolve(request.terms, 1);
      await w.appeals.claim(roundId, w.outsider.address);
      expect(await balanceOf(w, w.outsider.address)).to.equal(before);
    });

    it("burns the bond of an appeal whose verdict is overturned again, and returns the other [APP-9, APP-10]", async () => {
      const w = await networkHelpers.loadFixture(chainWorld);
      const { request, rounds } = await playChain(w, [255, 0, 255]);
      await endAppeal(w, rounds[2]!);
      await w.appeals.resolve(request.terms, 1);
      await w.appeals.resolve(request.terms, 2);
      const states = await Promise.all(
        rounds.slice(1).map(async ({ id }) => (await w.appeals.potOf(id)).state),
      );
      expect(states).to.deep.equal([STATE.BURNED, STATE.RETURNED]);
    });
  });

  // claim
  // ├── when the bond does not come back → WrongBondState
  // ├── when the funder has nothing to get → NothingToClaim
  // └── otherwise it pays contribution and reward pro rata, and later rewards later
  describe("claim", () => {
    it("pays funders pro rata out of what overturned voters lost [APP-9]", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request, ballots, roundId } = await appealable(w);
      const bond = await bondOf(w, request);
      const third = bond / 3n;
      const funders = [w.requester, w.outsider];
      const before = await Promise.all(funders.map(({ address }) => balanceOf(w, address)));
      await w.appeals.connect(w.requester).fund(request.terms, 1, third);
      const round = await appeal(w, request, w.outsider);
      await playRound(w, round, unanimous(w, 8, [0]));
      await w.appeals.resolve(request.terms, 1);
      // The bond comes back before anybody is settled.
      await w.appeals.claim(roundId, w.requester.address);
      expect(await balanceOf(w, w.requester.address)).to.equal(before[0]);
      await expect(w.appeals.claim(roundId, w.requester.address))
        .to.be.revertedWithCustomError(w.appeals, "NothingToClaim")
        .withArgs(roundId, w.requester.address);

      const receipt = await settleRound(w, request, 0, ballots);
      const charges = eventsIn<{ charge: bigint }>(w.assay, receipt, "SeatOverturned");
      const taken = charges.reduce((sum, { charge }) => sum + charge, 0n);
      const { reward } = await w.appeals.potOf(roundId);
      expect(reward, "half of what was taken, at most the bond").to.equal(
        taken / 2n < bond ? taken / 2n : bond,
      );
      for (const { address } of funders) await w.appeals.connect(w.owners[5]!).claim(roundId, address);
      const after = await Promise.all(funders.map(({ address }) => balanceOf(w, address)));
      expect(after[0]! - before[0]!).to.equal((third * reward) / bond);
      expect(after[1]! - before[1]!).to.equal(((bond - third) * reward) / bond);
      // Rounding leaves at most a wei a funder.
      expect((await balanceOf(w, w.addresses.Appeals)) < 2n).to.equal(true);
    });

    it("burns for the domain what is taken beyond the reward [APP-9]", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request, ballots, round } = await overturned(w);
      const supply = await w.token.totalSupply();
      const receipt = await settleRound(w, request, 0, ballots);
      const charges = eventsIn<{ charge: bigint }>(w.assay, receipt, "SeatOverturned");
      const taken = charges.reduce((sum, { charge }) => sum + charge, 0n);
      const { reward } = await w.appeals.potOf(round.id);
      expect(supply - (await w.token.totalSupply())).to.equal(taken - reward);
      const sponsored = eventsIn<{ amount: bigint }>(w.fees, receipt, "Sponsored");
      expect(sponsored.reduce((sum, { amount }) => sum + amount, 0n)).to.equal(taken - reward);
    });

    it("reverts for somebody who put nothing in", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request, round } = await overturned(w);
      await w.appeals.resolve(request.terms, 1);
      const stranger = w.owners[0]!.address;
      await expect(w.appeals.claim(round.id, stranger))
        .to.be.revertedWithCustomError(w.appeals, "NothingToClaim")
        .withArgs(round.id, stranger);
    });
  });

  it("lets a ring that appeals a correct verdict only lose", async () => {
    const w = await networkHelpers.loadFixture(appealWorld);
    const ring = w.owners[7]!;
    await endow(w, ring);
    const before = await balanceOf(w, ring.address);
    const { request } = await failedAppeal(w, ring);
    await w.appeals.resolve(request.terms, 1);
    expect(before - (await balanceOf(w, ring.address))).to.equal(await bondOf(w, request));
  });

  it("keeps award and reward apart from who holds WORK", async () => {
    const w = await networkHelpers.loadFixture(appealWorld);
    const { request, roundId } = await appealable(w);
    await appeal(w, request);
    const bond = await bondOf(w, request);
    // What is booked is what Assay says, never the balance: a gift changes nothing.
    await w.token.transfer(w.addresses.Appeals, 12_345n);
    const assay = await impersonated(w.addresses.Assay);
    await w.token.transfer(w.addresses.Appeals, 10n * bond);
    await w.appeals.connect(assay).award(roundId, w.domain, 10n * bond);
    expect((await w.appeals.potOf(roundId)).reward, "at most as much again").to.equal(bond);
  });
});
