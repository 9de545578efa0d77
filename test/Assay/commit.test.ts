import { expect } from "chai";

import { DEFAULT_DOMAIN, GWEI, WAD } from "../../deploy/parameters.ts";
import {
  ballot,
  commitBallot,
  digestOf,
  drawnOwners,
  endAppeal,
  endCommit,
  endReveal,
  openings,
  openRequest,
  sealRequest,
} from "../fixtures/round.ts";
import {
  commitAll,
  openSealed,
  PHASE,
  seatedWorld,
  seatWord,
  setCommitted,
  unanimous,
} from "../fixtures/seated.ts";
import { addOperator, ethers, networkHelpers, nextEpoch, world } from "../fixtures/world.ts";

const LATE = 8n;
const BOND = (64n * DEFAULT_DOMAIN.fees.minFee) / GWEI;

/** The ticket of an owner, as Sortition computes it. */
function ticketOf(seed: bigint, requestId: string, owner: string): bigint {
  const encoded = ethers.AbiCoder.defaultAbiCoder().encode(
    ["uint256", "bytes32", "address"],
    [seed, requestId, owner],
  );
  return BigInt(ethers.keccak256(encoded)) & ((1n << 128n) - 1n);
}

describe("Assay", () => {
  // commit
  // ├── when the digest is empty → EmptyDigest
  // ├── when the request is unknown → UnknownRequest
  // ├── when it waits for its seed → it seals (seal.test.ts)
  // ├── when the phase is not COMMIT → WrongPhase
  // ├── given no commit of the owner
  // │   ├── when the sender is neither owner nor hot key → NotOperatorKey; not registered → NotRegistered
  // │   ├── when the free stake is below the bond → InsufficientFreeStake
  // │   ├── when the family is too light → FamilyTooLight
  // │   ├── when the ticket is not below the chance → NotDrawn
  // │   ├── when Σv would pass 255 → CommitteeFull
  // │   └── otherwise it locks the bond, counts the commit and reserves its vote weight
  // ├── given a commit of the owner
  // │   ├── when the sender is neither owner nor hot key → NotOperatorKey
  // │   └── otherwise it replaces the digest and locks nothing more
  // └── after three quarters of the window the seat is LATE, and stays so
  describe("commit", () => {
    it("reverts when the digest is empty [VOTE-2]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      const owner = w.owners[0]!;
      await expect(w.assay.connect(owner).commit(request.id, owner.address, 0)).to.be.revertedWithCustomError(
        w.assay,
        "EmptyDigest",
      );
    });

    it("reverts when the request is unknown", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const owner = w.owners[0]!;
      await expect(w.assay.connect(owner).commit(ethers.id("nothing"), owner.address, 1))
        .to.be.revertedWithCustomError(w.assay, "UnknownRequest")
        .withArgs(ethers.id("nothing"));
    });

    it("reverts in every later phase [REQ-13]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      const ballots = unanimous(w, 4, [200]);
      await commitAll(w, request, ballots);
      const refused = async (phase: bigint) => {
        for (const owner of [w.owners[0]!, w.owners[7]!]) {
          await expect(w.assay.connect(owner).commit(request.id, owner.address, 1))
            .to.be.revertedWithCustomError(w.assay, "WrongPhase")
            .withArgs(request.id, phase, PHASE.COMMIT);
        }
      };
      await endCommit(w, request);
      await refused(PHASE.REVEAL);
      await w.assay.reveal(request.id, openings(ballots));
      await endReveal(w, request);
      await refused(PHASE.TALLY);
      await w.assay.finalize(request.terms);
      await refused(PHASE.FINALIZED);
      await endAppeal(w, request);
      await refused(PHASE.FINAL);
    });

    it("reverts when the window closed with too few commits, and when the request is void", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      await commitAll(w, request, unanimous(w, 3, [200]));
      await endCommit(w, request);
      const late = w.owners[7]!;
      await expect(w.assay.connect(late).commit(request.id, late.address, 1))
        .to.be.revertedWithCustomError(w.assay, "WrongPhase")
        .withArgs(request.id, PHASE.EXTENSION, PHASE.COMMIT);
      await endReveal(w, request);
      await w.assay.finalize(request.terms);
      await expect(w.assay.connect(late).commit(request.id, late.address, 1))
        .to.be.revertedWithCustomError(w.assay, "WrongPhase")
        .withArgs(request.id, PHASE.VOID, PHASE.COMMIT);
    });

    it("reverts when the sender holds no key of the operator [VOTE-3]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      const owner = w.owners[0]!;
      await expect(w.assay.connect(w.outsider).commit(request.id, owner.address, 1))
        .to.be.revertedWithCustomError(w.vault, "NotOperatorKey")
        .withArgs(w.outsider.address, owner.address, owner.address);
    });

    it("reverts when the owner is no operator of the domain", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      await expect(w.assay.connect(w.outsider).commit(request.id, w.outsider.address, 1))
        .to.be.revertedWithCustomError(w.vault, "NotRegistered")
        .withArgs(w.domain, w.outsider.address);
    });

    it("reverts when the free stake does not cover the bond [STK-11, SORT-4]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const owner = w.owners[0]!;
      const { shares } = await w.vault.holdingOf(w.domain, owner.address, owner.address);
      await w.vault.connect(owner).requestUnstake(w.domain, owner.address, shares);
      await networkHelpers.time.increase(w.parameters.unbonding);
      await w.vault.connect(owner).withdraw(w.domain, owner.address);
      const request = await openSealed(w, 1);
      await expect(w.assay.connect(owner).commit(request.id, owner.address, 1))
        .to.be.revertedWithCustomError(w.vault, "InsufficientFreeStake")
        .withArgs(0, BOND);
    });

    it("reverts when the family is too light to count [DOM-7, SORT-4]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await w.registry.proposeFamily(w.domain, "dust");
      await w.registry.listFamily(w.domain, ethers.id("dust"));
      await addOperator(w, w.domain, w.outsider, 4, 999n * WAD);
      await nextEpoch(w);
      const request = await openSealed(w, 1);
      await expect(w.assay.connect(w.outsider).commit(request.id, w.outsider.address, 1))
        .to.be.revertedWithCustomError(w.assay, "FamilyTooLight")
        .withArgs(w.domain, 4);
    });

    it("reverts when the owner was not drawn, with its ticket and its chance [SORT-4]", async () => {
      const w = await networkHelpers.loadFixture(world);
      const request = await openRequest(w, 1);
      await sealRequest(w, request);
      const drawn = new Set((await drawnOwners(w, request)).map((o) => o.address));
      const { seed } = await w.lens.roundOf(request.id);
      // Twelve equal operators in four families of three: π = 1/12, seven seats.
      const chance = (7n << 128n) / 12n;
      for (const owner of w.owners) {
        const ticket = ticketOf(seed, request.id, owner.address);
        expect(drawn.has(owner.address), "drawn means ticket < chance").to.equal(ticket < chance);
        if (drawn.has(owner.address)) continue;
        const { chance: exact } = await w.lens.isDrawn(request.id, owner.address);
        expect(exact - chance, "rounding of the roots").to.be.within(-1n, chance >> 30n);
        await expect(w.assay.connect(owner).commit(request.id, owner.address, 1))
          .to.be.revertedWithCustomError(w.assay, "NotDrawn")
          .withArgs(request.id, owner.address, ticket, exact);
      }
    });

    it("reverts when an operator weighs nothing yet", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await addOperator(w, w.domain, w.outsider, 0);
      const request = await openSealed(w, 1);
      const { seed } = await w.lens.roundOf(request.id);
      await expect(w.assay.connect(w.outsider).commit(request.id, w.outsider.address, 1))
        .to.be.revertedWithCustomError(w.assay, "NotDrawn")
        .withArgs(request.id, w.outsider.address, ticketOf(seed, request.id, w.outsider.address), 0);
    });

    it("reverts when the vote weight finds no room, and fills the last of it [VOTE-8]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      const owner = w.owners[0]!;
      await setCommitted(w, request.id, 254n);
      await expect(w.assay.connect(owner).commit(request.id, owner.address, 1))
        .to.be.revertedWithCustomError(w.assay, "CommitteeFull")
        .withArgs(256, 255);
      await setCommitted(w, request.id, 253n);
      await w.assay.connect(owner).commit(request.id, owner.address, 1);
      expect((await w.lens.roundOf(request.id)).committed, "Σv").to.equal(255n);
    });

    it("locks the bond, counts the commit and reserves the vote weight [STK-11]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      const [first] = unanimous(w, 1, [200]);
      const digest = await digestOf(w, request, first!);
      await expect(commitBallot(w, request, first!))
        .to.emit(w.assay, "Committed")
        .withArgs(request.id, first!.owner.address, await seatWord(w, request, first!, false));
      expect((await w.vault.poolOf(w.domain, first!.owner.address)).locked, "locked").to.equal(BOND);
      const round = await w.lens.roundOf(request.id);
      expect(round.commits, "commits").to.equal(1n);
      expect(round.committed, "Σv: standard tier").to.equal(2n);
      const seat = await w.lens.seatOf(request.id, first!.owner.address);
      expect(seat.toObject(), "seat").to.deep.equal({ digest, family: 0n, flags: 2n });
    });

    it("replaces the digest until the window closes, without a second bond [VOTE-3]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      const owner = w.owners[0]!;
      const [first, second] = [ballot(owner, [200]), ballot(owner, [10])];
      await commitBallot(w, request, first);
      await commitBallot(w, request, second);
      expect((await w.vault.poolOf(w.domain, owner.address)).locked, "locked once").to.equal(BOND);
      const round = await w.lens.roundOf(request.id);
      expect([round.commits, round.committed], "counted once").to.deep.equal([1n, 2n]);
      await commitAll(w, request, unanimous(w, 4, [200]).slice(1));
      await endCommit(w, request);
      await expect(w.assay.reveal(request.id, openings([first])))
        .to.be.revertedWithCustomError(w.assay, "OpeningMismatch")
        .withArgs(
          request.id,
          owner.address,
          await digestOf(w, request, first),
          await digestOf(w, request, second),
        );
      await expect(w.assay.reveal(request.id, openings([second])))
        .to.emit(w.assay, "Revealed")
        .withArgs(request.id, owner.address, "0x0a");
    });

    it("refuses to replace the digest of somebody else, and after the window", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      const ballots = unanimous(w, 4, [200]);
      await commitAll(w, request, ballots);
      const owner = w.owners[0]!;
      await expect(w.assay.connect(w.owners[1]!).commit(request.id, owner.address, 1))
        .to.be.revertedWithCustomError(w.vault, "NotOperatorKey")
        .withArgs(w.owners[1]!.address, owner.address, owner.address);
      const { clock } = await w.lens.roundOf(request.id);
      const { commitWindow } = await w.lens.drawOf(request.id);
      await networkHelpers.time.setNextBlockTimestamp(clock + commitWindow - 1n);
      await expect(w.assay.connect(owner).commit(request.id, owner.address, 1)).to.emit(w.assay, "Committed");
      await networkHelpers.time.setNextBlockTimestamp(clock + commitWindow);
      await expect(w.assay.connect(owner).commit(request.id, owner.address, 2))
        .to.be.revertedWithCustomError(w.assay, "WrongPhase")
        .withArgs(request.id, PHASE.REVEAL, PHASE.COMMIT);
    });

    it("is LATE one second after three quarters of the window [VOTE-4]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      // 2 · (20 s + 100 · 0.2 s) = 80 s, three quarters are 60 s.
      const request = await openSealed(w, 100);
      const [punctual, late] = unanimous(w, 2, new Uint8Array(100));
      const { clock } = await w.lens.roundOf(request.id);
      await networkHelpers.time.setNextBlockTimestamp(clock + 60n);
      await commitBallot(w, request, punctual!);
      await networkHelpers.time.setNextBlockTimestamp(clock + 61n);
      await expect(commitBallot(w, request, late!))
        .to.emit(w.assay, "Committed")
        .withArgs(request.id, late!.owner.address, await seatWord(w, request, late!, true));
      expect((await w.lens.seatOf(request.id, punctual!.owner.address)).flags, "punctual").to.equal(2n);
      expect((await w.lens.seatOf(request.id, late!.owner.address)).flags, "late").to.equal(2n | LATE);
    });

    it("makes a punctual seat LATE when it is replaced late [VOTE-4]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 100);
      const [first] = unanimous(w, 1, new Uint8Array(100));
      await commitBallot(w, request, first!);
      const { clock } = await w.lens.roundOf(request.id);
      await networkHelpers.time.setNextBlockTimestamp(clock + 61n);
      await commitBallot(w, request, first!);
      expect((await w.lens.seatOf(request.id, first!.owner.address)).flags, "flags").to.equal(2n | LATE);
    });

    it("takes the hot key, and survives its rotation in the middle of a request [VOTE-3, STK-20]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const owner = w.owners[0]!;
      const [oldKey, newKey] = (await ethers.getSigners()).slice(-2);
      await w.vault.connect(owner).setHotKey(w.domain, oldKey!.address);
      const request = await openSealed(w, 1);
      const b = ballot(owner, [200]);
      const digest = await digestOf(w, request, b);
      await w.assay.connect(oldKey!).commit(request.id, owner.address, digest);
      await w.vault.connect(owner).setHotKey(w.domain, newKey!.address);
      await expect(w.assay.connect(oldKey!).commit(request.id, owner.address, 1))
        .to.be.revertedWithCustomError(w.vault, "NotOperatorKey")
        .withArgs(oldKey!.address, owner.address, newKey!.address);
      await w.assay.connect(newKey!).commit(request.id, owner.address, digest);
      await commitAll(w, request, unanimous(w, 4, [200]).slice(1));
      await endCommit(w, request);
      await expect(w.assay.connect(newKey!).reveal(request.id, openings([b])))
        .to.emit(w.assay, "Revealed")
        .withArgs(request.id, owner.address, "0xc8");
    });

    it("keeps the weights of the request's epoch in the next one [EPO-5]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const owner = w.owners[0]!;
      const end = w.parameters.genesis + 2n * w.parameters.epochLength;
      await networkHelpers.time.increaseTo(end - 20n);
      const request = await openSealed(w, 1);
      await w.vault.connect(owner).rest(w.domain, true);
      await networkHelpers.time.increaseTo(end);
      expect((await w.vault.seatWeights(w.domain, owner.address, 2)).weight, "weight now").to.equal(0n);
      await expect(commitBallot(w, request, ballot(owner, [200]))).to.emit(w.assay, "Committed");
    });
  });
});
