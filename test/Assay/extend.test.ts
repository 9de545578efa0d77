import { expect } from "chai";

import {
  ballot,
  commitBallot,
  drawnOwners,
  endCommit,
  endReveal,
  openings,
  openRequest,
  sealRequest,
  votesOf,
} from "../fixtures/round.ts";
import type { OpenRequest } from "../fixtures/round.ts";
import {
  commitAll,
  openSealed,
  PHASE,
  seatedWorld,
  seatedWorldWith,
  seatWord,
  unanimous,
} from "../fixtures/seated.ts";
import { ethers, networkHelpers, world, type Signer, type World } from "../fixtures/world.ts";

/** A request of the default world that seated some owners and left out others. */
async function partlySeated(w: World): Promise<{ request: OpenRequest; drawn: Signer[]; others: Signer[] }> {
  for (let tries = 0; tries < 60; tries++) {
    const request = await openRequest(w, 1);
    await sealRequest(w, request);
    const drawn = await drawnOwners(w, request);
    const others = w.owners.filter((owner) => !drawn.includes(owner));
    if (drawn.length >= 4 && others.length >= 2) return { request, drawn, others };
  }
  throw new Error("no such committee in 60 requests");
}

describe("Assay", () => {
  // extend
  // ├── when the request is unknown → UnknownRequest
  // ├── when the commit window runs, enough committed, or the time to extend is over → WrongPhase
  // ├── when it was extended before, or expects more than 16 seats → WrongPhase
  // └── otherwise
  //     ├── expected seats double up to 31, and the commit window starts again
  //     ├── who sat still sits: old commits stay, and can be replaced
  //     ├── who was drawn before and commits only now is LATE, whoever is new is not
  //     └── a second shortage is not extended: what there is can be revealed
  // given that nobody extends
  //     └── the request is void, and the bonds of those who committed come back
  describe("extend", () => {
    it("reverts when the request is unknown", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await expect(w.assay.extend(ethers.id("nothing")))
        .to.be.revertedWithCustomError(w.assay, "UnknownRequest")
        .withArgs(ethers.id("nothing"));
    });

    it("reverts before the seal, in the commit window and when enough committed", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openRequest(w, 1);
      const refused = async (phase: bigint) =>
        expect(w.assay.extend(request.id))
          .to.be.revertedWithCustomError(w.assay, "WrongPhase")
          .withArgs(request.id, phase, PHASE.EXTENSION);
      await refused(PHASE.REQUESTED);
      await sealRequest(w, request);
      await refused(PHASE.COMMIT);
      await commitAll(w, request, unanimous(w, 4, [200]));
      await endCommit(w, request);
      await refused(PHASE.REVEAL);
    });

    it("reverts when the time to extend is over", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      await endReveal(w, request);
      await expect(w.assay.extend(request.id))
        .to.be.revertedWithCustomError(w.assay, "WrongPhase")
        .withArgs(request.id, PHASE.TALLY, PHASE.EXTENSION);
    });

    it("doubles the expected seats and starts the commit window again, once [SORT-5, REQ-10]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      await endCommit(w, request);
      expect(await w.assay.phaseOf(request.id), "phase").to.equal(PHASE.EXTENSION);
      const tx = await w.assay.connect(w.outsider).extend(request.id);
      const { timestamp } = (await tx.getBlock())!;
      await expect(tx).to.emit(w.assay, "Extended").withArgs(request.id, 16, timestamp);
      expect((await w.lens.roundOf(request.id)).clock, "window").to.equal(timestamp);
      expect(await w.assay.phaseOf(request.id), "phase").to.equal(PHASE.COMMIT);
      await endCommit(w, request);
      await expect(w.assay.extend(request.id))
        .to.be.revertedWithCustomError(w.assay, "WrongPhase")
        .withArgs(request.id, PHASE.REVEAL, PHASE.EXTENSION);
    });

    it("grows no committee above 31 expected seats [SORT-5]", async () => {
      const w = await networkHelpers.loadFixture(largeCommittee);
      const request = await openSealed(w, 1);
      await endCommit(w, request);
      const tx = await w.assay.extend(request.id);
      await expect(tx)
        .to.emit(w.assay, "Extended")
        .withArgs(request.id, 31, (await tx.getBlock())!.timestamp);
    });

    it("reverts for a committee of more than 16 expected seats, which can reveal at once [SORT-5]", async () => {
      const w = await networkHelpers.loadFixture(largerCommittee);
      const request = await openSealed(w, 1);
      await endCommit(w, request);
      await expect(w.assay.extend(request.id))
        .to.be.revertedWithCustomError(w.assay, "WrongPhase")
        .withArgs(request.id, PHASE.REVEAL, PHASE.EXTENSION);
    });

    it("keeps who sat, marks who hesitated LATE and welcomes who is new [SORT-6]", async () => {
      const w = await networkHelpers.loadFixture(world);
      const { request, drawn, others } = await partlySeated(w);
      const [punctual, hesitant] = drawn.map((owner) => ballot(owner, [200]));
      const fresh = ballot(others[0]!, [200]);
      await commitBallot(w, request, punctual!);
      await endCommit(w, request);
      await w.assay.extend(request.id);
      for (const [b, late] of [
        [hesitant!, true],
        [fresh, false],
      ] as const) {
        await expect(commitBallot(w, request, b))
          .to.emit(w.assay, "Committed")
          .withArgs(request.id, b.owner.address, await seatWord(w, request, b, late));
      }
      const replaced = ballot(punctual!.owner, [7]);
      await expect(commitBallot(w, request, replaced))
        .to.emit(w.assay, "Committed")
        .withArgs(request.id, replaced.owner.address, await seatWord(w, request, replaced, false));
      expect((await w.lens.roundOf(request.id)).commits, "commits of both windows").to.equal(3n);
    });

    it("measures three quarters of the new window", async () => {
      const w = await networkHelpers.loadFixture(world);
      const { request, others } = await partlySeated(w);
      await endCommit(w, request);
      await w.assay.extend(request.id);
      const { clock } = await w.lens.roundOf(request.id);
      const { commitWindow } = await w.lens.drawOf(request.id);
      await networkHelpers.time.setNextBlockTimestamp(clock + (3n * commitWindow) / 4n + 1n);
      const b = ballot(others[0]!, [200]);
      await expect(commitBallot(w, request, b))
        .to.emit(w.assay, "Committed")
        .withArgs(request.id, b.owner.address, await seatWord(w, request, b, true));
    });

    it("lets a small committee reveal after a second shortage", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      const ballots = unanimous(w, 3, [200]);
      await commitAll(w, request, ballots.slice(0, 2));
      await endCommit(w, request);
      await w.assay.extend(request.id);
      await commitBallot(w, request, ballots[2]!);
      await endCommit(w, request);
      expect(await w.assay.phaseOf(request.id), "phase").to.equal(PHASE.REVEAL);
      await w.assay.reveal(request.id, openings(ballots));
      expect((await w.lens.roundOf(request.id)).reveals, "reveals").to.equal(3n);
    });

    it("costs nobody a bond when nobody extended, because nobody could reveal [SCORE-8]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      const ballots = unanimous(w, 3, [200]);
      await commitAll(w, request, ballots);
      await endCommit(w, request);
      await expect(w.assay.reveal(request.id, openings(ballots)))
        .to.be.revertedWithCustomError(w.assay, "WrongPhase")
        .withArgs(request.id, PHASE.EXTENSION, PHASE.REVEAL);
      await endReveal(w, request);
      await w.assay.finalize(request.terms);
      const owner = ballots[0]!.owner.address;
      const before = await w.vault.poolOf(w.domain, owner);
      await w.assay.settle(request.terms, 0, votesOf(ballots));
      const after = await w.vault.poolOf(w.domain, owner);
      expect(after.active, "stake").to.equal(before.active);
      expect(after.locked, "locked").to.equal(0n);
      expect((await w.ledger.recordOf(w.domain, owner)).toObject().length, "outcomes").to.equal(0n);
    });
  });
});

/** 16 expected seats, so that an extension meets the bound. */
async function largeCommittee(): Promise<World> {
  return seatedWorldWith({ committee: { seats: 16 } });
}

async function largerCommittee(): Promise<World> {
  return seatedWorldWith({ committee: { seats: 17 } });
}
