import { expect } from "chai";

import { DEFAULT_DOMAIN, GWEI, WAD } from "../../deploy/parameters.ts";
import {
  ballot,
  commitBallot,
  endCommit,
  endReveal,
  openings,
  openRequest,
  sealRequest,
  votesOf,
} from "../fixtures/round.ts";
import type { Ballot, OpenRequest } from "../fixtures/round.ts";
import {
  committee,
  meanVote,
  nextBaseRate,
  nextThreshold,
  verdictWords,
  type Committee,
} from "../fixtures/scoring.ts";
import {
  ballotsOf,
  commitAll,
  committed,
  eventsIn,
  openSealed,
  PHASE,
  revealed,
  seatedWorld,
  seatedWorldWith,
  unanimous,
} from "../fixtures/seated.ts";
import { ethers, networkHelpers, world, type World } from "../fixtures/world.ts";

interface Finalized {
  readonly requestId: string;
  readonly verdicts: bigint[];
  readonly weight: bigint;
  readonly lowDiversity: boolean;
  readonly mean: bigint;
  readonly baseRate: bigint;
  readonly threshold: bigint;
  readonly finalAt: bigint;
}

/** Plays the votes up to the verdict and returns what was published. */
async function publish(w: World, request: OpenRequest, ballots: readonly Ballot[]): Promise<Finalized> {
  await revealed(w, request, ballots);
  await endReveal(w, request);
  const receipt = await (await w.assay.finalize(request.terms)).wait();
  return eventsIn<Finalized>(w.assay, receipt, "Finalized")[0]!;
}

function tally(rows: readonly ArrayLike<number>[], threshold = 32_768n): Committee {
  return committee(
    rows.map((votes) => ({ votes, weight: 2n })),
    threshold,
    BigInt(DEFAULT_DOMAIN.committee.decisiveMargin),
  );
}

async function demandingWorld(): Promise<World> {
  return seatedWorldWith({ committee: { minFamilies: 3 } });
}

describe("Assay", () => {
  // finalize
  // ├── when the request is unknown → UnknownRequest; the phase is not TALLY → WrongPhase
  // ├── given fewer reveals than the quorum: void, all credits go back
  // │   └── bonds of seats that revealed are released, the others are charged (settle, reportAbsent)
  // └── given a quorum
  //     ├── verdicts are TRUE from θ + m, FALSE from θ − m, else UNDECIDED
  //     ├── B follows the mean vote, θ the share of claims above θ; both are kept in bounds
  //     ├── too few families raise lowDiversity
  //     ├── credits of the seats nobody took go back
  //     └── the appeal window starts
  describe("finalize", () => {
    it("reverts when the request is unknown", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const { terms } = await openRequest(w, 1);
      const stranger = { ...terms, payloadHash: ethers.id("another payload") };
      await expect(w.assay.finalize(stranger))
        .to.be.revertedWithCustomError(w.assay, "UnknownRequest")
        .withArgs(await w.assay.idOf(stranger));
    });

    it("reverts before the reveal window is over, and after it was done", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openRequest(w, 1);
      const refused = async (phase: bigint) =>
        expect(w.assay.finalize(request.terms))
          .to.be.revertedWithCustomError(w.assay, "WrongPhase")
          .withArgs(request.id, phase, PHASE.TALLY);
      await refused(PHASE.REQUESTED);
      await sealRequest(w, request);
      await refused(PHASE.COMMIT);
      await revealed(w, request, unanimous(w, 8, [200]));
      await refused(PHASE.REVEAL);
      await endReveal(w, request);
      await w.assay.finalize(request.terms);
      await refused(PHASE.FINALIZED);
    });

    it("reverts when too few committed and the extension is still possible", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      await endCommit(w, request);
      await expect(w.assay.finalize(request.terms))
        .to.be.revertedWithCustomError(w.assay, "WrongPhase")
        .withArgs(request.id, PHASE.EXTENSION, PHASE.TALLY);
    });

    it("leaves a claim UNDECIDED strictly inside the margin [VOTE-10]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      // Four voters of weight 2: lanes of 2,040. θ = ½, m = 2 · 0.1 · ½: 6,553/65,536. TRUE from lane 1,224 (0.6),
      // FALSE up to 816 (0.4). One voter moves a lane in steps of two.
      const at = (lane: number) => [0, 1, 2, 3].map((i) => Math.floor((lane / 2 + i) / 4));
      const lanes = [1_224, 1_222, 1_020, 818, 816];
      const rows = [0, 1, 2, 3].map((voter) => lanes.map((lane) => at(lane)[voter]!));
      const request = await openSealed(w, 5);
      const published = await publish(w, request, ballotsOf(w, rows));
      const T = 2n,
        F = 1n;
      expect(published.verdicts[0], "TRUE, three UNDECIDED, FALSE").to.equal(T | (F << 8n));
      expect(published.verdicts[1], "second word").to.equal(0n);
      expect([...published.verdicts], "mirror").to.deep.equal(verdictWords(tally(rows)));
    });

    it("publishes 256 verdicts in two words [VOTE-11]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const rows = [1, 3, 5, 7].map((step, i) =>
        Uint8Array.from({ length: 256 }, (_, c) => (c < 128 ? (c * step) & 255 : (c + 40 * i) & 255)),
      );
      const request = await openSealed(w, 256);
      const published = await publish(w, request, ballotsOf(w, rows));
      const expected = tally(rows);
      expect(new Set(expected.verdicts).size, "all three verdicts occur").to.equal(3);
      expect([...published.verdicts], "verdicts").to.deep.equal(verdictWords(expected));
      expect(published.mean, "mean").to.equal(meanVote(expected));
    });

    it("moves B by k/(k + 255) of the distance to the mean vote [VOTE-13]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 85);
      const published = await publish(w, request, unanimous(w, 4, new Array<number>(85).fill(51)));
      expect(published.mean, "51/255").to.equal(WAD / 5n);
      // ½ + (0.2 − 0.5) · 85/340 = 0.425
      expect(published.baseRate, "B").to.equal((425n * WAD) / 1_000n);
      const means = await w.assay.meansOf(w.domain);
      expect([...means], "meansOf").to.deep.equal([published.baseRate, published.threshold]);
    });

    it("moves θ by 0.15 · k/(k + 64) of what the share of high claims exceeds the mean [VOTE-14]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 64);
      // Half of the claims at 204/255 = 0.8, half at 0: mean 0.4, share of claims above ½: 0.5.
      const row = Array.from({ length: 64 }, (_, i) => (i % 2 ? 204 : 0));
      const published = await publish(w, request, unanimous(w, 4, row));
      expect(published.mean, "mean").to.equal((4n * WAD) / 10n);
      // ½ + 0.15 · ½ · (0.5 − 0.4) = 0.5075
      expect(published.threshold, "θ").to.equal((5_075n * WAD) / 10_000n);
      const expected = tally([row, row, row, row]);
      expect(published.threshold, "mirror").to.equal(nextThreshold(WAD / 2n, expected));
      expect(published.baseRate, "mirror of B").to.equal(nextBaseRate(WAD / 2n, expected));
    });

    it("lets the next request pin B and θ, and none that runs [VOTE-15]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const running = await openSealed(w, 1);
      const request = await openSealed(w, 256);
      const row = Array.from({ length: 256 }, (_, i) => (i % 4 ? 20 : 230));
      const { baseRate, threshold } = await publish(w, request, unanimous(w, 4, row));
      const { terms, id } = await openRequest(w, 1);
      const draw = await w.lens.drawOf(id);
      expect(terms.baseRate, "b of the next").to.equal((baseRate * 255n + WAD / 2n) / WAD);
      expect(draw.baseRate, "b in its draw").to.equal(terms.baseRate);
      expect(draw.threshold, "θ of the next").to.equal((threshold * 65_536n) / WAD);
      expect(threshold, "θ moved").to.not.equal(WAD / 2n);
      const old = await w.lens.drawOf(running.id);
      expect([old.baseRate, old.threshold], "the running one").to.deep.equal([128n, 32_768n]);
    });

    it("reads verdicts with the θ the request pinned [VOTE-10]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const pull = Array.from({ length: 256 }, (_, i): number => (i % 2 ? 255 : 0)).fill(140, 128);
      await publish(w, await openSealed(w, 256), unanimous(w, 4, pull));
      const request = await openSealed(w, 1);
      const { threshold } = await w.lens.drawOf(request.id);
      expect(threshold, "θ left ½").to.be.greaterThan(32_768n);
      // 154/255 = 0.6039 decides at θ = ½ and not any more.
      expect(tally([[154], [154], [154], [154]]).verdicts, "at ½").to.deep.equal([2n]);
      const expected = tally([[154], [154], [154], [154]], threshold);
      expect(expected.verdicts, "at θ").to.deep.equal([0n]);
      const published = await publish(w, request, unanimous(w, 4, [154]));
      expect([...published.verdicts], "verdicts").to.deep.equal(verdictWords(expected));
    });

    it("keeps B in 5 to 95 % [VOTE-13]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      let b = WAD / 2n;
      for (let i = 0; i < 5; i++) {
        const zeros = new Uint8Array(256);
        const published = await publish(w, await openSealed(w, 256), unanimous(w, 4, zeros));
        b = nextBaseRate(b, tally([zeros, zeros, zeros, zeros]));
        expect(published.baseRate, `B after ${i + 1} requests`).to.equal(b);
      }
      expect(b, "the floor").to.equal(WAD / 20n);
    });

    it("keeps θ in 20 to 80 % [VOTE-14]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      let theta = WAD / 2n;
      // Everything just above θ, far below 1: the share is 1, the mean θ.
      for (let i = 0; i < 20 && theta < (8n * WAD) / 10n; i++) {
        const request = await openSealed(w, 256);
        const { threshold } = await w.lens.drawOf(request.id);
        const row = new Array<number>(256).fill(Number((threshold * 255n) / 65_536n) + 1);
        const published = await publish(w, request, unanimous(w, 4, row));
        theta = nextThreshold(theta, tally([row, row, row, row], threshold));
        expect(published.threshold, `θ after ${i + 1} requests`).to.equal(theta);
      }
      expect(theta, "the ceiling").to.equal((8n * WAD) / 10n);
    });

    it("flags a committee of fewer families than the domain wants [VOTE-12]", async () => {
      const w = await networkHelpers.loadFixture(demandingWorld);
      // Owners 0 and 4, 1 and 5 share families: four voters, two families.
      const two = [0, 4, 1, 5].map((i) => ballot(w.owners[i]!, [200]));
      expect((await publish(w, await openSealed(w, 1), two)).lowDiversity, "two families").to.equal(true);
      const three = [0, 4, 1, 2].map((i) => ballot(w.owners[i]!, [200]));
      expect((await publish(w, await openSealed(w, 1), three)).lowDiversity, "three families").to.equal(
        false,
      );
    });

    it("returns the credits of seats nobody took and starts the appeal window [FEE-4]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 10);
      const unit = request.terms.price * 10n;
      await revealed(w, request, unanimous(w, 5, new Uint8Array(10)));
      await endReveal(w, request);
      const before = await w.fees.credits(w.requester.address);
      const tx = await w.assay.connect(w.outsider).finalize(request.terms);
      expect((await w.fees.credits(w.requester.address)) - before, "3 of 8 seats").to.equal(3n * unit);
      const finalAt = BigInt((await tx.getBlock())!.timestamp) + 600n;
      expect((await w.lens.roundOf(request.id)).clock, "final at").to.equal(finalAt);
      await networkHelpers.time.increaseTo(finalAt - 1n);
      expect(await w.assay.phaseOf(request.id), "phase").to.equal(PHASE.FINALIZED);
      await networkHelpers.time.increaseTo(finalAt);
      expect(await w.assay.phaseOf(request.id), "phase").to.equal(PHASE.FINAL);
    });

    it("returns nothing when more revealed than were paid for [FEE-4]", async () => {
      const w = await networkHelpers.loadFixture(world);
      const request = await openRequest(w, 1);
      await sealRequest(w, request);
      await endCommit(w, request);
      await w.assay.extend(request.id);
      const ballots = w.owners.map((owner) => ballot(owner, [200]));
      await revealed(w, request, ballots);
      await endReveal(w, request);
      const before = await w.fees.credits(w.requester.address);
      await w.assay.finalize(request.terms);
      expect(await w.fees.credits(w.requester.address), "12 reveals, 7 seats paid").to.equal(before);
    });

    it("voids a request with too few reveals: full refund, bonds released, silence charged [REQ-16, REQ-17, FEE-7]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const start = await w.fees.credits(w.requester.address);
      const request = await openSealed(w, 10);
      const ballots = unanimous(w, 6, new Uint8Array(10));
      await committed(w, request, ballots);
      await w.assay.reveal(request.id, openings(ballots.slice(0, 3)));
      await endReveal(w, request);
      const refund = request.terms.price * 10n * 8n;
      await expect(w.assay.finalize(request.terms))
        .to.emit(w.assay, "Voided")
        .withArgs(request.id, 6, 3, refund);
      expect(await w.fees.credits(w.requester.address), "credits").to.equal(start);
      expect([...(await w.assay.meansOf(w.domain))], "B and θ did not move").to.deep.equal([
        WAD / 2n,
        WAD / 2n,
      ]);

      const stakes = async () => Promise.all(w.owners.map(async (o) => w.vault.poolOf(w.domain, o.address)));
      const before = await stakes();
      const { bond } = await w.lens.drawOf(request.id);
      await w.assay.reportAbsent(request.terms, 0, [w.owners[6]!.address, w.owners[7]!.address]);
      await w.assay.settle(request.terms, 0, [
        ...votesOf(ballots.slice(0, 3)),
        ...ballots.slice(3).map((b) => ({ owner: b.owner.address, votes: "0x" })),
      ]);
      const after = await stakes();
      const lost = before.map((pool, i) => pool.active - after[i]!.active);
      const whole = bond * GWEI;
      const absence = request.terms.price * 10n; // R = 1: no discount
      expect(lost, "charged").to.deep.equal([0n, 0n, 0n, whole, whole, whole, absence, absence]);
      expect(
        after.map((pool) => pool.locked),
        "locked",
      ).to.deep.equal(new Array(8).fill(0n));
      const epoch = await w.minter.currentEpoch();
      expect((await w.minter.termsOf(w.domain, epoch)).open, "no score").to.equal(false);
      expect(await w.fees.earned(w.domain, epoch), "nothing earned").to.equal(0n);
    });

    it("voids a request nobody committed to", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const start = await w.fees.credits(w.requester.address);
      const request = await openSealed(w, 1);
      await endCommit(w, request);
      await w.assay.extend(request.id);
      await endReveal(w, request);
      await w.assay.finalize(request.terms);
      expect(await w.assay.phaseOf(request.id), "phase").to.equal(PHASE.VOID);
      expect(await w.fees.credits(w.requester.address), "credits").to.equal(start);
    });

    it("needs exactly the quorum of reveals [REQ-16]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      const ballots = unanimous(w, 5, [200]);
      await commitAll(w, request, ballots.slice(1));
      await commitBallot(w, request, ballots[0]!);
      await endCommit(w, request);
      await w.assay.reveal(request.id, openings(ballots.slice(0, 4)));
      await endReveal(w, request);
      await expect(w.assay.finalize(request.terms)).to.emit(w.assay, "Finalized");
    });
  });
});
