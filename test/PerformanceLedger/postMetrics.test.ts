import { expect } from "chai";

import { WAD } from "../../deploy/parameters.ts";
import {
  answered,
  BOND,
  CHALLENGE_WINDOW,
  endChallenges,
  headOf,
  metricsOf,
  MODEL,
  performanceWorld,
  posted,
  receiptsOf,
  recorded,
  ZERO,
} from "../fixtures/performance.ts";
import { ethers, networkHelpers } from "../fixtures/world.ts";

const load = networkHelpers.loadFixture.bind(networkHelpers);

async function recordedWorld() {
  const w = await performanceWorld();
  const request = await answered(w);
  return { ...w, entries: await recorded(w, request, receiptsOf(w, request, 8)) };
}

/** Someone whose post of the first operator is open. */
async function postedWorld() {
  const w = await recordedWorld();
  const operator = w.owners[0]!.address;
  const metrics = metricsOf(w.entries, operator);
  await posted(w, operator, metrics, w.entries);
  return { ...w, operator, metrics };
}

describe("PerformanceLedger", () => {
  // postMetrics
  // ├── when the batch is empty or too large → BatchOutOfBounds
  // ├── when the head is not that of a batch at that count → UnknownHead; older than a window → OldHead
  // ├── when a metric is no such metric → MetricsOutOfBounds; the operator runs another model → ModelMismatch
  // ├── when a post of the operator is open → PostOpen; nothing can be new → NothingNew
  // ├── when the caller has no bond to give → the token's error
  // └── otherwise the bond is taken and the post waits
  //     ├── R_r changes when nobody can challenge it any more
  //     └── an earlier post whose window is over is accepted first
  describe("postMetrics", () => {
    it("takes a bond for each post and waits", async () => {
      const w = await load(recordedWorld);
      const posts = w.owners.slice(0, 3).map(({ address }) => ({
        operator: address,
        metrics: metricsOf(w.entries, address),
      }));
      const before = await w.token.balanceOf(w.keeper.address);
      const post = w.performance.connect(w.keeper).postMetrics(w.domain, MODEL, 8, headOf(w.entries), posts);
      await expect(post).to.not.revert(ethers);
      const openUntil = BigInt(await networkHelpers.time.latest()) + CHALLENGE_WINDOW;
      for (const { operator, metrics } of posts) {
        await expect(post)
          .to.emit(w.performance, "MetricsPosted")
          .withArgs(w.domain, operator, w.keeper.address, MODEL, 8, Object.values(metrics), 0, openUntil);
        const stored = (await w.performance.postOf(w.domain, operator)).toObject(true);
        expect(stored, "the post").to.deep.equal({
          poster: w.keeper.address,
          openUntil,
          version: 0n,
          metrics,
          count: 8n,
          modelHash: MODEL,
        });
        expect(await w.performance.routingReputationOf(w.domain, operator), "R_r waits").to.equal(WAD);
      }
      expect(before - (await w.token.balanceOf(w.keeper.address)), "bonds").to.equal(3n * BOND);
      expect(await w.token.balanceOf(w.addresses.PerformanceLedger), "held").to.equal(3n * BOND);
    });

    it("reverts when the batch is empty or larger than 64", async () => {
      const w = await load(recordedWorld);
      const operator = w.owners[0]!.address;
      const entry = { operator, metrics: metricsOf(w.entries, operator) };
      for (const length of [0, 65]) {
        const posts = new Array(length).fill(entry);
        await expect(w.performance.postMetrics(w.domain, MODEL, 8, headOf(w.entries), posts))
          .to.be.revertedWithCustomError(w.performance, "BatchOutOfBounds")
          .withArgs(length, 1, 64);
      }
    });

    it("reverts when no batch ended with that head", async () => {
      const w = await load(recordedWorld);
      const operator = w.owners[0]!.address;
      const entry = { operator, metrics: metricsOf(w.entries, operator) };
      const head = headOf(w.entries);
      const strange = ethers.id("strange");
      for (const [count, given, known] of [
        [8, strange, head],
        [7, headOf(w.entries.slice(0, 7)), ZERO],
        [0, ZERO, ZERO],
      ] as const) {
        await expect(w.performance.connect(w.keeper).postMetrics(w.domain, MODEL, count, given, [entry]))
          .to.be.revertedWithCustomError(w.performance, "UnknownHead")
          .withArgs(given, known);
      }
    });

    it("takes a head a window old, not an older one", async () => {
      const w = await load(recordedWorld);
      const operator = w.owners[0]!.address;
      const metrics = metricsOf(w.entries, operator);
      for (let i = 0; i < 12; i++) {
        const request = await answered(w);
        await recorded(w, request, receiptsOf(w, request, 8));
      }
      const request = await answered(w);
      await recorded(w, request, receiptsOf(w, request, 4));
      const before = await networkHelpers.takeSnapshot();
      await posted(w, operator, metrics, w.entries);
      await before.restore();
      await recorded(w, request, receiptsOf(w, request, 5).slice(4));
      await expect(posted(w, operator, metrics, w.entries))
        .to.be.revertedWithCustomError(w.performance, "OldHead")
        .withArgs(8, 9);
    });

    it("reverts when a metric is none", async () => {
      const w = await load(recordedWorld);
      const operator = w.owners[0]!.address;
      const metrics = metricsOf(w.entries, operator);
      const bad = [
        ...(["speed", "forward", "backward", "response"] as const).map((name) => ({ [name]: WAD + 1n })),
        { reputation: WAD / 10n - 1n },
        { reputation: 10n * WAD + 1n },
      ];
      for (const change of bad) {
        await expect(posted(w, operator, { ...metrics, ...change }, w.entries))
          .to.be.revertedWithCustomError(w.performance, "MetricsOutOfBounds")
          .withArgs(operator);
      }
    });

    it("reverts when the operator runs another model", async () => {
      const w = await load(recordedWorld);
      const owner = w.owners[0]!;
      const other = ethers.id("another model");
      await w.vault.connect(owner).setModel(w.domain, other, "");
      await expect(posted(w, owner.address, metricsOf(w.entries, owner.address), w.entries))
        .to.be.revertedWithCustomError(w.performance, "ModelMismatch")
        .withArgs(owner.address, MODEL, other);
    });

    it("reverts while a post of the operator is open, also within a batch", async () => {
      const w = await load(postedWorld);
      const { openUntil } = await w.performance.postOf(w.domain, w.operator);
      await expect(posted(w, w.operator, w.metrics, w.entries))
        .to.be.revertedWithCustomError(w.performance, "PostOpen")
        .withArgs(w.domain, w.operator, openUntil);
      const twice = new Array(2).fill({
        operator: w.owners[1]!.address,
        metrics: metricsOf(w.entries, w.owners[1]!.address),
      });
      await expect(
        w.performance.connect(w.keeper).postMetrics(w.domain, MODEL, 8, headOf(w.entries), twice),
      ).to.be.revertedWithCustomError(w.performance, "PostOpen");
    });

    it("reverts at a count that was accepted already", async () => {
      const w = await load(postedWorld);
      await endChallenges(w, w.operator);
      await expect(posted(w, w.operator, w.metrics, w.entries))
        .to.be.revertedWithCustomError(w.performance, "NothingNew")
        .withArgs(w.operator, 8, 8);
    });

    it("reverts when the poster has allowed no bond", async () => {
      const w = await load(recordedWorld);
      const operator = w.owners[0]!.address;
      const entry = { operator, metrics: metricsOf(w.entries, operator) };
      await expect(
        w.performance.connect(w.outsider).postMetrics(w.domain, MODEL, 8, headOf(w.entries), [entry]),
      ).to.be.revertedWithCustomError(w.token, "ERC20InsufficientAllowance");
    });

    it("accepts an earlier post whose window is over and gives its bond back", async () => {
      const w = await load(postedWorld);
      const request = await answered(w);
      const entries = [...w.entries, ...(await recorded(w, request, receiptsOf(w, request, 8)))];
      await endChallenges(w, w.operator);
      const before = w.metrics.reputation;
      const next = metricsOf(entries, w.operator, { before, stale: 8 });
      const head = headOf(entries);
      await w.token.connect(w.watcher).approve(w.addresses.PerformanceLedger, BOND);
      const tx = w.performance
        .connect(w.watcher)
        .postMetrics(w.domain, MODEL, 16, head, [{ operator: w.operator, metrics: next }]);
      await expect(tx)
        .to.emit(w.performance, "MetricsAccepted")
        .withArgs(w.domain, w.operator, w.keeper.address, before);
      expect(await w.performance.routingReputationOf(w.domain, w.operator), "R_r").to.equal(before);
      expect((await w.performance.standingOf(w.domain, w.operator)).toObject(), "standing").to.deep.equal({
        reputation: before,
        count: 8n,
        modelHash: MODEL,
      });
      expect(await w.token.balanceOf(w.keeper.address), "the keeper's purse").to.equal(1_000n * WAD);
      expect(await w.token.balanceOf(w.addresses.PerformanceLedger), "held").to.equal(BOND);
      await endChallenges(w, w.operator);
      expect(await w.performance.routingReputationOf(w.domain, w.operator), "R_r").to.equal(next.reputation);
    });
  });

  // withdrawBond
  // ├── given no open post → NoOpenPost; when its window is not over → PostOpen
  // └── otherwise the post is accepted and the poster has its bond back, whoever asks
  describe("withdrawBond", () => {
    it("reverts when no post is open, also a second time", async () => {
      const w = await load(postedWorld);
      await expect(w.performance.withdrawBond(w.domain, w.owners[1]!.address))
        .to.be.revertedWithCustomError(w.performance, "NoOpenPost")
        .withArgs(w.domain, w.owners[1]!.address);
      await endChallenges(w, w.operator);
      await w.performance.withdrawBond(w.domain, w.operator);
      await expect(w.performance.withdrawBond(w.domain, w.operator))
        .to.be.revertedWithCustomError(w.performance, "NoOpenPost")
        .withArgs(w.domain, w.operator);
    });

    it("reverts one second before the window is over", async () => {
      const w = await load(postedWorld);
      const { openUntil } = await w.performance.postOf(w.domain, w.operator);
      await networkHelpers.time.setNextBlockTimestamp(openUntil - 1n);
      await expect(w.performance.withdrawBond(w.domain, w.operator))
        .to.be.revertedWithCustomError(w.performance, "PostOpen")
        .withArgs(w.domain, w.operator, openUntil);
    });

    it("takes the first second after the window, in which nobody can challenge any more", async () => {
      const w = await load(postedWorld);
      const { openUntil } = await w.performance.postOf(w.domain, w.operator);
      const before = await networkHelpers.takeSnapshot();
      await networkHelpers.time.setNextBlockTimestamp(openUntil);
      await expect(w.performance.challengeMetrics(w.domain, w.operator, ZERO, w.entries))
        .to.be.revertedWithCustomError(w.performance, "ChallengeWindowOver")
        .withArgs(w.domain, w.operator, openUntil);
      await before.restore();
      await networkHelpers.time.setNextBlockTimestamp(openUntil);
      await expect(w.performance.withdrawBond(w.domain, w.operator)).to.emit(
        w.performance,
        "MetricsAccepted",
      );
    });

    it("gives the bond to the poster, whoever asks", async () => {
      const w = await load(postedWorld);
      await endChallenges(w, w.operator);
      const reputation = w.metrics.reputation;
      expect(await w.performance.routingReputationOf(w.domain, w.operator), "before").to.equal(reputation);
      await expect(w.performance.connect(w.outsider).withdrawBond(w.domain, w.operator))
        .to.emit(w.performance, "MetricsAccepted")
        .withArgs(w.domain, w.operator, w.keeper.address, reputation);
      expect(await w.token.balanceOf(w.keeper.address), "purse").to.equal(1_000n * WAD);
      expect(await w.token.balanceOf(w.addresses.PerformanceLedger), "held").to.equal(0n);
      expect(await w.performance.routingReputationOf(w.domain, w.operator), "after").to.equal(reputation);
    });

    it("moves neither R, nor weight, nor the vote's tier (routing only)", async () => {
      const w = await load(postedWorld);
      const epoch = await w.vault.currentEpoch();
      const before = (await w.vault.seatWeights(w.domain, w.operator, epoch + 1n)).toObject();
      await endChallenges(w, w.operator);
      await w.performance.withdrawBond(w.domain, w.operator);
      const later = await w.vault.currentEpoch();
      expect((await w.vault.seatWeights(w.domain, w.operator, later + 1n)).toObject()).to.deep.equal(before);
      expect(await w.ledger.reputationOf(w.domain, w.operator), "R").to.equal(WAD);
      expect(await w.performance.routingReputationOf(w.domain, w.operator), "R_r").to.not.equal(WAD);
    });
  });
});
