import { performanceMath } from "@assay/keeper";
import { anyValue } from "@nomicfoundation/hardhat-ethers-chai-matchers/withArgs";
import { expect } from "chai";

import { WAD } from "../../deploy/parameters.ts";
import {
  answered,
  BOND,
  CHALLENGE_WINDOW,
  endChallenges,
  entryOf,
  headOf,
  metricsOf,
  MODEL,
  performanceWorld,
  posted,
  receiptOf,
  receiptsOf,
  recorded,
  signed,
  ZERO,
  type PerformanceWorld,
} from "../fixtures/performance.ts";
import { eventsIn, settledRound, unanimous } from "../fixtures/seated.ts";
import { ethers, networkHelpers, nextEpoch } from "../fixtures/world.ts";

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

interface Distributed {
  readonly owner: string;
  readonly minted: bigint;
}

/** One round of the next epoch on which all agree, and what `distribute` does for its voters. */
async function paid(w: PerformanceWorld) {
  await nextEpoch(w);
  const epoch = await w.vault.currentEpoch();
  const claims = 64;
  await settledRound(w, claims, unanimous(w, 8, new Uint8Array(claims).fill(255)));
  await nextEpoch(w);
  const owners = w.owners.map(({ address }) => address);
  const earned: bigint = await w.fees.earned(w.domain, epoch);
  const receipt = await (await w.minter.distribute(w.domain, epoch, owners)).wait();
  const pay = eventsIn<Distributed>(w.minter, receipt, "Distributed");
  const pools = [];
  for (const owner of owners) pools.push((await w.vault.poolOf(w.domain, owner)).toObject());
  return { epoch, earned, pay, pools, supply: await w.token.totalSupply() };
}

describe("PerformanceLedger", () => {
  // postMetrics
  // ├── when the batch is empty or too large → BatchOutOfBounds
  // ├── when the head is not that of a batch at that count → UnknownHead; older than a window → OldHead
  // ├── when a metric is no such metric → MetricsOutOfBounds; the operator runs another model → ModelMismatch
  // ├── when the rule is not that of now → RuleChanged
  // ├── when of every operator a post is open, or one at that count was accepted → NothingToPost
  // ├── when the metrics build on another R_r or count → StandingChanged
  // ├── when the caller has no bond to give → the token's error
  // └── otherwise the bond is taken and the post waits
  //     ├── R_r changes when nobody can challenge it any more
  //     └── an earlier post whose window is over is accepted first
  describe("postMetrics", () => {
    it("takes a bond for each post and waits [PERF-10]", async () => {
      const w = await load(recordedWorld);
      const posts = w.owners.slice(0, 3).map(({ address }) => ({
        operator: address,
        before: WAD,
        counted: 0,
        metrics: metricsOf(w.entries, address),
      }));
      const before = await w.token.balanceOf(w.keeper.address);
      const post = w.performance
        .connect(w.keeper)
        .postMetrics(w.domain, MODEL, 0, 8, headOf(w.entries), posts);
      await expect(post).to.not.revert(ethers);
      const openUntil = BigInt(await networkHelpers.time.latest()) + CHALLENGE_WINDOW;
      for (const { operator, metrics } of posts) {
        await expect(post)
          .to.emit(w.performance, "MetricsPosted")
          .withArgs(w.domain, operator, w.keeper.address, 1, MODEL, 8, Object.values(metrics), 0, openUntil);
        const stored = (await w.performance.postOf(w.domain, operator)).toObject(true);
        expect(stored, "the post").to.deep.equal({
          poster: w.keeper.address,
          openUntil,
          version: 0n,
          id: 1n,
          metrics,
          count: 8n,
          modelHash: MODEL,
        });
        expect(await w.performance.routingReputationOf(w.domain, operator), "R_r waits").to.equal(WAD);
      }
      expect(before - (await w.token.balanceOf(w.keeper.address)), "bonds").to.equal(3n * BOND);
      expect(await w.token.balanceOf(w.addresses.PerformanceLedger), "held").to.equal(3n * BOND);
    });

    it("reverts when the batch is empty or larger than 64 [PERF-10]", async () => {
      const w = await load(recordedWorld);
      const operator = w.owners[0]!.address;
      const entry = await entryOf(w, operator, metricsOf(w.entries, operator));
      for (const length of [0, 65]) {
        const posts = new Array(length).fill(entry);
        await expect(w.performance.postMetrics(w.domain, MODEL, 0, 8, headOf(w.entries), posts))
          .to.be.revertedWithCustomError(w.performance, "BatchOutOfBounds")
          .withArgs(length, 1, 64);
      }
    });

    it("reverts when no batch ended with that head [PERF-10]", async () => {
      const w = await load(recordedWorld);
      const operator = w.owners[0]!.address;
      const entry = await entryOf(w, operator, metricsOf(w.entries, operator));
      const head = headOf(w.entries);
      const strange = ethers.id("strange");
      for (const [count, given, known] of [
        [8, strange, head],
        [7, headOf(w.entries.slice(0, 7)), ZERO],
        [0, ZERO, ZERO],
      ] as const) {
        await expect(w.performance.connect(w.keeper).postMetrics(w.domain, MODEL, 0, count, given, [entry]))
          .to.be.revertedWithCustomError(w.performance, "UnknownHead")
          .withArgs(given, known);
      }
    });

    it("takes a head a window old, not an older one [PERF-10]", async () => {
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

    it("passes over what somebody posted before, so that no batch can be spoiled [PERF-10]", async () => {
      const w = await load(postedWorld);
      await expect(posted(w, w.operator, w.metrics, w.entries)).to.be.revertedWithCustomError(
        w.performance,
        "NothingToPost",
      );
      const other = w.owners[1]!.address;
      const first = await entryOf(w, w.operator, w.metrics);
      const second = await entryOf(w, other, metricsOf(w.entries, other));
      const before: bigint = await w.token.balanceOf(w.watcher.address);
      const post = () =>
        w.performance
          .connect(w.watcher)
          .postMetrics(w.domain, MODEL, 0, 8, headOf(w.entries), [first, second, second]);
      await expect(post())
        .to.emit(w.performance, "MetricsPosted")
        .withArgs(
          w.domain,
          other,
          w.watcher.address,
          1,
          MODEL,
          8,
          Object.values(second.metrics),
          0,
          anyValue,
        );
      expect(before - (await w.token.balanceOf(w.watcher.address)), "one bond").to.equal(BOND);
      expect((await w.performance.postOf(w.domain, w.operator)).poster, "poster").to.equal(w.keeper.address);
      await expect(post()).to.be.revertedWithCustomError(w.performance, "NothingToPost");
    });

    it("passes over a count that was accepted already [PERF-10]", async () => {
      const w = await load(postedWorld);
      await endChallenges(w, w.operator);
      await expect(posted(w, w.operator, w.metrics, w.entries)).to.be.revertedWithCustomError(
        w.performance,
        "NothingToPost",
      );
      const other = w.owners[1]!.address;
      const entries = [
        await entryOf(w, w.operator, w.metrics),
        await entryOf(w, other, metricsOf(w.entries, other)),
      ];
      await w.performance.connect(w.watcher).postMetrics(w.domain, MODEL, 0, 8, headOf(w.entries), entries);
      expect(await w.performance.countedOf(w.domain, w.operator, MODEL), "accepted on the way").to.equal(8n);
      expect((await w.performance.postOf(w.domain, other)).poster).to.equal(w.watcher.address);
    });

    it("counts no receipt again of a model the operator comes back to [PERF-10]", async () => {
      const w = await load(postedWorld);
      const owner = w.owners[0]!;
      await endChallenges(w, w.operator);
      const another = ethers.id("another model") as `0x${string}`;
      await w.vault.connect(owner).setModel(w.domain, another, "");
      const request = await answered(w);
      const receipt = receiptOf(request, owner, { modelHash: another });
      await w.performance.recordReceipts(w.domain, another, [await signed(w, request, receipt)]);
      const alone = [{ receipt, late: false }];
      const given = metricsOf(alone, w.operator, { before: w.metrics.reputation });
      await w.performance
        .connect(w.keeper)
        .postMetrics(w.domain, another, 0, 1, headOf(alone), [await entryOf(w, w.operator, given)]);
      await endChallenges(w, w.operator);
      await w.vault.connect(owner).setModel(w.domain, MODEL, "");
      expect(await w.performance.basisOf(w.domain, w.operator), "what to build on").to.deep.equal([
        given.reputation,
        8n,
        0n,
      ]);
      await expect(
        posted(w, w.operator, metricsOf(w.entries, w.operator, { before: given.reputation }), w.entries),
      ).to.be.revertedWithCustomError(w.performance, "NothingToPost");
      expect(await w.performance.countedOf(w.domain, w.operator, MODEL), "of the first model").to.equal(8n);
    });

    it("reverts when the domain's owner has chosen another rule meanwhile [PERF-13]", async () => {
      const w = await load(recordedWorld);
      const operator = w.owners[0]!.address;
      const entry = await entryOf(w, operator, metricsOf(w.entries, operator));
      await w.performance.setRule(w.domain, performanceMath.PUBLISHED_RULE);
      const ledger = w.performance.connect(w.keeper);
      for (const version of [0, 2]) {
        await expect(ledger.postMetrics(w.domain, MODEL, version, 8, headOf(w.entries), [entry]))
          .to.be.revertedWithCustomError(w.performance, "RuleChanged")
          .withArgs(version, 1);
      }
      await ledger.postMetrics(w.domain, MODEL, 1, 8, headOf(w.entries), [entry]);
    });

    it("reverts when another post was accepted meanwhile [PERF-13]", async () => {
      const w = await load(recordedWorld);
      const operator = w.owners[0]!.address;
      const request = await answered(w);
      const entries = [...w.entries, ...(await recorded(w, request, receiptsOf(w, request, 8)))];
      const entry = await entryOf(w, operator, metricsOf(entries, operator));
      // Somebody posts at the older head and has it proven at once.
      const earlier = metricsOf(w.entries, operator);
      await posted(w, operator, earlier, w.entries);
      await w.performance.connect(w.watcher).challengeMetrics(w.domain, operator, 1, ZERO, w.entries);
      const ledger = w.performance.connect(w.keeper);
      for (const stale of [entry, { ...entry, before: earlier.reputation }, { ...entry, counted: 8 }]) {
        await expect(ledger.postMetrics(w.domain, MODEL, 0, 16, headOf(entries), [stale]))
          .to.be.revertedWithCustomError(w.performance, "StandingChanged")
          .withArgs(operator, earlier.reputation, 8);
      }
      expect(await w.performance.basisOf(w.domain, operator), "what to build on").to.deep.equal([
        earlier.reputation,
        8n,
        0n,
      ]);
    });

    it("builds on nothing of another model", async () => {
      const w = await load(postedWorld);
      await endChallenges(w, w.operator);
      const basis = async () => w.performance.basisOf(w.domain, w.operator);
      expect(await basis(), "the same model").to.deep.equal([w.metrics.reputation, 8n, 0n]);
      await w.vault.connect(w.owners[0]!).setModel(w.domain, ethers.id("another model"), "");
      expect(await basis(), "another model").to.deep.equal([w.metrics.reputation, 0n, 0n]);
    });

    it("reverts when the poster has allowed no bond", async () => {
      const w = await load(recordedWorld);
      const operator = w.owners[0]!.address;
      const entry = await entryOf(w, operator, metricsOf(w.entries, operator));
      await expect(
        w.performance.connect(w.outsider).postMetrics(w.domain, MODEL, 0, 8, headOf(w.entries), [entry]),
      )
        .to.be.revertedWithCustomError(w.token, "ERC20InsufficientAllowance")
        .withArgs(w.addresses.PerformanceLedger, 0, BOND);
    });

    it("accepts an earlier post whose window is over and gives its bond back [PERF-14]", async () => {
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
        .postMetrics(w.domain, MODEL, 0, 16, head, [await entryOf(w, w.operator, next)]);
      await expect(tx)
        .to.emit(w.performance, "MetricsAccepted")
        .withArgs(w.domain, w.operator, w.keeper.address, before);
      expect(await w.performance.routingReputationOf(w.domain, w.operator), "R_r").to.equal(before);
      expect(await w.performance.countedOf(w.domain, w.operator, MODEL), "counted").to.equal(8n);
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

    it("takes the first second after the window, in which nobody can challenge any more [PERF-14]", async () => {
      const w = await load(postedWorld);
      const { openUntil } = await w.performance.postOf(w.domain, w.operator);
      const before = await networkHelpers.takeSnapshot();
      await networkHelpers.time.setNextBlockTimestamp(openUntil);
      await expect(w.performance.challengeMetrics(w.domain, w.operator, 1, ZERO, w.entries))
        .to.be.revertedWithCustomError(w.performance, "ChallengeWindowOver")
        .withArgs(w.domain, w.operator, openUntil);
      await before.restore();
      await networkHelpers.time.setNextBlockTimestamp(openUntil);
      await expect(w.performance.withdrawBond(w.domain, w.operator)).to.emit(
        w.performance,
        "MetricsAccepted",
      );
    });

    it("gives the bond to the poster, whoever asks [PERF-14]", async () => {
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

    it("moves neither R, nor weight, nor the vote's tier (routing only) [PERF-16]", async () => {
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

    it("moves no wei of pay: distribute pays the same with accepted metrics and without any [PERF-16]", async () => {
      const w = await load(recordedWorld);
      const before = await networkHelpers.takeSnapshot();
      for (const { address } of w.owners) await posted(w, address, metricsOf(w.entries, address), w.entries);
      await endChallenges(w, w.owners.at(-1)!.address);
      for (const { address } of w.owners) await w.performance.withdrawBond(w.domain, address);
      const routing = await Promise.all(
        w.owners.map(({ address }) => w.performance.routingReputationOf(w.domain, address)),
      );
      expect(new Set([...routing, WAD]).size, "every R_r is another, and none what it was").to.equal(9);
      const withPosts = await paid(w);
      await before.restore();
      const moment = await networkHelpers.time.latest();
      await networkHelpers.time.increaseTo(BigInt(moment) + CHALLENGE_WINDOW);
      const without = await paid(w);
      expect(without.pay.map(({ minted }) => minted > 0n)).to.deep.equal(new Array(8).fill(true));
      expect(withPosts, "wei for wei").to.deep.equal(without);
    });
  });
});
