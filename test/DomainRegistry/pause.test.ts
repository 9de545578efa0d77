import { expect } from "chai";

import {
  ask,
  commitBallot,
  endAppeal,
  endCommit,
  endReveal,
  openings,
  openRequest,
  votesOf,
} from "../fixtures/round.ts";
import { ballotsOf, openSealed, seatedWorld } from "../fixtures/seated.ts";
import { networkHelpers, type World } from "../fixtures/world.ts";

const MAX_PAUSE = 7 * 86_400;

async function pauseFor(w: World, seconds: number): Promise<number> {
  const until = (await networkHelpers.time.latest()) + 1 + seconds;
  await w.registry.pause(until);
  return until;
}

describe("DomainRegistry", () => {
  // pause
  // ├── when the caller does not govern → AccessManagedUnauthorized
  // ├── when it would last longer than MAX_PAUSE → PauseTooLong
  // └── otherwise
  //     ├── requests are refused until it ends by itself, or is taken back
  //     └── nothing else stops, and no deadline moves
  describe("pause", () => {
    it("reverts when the caller does not govern [ACC-8]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await expect(w.registry.connect(w.outsider).pause(0))
        .to.be.revertedWithCustomError(w.registry, "AccessManagedUnauthorized")
        .withArgs(w.outsider.address);
    });

    it("reverts when it would last a second longer than MAX_PAUSE [ACC-7]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      expect(await w.registry.MAX_PAUSE(), "MAX_PAUSE").to.equal(MAX_PAUSE);
      const now = (await networkHelpers.time.latest()) + 10;
      await networkHelpers.time.setNextBlockTimestamp(now);
      await expect(w.registry.pause(now + MAX_PAUSE + 1))
        .to.be.revertedWithCustomError(w.registry, "PauseTooLong")
        .withArgs(now + MAX_PAUSE + 1, now + MAX_PAUSE);
      await networkHelpers.time.setNextBlockTimestamp(now + 1);
      await expect(w.registry.pause(now + 1 + MAX_PAUSE))
        .to.emit(w.registry, "Paused")
        .withArgs(now + 1 + MAX_PAUSE);
    });

    it("refuses requests until it ends by itself [ACC-7]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const until = await pauseFor(w, 1_000);
      expect(await w.registry.pausedUntil(), "pausedUntil").to.equal(until);
      await networkHelpers.time.setNextBlockTimestamp(until - 1);
      await expect(w.assay.connect(w.requester).request(ask(w.domain, 1)))
        .to.be.revertedWithCustomError(w.registry, "RequestsPaused")
        .withArgs(until);
      await networkHelpers.time.setNextBlockTimestamp(until);
      await expect(w.assay.connect(w.requester).request(ask(w.domain, 1))).to.emit(w.assay, "Requested");
    });

    it("can be taken back", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await pauseFor(w, 1_000);
      await w.registry.pause(0);
      await expect(w.assay.connect(w.requester).request(ask(w.domain, 1))).to.emit(w.assay, "Requested");
    });

    it("stops nothing that has begun, and moves no deadline [ACC-7]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const waiting = await openRequest(w, 1);
      const request = await openSealed(w, 8);
      const before = await w.lens.roundOf(request.id);
      await pauseFor(w, MAX_PAUSE);
      expect((await w.lens.roundOf(request.id)).clock, "start of the window").to.equal(before.clock);

      await expect(w.assay.seal(waiting.id, "0x")).to.emit(w.assay, "Sealed");
      const truth = [250, 5, 250, 5, 250, 5, 250, 5];
      const ballots = ballotsOf(w, [truth, truth, truth, truth, truth]);
      for (const b of ballots) await commitBallot(w, request, b);
      await endCommit(w, request);
      await expect(w.assay.reveal(request.id, openings(ballots.slice(0, 4)))).to.emit(w.assay, "Revealed");
      await endReveal(w, request);
      await expect(w.assay.finalize(request.terms)).to.emit(w.assay, "Finalized");
      await expect(w.assay.reportAbsent(request.terms, 0, [w.owners[7]!.address])).to.emit(
        w.assay,
        "AbsenceReported",
      );
      await endAppeal(w, request);
      await expect(w.assay.settle(request.terms, 0, votesOf(ballots.slice(0, 4)))).to.emit(
        w.assay,
        "SeatSettled",
      );
      expect(await w.registry.pausedUntil(), "still paused").to.be.greaterThan(
        await networkHelpers.time.latest(),
      );
    });

    it("never stops withdrawals [ACC-7, STK-7]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const owner = w.owners[0]!;
      const { shares } = await w.vault.holdingOf(w.domain, owner.address, owner.address);
      await w.vault.connect(owner).requestUnstake(w.domain, owner.address, shares);
      await networkHelpers.time.increase(w.parameters.unbonding - 100n);
      await pauseFor(w, MAX_PAUSE);
      await networkHelpers.time.increase(100);
      await expect(w.vault.connect(owner).withdraw(w.domain, owner.address)).to.emit(w.vault, "Withdrawn");
    });
  });
});
