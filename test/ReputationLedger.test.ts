import { expect } from "chai";

import { DEFAULT_DOMAIN, GWEI, PUBLISHED_DOMAIN, WAD } from "../deploy/parameters.ts";
import { commitBallot, endAppeal, endCommit, endReveal, openings, votesOf } from "./fixtures/round.ts";
import { committee, OUTCOME, qualityOf, replay, skillOf, unpackOutcomes } from "./fixtures/scoring.ts";
import {
  ballotsOf,
  openSealed,
  seatedWorld,
  seatedWorldWith,
  settledRound,
  tallied,
  unanimous,
} from "./fixtures/seated.ts";
import { ethers, networkHelpers, nextEpoch, type World } from "./fixtures/world.ts";

const { SUCCESS, WRONG, LATE, ABSENT } = OUTCOME;
const RULE = DEFAULT_DOMAIN.reputation;
const BOUNTY = BigInt(DEFAULT_DOMAIN.rewards.postBounty) * GWEI;

async function publishedWorld(): Promise<World> {
  return seatedWorldWith({ committee: { ...PUBLISHED_DOMAIN.committee, seats: 8 } }, PUBLISHED_DOMAIN);
}

/** Windows of eight claims: 256 claims give 32 outcomes. */
async function shortWindows(): Promise<World> {
  return seatedWorldWith({ committee: { qualityWindow: 8 } });
}

async function longWindows(): Promise<World> {
  return seatedWorldWith({ committee: { qualityWindow: 1_024 } });
}

/** A bar of zero, which the base rate meets exactly. */
async function noBar(): Promise<World> {
  return seatedWorldWith({ rewards: { qualityBar: 0n } });
}

/** Outcomes waiting on the tape of an owner, the oldest first. */
async function tapeOf(w: World, owner: string): Promise<bigint[]> {
  const { tape, length } = (await w.ledger.recordOf(w.domain, owner)).toObject();
  return unpackOutcomes(tape, length);
}

const yes = (claims: number) => new Array<number>(claims).fill(255);
const no = (claims: number) => new Array<number>(claims).fill(0);

describe("ReputationLedger", () => {
  // record, recordAbsent
  // ├── when the caller is not Assay → NotAssay
  // ├── given the default preset
  // │   ├── scored claims fill a window; a full one is SUCCESS above the bar, else WRONG, and starts anew
  // │   ├── LATE comes first
  // │   └── a request without scored claims leaves no outcome
  // ├── given the published preset: one outcome a request, whatever the votes were
  // ├── a silent or unrevealed seat is ABSENT
  // └── a tape without room is folded, under the same event
  describe("record", () => {
    it("reverts when the caller is not Assay", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const seat = { owner: w.outsider.address, score: 0, value: 0 };
      const ledger = w.ledger.connect(w.outsider);
      await expect(ledger.record(w.domain, 0, 32, [seat]))
        .to.be.revertedWithCustomError(w.ledger, "NotAssay")
        .withArgs(w.outsider.address, w.addresses.Assay);
      await expect(ledger.recordAbsent(w.domain, w.outsider.address))
        .to.be.revertedWithCustomError(w.ledger, "NotAssay")
        .withArgs(w.outsider.address, w.addresses.Assay);
    });

    it("gathers Σs − τ · Σ(b − y)²/(4b(1 − b)) until a window is full [REP-6]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const rows = [
        Array.from({ length: 20 }, (_, i) => (i % 3 ? 30 : 210)),
        Array.from({ length: 20 }, (_, i) => (i % 3 ? 60 : 190)),
        Array.from({ length: 20 }, (_, i) => (i % 3 ? 10 : 250)),
        Array.from({ length: 20 }, (_, i) => (i % 3 ? 200 : 70)),
        Array.from({ length: 20 }, (_, i) => (i % 3 ? 20 : 220)),
      ];
      await settledRound(w, 20, ballotsOf(w, rows));
      const votes = rows.map((row) => ({ votes: row, weight: 2n }));
      const whole = committee(votes, 32_768n, 1_000n);
      for (const [i, vote] of votes.entries()) {
        const skill = skillOf(whole, vote, 128n);
        const record = (await w.ledger.recordOf(w.domain, w.owners[i]!.address)).toObject();
        expect(record.quality, `quality of ${i}`).to.equal(qualityOf(skill, 128n, WAD / 4n));
        expect(record.scored, `scored of ${i}`).to.equal(skill.scoredTrue + skill.scoredFalse);
        expect(record.length, `no outcome of ${i} yet`).to.equal(0n);
      }
    });

    it("closes a window as SUCCESS above the bar, as WRONG below [REP-6]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      // The last two repeat the base rate and lie.
      const rows = [yes(32), yes(32), yes(32), yes(32), new Array<number>(32).fill(128), no(32)];
      await settledRound(w, 32, ballotsOf(w, rows));
      expect(await tapeOf(w, w.owners[0]!.address), "informed").to.deep.equal([SUCCESS]);
      expect(await tapeOf(w, w.owners[4]!.address), "base rate").to.deep.equal([WRONG]);
      expect(await tapeOf(w, w.owners[5]!.address), "liar").to.deep.equal([WRONG]);
      const record = (await w.ledger.recordOf(w.domain, w.owners[0]!.address)).toObject();
      expect([record.scored, record.quality], "a new window").to.deep.equal([0n, 0n]);
    });

    it("closes a window exactly at the bar as WRONG [REP-6]", async () => {
      const w = await networkHelpers.loadFixture(noBar);
      const idle = new Array<number>(32).fill(128);
      await settledRound(w, 32, ballotsOf(w, [yes(32), yes(32), yes(32), yes(32), idle]));
      expect(await tapeOf(w, w.owners[4]!.address), "base rate").to.deep.equal([WRONG]);
    });

    it("closes several windows of one request with one sign and keeps the rest [REP-6]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await settledRound(w, 70, ballotsOf(w, [yes(70), yes(70), yes(70), yes(70), no(70)]));
      expect(await tapeOf(w, w.owners[0]!.address), "informed").to.deep.equal([SUCCESS, SUCCESS]);
      expect(await tapeOf(w, w.owners[4]!.address), "liar").to.deep.equal([WRONG, WRONG]);
      const record = (await w.ledger.recordOf(w.domain, w.owners[0]!.address)).toObject();
      expect(record.scored, "70 − 2 · 32").to.equal(6n);
    });

    it("adds windows up over requests", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const good = unanimous(w, 4, yes(20));
      await settledRound(w, 20, good);
      expect(await tapeOf(w, w.owners[0]!.address), "20 claims").to.deep.equal([]);
      await settledRound(w, 20, good);
      expect(await tapeOf(w, w.owners[0]!.address), "40 claims").to.deep.equal([SUCCESS]);
    });

    it("leaves no outcome when nothing was decided", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await settledRound(w, 40, unanimous(w, 4, new Array<number>(40).fill(128)));
      const record = (await w.ledger.recordOf(w.domain, w.owners[0]!.address)).toObject();
      expect(record, "record").to.deep.equal({
        reputation: 0n,
        quality: 0n,
        scored: 0n,
        length: 0n,
        tape: 0n,
      });
    });

    it("records ABSENT for silent and for unrevealed seats [REP-8]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      const ballots = unanimous(w, 5, [200]);
      for (const b of ballots) await commitBallot(w, request, b);
      await endCommit(w, request);
      await w.assay.reveal(request.id, openings(ballots.slice(0, 4)));
      await endReveal(w, request);
      await w.assay.reportAbsent(request.terms, 0, [w.owners[5]!.address]);
      await w.assay.finalize(request.terms);
      await endAppeal(w, request);
      await w.assay.settle(request.terms, 0, [{ owner: ballots[4]!.owner.address, votes: "0x" }]);
      expect(await tapeOf(w, w.owners[4]!.address), "unrevealed").to.deep.equal([ABSENT]);
      expect(await tapeOf(w, w.owners[5]!.address), "silent").to.deep.equal([ABSENT]);
    });

    it("folds a tape without room inside settle, and refuses no seat [REP-10]", async () => {
      const w = await networkHelpers.loadFixture(shortWindows);
      const owner = w.owners[0]!.address;
      expect(await w.ledger.TAPE(), "TAPE").to.equal(48n);
      const ballots = unanimous(w, 4, yes(256));
      await settledRound(w, 256, ballots);
      const first = await tapeOf(w, owner);
      expect(first, "32 outcomes").to.deep.equal(new Array(32).fill(SUCCESS));
      const folded = replay(WAD, first, RULE);
      const request = await openSealed(w, 256);
      for (const b of ballots) await commitBallot(w, request, b);
      await endCommit(w, request);
      await w.assay.reveal(request.id, openings(ballots));
      await endReveal(w, request);
      await w.assay.finalize(request.terms);
      await endAppeal(w, request);
      await expect(w.assay.settle(request.terms, 0, votesOf(ballots.slice(0, 1))))
        .to.emit(w.ledger, "ReputationChanged")
        .withArgs(w.domain, owner, 1, 32, WAD, folded, ethers.ZeroAddress);
      expect(await w.ledger.reputationOf(w.domain, owner), "R").to.equal(folded);
      expect((await w.vault.operatorOf(w.domain, owner)).reputation, "R in the vault").to.equal(folded);
      expect((await tapeOf(w, owner)).length, "the new ones wait").to.equal(32);
    });

    it("puts no more outcomes on the tape than it holds when the window shrank", async () => {
      const w = await networkHelpers.loadFixture(longWindows);
      const owner = w.owners[0]!.address;
      const ballots = unanimous(w, 4, yes(250));
      for (let i = 0; i < 4; i++) await settledRound(w, 250, ballots);
      expect((await w.ledger.recordOf(w.domain, owner)).toObject().scored, "an open window").to.equal(1_000n);
      const short = { ...DEFAULT_DOMAIN.committee, seats: 8, qualityWindow: 8 };
      await w.registry.announce(w.domain, { ...DEFAULT_DOMAIN, committee: short });
      await nextEpoch(w, 3n);
      await settledRound(w, 250, ballots);
      const record = (await w.ledger.recordOf(w.domain, owner)).toObject();
      expect(record.length, "what one request can close").to.equal(32n);
      expect(record.scored, "1,250 mod 8").to.equal(2n);
    });

    it("gives one outcome a request under the published preset, right or wrong [REP-7]", async () => {
      const w = await networkHelpers.loadFixture(publishedWorld);
      const rows = [yes(64), yes(64), yes(64), yes(64), no(64)];
      const request = await openSealed(w, 64);
      const ballots = ballotsOf(w, rows);
      for (const b of ballots.slice(1)) await commitBallot(w, request, b);
      const { clock } = await w.lens.roundOf(request.id);
      await networkHelpers.time.setNextBlockTimestamp(clock + 60n);
      await commitBallot(w, request, ballots[0]!);
      await endCommit(w, request);
      await w.assay.reveal(request.id, openings(ballots));
      await endReveal(w, request);
      await w.assay.reportAbsent(request.terms, 0, [w.owners[7]!.address]);
      await w.assay.finalize(request.terms);
      await endAppeal(w, request);
      await w.assay.settle(request.terms, 0, votesOf(ballots));
      expect(await tapeOf(w, w.owners[0]!.address), "late").to.deep.equal([LATE]);
      expect(await tapeOf(w, w.owners[1]!.address), "right").to.deep.equal([SUCCESS]);
      expect(await tapeOf(w, w.owners[4]!.address), "wrong").to.deep.equal([SUCCESS]);
      expect(await tapeOf(w, w.owners[7]!.address), "absent").to.deep.equal([ABSENT]);
      const record = (await w.ledger.recordOf(w.domain, w.owners[1]!.address)).toObject();
      expect([record.scored, record.quality], "no windows").to.deep.equal([0n, 0n]);
    });
  });

  // post
  // ├── when the batch is too large → BatchTooLarge; the domain does not exist → UnknownDomain
  // ├── when every tape is empty → EmptyTape; a value is off by one wei → ReputationMismatch
  // └── otherwise
  //     ├── R is the replay, the tape is empty, the vault weighs with it from the next epoch on
  //     └── the poster gets a bounty out of the earned burn of the epoch, as far as there is any
  describe("post", () => {
    it("reverts when the batch is larger than 64 [REP-11]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const entries = new Array(65).fill({ owner: w.outsider.address, reputation: WAD });
      await expect(w.ledger.post(w.domain, entries))
        .to.be.revertedWithCustomError(w.ledger, "BatchTooLarge")
        .withArgs(65, 64);
    });

    it("reverts when the domain does not exist", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await expect(w.ledger.post(99, []))
        .to.be.revertedWithCustomError(w.registry, "UnknownDomain")
        .withArgs(99);
    });

    it("passes over empty tapes, so that no batch can be spoiled, and reverts if nothing is left [REP-11]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const owner = w.owners[4]!.address;
      const other = w.owners[5]!.address;
      await expect(w.ledger.post(w.domain, [{ owner, reputation: WAD }]))
        .to.be.revertedWithCustomError(w.ledger, "EmptyTape")
        .withArgs(w.domain, owner);
      await expect(w.ledger.post(w.domain, []))
        .to.be.revertedWithCustomError(w.ledger, "EmptyTape")
        .withArgs(w.domain, ethers.ZeroAddress);
      await w.fees.connect(w.requester).sponsor(w.domain, WAD);
      await w.assay.reportAbsent((await tallied(w)).terms, 0, [owner, other]);
      const entry = (of: string) => ({ owner: of, reputation: replay(WAD, [ABSENT], RULE) });
      await w.ledger.post(w.domain, [entry(owner)]);
      // Somebody was first with one of two, and one comes twice: the third is posted, and paid for once.
      const before: bigint = await w.token.balanceOf(w.outsider.address);
      await w.ledger.connect(w.outsider).post(w.domain, [entry(owner), entry(other), entry(other)]);
      expect(await w.ledger.reputationOf(w.domain, other)).to.equal(entry(other).reputation);
      const paid = (await w.token.balanceOf(w.outsider.address)) - before;
      expect(paid, "one bounty").to.equal(BigInt(DEFAULT_DOMAIN.rewards.postBounty) * 10n ** 9n);
      await expect(w.ledger.post(w.domain, [entry(owner), entry(other)]))
        .to.be.revertedWithCustomError(w.ledger, "EmptyTape")
        .withArgs(w.domain, owner);
    });

    it("requires R bit for bit [REP-11]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await settledRound(w, 256, unanimous(w, 4, yes(256)));
      const owner = w.owners[0]!.address;
      const expected = replay(WAD, new Array<bigint>(8).fill(SUCCESS), RULE);
      for (const reputation of [expected - 1n, expected + 1n, 0n, ethers.MaxUint256]) {
        await expect(w.ledger.post(w.domain, [{ owner, reputation }]))
          .to.be.revertedWithCustomError(w.ledger, "ReputationMismatch")
          .withArgs(owner, expected, reputation);
      }
      expect(await w.ledger.pendingReputationOf(w.domain, owner), "pending").to.equal(expected);
      expect(await w.ledger.reputationOf(w.domain, owner), "before").to.equal(WAD);
      await expect(w.ledger.connect(w.outsider).post(w.domain, [{ owner, reputation: expected }]))
        .to.emit(w.ledger, "ReputationChanged")
        .withArgs(w.domain, owner, 1, 8, WAD, expected, w.outsider.address);
      expect(await w.ledger.reputationOf(w.domain, owner), "after").to.equal(expected);
      expect(await tapeOf(w, owner), "tape").to.deep.equal([]);
    });

    it("replays outcomes in the order of settlement [REP-9]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const owner = w.owners[4]!.address;
      await w.assay.reportAbsent((await tallied(w)).terms, 0, [owner]);
      await settledRound(w, 32, unanimous(w, 5, yes(32)));
      await w.assay.reportAbsent((await tallied(w)).terms, 0, [owner]);
      const tape = [ABSENT, SUCCESS, ABSENT];
      expect(await tapeOf(w, owner), "tape").to.deep.equal(tape);
      const reputation = replay(WAD, tape, RULE);
      expect(reputation, "order matters").to.not.equal(replay(WAD, [ABSENT, ABSENT, SUCCESS], RULE));
      await w.ledger.post(w.domain, [{ owner, reputation }]);
      expect(await w.ledger.reputationOf(w.domain, owner), "R").to.equal(reputation);
    });

    it("weighs a bad record less from the next epoch on, and no good one more [REP-12]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const [good, bad] = [w.owners[0]!.address, w.owners[4]!.address];
      await settledRound(w, 32, unanimous(w, 4, yes(32)));
      await w.assay.reportAbsent((await tallied(w)).terms, 0, [bad]);
      const fell = (94n * WAD) / 100n;
      await w.ledger.post(w.domain, [
        { owner: good, reputation: (105n * WAD) / 100n },
        { owner: bad, reputation: fell },
      ]);
      const { active } = await w.vault.poolOf(w.domain, bad);
      const weights = async (owner: string, epoch: number) =>
        (await w.vault.seatWeights(w.domain, owner, epoch)).weight;
      const full = (2_000n * WAD) / GWEI;
      expect([await weights(good, 1), await weights(bad, 1)], "this epoch").to.deep.equal([full, full]);
      expect(await weights(good, 2), "good").to.equal(full);
      expect(await weights(bad, 2), "bad").to.equal((active * fell) / WAD / GWEI);
    });

    it("pays a bounty for each entry out of the earned burn of the epoch [REP-13]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await settledRound(w, 32, unanimous(w, 4, yes(32)));
      const earned = await w.fees.earned(w.domain, 1);
      const supply = await w.token.totalSupply();
      const entries = w.owners
        .slice(0, 3)
        .map((o) => ({ owner: o.address, reputation: (105n * WAD) / 100n }));
      await expect(w.ledger.connect(w.outsider).post(w.domain, entries))
        .to.emit(w.minter, "BountyPaid")
        .withArgs(w.domain, w.outsider.address, 3n * BOUNTY);
      expect(await w.token.balanceOf(w.outsider.address), "bounty").to.equal(3n * BOUNTY);
      expect((await w.token.totalSupply()) - supply, "minted").to.equal(3n * BOUNTY);
      expect(earned - (await w.fees.earned(w.domain, 1)), "taken from the burn").to.equal(3n * BOUNTY);
      expect(await w.minter.mintable(w.domain, 1), "κ of the rest").to.equal(
        ((earned - 3n * BOUNTY) * 9n) / 10n,
      );
    });

    it("pays no more than was earned in the epoch [REP-13]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const owner = w.owners[4]!.address;
      await w.assay.reportAbsent((await tallied(w)).terms, 0, [owner]);
      const supply = await w.token.totalSupply();
      await expect(w.ledger.post(w.domain, [{ owner, reputation: (94n * WAD) / 100n }]))
        .to.emit(w.minter, "BountyPaid")
        .withArgs(w.domain, w.deployer.address, 0);
      expect(await w.token.totalSupply(), "nothing minted").to.equal(supply);
    });

    it("moves R by the published numbers to the letter", async () => {
      const w = await networkHelpers.loadFixture(publishedWorld);
      const [good, absent] = [w.owners[0]!.address, w.owners[4]!.address];
      const post = async (owner: string, thousandths: bigint, scale: bigint) =>
        w.ledger.post(w.domain, [{ owner, reputation: (thousandths * WAD) / scale }]);
      await settledRound(w, 1, unanimous(w, 4, [255]));
      await post(good, 101n, 100n);
      expect(await w.ledger.reputationOf(w.domain, good), "Rew 1.01").to.equal((101n * WAD) / 100n);
      await w.assay.reportAbsent((await tallied(w)).terms, 0, [absent]);
      await post(absent, 64n, 100n);
      expect(await w.ledger.reputationOf(w.domain, absent), "absent 0.64").to.equal((64n * WAD) / 100n);
      // Settled in the same epoch, so it still sits: 0.64 · 1.01 = 0.6464, then + 0.02 · (1 − 0.6464) = 0.653472.
      await settledRound(w, 1, unanimous(w, 5, [255]));
      await post(absent, 653_472n, 1_000_000n);
      expect(await w.ledger.reputationOf(w.domain, absent), "catch-up").to.equal(
        (653_472n * WAD) / 1_000_000n,
      );
    });

    it("moves R by 0.8 for a late vote under the published preset [REP-3, REP-7]", async () => {
      const w = await networkHelpers.loadFixture(publishedWorld);
      const request = await openSealed(w, 64);
      const ballots = unanimous(w, 4, yes(64));
      for (const b of ballots.slice(1)) await commitBallot(w, request, b);
      const { clock } = await w.lens.roundOf(request.id);
      await networkHelpers.time.setNextBlockTimestamp(clock + 60n);
      await commitBallot(w, request, ballots[0]!);
      await endCommit(w, request);
      await w.assay.reveal(request.id, openings(ballots));
      await endReveal(w, request);
      await w.assay.finalize(request.terms);
      await endAppeal(w, request);
      await w.assay.settle(request.terms, 0, votesOf(ballots));
      const owner = ballots[0]!.owner.address;
      await w.ledger.post(w.domain, [{ owner, reputation: (8n * WAD) / 10n }]);
      expect(await w.ledger.reputationOf(w.domain, owner), "late 0.8").to.equal((8n * WAD) / 10n);
    });

    it("keeps R at its floor of 0.1 [REP-1]", async () => {
      const w = await networkHelpers.loadFixture(publishedWorld);
      const owner = w.owners[4]!.address;
      for (let i = 0; i < 6; i++) await w.assay.reportAbsent((await tallied(w)).terms, 0, [owner]);
      // 0.64^6 = 0.0687 would be below the floor.
      expect(await w.ledger.pendingReputationOf(w.domain, owner), "pending").to.equal(WAD / 10n);
      await w.ledger.post(w.domain, [{ owner, reputation: WAD / 10n }]);
      expect(await w.ledger.reputationOf(w.domain, owner), "R").to.equal(WAD / 10n);
    });
  });

  // absenceChargeOf
  // └── absenceRatio · fee / R^δ, rounded up
  describe("absenceChargeOf", () => {
    it("is the fee at R = 1 and reads the parameters of the version [ACC-3]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const owner = w.owners[0]!.address;
      expect(await w.ledger.absenceChargeOf(w.domain, 1, owner, 12_345n), "ratio 1").to.equal(12_345n);
      const halved = { ...DEFAULT_DOMAIN, fees: { ...DEFAULT_DOMAIN.fees, absenceRatio: 5_000 } };
      await w.registry.announce(w.domain, halved);
      expect(await w.ledger.absenceChargeOf(w.domain, 2, owner, 12_345n), "half, rounded up").to.equal(
        6_173n,
      );
    });
  });
});
