import { expect } from "chai";

import { GWEI, WAD } from "../../deploy/parameters.ts";
import {
  appeal,
  APPEAL_SEATS,
  appealWorld,
  appealWorldWith,
  chainWorld,
  longestChainWorld,
  overturned,
  playChain,
  publish,
  published,
  SEATS,
  settleRound,
} from "../fixtures/appeals.ts";
import {
  ask,
  ballot,
  commitBallot,
  drawnOwners,
  endAppeal,
  endReveal,
  playRound,
  sealRequest,
  termsOf,
  votesOf,
  type OpenRequest,
} from "../fixtures/round.ts";
import { eventsIn, openSealed, PHASE, revealed, tallied, unanimous } from "../fixtures/seated.ts";
import { ethers, networkHelpers, nextEpoch, type World } from "../fixtures/world.ts";

const TRUE = 2n;
const FALSE = 1n;
const UNDECIDED = 0n;

/** The verdict of claim 0 and whether it can still change. */
async function verdictOf(w: World, request: OpenRequest): Promise<{ verdict: bigint; isFinal: boolean }> {
  const [words, , isFinal] = await w.lens.verdictsOf(request.terms);
  return { verdict: words[0] & 3n, isFinal };
}

/** What a voter on the losing side of every claim loses of its bond, wei. */
function chargeOf(bond: bigint, votes: readonly bigint[], truth: bigint): bigint {
  const squares = votes.reduce((sum, p) => sum + (p - truth) ** 2n, 0n);
  const below = 255n * 255n * BigInt(votes.length);
  return ((bond * squares + below - 1n) / below) * GWEI;
}

describe("Assay", () => {
  // appeal
  // ├── when the request is unknown → UnknownRequest… of its round
  // ├── when the request is not in FINALIZED → WrongPhase
  // ├── when requests are paused → RequestsPaused
  // ├── when the domain lost all its weight → EmptyDomain
  // ├── when the next committee would be too large, or two appeals were made → NoFurtherAppeal
  // ├── when the bond is not there → ERC20InsufficientAllowance
  // └── otherwise
  //     ├── it opens a round of 2n + 1 seats with weights, epoch, seed and quorum of its own
  //     ├── the request is APPEALED until the last round is final, and nothing is settled before
  //     ├── a round that decides a claim with 60 % of the weight replaces its verdict
  //     ├── a void or undecided round leaves it
  //     ├── voters on the losing side lose (p − y)² of their bond, everybody is scored by the verdict that counts
  //     └── base rate and threshold of the domain stay
  describe("appeal", () => {
    it("reverts when there is no such request", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const sent = await w.assay.connect(w.requester).request(ask(w.domain, 1));
      const { terms } = termsOf(w, await sent.wait());
      const unknown = { ...terms, nonce: terms.nonce + 1n };
      await expect(w.assay.appeal(unknown))
        .to.be.revertedWithCustomError(w.assay, "UnknownRequest")
        .withArgs(await w.assay.idOf(unknown));
    });

    it("reverts before the verdicts are published, and once they are final [APP-1]", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const early = await tallied(w);
      await expect(w.assay.connect(w.outsider).appeal(early.terms))
        .to.be.revertedWithCustomError(w.assay, "WrongPhase")
        .withArgs(early.id, PHASE.TALLY, PHASE.FINALIZED);
      await w.assay.finalize(early.terms);
      const { clock } = await w.lens.roundOf(early.id);
      await networkHelpers.time.setNextBlockTimestamp(clock);
      await expect(w.assay.connect(w.outsider).appeal(early.terms))
        .to.be.revertedWithCustomError(w.assay, "WrongPhase")
        .withArgs(early.id, PHASE.FINAL, PHASE.FINALIZED);
    });

    it("is possible in the last second of the window [APP-1]", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request } = await published(w, new Array(4).fill([255]));
      const { clock } = await w.lens.roundOf(request.id);
      await networkHelpers.time.setNextBlockTimestamp(clock - 1n);
      await expect(w.assay.connect(w.outsider).appeal(request.terms)).to.emit(w.assay, "Appealed");
    });

    it("reverts while requests are paused [APP-1, ACC-7]", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request } = await published(w, new Array(4).fill([255]));
      const until = (await networkHelpers.time.latest()) + 100;
      await w.registry.pause(until);
      await expect(w.assay.connect(w.outsider).appeal(request.terms))
        .to.be.revertedWithCustomError(w.registry, "RequestsPaused")
        .withArgs(until);
    });

    it("reverts when nobody in the domain has weight any more", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { genesis, epochLength } = w.parameters;
      const boundary = genesis + ((await w.vault.currentEpoch()) + 1n) * epochLength;
      await networkHelpers.time.increaseTo(boundary - 300n);
      const { request } = await published(w, new Array(4).fill([255]));
      for (const owner of w.owners) await w.vault.connect(owner).rest(w.domain, true);
      await networkHelpers.time.increaseTo(boundary);
      expect(await w.assay.phaseOf(request.id), "phase").to.equal(PHASE.FINALIZED);
      await expect(w.assay.connect(w.outsider).appeal(request.terms))
        .to.be.revertedWithCustomError(w.assay, "EmptyDomain")
        .withArgs(w.domain);
    });

    it("reverts when the bond is not there, and changes nothing", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request } = await published(w, new Array(4).fill([255]));
      const poor = w.owners[0]!;
      await expect(w.assay.connect(poor).appeal(request.terms))
        .to.be.revertedWithCustomError(w.token, "ERC20InsufficientAllowance")
        .withArgs(w.addresses.Appeals, 0, await w.appeals.bondOf(request.terms, 1));
      expect(await w.assay.phaseOf(request.id), "phase").to.equal(PHASE.FINALIZED);
    });

    it("reverts when the next committee would have more than 31 seats [APP-1]", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request } = await published(w, new Array(4).fill([255]));
      const round = await appeal(w, request);
      await publish(w, round, unanimous(w, 8, [255]));
      await expect(w.assay.connect(w.outsider).appeal(request.terms))
        .to.be.revertedWithCustomError(w.appeals, "NoFurtherAppeal")
        .withArgs(request.id, 35, 31);
    });

    it("opens a larger round with seed, epoch, weights and quorum of its own [APP-2, REQ-19]", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { genesis, epochLength } = w.parameters;
      const epoch = await w.assay.currentEpoch();
      await networkHelpers.time.increaseTo(genesis + (epoch + 1n) * epochLength - 400n);
      const { request } = await published(w, new Array(4).fill([255, 0]));
      const before = (await w.lens.drawOf(request.id)).toObject();
      const richer = w.owners[0]!;
      await w.token.transfer(richer.address, 10n * WAD);
      await w.vault.connect(richer).stake(w.domain, richer.address, 10n * WAD);
      await nextEpoch(w);
      const tx = await w.assay.connect(w.outsider).appeal(request.terms);
      const { timestamp } = (await ethers.provider.getBlock(tx.blockNumber!))!;
      const roundId = await w.assay.roundIdOf(request.id, 1);
      expect(roundId, "id").to.equal(ethers.keccak256(request.id));
      const { sealWindow } = (await w.registry.parametersOf(w.domain, 1)).committee;
      const sums = await w.vault.domainSums(w.domain);
      expect(sums.weight > before.weight, "weights of the new epoch").to.equal(true);
      const draw = (await w.lens.drawOf(roundId)).toObject();
      expect(draw).to.deep.equal({ ...before, seats: APPEAL_SEATS, weight: sums.weight, roots: sums.roots });
      const round = (await w.lens.roundOf(roundId)).toObject();
      const first = await w.lens.roundOf(request.id);
      expect(round).to.deep.include({
        epoch: BigInt(first.epoch) + 1n,
        clock: BigInt(timestamp) + BigInt(sealWindow),
        flags: 0n,
        commits: 0n,
        minSeats: (4n * APPEAL_SEATS) / SEATS,
      });
      await expect(tx)
        .to.emit(w.assay, "Appealed")
        .withArgs(request.id, roundId, w.outsider.address, round.seed, APPEAL_SEATS);
      expect(await w.assay.phaseOf(roundId), "phase of the round").to.equal(PHASE.REQUESTED);
      await sealRequest(w, { id: roundId, terms: request.terms });
      expect((await w.lens.roundOf(roundId)).seed, "another seed").to.not.equal(first.seed);
    });

    it("keeps the request open, and its seats unsettled, until the last round is final [APP-6]", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request, ballots } = await published(w, new Array(4).fill([255]));
      const round = await appeal(w, request);
      expect(await w.assay.phaseOf(request.id), "running").to.equal(PHASE.APPEALED);
      const again = unanimous(w, 8, [255]);
      await publish(w, round, again);
      await endAppeal(w, request);
      expect(await w.assay.phaseOf(request.id), "after the first window").to.equal(PHASE.APPEALED);
      expect((await verdictOf(w, request)).isFinal).to.equal(false);
      await expect(w.assay.settle(request.terms, 0, votesOf(ballots)))
        .to.be.revertedWithCustomError(w.assay, "WrongPhase")
        .withArgs(request.id, PHASE.APPEALED, PHASE.FINAL);
      await endAppeal(w, round);
      expect(await w.assay.phaseOf(request.id), "final").to.equal(PHASE.FINAL);
      await settleRound(w, request, 0, ballots);
      await settleRound(w, request, 1, again);
      expect((await w.lens.roundOf(round.id)).settled, "settled").to.equal(8n);
    });

    it("blocks no other request of the same operators", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request } = await published(w, new Array(8).fill([255]));
      await appeal(w, request);
      const other = await openSealed(w, 1);
      const ballots = unanimous(w, 8, [255]);
      await playRound(w, other, ballots);
      const receipt = await settleRound(w, other, 0, ballots);
      expect(eventsIn(w.assay, receipt, "SeatSettled")).to.have.length(8);
    });

    it("replaces a verdict that 60 % of the weight contradict [APP-4, APP-5]", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request } = await published(w, new Array(6).fill([255]));
      expect(await verdictOf(w, request)).to.deep.equal({ verdict: TRUE, isFinal: false });
      const round = await appeal(w, request);
      // Eight votes of weight 2: the mean is just 0.4.
      await publish(w, round, unanimous(w, 8, [102]));
      expect((await verdictOf(w, request)).verdict).to.equal(FALSE);
      await endAppeal(w, round);
      expect(await verdictOf(w, request)).to.deep.equal({ verdict: FALSE, isFinal: true });
    });

    it("leaves a verdict that less than 60 % contradict, however far the threshold [APP-4]", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request } = await published(w, new Array(6).fill([255]));
      const round = await appeal(w, request);
      const tx = await publish(w, round, unanimous(w, 8, [103]));
      await expect(tx).to.emit(w.assay, "Finalized");
      await endAppeal(w, round);
      expect(await verdictOf(w, request)).to.deep.equal({ verdict: TRUE, isFinal: true });
    });

    it("decides a claim the first round left open [APP-5]", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request, ballots } = await published(w, [[255], [255], [0], [0]]);
      expect((await verdictOf(w, request)).verdict).to.equal(UNDECIDED);
      const round = await appeal(w, request);
      const again = unanimous(w, 8, [255]);
      await playRound(w, round, again);
      expect(await verdictOf(w, request)).to.deep.equal({ verdict: TRUE, isFinal: true });
      const receipt = await settleRound(w, request, 0, ballots);
      // Nothing was overturned: nobody is charged, and all are scored by the verdict that counts.
      expect(eventsIn(w.assay, receipt, "SeatOverturned")).to.have.length(0);
      const values = eventsIn<{ owner: string; value: bigint }>(w.assay, receipt, "SeatSettled");
      expect(values.map(({ value }) => value > 0n)).to.deep.equal([true, true, false, false]);
    });

    it("leaves the verdict when the round is void, and lets anybody appeal again [APP-1, APP-5]", async () => {
      const w = await networkHelpers.loadFixture(chainWorld);
      const { request } = await playChain(w, [255]);
      const round = await appeal(w, request);
      const { minSeats } = await w.lens.roundOf(round.id);
      const some = (await drawnOwners(w, round)).slice(0, Number(minSeats) - 1);
      for (const owner of some) await commitBallot(w, round, ballot(owner, [0]));
      await endReveal(w, round);
      const fee = await w.fees.credits(w.requester.address);
      await expect(w.assay.finalize(request.terms))
        .to.emit(w.assay, "Voided")
        .withArgs(round.id, some.length, 0, 0);
      expect(await w.fees.credits(w.requester.address), "the requester gets nothing back").to.equal(fee);
      expect(await w.assay.phaseOf(request.id)).to.equal(PHASE.APPEALED);
      const second = await appeal(w, request);
      expect(second.id).to.equal(await w.assay.roundIdOf(request.id, 2));
      const all = await drawnOwners(w, second);
      await playRound(
        w,
        second,
        all.map((owner) => ballot(owner, [0])),
      );
      expect(await verdictOf(w, request)).to.deep.equal({ verdict: FALSE, isFinal: true });
      // The void round's seats are free again.
      const receipt = await settleRound(
        w,
        request,
        1,
        some.map((owner) => ballot(owner, [])),
      );
      expect(eventsIn(w.assay, receipt, "SeatReleased")).to.have.length(some.length);
    });

    it("is final at the end of the window after a void round [REQ-18]", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request } = await published(w, new Array(6).fill([255]));
      const round = await appeal(w, request);
      await endReveal(w, round);
      await w.assay.finalize(request.terms);
      await endAppeal(w, round);
      expect(await verdictOf(w, request)).to.deep.equal({ verdict: TRUE, isFinal: true });
    });

    it("leaves as much time to appeal again when the seed of the appeal is lost [APP-1]", async () => {
      const w = await networkHelpers.loadFixture(chainWorld);
      const { request } = await playChain(w, [255]);
      await w.assay.connect(w.outsider).appeal(request.terms);
      await networkHelpers.mine(9_000);
      const { timestamp } = (await (await w.assay.voidUnsealed(request.terms)).getBlock())!;
      const round = { ...request, id: await w.assay.roundIdOf(request.id, 1) };
      const { clock } = await w.lens.roundOf(round.id);
      expect(clock - BigInt(timestamp), "time to appeal").to.equal(600n);
      expect(await w.assay.phaseOf(request.id)).to.equal(PHASE.APPEALED);
      const before = await networkHelpers.takeSnapshot();
      const second = await appeal(w, request);
      expect(second.id).to.equal(await w.assay.roundIdOf(request.id, 2));
      await before.restore();
      await endAppeal(w, round);
      expect(await verdictOf(w, request)).to.deep.equal({ verdict: TRUE, isFinal: true });
    });

    it("takes (p − y)² of their bond from all voters on the losing side [APP-7]", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request, ballots } = await published(w, [
        [255, 255, 10],
        [255, 200, 0],
        [200, 255, 0],
        [180, 255, 20],
        [255, 255, 0],
        [100, 255, 0],
      ]);
      const { bond } = await w.lens.drawOf(request.id);
      const round = await appeal(w, request);
      await playRound(w, round, unanimous(w, 8, [0, 255, 0]));
      const before = await Promise.all(ballots.map(({ owner }) => poolOf(w, owner.address)));
      const receipt = await settleRound(w, request, 0, ballots);
      const charges = eventsIn<{ owner: string; charge: bigint }>(w.assay, receipt, "SeatOverturned");
      // Claim 0 alone was overturned. The sixth voted below θ, so it was not on the losing side.
      const expected = ballots.slice(0, 5).map(({ owner, votes }) => ({
        roundId: request.id,
        owner: owner.address,
        charge: ceilDiv(bond * BigInt(votes[0]!) ** 2n, 255n * 255n * 3n) * GWEI,
      }));
      expect(charges).to.deep.equal(expected);
      for (const [i, { owner }] of ballots.entries()) {
        const charge = expected[i]?.charge ?? 0n;
        const { active } = await w.vault.poolOf(w.domain, owner.address);
        expect(before[i]! - active, owner.address).to.equal(charge);
        // The rest of its bond is held by its score account.
        const epoch = await w.minter.lastEpochOf(w.domain, owner.address);
        const { releasable } = await w.minter.accountOf(w.domain, epoch, owner.address);
        expect(releasable * GWEI).to.equal(bond * GWEI - charge);
      }
    });

    it("scores every seat by the verdict that counts [SCORE-1]", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request, ballots } = await overturned(w);
      const receipt = await settleRound(w, request, 0, ballots);
      const values = new Map(
        eventsIn<{ owner: string; value: bigint }>(w.assay, receipt, "SeatSettled").map((s) => [
          s.owner,
          s.value,
        ]),
      );
      const gains = ballots.map(({ owner }) => values.get(owner.address)! > 0n);
      expect(gains).to.deep.equal([...new Array<boolean>(6).fill(false), true, true]);
    });

    it("never takes more than the bond of a seat, whatever the vote [APP-7, APP-8]", async () => {
      const w = await networkHelpers.loadFixture(hardestWorld);
      // Many claims: the bond is what the worst score takes.
      const { request, ballots } = await overturned(w, 255, 16);
      const { bond } = await w.lens.drawOf(request.id);
      const receipt = await settleRound(w, request, 0, ballots);
      const charges = eventsIn<{ owner: string; charge: bigint }>(w.assay, receipt, "SeatOverturned");
      expect(charges).to.have.length(6);
      const values = new Map(
        eventsIn<{ owner: string; value: bigint }>(w.assay, receipt, "SeatSettled").map((s) => [
          s.owner,
          s.value,
        ]),
      );
      for (const { owner, charge } of charges) {
        expect(charge).to.equal(chargeOf(bond, new Array<bigint>(16).fill(255n), 0n));
        const debt = -values.get(owner)! * 4n;
        expect(charge + debt <= bond * GWEI, `${charge} + ${debt}`).to.equal(true);
      }
    });

    it("moves neither base rate nor threshold of the domain [VOTE-13, VOTE-14]", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request } = await published(w, new Array(6).fill([255]));
      const before = await w.assay.meansOf(w.domain);
      const round = await appeal(w, request);
      await publish(w, round, unanimous(w, 8, [0]));
      expect(await w.assay.meansOf(w.domain)).to.deep.equal(before);
    });

    it("turns no fee into earned burn for the seats of an appeal [APP-11]", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request, round, again, ballots } = await overturned(w);
      await settleRound(w, request, 0, ballots);
      const epoch = await w.fees.currentEpoch();
      const earned = await w.fees.earned(w.domain, epoch);
      await settleRound(w, request, 1, again);
      expect((await w.lens.roundOf(round.id)).settled).to.equal(8n);
      expect(await w.fees.earned(w.domain, epoch)).to.equal(earned);
    });

    it("refuses more than 24 votes of any round of an appealed request [SCORE-7]", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request } = await overturned(w);
      const votes = new Array(25).fill({ owner: w.outsider.address, votes: "0x" });
      for (const round of [0, 1])
        await expect(w.assay.settle(request.terms, round, votes))
          .to.be.revertedWithCustomError(w.assay, "BatchTooLarge")
          .withArgs(25, 24);
    });

    it("refuses rounds there are not [REQ-19]", async () => {
      const w = await networkHelpers.loadFixture(appealWorld);
      const { request, ballots } = await overturned(w);
      await expect(w.assay.settle(request.terms, 2, votesOf(ballots)))
        .to.be.revertedWithCustomError(w.assay, "UnknownRequest")
        .withArgs(await w.assay.roundIdOf(request.id, 2));
      await expect(w.assay.settle(request.terms, 3, votesOf(ballots)))
        .to.be.revertedWithCustomError(w.assay, "NoSuchRound")
        .withArgs(3, 2);
    });

    it("lets the silent of an appeal be reported [ACC-1]", async () => {
      const w = await networkHelpers.loadFixture(chainWorld);
      const { request, round, drawn } = await appealWithSeats(w, 5);
      await revealedBy(w, round, drawn.slice(0, -1), 0);
      const silent = drawn.at(-1)!.address;
      await expect(w.assay.reportAbsent(request.terms, 1, [silent]))
        .to.emit(w.assay, "AbsenceReported")
        .withArgs(round.id, silent, w.deployer.address, (charge: bigint) => charge > 0n);
    });

    it("goes on to the largest committee, and no further [APP-1, APP-2]", async () => {
      const w = await networkHelpers.loadFixture(chainWorld);
      const { request, rounds } = await playChain(w, [255, 0, 255]);
      const [first, second, third] = rounds;
      const draws = await Promise.all(rounds.map(({ id }) => w.lens.drawOf(id)));
      expect(draws.map(({ seats }) => seats)).to.deep.equal([3n, 7n, 15n]);
      const quorums = await Promise.all(rounds.map(async ({ id }) => (await w.lens.roundOf(id)).minSeats));
      expect(quorums).to.deep.equal([2n, 4n, 8n]);
      await expect(w.assay.connect(w.outsider).appeal(request.terms))
        .to.be.revertedWithCustomError(w.appeals, "NoFurtherAppeal")
        .withArgs(request.id, 31, 31);
      await endAppeal(w, third!);
      expect(await verdictOf(w, request), "at the end").to.deep.equal({ verdict: TRUE, isFinal: true });
      // The second round was overturned by the third, the first was confirmed.
      const confirmed = await settleRound(w, request, 0, first!.ballots);
      expect(eventsIn(w.assay, confirmed, "SeatOverturned")).to.have.length(0);
      const lost = await settleRound(w, request, 1, second!.ballots);
      expect(eventsIn(w.assay, lost, "SeatOverturned")).to.have.length(second!.ballots.length);
      await settleRound(w, request, 2, third!.ballots);
    });

    it("goes from seven seats to all that there can be, which are settled in two calls [APP-1, APP-2, SCORE-7]", async () => {
      const w = await networkHelpers.loadFixture(longestChainWorld);
      const { request, rounds } = await playChain(w, [255, 0, 255]);
      const draws = await Promise.all(rounds.map(({ id }) => w.lens.drawOf(id)));
      expect(draws.map(({ seats }) => seats)).to.deep.equal([7n, 15n, 31n]);
      const quorums = await Promise.all(rounds.map(async ({ id }) => (await w.lens.roundOf(id)).minSeats));
      expect(quorums).to.deep.equal([4n, 8n, 16n]);
      const last = rounds[2]!;
      expect(last.ballots, "everybody sits").to.have.length(31);
      await expect(w.assay.connect(w.outsider).appeal(request.terms))
        .to.be.revertedWithCustomError(w.appeals, "NoFurtherAppeal")
        .withArgs(request.id, 63, 31);
      await endAppeal(w, last);
      expect(await verdictOf(w, request), "at the end").to.deep.equal({ verdict: TRUE, isFinal: true });
      for (const [from, to] of [
        [0, 24],
        [24, 31],
      ] as const) {
        const receipt = await settleRound(w, request, 2, last.ballots.slice(from, to));
        expect(eventsIn(w.assay, receipt, "SeatSettled"), `${from} to ${to}`).to.have.length(to - from);
      }
      const again = await settleRound(w, request, 2, last.ballots.slice(7));
      expect(eventsIn(w.assay, again, "SeatSettled"), "all are").to.have.length(0);
      const lost = await settleRound(w, request, 1, rounds[1]!.ballots);
      expect(eventsIn(w.assay, lost, "SeatOverturned")).to.have.length(rounds[1]!.ballots.length);
    });
  });
});

function ceilDiv(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}

async function poolOf(w: World, owner: string): Promise<bigint> {
  return (await w.vault.poolOf(w.domain, owner)).active;
}

/** {@link appealWorld} with the highest ρ. */
async function hardestWorld(): Promise<World> {
  return appealWorldWith({ fees: { penaltyRatio: 40_000 } });
}

/** A request of {@link chainWorld} whose appeal seats at least `seats`. */
async function appealWithSeats(w: World, seats: number) {
  for (let tries = 0; tries < 50; tries++) {
    const { request } = await playChain(w, [255]);
    const round = await appeal(w, request);
    const drawn = await drawnOwners(w, round);
    if (drawn.length >= seats) return { request, round, drawn };
  }
  throw new Error(`no appeal of ${seats} seats in 50 requests`);
}

async function revealedBy(
  w: World,
  round: OpenRequest,
  owners: readonly { address: string }[],
  vote: number,
) {
  await revealed(
    w,
    round,
    owners.map((owner) => ballot(owner as never, [vote])),
  );
  await endReveal(w, round);
}
