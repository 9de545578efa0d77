import { expect } from "chai";

import { WAD } from "../deploy/parameters.ts";
import { endAppeal, endCommit, endReveal, openRequest, sealRequest } from "./fixtures/round.ts";
import { committee, meanVote, verdictWords } from "./fixtures/scoring.ts";
import { ballotsOf, openSealed, PHASE, revealed, seatedWorld, unanimous } from "./fixtures/seated.ts";
import { addOperator, ethers, networkHelpers, nextEpoch, world } from "./fixtures/world.ts";

describe("AssayLens", () => {
  // verdictsOf
  // ├── when the request has no verdicts (unknown, not finalized, void) → NoVerdict
  // └── otherwise it says what was published, and whether it can still change
  describe("verdictsOf", () => {
    it("reverts in every phase before the verdict", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openRequest(w, 1);
      const refused = async (phase: bigint) =>
        expect(w.lens.verdictsOf(request.terms))
          .to.be.revertedWithCustomError(w.lens, "NoVerdict")
          .withArgs(request.id, phase);
      await refused(PHASE.REQUESTED);
      await sealRequest(w, request);
      await refused(PHASE.COMMIT);
      await revealed(w, request, unanimous(w, 4, [200]));
      await refused(PHASE.REVEAL);
      await endReveal(w, request);
      await refused(PHASE.TALLY);
    });

    it("reverts when the request is unknown or void", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      const other = { ...request.terms, requester: w.outsider.address };
      await expect(w.lens.verdictsOf(other))
        .to.be.revertedWithCustomError(w.lens, "NoVerdict")
        .withArgs(await w.assay.idOf(other), PHASE.NONE);
      await endReveal(w, request);
      await w.assay.finalize(request.terms);
      await expect(w.lens.verdictsOf(request.terms))
        .to.be.revertedWithCustomError(w.lens, "NoVerdict")
        .withArgs(request.id, PHASE.VOID);
    });

    it("says what was published, and that it is final once it is [REQ-18]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 150);
      const rows = [1, 3, 5, 7].map((step) => Uint8Array.from({ length: 150 }, (_, c) => (c * step) & 255));
      await revealed(w, request, ballotsOf(w, rows));
      await endReveal(w, request);
      await w.assay.finalize(request.terms);
      const expected = committee(
        rows.map((votes) => ({ votes, weight: 2n })),
        32_768n,
        1_000n,
      );
      const check = async (isFinal: boolean) => {
        const verdict = await w.lens.verdictsOf(request.terms);
        expect([...verdict.words], "verdicts").to.deep.equal(verdictWords(expected));
        expect(verdict.mean, "mean").to.equal(meanVote(expected));
        expect(verdict.isFinal, "final").to.equal(isFinal);
      };
      await check(false);
      await endAppeal(w, request);
      await check(true);
    });
  });

  // isDrawn
  // ├── when the request is not sealed → NotSealed
  // ├── given a light family or no weight: chance zero
  // └── otherwise ticket and chance decide, with the grown committee after an extension
  describe("isDrawn", () => {
    it("reverts when the request is not sealed", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openRequest(w, 1);
      for (const id of [request.id, ethers.id("nothing")]) {
        await expect(w.lens.isDrawn(id, w.owners[0]!.address))
          .to.be.revertedWithCustomError(w.lens, "NotSealed")
          .withArgs(id);
      }
    });

    it("doubles the chance when the committee is extended [SORT-5]", async () => {
      const w = await networkHelpers.loadFixture(world);
      const request = await openRequest(w, 1);
      await sealRequest(w, request);
      const owner = w.owners[0]!.address;
      const before = await w.lens.isDrawn(request.id, owner);
      expect(before.drawn, "by ticket").to.equal(before.ticket < before.chance);
      await endCommit(w, request);
      await w.assay.extend(request.id);
      const after = await w.lens.isDrawn(request.id, owner);
      expect(after.ticket, "ticket").to.equal(before.ticket);
      expect(after.chance - 2n * before.chance, "chance, rounded down twice").to.be.within(0n, 1n);
      expect(after.drawn, "14 of 12: everybody").to.equal(true);
    });

    it("gives nobody a chance without weight or in a family too light", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await w.registry.proposeFamily(w.domain, "dust");
      await w.registry.listFamily(w.domain, ethers.id("dust"));
      await addOperator(w, w.domain, w.outsider, 4, 999n * WAD);
      await nextEpoch(w);
      const request = await openSealed(w, 1);
      for (const owner of [w.outsider.address, w.requester.address]) {
        const { drawn, chance } = await w.lens.isDrawn(request.id, owner);
        expect([drawn, chance], "no seat").to.deep.equal([false, 0n]);
      }
    });
  });
});
