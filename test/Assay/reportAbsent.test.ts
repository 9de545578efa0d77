import { expect } from "chai";

import { GWEI, WAD } from "../../deploy/parameters.ts";
import {
  ballot,
  commitBallot,
  drawnOwners,
  endAppeal,
  endReveal,
  openRequest,
  sealRequest,
  votesOf,
} from "../fixtures/round.ts";
import { OUTCOME } from "../fixtures/scoring.ts";
import {
  committed,
  openSealed,
  PHASE,
  revealed,
  seatedWorld,
  seatedWorldWith,
  setCommitted,
  tallied,
  unanimous,
} from "../fixtures/seated.ts";
import { addOperator, ethers, networkHelpers, nextEpoch, world, type World } from "../fixtures/world.ts";

const ABSENT = 64n;

/** R quarters with an absence, everybody sits also with a quarter of the weight. */
async function harshWorld(): Promise<World> {
  return seatedWorldWith({ committee: { seats: 31 }, reputation: { absent: WAD / 4n } });
}

/** R falls to its floor at once, and the discount is as steep as it may be. */
async function steepDiscountWorld(): Promise<World> {
  return seatedWorldWith({
    committee: { seats: 31 },
    rewards: { delta: (5n * WAD) / 4n },
    reputation: { absent: WAD / 10n },
  });
}

/** R doubles with every settled request. */
async function generousWorld(): Promise<World> {
  return seatedWorldWith({ committee: { preset: 1 }, reputation: { success: 2n * WAD, pull: 0n } });
}

describe("Assay", () => {
  // reportAbsent
  // ├── when the batch is too large → BatchTooLarge
  // ├── when the request is unknown → UnknownRequest; not TALLY, FINALIZED or VOID → WrongPhase
  // ├── given VOID when the report window is over → ReportWindowOver
  // ├── when fewer than minSeats committed → AbsenceUnproven
  // ├── when the owner committed → AlreadyCommitted; all were reported → AlreadyReported
  // ├── when the owner had no duty
  // │   ├── not drawn, too light or weightless → NotDrawn, FamilyTooLight
  // │   ├── its free stake does not cover the bond → InsufficientFreeStake
  // │   └── the committee was full → CommitteeFull
  // ├── when the epoch is too long ago → EpochOutsideWindow
  // └── otherwise it charges absenceRatio · price · claims / R^δ, at most the bond, and records ABSENT
  describe("reportAbsent", () => {
    it("reverts when the batch is larger than 64 [ACC-1]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const { terms } = await openRequest(w, 1);
      await expect(w.assay.reportAbsent(terms, 0, new Array(65).fill(w.outsider.address)))
        .to.be.revertedWithCustomError(w.assay, "BatchTooLarge")
        .withArgs(65, 64);
    });

    it("reverts when the request is unknown", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const { terms } = await openRequest(w, 1);
      const other = { ...terms, claims: 2n };
      await expect(w.assay.reportAbsent(other, 0, [w.owners[0]!.address]))
        .to.be.revertedWithCustomError(w.assay, "UnknownRequest")
        .withArgs(await w.assay.idOf(other));
    });

    it("reverts before the reveal window is over, and once the verdict is final [ACC-1]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openRequest(w, 1);
      const silent = [w.owners[7]!.address];
      const refused = async (phase: bigint) =>
        expect(w.assay.reportAbsent(request.terms, 0, silent))
          .to.be.revertedWithCustomError(w.assay, "WrongPhase")
          .withArgs(request.id, phase, PHASE.FINALIZED);
      await refused(PHASE.REQUESTED);
      await sealRequest(w, request);
      await refused(PHASE.COMMIT);
      await revealed(w, request, unanimous(w, 4, [200]));
      await refused(PHASE.REVEAL);
      await endReveal(w, request);
      await w.assay.finalize(request.terms);
      await endAppeal(w, request);
      await refused(PHASE.FINAL);
    });

    it("takes reports in TALLY and until the last second before finality [ACC-1]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await tallied(w);
      await expect(w.assay.reportAbsent(request.terms, 0, [w.owners[4]!.address])).to.emit(
        w.assay,
        "AbsenceReported",
      );
      await w.assay.finalize(request.terms);
      await networkHelpers.time.setNextBlockTimestamp((await w.lens.roundOf(request.id)).clock - 1n);
      await expect(w.assay.reportAbsent(request.terms, 0, [w.owners[5]!.address])).to.emit(
        w.assay,
        "AbsenceReported",
      );
    });

    it("reverts when too few committed to prove that the payload could be had [ACC-2]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const silent = [w.owners[7]!.address];
      for (const commits of [0, 3]) {
        const request = await openSealed(w, 1);
        await committed(w, request, unanimous(w, commits, [200]));
        await endReveal(w, request);
        const refused = async () =>
          expect(w.assay.reportAbsent(request.terms, 0, silent))
            .to.be.revertedWithCustomError(w.assay, "AbsenceUnproven")
            .withArgs(request.id, commits, 4);
        await refused();
        await w.assay.finalize(request.terms);
        await refused();
      }
    });

    it("reverts when the report window of a void request is over [ACC-1]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      await committed(w, request, unanimous(w, 4, [200]));
      await endReveal(w, request);
      await w.assay.finalize(request.terms);
      const deadline = (await w.lens.roundOf(request.id)).clock;
      await networkHelpers.time.setNextBlockTimestamp(deadline - 1n);
      await expect(w.assay.reportAbsent(request.terms, 0, [w.owners[6]!.address])).to.emit(
        w.assay,
        "AbsenceReported",
      );
      await networkHelpers.time.setNextBlockTimestamp(deadline);
      await expect(w.assay.reportAbsent(request.terms, 0, [w.owners[7]!.address]))
        .to.be.revertedWithCustomError(w.assay, "ReportWindowOver")
        .withArgs(request.id, deadline);
    });

    it("reverts when the owner committed, whether or not it revealed [ACC-2]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      const ballots = unanimous(w, 5, [200]);
      await committed(w, request, ballots);
      await endReveal(w, request);
      for (const b of [ballots[0]!, ballots[4]!]) {
        await expect(w.assay.reportAbsent(request.terms, 0, [b.owner.address]))
          .to.be.revertedWithCustomError(w.assay, "AlreadyCommitted")
          .withArgs(request.id, b.owner.address);
      }
    });

    it("reverts when all were reported, and passes over who was [ACC-4]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await tallied(w);
      const [a, b] = [w.owners[4]!.address, w.owners[5]!.address];
      await w.assay.reportAbsent(request.terms, 0, [a, a]);
      const once = await w.vault.poolOf(w.domain, a);
      await expect(w.assay.reportAbsent(request.terms, 0, [a]))
        .to.be.revertedWithCustomError(w.assay, "AlreadyReported")
        .withArgs(request.id, a);
      await expect(w.assay.reportAbsent(request.terms, 0, []))
        .to.be.revertedWithCustomError(w.assay, "AlreadyReported")
        .withArgs(request.id, ethers.ZeroAddress);
      await w.assay.reportAbsent(request.terms, 0, [a, b]);
      expect((await w.vault.poolOf(w.domain, a)).active, "charged once").to.equal(once.active);
      expect(2_000n * WAD - once.active, "the fee").to.equal(request.terms.price);
    });

    it("reverts when the owner was not drawn [ACC-2]", async () => {
      const w = await networkHelpers.loadFixture(world);
      let request = await openSealed(w, 1);
      let drawn = await drawnOwners(w, request);
      for (let i = 0; i < 40 && drawn.length < 4; i++) {
        request = await openSealed(w, 1);
        drawn = await drawnOwners(w, request);
      }
      const other = w.owners.find((o) => !drawn.includes(o)) ?? w.outsider;
      await committed(
        w,
        request,
        drawn.slice(0, 4).map((owner) => ballot(owner, [200])),
      );
      await endReveal(w, request);
      const { ticket, chance } = await w.lens.isDrawn(request.id, other.address);
      expect(ticket, "ticket").to.be.greaterThanOrEqual(chance);
      await expect(w.assay.reportAbsent(request.terms, 0, [other.address]))
        .to.be.revertedWithCustomError(w.assay, "NotDrawn")
        .withArgs(request.id, other.address, ticket, chance);
    });

    it("reverts when the owner rested in that epoch", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const resting = w.owners[7]!;
      await w.vault.connect(resting).rest(w.domain, true);
      await nextEpoch(w);
      const request = await tallied(w);
      const { ticket } = await w.lens.isDrawn(request.id, resting.address);
      await expect(w.assay.reportAbsent(request.terms, 0, [resting.address]))
        .to.be.revertedWithCustomError(w.assay, "NotDrawn")
        .withArgs(request.id, resting.address, ticket, 0);
    });

    it("reverts when the family is too light to count [ACC-2]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await w.registry.proposeFamily(w.domain, "dust");
      await w.registry.listFamily(w.domain, ethers.id("dust"));
      await addOperator(w, w.domain, w.outsider, 4, 999n * WAD);
      await nextEpoch(w);
      const request = await tallied(w);
      await expect(w.assay.reportAbsent(request.terms, 0, [w.outsider.address]))
        .to.be.revertedWithCustomError(w.assay, "FamilyTooLight")
        .withArgs(w.domain, 4);
    });

    it("reverts when the pool could not lock the bond [ACC-2]", async () => {
      const w = await networkHelpers.loadFixture(dearWorld);
      const busy = w.owners[7]!;
      // 2,000 WORK back three bonds of 640; the fourth seat is no duty.
      for (let i = 0; i < 3; i++) await commitBallot(w, await openSealed(w, 1), ballot(busy, [200]));
      const request = await tallied(w);
      expect((await w.lens.isDrawn(request.id, busy.address)).drawn, "drawn").to.equal(true);
      await expect(w.assay.reportAbsent(request.terms, 0, [busy.address]))
        .to.be.revertedWithCustomError(w.vault, "InsufficientFreeStake")
        .withArgs((80n * WAD) / GWEI, (640n * WAD) / GWEI);
    });

    it("reverts when the committee had no room for its vote weight [ACC-2]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await tallied(w);
      await setCommitted(w, request.id, 254n);
      await expect(w.assay.reportAbsent(request.terms, 0, [w.owners[4]!.address]))
        .to.be.revertedWithCustomError(w.assay, "CommitteeFull")
        .withArgs(256, 255);
    });

    it("reverts when the weights of the epoch are gone [ACC-5]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await tallied(w);
      await nextEpoch(w, 2n);
      await expect(w.assay.reportAbsent(request.terms, 0, [w.owners[4]!.address]))
        .to.be.revertedWithCustomError(w.vault, "EpochOutsideWindow")
        .withArgs(1, 3);
    });

    it("charges the fee of the seat, a twentieth to the reporter, and records ABSENT [ACC-3, REP-8]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await tallied(w, 40);
      const owner = w.owners[5]!.address;
      const fee = request.terms.price * 40n;
      const supply = await w.token.totalSupply();
      const tx = await w.assay.connect(w.outsider).reportAbsent(request.terms, 0, [owner]);
      await expect(tx)
        .to.emit(w.assay, "AbsenceReported")
        .withArgs(request.id, owner, w.outsider.address, fee);
      await expect(tx).to.emit(w.ledger, "OutcomesRecorded").withArgs(w.domain, owner, OUTCOME.ABSENT, 1);
      expect((await w.vault.poolOf(w.domain, owner)).active, "stake").to.equal(2_000n * WAD - fee);
      expect(await w.token.balanceOf(w.outsider.address), "bounty").to.equal(fee / 20n);
      expect(supply - (await w.token.totalSupply()), "burned").to.equal(fee - fee / 20n);
      expect((await w.lens.seatOf(request.id, owner)).flags, "mark").to.equal(ABSENT);
    });

    it("keeps a seat to one outcome: who was reported cannot be settled [INV-12]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await tallied(w);
      const owner = w.owners[5]!.address;
      await w.assay.reportAbsent(request.terms, 0, [owner]);
      await w.assay.finalize(request.terms);
      await endAppeal(w, request);
      await expect(w.assay.settle(request.terms, 0, [{ owner, votes: "0x" }]))
        .to.be.revertedWithCustomError(w.assay, "NotCommitted")
        .withArgs(request.id, owner);
    });

    it("charges twice the fee at R = ¼ with δ = ½ [ACC-3]", async () => {
      const w = await networkHelpers.loadFixture(harshWorld);
      const owner = w.owners[5]!.address;
      await w.assay.reportAbsent((await tallied(w)).terms, 0, [owner]);
      await w.ledger.post(w.domain, [{ owner, reputation: WAD / 4n }]);
      await nextEpoch(w);
      const request = await tallied(w, 20);
      const before = await w.vault.poolOf(w.domain, owner);
      await w.assay.reportAbsent(request.terms, 0, [owner]);
      const charged: bigint = BigInt(before.active) - BigInt((await w.vault.poolOf(w.domain, owner)).active);
      expectClose(charged, 2n * 20n * request.terms.price);
    });

    it("charges half the fee at R = 4", async () => {
      const w = await networkHelpers.loadFixture(generousWorld);
      const ballots = unanimous(w, 8, [200]);
      for (let i = 0; i < 2; i++) {
        const request = await openSealed(w, 1);
        await revealed(w, request, ballots);
        await endReveal(w, request);
        await w.assay.finalize(request.terms);
        await endAppeal(w, request);
        await w.assay.settle(request.terms, 0, votesOf(ballots));
      }
      const owner = w.owners[5]!.address;
      await w.ledger.post(w.domain, [{ owner, reputation: 4n * WAD }]);
      await nextEpoch(w);
      const request = await tallied(w, 20);
      const before = await w.vault.poolOf(w.domain, owner);
      await w.assay.reportAbsent(request.terms, 0, [owner]);
      const charged: bigint = BigInt(before.active) - BigInt((await w.vault.poolOf(w.domain, owner)).active);
      expectClose(charged, 10n * request.terms.price);
    });

    it("charges no more than the bond [ACC-3]", async () => {
      const w = await networkHelpers.loadFixture(steepDiscountWorld);
      const owner = w.owners[5]!.address;
      await w.assay.reportAbsent((await tallied(w)).terms, 0, [owner]);
      await w.ledger.post(w.domain, [{ owner, reputation: WAD / 10n }]);
      await nextEpoch(w);
      // A tenth of the weight is not drawn every time.
      let request = await openSealed(w, 256);
      for (let i = 0; i < 40 && !(await w.lens.isDrawn(request.id, owner)).drawn; i++) {
        request = await openSealed(w, 256);
      }
      await revealed(w, request, unanimous(w, 4, new Uint8Array(256)));
      await endReveal(w, request);
      // 10^1.25 = 17.8 times the fee is more than the bond of 4ρ / (4b(1 − b)) = 8.0 fees.
      const fee = request.terms.price * 256n;
      const { bond } = await w.lens.drawOf(request.id);
      const owed = await w.ledger.absenceChargeOf(w.domain, 1, owner, fee);
      expect(owed, "owed").to.be.within(17n * fee, 18n * fee);
      await expect(w.assay.reportAbsent(request.terms, 0, [owner]))
        .to.emit(w.assay, "AbsenceReported")
        .withArgs(request.id, owner, w.deployer.address, bond * GWEI);
    });

    it("charges nothing where the domain says so", async () => {
      const w = await networkHelpers.loadFixture(lenientWorld);
      const request = await tallied(w);
      const owner = w.owners[5]!.address;
      await expect(w.assay.reportAbsent(request.terms, 0, [owner]))
        .to.emit(w.assay, "AbsenceReported")
        .withArgs(request.id, owner, w.deployer.address, 0);
      expect((await w.vault.poolOf(w.domain, owner)).active, "stake").to.equal(2_000n * WAD);
    });
  });
});

/** Absences are free. */
async function lenientWorld(): Promise<World> {
  return seatedWorldWith({ fees: { absenceRatio: 0 } });
}

/** Ten WORK a claim-seat, so that a bond is a third of a pool. */
async function dearWorld(): Promise<World> {
  return seatedWorldWith({ fees: { minFee: 10n * WAD, seatBond: (640n * WAD) / GWEI } });
}

/** Equal up to the last digits a power of R may lose. */
function expectClose(given: bigint, exact: bigint): void {
  expect(given, "charged").to.be.within(exact - exact / 10n ** 12n, exact + exact / 10n ** 12n);
}
