import { expect } from "chai";

import { commitBallot, openRequest, sealRequest } from "../fixtures/round.ts";
import { PHASE, seatedWorld, seatedWorldWith, unanimous } from "../fixtures/seated.ts";
import { ethers, networkHelpers, type World } from "../fixtures/world.ts";

/** Blocks the randomness remembers where EIP-2935 is in force. */
const HISTORY = 8_191;

/** A seal window that outlasts the chain's memory of block hashes, at a second a block. */
async function forgetfulWorld(): Promise<World> {
  return seatedWorldWith({ committee: { sealWindow: 30_000 } });
}

/** The seed BlockhashRandomness gives for a ticket. */
async function seedOf(ticket: bigint): Promise<bigint> {
  const { hash } = (await ethers.provider.getBlock(Number(ticket)))!;
  const encoded = ethers.AbiCoder.defaultAbiCoder().encode(["bytes32", "uint256"], [hash, ticket]);
  return BigInt(ethers.keccak256(encoded)) & ((1n << 120n) - 1n);
}

describe("Assay", () => {
  // seal
  // ├── when the request is unknown → UnknownRequest
  // ├── when it is sealed or void already → WrongPhase
  // ├── when the seal window is over → SealWindowOver
  // ├── when the seed is not there yet → SeedPending; can never be had again → SeedLost
  // └── otherwise it captures the seed, and all windows count from now
  describe("seal", () => {
    it("reverts when the request is unknown", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await expect(w.assay.seal(ethers.id("nothing"), "0x"))
        .to.be.revertedWithCustomError(w.assay, "UnknownRequest")
        .withArgs(ethers.id("nothing"));
    });

    it("reverts until the seed block has a successor", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openRequest(w, 1);
      const ticket = (await w.lens.roundOf(request.id)).seed;
      // A refused transaction mines nothing: blocks 1 and 2 after the request, the second is the seed block.
      for (let i = 0; i < 2; i++) {
        await expect(w.assay.seal(request.id, "0x"))
          .to.be.revertedWithCustomError(w.assay, "SeedPending")
          .withArgs(request.id, ticket);
        await networkHelpers.mine();
      }
      await expect(w.assay.seal(request.id, "0x")).to.emit(w.assay, "Sealed");
    });

    it("captures the seed of the ticket and starts the commit window [REQ-9, REQ-10]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openRequest(w, 1);
      const ticket = (await w.lens.roundOf(request.id)).seed;
      await networkHelpers.mine(10);
      const tx = await w.assay.connect(w.outsider).seal(request.id, "0x");
      const { timestamp } = (await tx.getBlock())!;
      const seed = await seedOf(ticket);
      await expect(tx).to.emit(w.assay, "Sealed").withArgs(request.id, seed, timestamp);
      const round = await w.lens.roundOf(request.id);
      expect(round.seed, "seed").to.equal(seed);
      expect(round.clock, "start of the commit window").to.equal(timestamp);
      expect(await w.assay.phaseOf(request.id), "phase").to.equal(PHASE.COMMIT);
    });

    it("is done by the first commit [REQ-9]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openRequest(w, 1);
      const ticket = (await w.lens.roundOf(request.id)).seed;
      await networkHelpers.mine(3);
      const [ballot] = unanimous(w, 1, [200]);
      const tx = await commitBallot(w, request, ballot!);
      const { timestamp } = (await tx.getBlock())!;
      await expect(tx)
        .to.emit(w.assay, "Sealed")
        .withArgs(request.id, await seedOf(ticket), timestamp);
      expect((await w.lens.roundOf(request.id)).commits, "commits").to.equal(1n);
    });

    it("cannot be done twice [REQ-9]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openRequest(w, 1);
      await sealRequest(w, request);
      await expect(w.assay.seal(request.id, "0x"))
        .to.be.revertedWithCustomError(w.assay, "WrongPhase")
        .withArgs(request.id, PHASE.COMMIT, PHASE.REQUESTED);
    });

    it("reverts after the seal window, and works in its last second [REQ-9]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openRequest(w, 1);
      const deadline = (await w.lens.roundOf(request.id)).clock;
      await networkHelpers.mine(3);
      const snapshot = await networkHelpers.takeSnapshot();
      await networkHelpers.time.setNextBlockTimestamp(deadline);
      await expect(w.assay.seal(request.id, "0x")).to.emit(w.assay, "Sealed");
      await snapshot.restore();
      await networkHelpers.time.setNextBlockTimestamp(deadline + 1n);
      await expect(w.assay.seal(request.id, "0x"))
        .to.be.revertedWithCustomError(w.assay, "SealWindowOver")
        .withArgs(request.id, deadline);
    });

    it("reverts when the seed can never be had again [REQ-11]", async () => {
      const w = await networkHelpers.loadFixture(forgetfulWorld);
      const request = await openRequest(w, 1);
      const ticket = (await w.lens.roundOf(request.id)).seed;
      await networkHelpers.mine(HISTORY + 3);
      await expect(w.assay.seal(request.id, "0x"))
        .to.be.revertedWithCustomError(w.assay, "SeedLost")
        .withArgs(request.id, ticket);
      const [ballot] = unanimous(w, 1, [200]);
      await expect(commitBallot(w, request, ballot!))
        .to.be.revertedWithCustomError(w.assay, "SeedLost")
        .withArgs(request.id, ticket);
    });
  });

  // voidUnsealed
  // ├── when the request is unknown → UnknownRequest
  // ├── when it is sealed, or void already → WrongPhase
  // ├── when the seal window is open and the seed not lost → SealWindowOpen
  // └── otherwise all credits go back and nobody had a duty
  describe("voidUnsealed", () => {
    it("reverts when the request is unknown", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const { terms } = await openRequest(w, 1);
      const stranger = { ...terms, nonce: terms.nonce + 1n };
      await expect(w.assay.voidUnsealed(stranger))
        .to.be.revertedWithCustomError(w.assay, "UnknownRequest")
        .withArgs(await w.assay.idOf(stranger));
    });

    it("reverts when the request is sealed", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openRequest(w, 1);
      await sealRequest(w, request);
      await expect(w.assay.voidUnsealed(request.terms))
        .to.be.revertedWithCustomError(w.assay, "WrongPhase")
        .withArgs(request.id, PHASE.COMMIT, PHASE.REQUESTED);
    });

    it("reverts while the seed is pending or waits to be sealed", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openRequest(w, 1);
      const deadline = (await w.lens.roundOf(request.id)).clock;
      const refusal = () =>
        expect(w.assay.voidUnsealed(request.terms))
          .to.be.revertedWithCustomError(w.assay, "SealWindowOpen")
          .withArgs(request.id, deadline);
      await refusal();
      await networkHelpers.mine(3);
      await refusal();
      await networkHelpers.time.setNextBlockTimestamp(deadline);
      await refusal();
    });

    it("returns all credits after the seal window, once [REQ-11]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const before = await w.fees.credits(w.requester.address);
      const request = await openRequest(w, 20);
      const deadline = (await w.lens.roundOf(request.id)).clock;
      await networkHelpers.time.setNextBlockTimestamp(deadline + 1n);
      const refund = request.terms.price * 20n * 8n;
      await expect(w.assay.connect(w.outsider).voidUnsealed(request.terms))
        .to.emit(w.assay, "Voided")
        .withArgs(request.id, 0, 0, refund);
      expect(await w.fees.credits(w.requester.address), "credits").to.equal(before);
      expect(await w.assay.phaseOf(request.id), "phase").to.equal(PHASE.VOID);
      await expect(w.assay.voidUnsealed(request.terms))
        .to.be.revertedWithCustomError(w.assay, "WrongPhase")
        .withArgs(request.id, PHASE.VOID, PHASE.REQUESTED);
    });

    it("does not wait for the seal window when the seed is lost [REQ-11]", async () => {
      const w = await networkHelpers.loadFixture(forgetfulWorld);
      const before = await w.fees.credits(w.requester.address);
      const request = await openRequest(w, 20);
      await networkHelpers.mine(HISTORY + 3);
      await w.assay.voidUnsealed(request.terms);
      expect(await w.fees.credits(w.requester.address), "credits").to.equal(before);
    });

    it("leaves nobody to report, because nobody was drawn [ACC-1]", async () => {
      const w = await networkHelpers.loadFixture(forgetfulWorld);
      const request = await openRequest(w, 20);
      await networkHelpers.mine(HISTORY + 3);
      await w.assay.voidUnsealed(request.terms);
      await expect(w.assay.reportAbsent(request.terms, 0, [w.owners[0]!.address]))
        .to.be.revertedWithCustomError(w.assay, "AbsenceUnproven")
        .withArgs(request.id, 0, 4);
    });
  });
});
