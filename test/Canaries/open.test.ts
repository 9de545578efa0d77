import { rulings, skillScore, verdictMath, words } from "@assay/keeper";
import { expect } from "chai";

import { DEFAULT_DOMAIN } from "../../deploy/parameters.ts";
import { appeal, publish, settleRound } from "../fixtures/appeals.ts";
import {
  appealed,
  askCanary,
  batchOf,
  CANARY,
  canaryWorld,
  openCanary,
  openedCanary,
  openingOf,
  prepare,
  publishedCanary,
  register,
  wordsOf,
  type CanaryWorld,
} from "../fixtures/canaries.ts";
import { impersonated } from "../fixtures/peers.ts";
import {
  endAppeal,
  endReveal,
  openings,
  openRequest,
  playRound,
  votesOf,
  type Ballot,
  type OpenRequest,
} from "../fixtures/round.ts";
import { ballotsOf, committed, eventsIn, openSealed, PHASE, unanimous } from "../fixtures/seated.ts";
import { createDomain, ethers, networkHelpers, nextEpoch } from "../fixtures/world.ts";

const APPEAL_WINDOW = 600n;

interface Settled {
  readonly owner: string;
  readonly score: bigint;
  readonly value: bigint;
  readonly outcomes: bigint;
  readonly account: bigint;
}

/** Settles a round and says what its seats scored, in the order of the ballots. */
async function settle(w: CanaryWorld, request: OpenRequest, ballots: readonly Ballot[], index = 0) {
  const receipt = await settleRound(w, request, index, ballots);
  const seats = eventsIn<Settled>(w.assay, receipt, "SeatSettled");
  return ballots.map(({ owner }) => {
    const seat = seats.find((one) => one.owner === owner.address)!;
    return { ...seat, ...words.score(seat.score), value: seat.value };
  });
}

/** The quality of every vote of a round against a reference; `apart`: claims on which no own vote is left out. */
async function qualities(
  w: CanaryWorld,
  round: OpenRequest,
  ballots: readonly Ballot[],
  reference: rulings.Words,
  apart: rulings.Words,
) {
  const draw = await w.lens.drawOf(round.id);
  const { weight } = await w.lens.roundOf(round.id);
  const frame: skillScore.Frame = {
    claims: BigInt(ballots[0]!.votes.length),
    baseRate: draw.baseRate,
    weight,
    threshold: draw.threshold,
    bounds: verdictMath.bounds(draw.threshold, BigInt(DEFAULT_DOMAIN.committee.decisiveMargin), weight),
  };
  const lanes: bigint[] = [...(await w.assay.lanesOf(round.id))];
  const sides = skillScore.sidesBy(frame, lanes, reference, apart);
  return ballots.map(({ votes }) => {
    const sums = skillScore.sumSides(frame, sides, votes, 2n);
    return {
      quality: skillScore.quality(sums, frame.baseRate, DEFAULT_DOMAIN.rewards.qualityBar),
      weighed: sums.scoredTrue + sums.scoredFalse,
    };
  });
}

const qualityOf = ({ quality, weighed }: { quality: bigint; weighed: bigint }) => ({ quality, weighed });

describe("Canaries", () => {
  // open
  // ├── when the batch is not open → WrongBatchState
  // ├── after its last epoch → BatchOver
  // ├── given a request of another domain → DomainMismatch
  // ├── when the inspector became an operator → OwnsOperator
  // ├── given other answers, salt, payload or requester than the note has → NoteMismatch
  // ├── given answers to more or fewer claims, or none to one → WrongAnswers
  // ├── when the batch has another canary at the position, or no position like it → NotInBatch
  // ├── given a request not younger than the batch → RequestTooOld
  // ├── when position or request was opened before → AlreadyOpened, RequestOpened
  // ├── when the request has no verdicts yet, or final ones nobody appealed → WrongPhase
  // ├── given a void or appealed request → opened without effect
  // └── otherwise the answers count, and the time to appeal begins anew
  describe("open (CAN-4, CAN-5, CAN-6)", () => {
    it("reverts without such a batch, and after its time", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const batch = await batchOf(w, [[true]]);
      const request = await askCanary(w, batch.canaries[0]!);
      const [, ...rest] = openingOf(batch, 0, request);
      await expect(w.canaries.open(2, ...rest))
        .to.be.revertedWithCustomError(w.canaries, "WrongBatchState")
        .withArgs(2, 0, 1);
      const { epoch } = await w.canaries.batchOf(batch.id);
      await nextEpoch(w, 3n);
      await expect(w.canaries.open(batch.id, ...rest))
        .to.be.revertedWithCustomError(w.canaries, "BatchOver")
        .withArgs(batch.id, epoch + 3n);
    });

    it("reverts for a request of another domain", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const batch = await batchOf(w, [[true]]);
      const request = await publishedCanary(w, batch, 0, unanimous(w, 8, [250]));
      const other = await createDomain(w);
      const terms = { ...request.terms, domain: BigInt(other) };
      await expect(w.canaries.open(...openingOf(batch, 0, { ...request, terms })))
        .to.be.revertedWithCustomError(w.canaries, "DomainMismatch")
        .withArgs(other, w.domain);
    });

    it("reverts once the inspector is an operator", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const batch = await batchOf(w, [[true]]);
      const request = await publishedCanary(w, batch, 0, unanimous(w, 8, [250]));
      const { address } = w.inspector;
      await w.vault.connect(w.inspector).register(w.domain, address, 0, 0, ethers.id("model"), "");
      await expect(openCanary(w, batch, 0, request))
        .to.be.revertedWithCustomError(w.canaries, "OwnsOperator")
        .withArgs(w.domain, address);
      // Neither does leaving again help.
      await w.vault.connect(w.inspector).deregister(w.domain);
      await expect(openCanary(w, batch, 0, request)).to.be.revertedWithCustomError(
        w.canaries,
        "OwnsOperator",
      );
    });

    it("reverts unless note, requester, payload, answers and salt belong together", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const batch = await batchOf(w, [[true]]);
      const { note } = batch.canaries[0]!;
      const request = await publishedCanary(w, batch, 0, unanimous(w, 8, [250]));
      const [id, position, terms, answers, salt, siblings] = openingOf(batch, 0, request);
      for (const [changed, words_, salt_] of [
        [terms, wordsOf([false]), salt],
        [terms, answers, ethers.id("another salt")],
        [{ ...terms, payloadHash: ethers.id("another payload") }, answers, salt],
        [{ ...terms, requester: w.outsider.address }, answers, salt],
      ] as const) {
        await expect(
          w.canaries.open(id, position, changed, words_, salt_, siblings),
        ).to.be.revertedWithCustomError(w.canaries, "NoteMismatch");
      }
      const other = await openRequest(w, 1, { payloadHash: terms.payloadHash });
      await expect(w.canaries.open(id, position, other.terms, answers, salt, siblings))
        .to.be.revertedWithCustomError(w.canaries, "NoteMismatch")
        .withArgs(note, other.terms.sealedNote);
    });

    it("reverts unless every claim, and no other, is answered", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const prepared = await prepare(w, [true, false]);
      const batch = await register(w, [prepared]);
      await nextEpoch(w);
      for (const claims of [1, 3]) {
        const request = await askCanary(w, prepared, claims);
        await expect(w.canaries.open(...openingOf(batch, 0, request)))
          .to.be.revertedWithCustomError(w.canaries, "WrongAnswers")
          .withArgs(claims);
      }
    });

    it("reverts for a canary that is not at its place in the batch", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const batch = await batchOf(w, [[true], [true], [false]]);
      const stray = await prepare(w, [true]);
      const request = await publishedCanary(w, batch, 0, unanimous(w, 8, [250]));
      const [id, , terms, answers, salt, siblings] = openingOf(batch, 0, request);
      for (const [position, path] of [
        [1, siblings],
        [3, siblings],
        [4, siblings],
        [2n ** 255n, siblings],
        [0, siblings.slice(1)],
        [0, [...siblings, ethers.ZeroHash]],
      ] as const) {
        await expect(w.canaries.open(id, position, terms, answers, salt, path))
          .to.be.revertedWithCustomError(w.canaries, "NotInBatch")
          .withArgs(id, position);
      }
      const foreign = await askCanary(w, stray);
      await expect(w.canaries.open(id, 0, foreign.terms, stray.answers, stray.salt, siblings))
        .to.be.revertedWithCustomError(w.canaries, "NotInBatch")
        .withArgs(id, 0);
    });

    it("has one place for each canary, also where there are more leaves than canaries (INV-24)", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const spare = [await prepare(w, [true]), await prepare(w, [false]), await prepare(w, [false])];
      // The tree has three canaries, of which two are registered.
      const whole = await register(w, spare);
      const { root } = await w.canaries.batchOf(whole.id);
      await w.canaries.connect(w.inspector).register(w.domain, root, 2);
      const batch = { ...whole, id: await w.canaries.batchCount() };
      await nextEpoch(w);
      const request = await publishedCanary(w, batch, 2, unanimous(w, 8, [250]));
      await expect(openCanary(w, batch, 2, request))
        .to.be.revertedWithCustomError(w.canaries, "NotInBatch")
        .withArgs(batch.id, 2);
    });

    it("reverts for a request of the epoch of the registration", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const prepared = await prepare(w, [true]);
      const batch = await register(w, [prepared]);
      const request = await publishedCanary(w, batch, 0, unanimous(w, 8, [250]));
      const { epoch } = request.terms;
      await expect(openCanary(w, batch, 0, request))
        .to.be.revertedWithCustomError(w.canaries, "RequestTooOld")
        .withArgs(request.id, epoch, epoch + 1n);
    });

    it("reverts for a second opening of a canary or of a request", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const twin = await prepare(w, [true]);
      const batch = await register(w, [twin, twin]);
      await nextEpoch(w);
      const request = await publishedCanary(w, batch, 0, unanimous(w, 8, [250]));
      await openCanary(w, batch, 0, request);
      await expect(openCanary(w, batch, 0, request))
        .to.be.revertedWithCustomError(w.canaries, "AlreadyOpened")
        .withArgs(batch.id, 0);
      await expect(openCanary(w, batch, 1, request))
        .to.be.revertedWithCustomError(w.canaries, "RequestOpened")
        .withArgs(request.id, batch.id);
    });

    it("reverts before the verdicts and, where nobody appealed, after them", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const batch = await batchOf(w, [[true]]);
      const { terms } = await openRequest(w, 1);
      const { note, payloadHash } = batch.canaries[0]!;
      const unknown = { ...terms, sealedNote: note, payloadHash };
      await expect(w.canaries.open(...openingOf(batch, 0, { id: "", terms: unknown })))
        .to.be.revertedWithCustomError(w.canaries, "WrongPhase")
        .withArgs(await w.assay.idOf(unknown), PHASE.NONE, PHASE.FINALIZED);
      const request = await askCanary(w, batch.canaries[0]!);
      const refused = async (phase: bigint) =>
        expect(openCanary(w, batch, 0, request))
          .to.be.revertedWithCustomError(w.canaries, "WrongPhase")
          .withArgs(request.id, phase, PHASE.FINALIZED);
      await refused(PHASE.COMMIT);
      const ballots = unanimous(w, 8, [250]);
      await committed(w, request, ballots);
      await refused(PHASE.REVEAL);
      await w.assay.reveal(request.id, openings(ballots));
      await endReveal(w, request);
      await refused(PHASE.TALLY);
      await w.assay.finalize(request.terms);
      await endAppeal(w, request);
      await refused(PHASE.FINAL);
    });

    it("starts the time to appeal anew, and everybody sees the answers (CAN-7)", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const answers = Array.from({ length: 200 }, (_, i) => i % 3 === 0);
      const batch = await batchOf(w, [answers, answers]);
      const request = await publishedCanary(w, batch, 1, unanimous(w, 8, new Uint8Array(200).fill(250)));
      const before = await w.lens.roundOf(request.id);
      // In the last second of the first window.
      await networkHelpers.time.setNextBlockTimestamp(before.clock - 1n);
      const finalAt = before.clock - 1n + APPEAL_WINDOW;
      const expected = wordsOf(answers);
      // Anybody who holds the opening may open.
      await expect(w.canaries.connect(w.outsider).open(...openingOf(batch, 1, request)))
        .to.emit(w.canaries, "CanaryOpened")
        .withArgs(w.domain, request.id, batch.id, w.inspector.address, expected, finalAt);
      const after = await w.lens.roundOf(request.id);
      expect(after.clock).to.equal(finalAt);
      expect(after.flags).to.equal(before.flags | CANARY);
      expect({ ...after.toObject(), clock: 0, flags: 0 }).to.deep.equal({
        ...before.toObject(),
        clock: 0,
        flags: 0,
      });
      expect([...(await w.canaries.answersOf(request.id))]).to.deep.equal(expected);
      expect((await w.canaries.canaryOf(request.id)).toObject()).to.deep.equal({
        batch: batch.id,
        counts: true,
        concluded: false,
      });
      expect((await w.canaries.batchOf(batch.id)).opened).to.equal(2n);
      await networkHelpers.time.increaseTo(finalAt - 1n);
      expect(await w.assay.phaseOf(request.id)).to.equal(PHASE.FINALIZED);
      await networkHelpers.time.increaseTo(finalAt);
      expect(await w.assay.phaseOf(request.id)).to.equal(PHASE.FINAL);
    });

    for (const [state, make] of Object.entries({
      void: async (w: CanaryWorld, request: OpenRequest) => {
        // Four commit, three reveal: one too few.
        const ballots = unanimous(w, 4, [250]);
        await committed(w, request, ballots);
        await w.assay.reveal(request.id, openings(ballots.slice(1)));
        await endReveal(w, request);
        await w.assay.finalize(request.terms);
      },
      "being appealed": async (w: CanaryWorld, request: OpenRequest) => {
        await publish(w, request, unanimous(w, 8, [250]));
        await appeal(w, request);
      },
      "final after an appeal": async (w: CanaryWorld, request: OpenRequest) => {
        await publish(w, request, unanimous(w, 8, [250]));
        await playRound(w, await appeal(w, request), unanimous(w, 8, [250]));
      },
    })) {
      it(`is without effect on a request that is ${state}`, async () => {
        const w = await networkHelpers.loadFixture(canaryWorld);
        const batch = await batchOf(w, [[false]]);
        const request = await askCanary(w, batch.canaries[0]!);
        await make(w, request);
        const before = await w.assay.roundOf(request.id);
        const phase = await w.assay.phaseOf(request.id);
        await expect(openCanary(w, batch, 0, request))
          .to.emit(w.canaries, "CanaryOpened")
          .withArgs(w.domain, request.id, batch.id, w.inspector.address, wordsOf([false]), 0);
        expect(await w.assay.roundOf(request.id), "round").to.equal(before);
        expect(await w.assay.phaseOf(request.id), "phase").to.equal(phase);
        expect([...(await w.canaries.answersOf(request.id))]).to.deep.equal([0n, 0n]);
        expect((await w.canaries.canaryOf(request.id)).counts).to.equal(false);
        expect((await w.canaries.batchOf(batch.id)).opened, "it counts as opened").to.equal(1n);
      });
    }
  });

  // markCanary
  // ├── when the caller is not Canaries → NotCanaries
  // └── when the request is not in FINALIZED → WrongPhase
  describe("Assay.markCanary", () => {
    it("reverts for everybody else", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const request = await openSealed(w, 1);
      await expect(w.assay.connect(w.deployer).markCanary(request.id, 0))
        .to.be.revertedWithCustomError(w.assay, "NotCanaries")
        .withArgs(w.deployer.address, w.addresses.Canaries);
    });

    it("reverts without verdicts that can be appealed", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const canaries = await impersonated(w.addresses.Canaries);
      const request = await openSealed(w, 1);
      await expect(w.assay.connect(canaries).markCanary(request.id, 0))
        .to.be.revertedWithCustomError(w.assay, "WrongPhase")
        .withArgs(request.id, PHASE.COMMIT, PHASE.FINALIZED);
    });
  });

  // settlement of a canary
  // ├── values, counts and accounts are those without it; quality is judged by the answers, all claims of it
  // ├── claims the committee left undecided count too
  // ├── where an appeal decided, its verdict replaces the answer, for all rounds
  // └── its batches are as small as those of appealed requests
  describe("settlement", () => {
    const ROWS = [
      [250, 250, 5, 5, 128],
      [240, 230, 15, 5, 140],
      [250, 250, 5, 10, 120],
      [200, 240, 5, 5, 100],
      [250, 30, 200, 5, 130],
    ];
    const ANSWERS = [true, false, true, false, true];

    it("judges quality by the answers, and nothing else (CAN-8, CAN-9)", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const batch = await batchOf(w, [ANSWERS]);
      const ballots = ballotsOf(w, ROWS);
      const request = await publishedCanary(w, batch, 0, ballots);
      const unopened = await networkHelpers.takeSnapshot();
      await endAppeal(w, request);
      const ordinary = await settle(w, request, ballots);
      await unopened.restore();
      await openCanary(w, batch, 0, request);
      await endAppeal(w, request);
      const answers = wordsOf(ANSWERS);
      const expected = await qualities(w, request, ballots, answers, [rulings.decided(answers[0]), 0n]);
      const seats = await settle(w, request, ballots);
      expect(seats.map(qualityOf)).to.deep.equal(expected);
      expect(seats.every(({ weighed }) => weighed === 5n)).to.equal(true);
      for (const [i, seat] of seats.entries()) {
        const before = ordinary[i]!;
        expect(seat.quality, "quality differs").to.not.equal(before.quality);
        const same = { score: 0n, quality: 0n, weighed: 0n, outcomes: 0n };
        expect({ ...seat, ...same }).to.deep.equal({ ...before, ...same });
        const record = await w.ledger.recordOf(w.domain, seat.owner);
        expect([record.quality, record.scored], "window").to.deep.equal([seat.quality, 5n]);
      }
    });

    it("lets an appeal decide instead of an answer, in every round", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const batch = await batchOf(w, [ANSWERS]);
      const ballots = ballotsOf(w, ROWS);
      const request = await publishedCanary(w, batch, 0, ballots);
      await openCanary(w, batch, 0, request);
      // The appeal says FALSE to claim 0, where committee and inspector said TRUE, and leaves claim 4 open.
      const again = unanimous(w, 8, [5, 5, 250, 5, 128]);
      const round = await appealed(w, request, again);
      await endAppeal(w, round);
      const reference = wordsOf([false, false, true, false, true]);
      const mask = (claims: readonly number[]): rulings.Words => [
        claims.reduce((word, i) => word | (1n << BigInt(2 * i)), 0n),
        0n,
      ];
      const first = await qualities(w, request, ballots, reference, mask([0, 1, 2, 3, 4]));
      expect((await settle(w, request, ballots)).map(qualityOf)).to.deep.equal(first);
      const second = await qualities(w, round, again, reference, mask([4]));
      expect((await settle(w, { ...round, terms: request.terms }, again, 1)).map(qualityOf)).to.deep.equal(
        second,
      );
      expect([...(await w.appeals.referenceOf(request.terms))]).to.deep.equal(reference);
    });

    it("returns the bond of an appeal that overturned an answer only, or a verdict only (CAN-10)", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const ballots = unanimous(w, 8, [250]);
      for (const [answers, vote, state] of [
        [[false], 250, 2n], // the answer falls
        [[false], 5, 2n], // the verdict falls
        [[true], 5, 2n], // both fall
        [[true], 250, 3n], // nothing does
      ] as const) {
        const { request } = await openedCanary(w, answers, ballots);
        const round = await appealed(w, request, unanimous(w, 8, [vote]));
        await endAppeal(w, round);
        await w.appeals.resolve(request.terms, 1);
        expect((await w.appeals.potOf(round.id)).state, `${answers[0]} ${vote}`).to.equal(state);
      }
    });

    it("takes as many votes a call as that of an appealed request", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const ballots = unanimous(w, 8, [250]);
      const { request } = await openedCanary(w, [true], ballots);
      await endAppeal(w, request);
      const votes = new Array(25).fill(votesOf(ballots)[0]);
      await expect(w.assay.settle(request.terms, 0, votes))
        .to.be.revertedWithCustomError(w.assay, "BatchTooLarge")
        .withArgs(25, 24);
    });
  });
});
