import { words } from "@assay/keeper";
import { expect } from "chai";

import { DEFAULT_DOMAIN, GWEI, WAD } from "../../deploy/parameters.ts";
import {
  ballot,
  commitBallot,
  endAppeal,
  endCommit,
  endReveal,
  openings,
  openRequest,
  playRound,
  sealRequest,
  votesOf,
} from "../fixtures/round.ts";
import type { Ballot, OpenRequest } from "../fixtures/round.ts";
import { committee, OUTCOME, qualityOf, skillOf, valueOf, type Skill } from "../fixtures/scoring.ts";
import {
  ballotsOf,
  commitAll,
  eventsIn,
  openSealed,
  PHASE,
  revealed,
  seatedWorld,
  unanimous,
} from "../fixtures/seated.ts";
import { ethers, networkHelpers, nextEpoch, world, type World } from "../fixtures/world.ts";

interface Settled {
  readonly owner: string;
  readonly value: bigint;
  readonly outcomes: bigint;
  readonly score: words.ScoreFields;
  readonly account: words.AccountFields;
}

/** The settled seats of a receipt, their words unpacked. */
function settledIn(w: World, receipt: unknown): Settled[] {
  type Packed = Omit<Settled, "score" | "account"> & { score: bigint; account: bigint };
  return eventsIn<Packed>(w.assay, receipt as never, "SeatSettled").map((said) => ({
    ...said,
    score: words.score(said.score),
    account: words.account(said.account),
  }));
}

const MARGIN = BigInt(DEFAULT_DOMAIN.committee.decisiveMargin);

/** Plays a whole round and settles it; every voter has weight 2. */
async function settleAll(w: World, request: OpenRequest, ballots: readonly Ballot[]): Promise<Settled[]> {
  await playRound(w, request, ballots);
  const receipt = await (await w.assay.settle(request.terms, 0, votesOf(ballots))).wait();
  return settledIn(w, receipt);
}

/** What the mirror says about every ballot. */
async function skills(w: World, request: OpenRequest, ballots: readonly Ballot[]): Promise<Skill[]> {
  const { threshold } = await w.lens.drawOf(request.id);
  const votes = ballots.map((b) => ({ votes: b.votes, weight: 2n }));
  const whole = committee(votes, threshold, MARGIN);
  return votes.map((vote) => skillOf(whole, vote, request.terms.baseRate));
}

const countsOf = (s: Pick<Skill, "scoredTrue" | "scoredFalse" | "losing">): bigint =>
  s.scoredTrue | (s.scoredFalse << 16n) | (s.losing << 32n);

describe("Assay", () => {
  // settle
  // ├── when the batch is too large → BatchTooLarge
  // ├── when the request is unknown → UnknownRequest; neither FINAL nor VOID → WrongPhase
  // ├── when the owner did not commit → NotCommitted; the votes are not the revealed ones → VoteMismatch
  // ├── given VOID: bonds of revealed seats are released, unrevealed ones charged (finalize.test.ts, extend.test.ts)
  // └── given FINAL
  //     ├── a seat that revealed gets price · Σs, leave-one-out, a loss times 1 + 3 · x̄; undecided claims give nothing
  //     ├── repeating the base rate earns exactly zero
  //     ├── gains and losses net in the score account; the bond becomes releasable
  //     ├── the first `seats` settled seats turn into earned burn
  //     ├── a seat that never revealed loses its whole bond
  //     └── settled seats are passed over
  describe("settle", () => {
    it("reverts when the batch is larger than 64 [SCORE-7]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const { terms } = await openRequest(w, 1);
      await expect(w.assay.settle(terms, 0, new Array(65).fill({ owner: w.outsider.address, votes: "0x" })))
        .to.be.revertedWithCustomError(w.assay, "BatchTooLarge")
        .withArgs(65, 64);
    });

    it("reverts when the request is unknown [REQ-5]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const { terms } = await openRequest(w, 1);
      const dearer = { ...terms, price: terms.price + 1n };
      await expect(w.assay.settle(dearer, 0, []))
        .to.be.revertedWithCustomError(w.assay, "UnknownRequest")
        .withArgs(await w.assay.idOf(dearer));
    });

    it("reverts before the verdict is final", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openRequest(w, 1);
      const ballots = unanimous(w, 4, [200]);
      const refused = async (phase: bigint) =>
        expect(w.assay.settle(request.terms, 0, votesOf(ballots)))
          .to.be.revertedWithCustomError(w.assay, "WrongPhase")
          .withArgs(request.id, phase, PHASE.FINAL);
      await refused(PHASE.REQUESTED);
      await sealRequest(w, request);
      await refused(PHASE.COMMIT);
      await revealed(w, request, ballots);
      await refused(PHASE.REVEAL);
      await endReveal(w, request);
      await refused(PHASE.TALLY);
      await w.assay.finalize(request.terms);
      await refused(PHASE.FINALIZED);
      await networkHelpers.time.setNextBlockTimestamp((await w.lens.roundOf(request.id)).clock);
      await expect(w.assay.settle(request.terms, 0, votesOf(ballots))).to.emit(w.assay, "SeatSettled");
    });

    it("reverts when an owner did not commit", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      await playRound(w, request, unanimous(w, 4, [200]));
      const silent = w.owners[6]!.address;
      await expect(w.assay.settle(request.terms, 0, [{ owner: silent, votes: "0xc8" }]))
        .to.be.revertedWithCustomError(w.assay, "NotCommitted")
        .withArgs(request.id, silent);
    });

    it("reverts when the votes are not the ones that were revealed [SCORE-7]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      const ballots = unanimous(w, 4, [200]);
      await playRound(w, request, ballots);
      const owner = ballots[0]!.owner.address;
      const high = (votes: string) => BigInt(ethers.keccak256(votes)) >> 16n;
      for (const votes of ["0xc9", "0x", "0xc800"]) {
        await expect(w.assay.settle(request.terms, 0, [{ owner, votes }]))
          .to.be.revertedWithCustomError(w.assay, "VoteMismatch")
          .withArgs(request.id, owner, high(votes), high("0xc8"));
      }
    });

    it("scores every seat to the wei of the mirror [SCORE-3, SCORE-4, SCORE-5, SCORE-9]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 200);
      // Five informed voters of different confidence, one liar, one that does not care.
      const truth = Array.from({ length: 200 }, (_, i) => ((i * i + 3 * i) % 7 < 3 ? 1 : 0));
      const informed = (high: number, slip: number) =>
        truth.map((y, i) => (i % slip === 0 ? 255 - high : high) ^ (y ? 0 : 0xff));
      const ballots = ballotsOf(w, [
        informed(250, 17),
        informed(220, 11),
        informed(200, 7),
        informed(180, 13),
        informed(160, 5),
        informed(5, 1_000),
        truth.map((_, i) => (i * 37) & 255),
      ]);
      const settled = await settleAll(w, request, ballots);
      const expected = await skills(w, request, ballots);
      for (const [i, event] of settled.entries()) {
        const skill = expected[i]!;
        expect(event.owner, "order").to.equal(ballots[i]!.owner.address);
        expect(event.score.numerator, `Σ of seat ${i}`).to.equal(skill.numerator);
        expect(countsOf(event.score), `counts of seat ${i}`).to.equal(countsOf(skill));
        expect(event.score.quality, `quality of seat ${i}`).to.equal(
          qualityOf(skill, request.terms.baseRate, WAD / 4n),
        );
        expect(event.score.lossMean, `x̄ of seat ${i}`).to.equal(skill.lossMean);
        const value = valueOf(skill, request.terms.price, request.terms.baseRate);
        expect(event.value, `value of seat ${i}`).to.equal(value);
        expect(event.account.score, `before seat ${i}`).to.equal(0n);
        const account = await w.minter.accountOf(w.domain, 1, event.owner);
        expect(account.score, `score of seat ${i}`).to.equal(value);
        expect(account.scored, `scored of seat ${i}`).to.equal(skill.scoredTrue + skill.scoredFalse);
      }
      expect(settled[0]!.value, "the best is paid").to.be.greaterThan(0n);
      expect(settled[5]!.value, "the liar is not").to.be.lessThan(-settled[0]!.value);
    });

    it("gives a vote of the base rate exactly zero [SCORE-3]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      // Move the base rate away from a half first.
      const skewed = Array.from({ length: 256 }, (_, i) => (i % 8 ? 10 : 245));
      await playRound(w, await openSealed(w, 256), unanimous(w, 4, skewed));
      const request = await openSealed(w, 64);
      const b = Number(request.terms.baseRate);
      expect(b, "b").to.be.lessThan(110);
      const sure = Array.from({ length: 64 }, (_, i) => (i % 4 ? 3 : 252));
      const ballots = ballotsOf(w, [sure, sure, sure, sure, new Array<number>(64).fill(b)]);
      const settled = await settleAll(w, request, ballots);
      expect(countsOf(settled[4]!.score) & 0xffff_ffffn, "16 true, 48 false scored").to.equal(
        16n | (48n << 16n),
      );
      expect([settled[4]!.score.numerator, settled[4]!.value], "exactly zero").to.deep.equal([0n, 0n]);
    });

    it("does not score a claim whose side hangs on the voter's own vote [SCORE-2]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      // p̄ = 630/1020 is TRUE, but without the first voter the mean is 375/765, below θ.
      const settled = await settleAll(w, request, ballotsOf(w, [[255], [125], [125], [125]]));
      expect(countsOf(settled[0]!.score), "not scored for the first").to.equal(0n);
      expect(settled[0]!.value, "no gain from itself").to.equal(0n);
      // (128 − 255)² − (125 − 255)² = −771 for the others.
      expect(settled[1]!.score.numerator, "scored for the others").to.equal(-771n);
      expect(countsOf(settled[1]!.score), "one true, losing").to.equal(1n | (1n << 32n));
    });

    it("does not score undecided claims [SCORE-1]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 2);
      const settled = await settleAll(
        w,
        request,
        ballotsOf(w, [
          [255, 255],
          [255, 255],
          [0, 255],
          [0, 255],
        ]),
      );
      for (const event of settled) expect(countsOf(event.score), "only the second").to.equal(1n);
    });

    it("multiplies a loss by 1 + 3 · x̄: 1.6 for a lone liar among five [SCORE-4, SCORE-5]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 10);
      const yes = new Array<number>(10).fill(255);
      const settled = await settleAll(w, request, ballotsOf(w, [yes, yes, yes, yes, new Array(10).fill(0)]));
      const liar = settled[4]!;
      expect(liar.score.lossMean, "p̄ = 0.8, so x̄ = 0.2").to.equal(WAD / 5n);
      // s = (127² − 255²)/(4 · 128 · 127) = −48,896/65,024 a claim, ten claims at 0.001 WORK, times 1.6
      const exact = (48_896n * 10n * request.terms.price * 16n) / (65_024n * 10n);
      expect(liar.value, "value").to.equal(-(exact + 1n));
      // 127²/(4 · 128 · 127) = 16,129/65,024 a claim for the others
      expect(settled[0]!.value, "honest").to.equal((16_129n * 10n * request.terms.price) / 65_024n);
    });

    it("costs more to be wrong together than to be wrong alone", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const claims = 10;
      const [yes, no] = [new Array<number>(claims).fill(255), new Array<number>(claims).fill(0)];
      const alone = await settleAll(
        w,
        await openSealed(w, claims),
        ballotsOf(w, [yes, yes, yes, yes, yes, no]),
      );
      await nextEpoch(w);
      const together = await settleAll(
        w,
        await openSealed(w, claims),
        ballotsOf(w, [yes, yes, yes, yes, no, no]),
      );
      expect(together[5]!.score.lossMean, "x̄ together").to.be.greaterThan(alone[5]!.score.lossMean);
      const perSkill = (s: Settled) => (s.value * WAD) / s.score.numerator;
      expect(perSkill(together[5]!), "price of a loss").to.be.greaterThan(perSkill(alone[5]!));
    });

    it("nets gains and losses in one account, and makes the bonds releasable [SCORE-10]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const claims = 10;
      const [yes, no] = [new Array<number>(claims).fill(255), new Array<number>(claims).fill(0)];
      const first = await openSealed(w, claims);
      const won = await settleAll(w, first, ballotsOf(w, [yes, yes, yes, yes, yes]));
      const second = await openSealed(w, claims);
      const lost = await settleAll(w, second, ballotsOf(w, [no, yes, yes, yes, yes]));
      const owner = w.owners[0]!.address;
      expect(lost[0]!.account.score, "before").to.equal(won[0]!.value);
      const account = await w.minter.accountOf(w.domain, 1, owner);
      expect(account.score, "net").to.equal(won[0]!.value + lost[0]!.value);
      const bonds = (await w.lens.drawOf(first.id)).bond + (await w.lens.drawOf(second.id)).bond;
      expect(account.releasable, "releasable").to.equal(bonds);
      expect((await w.vault.poolOf(w.domain, owner)).locked, "still locked").to.equal(bonds);
      const served = (first.terms.price * 10n) / GWEI + (second.terms.price * 10n) / GWEI;
      expect(account.served, "served").to.equal(served);
    });

    it("charges a seat that never revealed its whole bond, a twentieth to who settles it [SCORE-8]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 256);
      const ballots = unanimous(w, 5, new Uint8Array(256));
      await commitAll(w, request, ballots);
      await endCommit(w, request);
      await w.assay.reveal(request.id, openings(ballots.slice(0, 4)));
      await endReveal(w, request);
      await w.assay.finalize(request.terms);
      await endAppeal(w, request);
      const owner = ballots[4]!.owner.address;
      const whole = (await w.lens.drawOf(request.id)).bond * GWEI;
      const before = await w.vault.poolOf(w.domain, owner);
      const supply = await w.token.totalSupply();
      // Votes that were never revealed change nothing.
      const vote = { owner, votes: ballots[4]!.votes };
      const tx = await w.assay.connect(w.outsider).settle(request.terms, 0, [vote]);
      await expect(tx)
        .to.emit(w.assay, "SeatForfeited")
        .withArgs(request.id, owner, OUTCOME.ABSENT | (1n << 128n), whole);
      await expect(tx)
        .to.emit(w.vault, "Charged")
        .withArgs(w.domain, owner, whole, whole / 20n, w.outsider.address);
      const after = await w.vault.poolOf(w.domain, owner);
      expect(before.active - after.active, "charged").to.equal(whole);
      expect([before.locked * GWEI, after.locked], "locked").to.deep.equal([whole, 0n]);
      expect(await w.token.balanceOf(w.outsider.address), "bounty").to.equal(whole / 20n);
      expect(supply - (await w.token.totalSupply()), "burned").to.equal(whole - whole / 20n);
      expect(await w.fees.earned(w.domain, 1), "an unrevealed seat earns no burn").to.equal(0n);
    });

    it("passes over settled seats, also twice in one batch [SCORE-7, VOTE-16]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      const ballots = unanimous(w, 4, [200]);
      await playRound(w, request, ballots);
      const votes = votesOf(ballots);
      await w.assay.settle(request.terms, 0, [votes[0]!, votes[0]!]);
      const once = await w.minter.accountOf(w.domain, 1, ballots[0]!.owner.address);
      expect(once.served * GWEI, "served once").to.equal(request.terms.price);
      const receipt = await (await w.assay.settle(request.terms, 0, votes)).wait();
      expect(eventsIn(w.assay, receipt, "SeatSettled").length, "three more").to.equal(3);
      const empty = await (await w.assay.settle(request.terms, 0, votes)).wait();
      expect(empty!.logs.length, "nothing is left to do").to.equal(0);
      expect(await w.fees.earned(w.domain, 1), "earned once").to.equal(4n * request.terms.price);
    });

    it("turns the fees of the first `seats` settled seats into earned burn [FEE-6]", async () => {
      const w = await networkHelpers.loadFixture(world);
      const request = await openRequest(w, 1);
      await sealRequest(w, request);
      await endCommit(w, request);
      await w.assay.extend(request.id);
      const ballots = w.owners.map((owner) => ballot(owner, [200]));
      await playRound(w, request, ballots);
      const { price } = request.terms;
      await w.assay.settle(request.terms, 0, votesOf(ballots.slice(0, 5)));
      expect(await w.fees.earned(w.domain, 1), "five").to.equal(5n * price);
      await expect(w.assay.settle(request.terms, 0, votesOf(ballots.slice(5, 10))))
        .to.emit(w.fees, "BurnEarned")
        .withArgs(w.domain, 1, 2n * price);
      await expect(w.assay.settle(request.terms, 0, votesOf(ballots.slice(10)))).to.not.emit(
        w.fees,
        "BurnEarned",
      );
      expect(await w.fees.earned(w.domain, 1), "seven were paid").to.equal(7n * price);
    });

    it("books a seat in the epoch it is settled in, however late [SCORE-10, FEE-6]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      const ballots = unanimous(w, 4, [200]);
      await playRound(w, request, ballots);
      await nextEpoch(w, 400n);
      await w.assay.settle(request.terms, 0, votesOf(ballots));
      expect(await w.fees.earned(w.domain, 401), "earned").to.equal(4n * request.terms.price);
      const account = await w.minter.accountOf(w.domain, 401, ballots[0]!.owner.address);
      expect(account.served * GWEI, "served").to.equal(request.terms.price);
    });

    it("puts LATE on the tape of a late seat, and scores it like any other [REP-6]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 100);
      const ballots = unanimous(w, 5, new Array<number>(100).fill(255));
      for (const b of ballots.slice(1)) await commitBallot(w, request, b);
      const { clock } = await w.lens.roundOf(request.id);
      await networkHelpers.time.setNextBlockTimestamp(clock + 61n);
      await commitBallot(w, request, ballots[0]!);
      await endCommit(w, request);
      await w.assay.reveal(request.id, openings(ballots));
      await endReveal(w, request);
      await w.assay.finalize(request.terms);
      await endAppeal(w, request);
      const tx = await w.assay.settle(request.terms, 0, votesOf(ballots));
      // 100 scored claims close three windows of 32: LATE first, then three SUCCESS.
      await expect(tx)
        .to.emit(w.ledger, "OutcomesRecorded")
        .withArgs(w.domain, ballots[0]!.owner.address, OUTCOME.LATE, 4);
      await expect(tx)
        .to.emit(w.ledger, "OutcomesRecorded")
        .withArgs(w.domain, ballots[1]!.owner.address, 0, 3);
      const [late, punctual] = settledIn(w, await tx.wait());
      expect([late!.score.late, punctual!.score.late], "late").to.deep.equal([true, false]);
      expect(late!.value, "value").to.equal(punctual!.value);
    });

    it("names the factor of the account in its event", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      const ballots = unanimous(w, 4, [200]);
      await playRound(w, request, ballots);
      const tx = await w.assay.settle(request.terms, 0, votesOf(ballots.slice(0, 1)));
      const [seat] = settledIn(w, await tx.wait());
      expect(seat!.account, "just opened").to.deep.equal({
        score: 0n,
        releasable: 0n,
        served: 0n,
        factor: 1_000_000_000n,
        scored: 0n,
      });
    });
  });
});
