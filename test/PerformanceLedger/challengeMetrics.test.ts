import { performanceMath } from "@assay/keeper";
import { expect } from "chai";

import { WAD } from "../../deploy/parameters.ts";
import {
  answered,
  BOND,
  endChallenges,
  entryOf,
  headOf,
  metricsOf,
  performanceWorld,
  posted,
  receiptOf,
  receiptsOf,
  recorded,
  signed,
  ZERO,
  type Metrics,
  type PerformanceWorld,
} from "../fixtures/performance.ts";
import { ethers, networkHelpers } from "../fixtures/world.ts";

const load = networkHelpers.loadFixture.bind(networkHelpers);
const PURSE = 1_000n * WAD;
const HALF = WAD / 2n;
const NOTHING: Metrics = { speed: 0n, forward: 0n, backward: 0n, response: 0n, reputation: 0n };

async function recordedWorld() {
  const w = await performanceWorld();
  const request = await answered(w);
  return {
    ...w,
    request,
    operator: w.owners[2]!.address,
    entries: await recorded(w, request, receiptsOf(w, request, 8)),
  };
}

/** 13 requests and 104 receipts: one more batch than a window holds. */
async function longWorld() {
  const w = await performanceWorld();
  const entries: performanceMath.Entry[] = [];
  for (let i = 0; i < 13; i++) {
    const request = await answered(w);
    const receipts = w.owners.map((owner, j) =>
      receiptOf(request, owner, {
        inputSize: 500 + 97 * i,
        outputSize: 40 + 13 * j,
        inferMs: 100 + ((37 * i + 11 * j) % 91),
        roundTripMs: 400 + ((53 * i + 29 * j) % 211),
      }),
    );
    entries.push(...(await recorded(w, request, receipts)));
  }
  return { ...w, entries, operator: w.owners[2]!.address };
}

async function challenge(
  w: PerformanceWorld,
  operator: string,
  entries: readonly performanceMath.Entry[],
  base: string = ZERO,
) {
  const { id } = await w.performance.postOf(w.domain, operator);
  return w.performance.connect(w.watcher).challengeMetrics(w.domain, operator, id, base, entries);
}

/** What the keeper and the watcher have, and what was burned since `supply`. */
async function money(w: PerformanceWorld) {
  return {
    keeper: await w.token.balanceOf(w.keeper.address),
    watcher: await w.token.balanceOf(w.watcher.address),
    held: await w.token.balanceOf(w.addresses.PerformanceLedger),
    supply: await w.token.totalSupply(),
  };
}

async function expectRefuted(
  w: PerformanceWorld,
  operator: string,
  entries: readonly performanceMath.Entry[],
  replayed: Metrics,
  base: string = ZERO,
): Promise<void> {
  const before = await money(w);
  await expect(challenge(w, operator, entries, base))
    .to.emit(w.performance, "MetricsRefuted")
    .withArgs(w.domain, operator, w.watcher.address, w.keeper.address, Object.values(replayed), BOND / 2n);
  expect(await money(w), "half to the watcher, half burned").to.deep.equal({
    keeper: before.keeper,
    watcher: before.watcher + BOND / 2n,
    held: before.held - BOND,
    supply: before.supply - BOND / 2n,
  });
  expect((await w.performance.postOf(w.domain, operator)).poster, "not open").to.equal(ethers.ZeroAddress);
}

async function expectProven(
  w: PerformanceWorld,
  operator: string,
  entries: readonly performanceMath.Entry[],
  base: string = ZERO,
): Promise<void> {
  const before = await money(w);
  const { reputation } = (await w.performance.postOf(w.domain, operator)).metrics;
  const tx = challenge(w, operator, entries, base);
  await expect(tx)
    .to.emit(w.performance, "ChallengeLost")
    .withArgs(w.domain, operator, w.watcher.address, w.keeper.address, BOND / 2n);
  await expect(tx)
    .to.emit(w.performance, "MetricsAccepted")
    .withArgs(w.domain, operator, w.keeper.address, reputation);
  expect(await money(w), "the watcher pays, the bond returns").to.deep.equal({
    keeper: before.keeper + BOND + BOND / 2n,
    watcher: before.watcher - BOND,
    held: before.held - BOND,
    supply: before.supply - BOND / 2n,
  });
  expect(await w.performance.routingReputationOf(w.domain, operator), "R_r at once").to.equal(reputation);
}

describe("PerformanceLedger", () => {
  // challengeMetrics
  // ├── given no open post → NoOpenPost; when its window is over → ChallengeWindowOver
  // ├── when the receipts are not as many as the window has → WrongWindow
  // ├── when they are not the ones recorded, in their order → ReplayMismatch
  // ├── given a false post: half of the bond to the challenger, half burned, R_r as before
  // │   ├── any of the five numbers, by one wei
  // │   └── nothing new of the operator in the window
  // └── given a true post: accepted at once, the challenger pays as much, half to the poster, half burned
  //     ├── also when receipts or rules came later
  //     └── also of a window that says nothing: one receipt, all alike
  describe("challengeMetrics", () => {
    for (const name of ["speed", "forward", "backward", "response", "reputation"] as const) {
      it(`refutes ${name} that is one wei off [PERF-11, PERF-12]`, async () => {
        const w = await load(recordedWorld);
        const truth = metricsOf(w.entries, w.operator);
        for (const wrong of [truth[name] - 1n, truth[name] + 1n]) {
          await posted(w, w.operator, { ...truth, [name]: wrong }, w.entries);
          await expectRefuted(w, w.operator, w.entries, truth);
          expect(await w.performance.routingReputationOf(w.domain, w.operator), "R_r").to.equal(WAD);
        }
      });
    }

    it("makes whoever doubts the truth pay [PERF-12]", async () => {
      const w = await load(recordedWorld);
      await posted(w, w.operator, metricsOf(w.entries, w.operator), w.entries);
      await expectProven(w, w.operator, w.entries);
    });

    it("leaves everything as it was when the loser has not allowed the stake", async () => {
      const w = await load(recordedWorld);
      await posted(w, w.operator, metricsOf(w.entries, w.operator), w.entries);
      await w.token.connect(w.watcher).approve(w.addresses.PerformanceLedger, BOND - 1n);
      const before = await money(w);
      await expect(challenge(w, w.operator, w.entries))
        .to.be.revertedWithCustomError(w.token, "ERC20InsufficientAllowance")
        // Half of it has gone to the other side by then.
        .withArgs(w.addresses.PerformanceLedger, BOND / 2n - 1n, BOND / 2n);
      expect(await money(w)).to.deep.equal(before);
      expect((await w.performance.postOf(w.domain, w.operator)).poster).to.equal(w.keeper.address);
    });

    it("needs no stake of whoever is right", async () => {
      const w = await load(recordedWorld);
      await posted(w, w.operator, { ...metricsOf(w.entries, w.operator), speed: 0n }, w.entries);
      await expect(
        w.performance.connect(w.outsider).challengeMetrics(w.domain, w.operator, 1, ZERO, w.entries),
      )
        .to.emit(w.token, "Transfer")
        .withArgs(w.addresses.PerformanceLedger, w.outsider.address, BOND / 2n);
    });

    it("holds a post to its head, whatever was recorded later [PERF-13]", async () => {
      const w = await load(recordedWorld);
      const truth = metricsOf(w.entries, w.operator);
      await posted(w, w.operator, truth, w.entries);
      const request = await answered(w);
      const fast = { inferMs: 1, roundTripMs: 60, inputSize: 1_000_000 };
      const later = await recorded(
        w,
        request,
        w.owners.map((owner) => receiptOf(request, owner, fast)),
      );
      expect(metricsOf([...w.entries, ...later], w.operator), "no longer the truth").to.not.deep.equal(truth);
      await expectProven(w, w.operator, w.entries);
    });

    it("holds a post to the rule it was computed under [PERF-13]", async () => {
      const w = await load(recordedWorld);
      await posted(w, w.operator, metricsOf(w.entries, w.operator), w.entries);
      await w.performance.setRule(w.domain, performanceMath.PUBLISHED_RULE);
      await expectProven(w, w.operator, w.entries);
    });

    it("replays the last 100 receipts from a base [PERF-11]", async () => {
      const w = await load(longWorld);
      const base = headOf(w.entries.slice(0, 4));
      const window = w.entries.slice(4);
      const truth = metricsOf(w.entries, w.operator);
      const whole = performanceMath.measure(w.entries, w.operator as `0x${string}`, 0);
      expect(truth.response, "not that of the whole chain").to.not.equal(whole.response);
      await posted(w, w.operator, { ...truth, response: truth.response + 1n }, w.entries);
      await expectRefuted(w, w.operator, window, truth, base);
      await posted(w, w.operator, truth, w.entries);
      await expect(challenge(w, w.operator, window, ZERO))
        .to.be.revertedWithCustomError(w.performance, "ReplayMismatch")
        .withArgs(headOf(window), headOf(w.entries));
      await expect(challenge(w, w.operator, w.entries, ZERO))
        .to.be.revertedWithCustomError(w.performance, "WrongWindow")
        .withArgs(104, 100);
      await expectProven(w, w.operator, window, base);
    });

    it("goes on from the R_r accepted before, counting new receipts only", async () => {
      const w = await load(recordedWorld);
      const first = metricsOf(w.entries, w.operator);
      await posted(w, w.operator, first, w.entries);
      await expectProven(w, w.operator, w.entries);
      const request = await answered(w);
      // A single new one, right behind what was counted.
      const entries = [...w.entries, ...(await recorded(w, request, receiptsOf(w, request, 3).slice(2)))];
      const before = first.reputation;
      const second = metricsOf(entries, w.operator, { before, stale: 8 });
      await posted(
        w,
        w.operator,
        { ...second, reputation: metricsOf(entries, w.operator).reputation },
        entries,
      );
      await expectRefuted(w, w.operator, entries, second);
      await posted(w, w.operator, second, entries);
      await expectProven(w, w.operator, entries);
    });

    it("refutes a post of an operator without a new receipt [PERF-11]", async () => {
      const w = await load(recordedWorld);
      const first = metricsOf(w.entries, w.operator);
      await posted(w, w.operator, first, w.entries);
      await expectProven(w, w.operator, w.entries);
      const request = await answered(w);
      // Of the first two only: the third operator has nothing new.
      const entries = [...w.entries, ...(await recorded(w, request, receiptsOf(w, request, 2)))];
      await posted(w, w.operator, first, entries);
      await expectRefuted(w, w.operator, entries, NOTHING);
      expect(await w.performance.routingReputationOf(w.domain, w.operator)).to.equal(first.reputation);
    });

    it("refutes a post of an operator without any receipt", async () => {
      const w = await load(performanceWorld);
      const entries = await recorded(w, ...(await firstTwo(w)));
      const operator = w.owners[7]!.address;
      await posted(w, operator, { ...NOTHING, reputation: WAD }, entries);
      await expectRefuted(w, operator, entries, NOTHING);
    });

    it("gives one half for everything where one receipt is all there is, and where all are alike [PERF-2]", async () => {
      const w = await load(performanceWorld);
      const [first, second] = w.owners;
      const request = await answered(w);
      const alone = await recorded(w, request, [receiptOf(request, first!)]);
      // 0.7 · 1 · 1.01 + 0.3 · 10 · ½
      const half = {
        speed: HALF,
        forward: HALF,
        backward: HALF,
        response: HALF,
        reputation: 2_207n * 10n ** 15n,
      };
      await posted(w, first!.address, half, alone);
      await expectProven(w, first!.address, alone);
      const alike = [...alone, ...(await recorded(w, request, [receiptOf(request, second!)]))];
      await posted(w, second!.address, half, alike);
      await expectProven(w, second!.address, alike);
    });

    it("follows the published rule to the letter where scale is 1 [PERF-5]", async () => {
      const w = await load(recordedWorld);
      await w.performance.setRule(w.domain, performanceMath.PUBLISHED_RULE);
      const { speed, forward, backward, response } = metricsOf(w.entries, w.operator);
      // One receipt, in time: α · R · Rew + β · Σ/4 with R = 1.
      const reputation = (WAD * 7n * 101n) / 1_000n + ((speed + forward + backward + response) * 3n) / 40n;
      await posted(w, w.operator, { speed, forward, backward, response, reputation }, w.entries);
      expect((await w.performance.postOf(w.domain, w.operator)).version, "its own rule").to.equal(1n);
      await expectProven(w, w.operator, w.entries);
    });

    it("counts anew where the operator changed its model and came back", async () => {
      const w = await load(recordedWorld);
      const owner = w.owners[2]!;
      const first = metricsOf(w.entries, w.operator);
      await posted(w, w.operator, first, w.entries);
      await expectProven(w, w.operator, w.entries);
      const other = ethers.id("another model") as `0x${string}`;
      await w.vault.connect(owner).setModel(w.domain, other, "");
      // The chain of the old model is closed to it, that of the new one begins.
      const request = await answered(w);
      const receipt = receiptOf(request, owner, { modelHash: other });
      await w.performance.recordReceipts(w.domain, other, [await signed(w, request, receipt)]);
      const alone = [{ receipt, late: false }];
      const before = first.reputation;
      const second = metricsOf(alone, w.operator, { before });
      await w.performance
        .connect(w.keeper)
        .postMetrics(w.domain, other, 0, 1, headOf(alone), [await entryOf(w, w.operator, second)]);
      await expectProven(w, w.operator, alone);
      expect(await w.performance.countedOf(w.domain, w.operator, other)).to.equal(1n);
    });

    it("challenges the post that was meant, not a true one put in its place [PERF-13]", async () => {
      const w = await load(recordedWorld);
      const truth = metricsOf(w.entries, w.operator);
      await posted(w, w.operator, { ...truth, speed: 0n }, w.entries);
      const { id } = await w.performance.postOf(w.domain, w.operator);
      // Its author sees the challenge coming, takes half of the bond for himself and posts the truth.
      await w.performance.connect(w.keeper).challengeMetrics(w.domain, w.operator, id, ZERO, w.entries);
      await posted(w, w.operator, truth, w.entries);
      await expect(
        w.performance.connect(w.watcher).challengeMetrics(w.domain, w.operator, id, ZERO, w.entries),
      )
        .to.be.revertedWithCustomError(w.performance, "PostChanged")
        .withArgs(1, 2);
      expect(await w.token.balanceOf(w.watcher.address), "the watcher's purse").to.equal(PURSE);
    });

    it("reverts when no post is open, or its window is over", async () => {
      const w = await load(recordedWorld);
      await expect(challenge(w, w.operator, w.entries))
        .to.be.revertedWithCustomError(w.performance, "NoOpenPost")
        .withArgs(w.domain, w.operator);
      await posted(w, w.operator, { ...metricsOf(w.entries, w.operator), speed: 0n }, w.entries);
      const { openUntil } = await w.performance.postOf(w.domain, w.operator);
      await endChallenges(w, w.operator);
      await expect(challenge(w, w.operator, w.entries))
        .to.be.revertedWithCustomError(w.performance, "ChallengeWindowOver")
        .withArgs(w.domain, w.operator, openUntil);
    });

    it("takes a challenge in the last second", async () => {
      const w = await load(recordedWorld);
      const truth = metricsOf(w.entries, w.operator);
      await posted(w, w.operator, { ...truth, speed: 0n }, w.entries);
      const { openUntil } = await w.performance.postOf(w.domain, w.operator);
      await networkHelpers.time.setNextBlockTimestamp(openUntil - 1n);
      await expectRefuted(w, w.operator, w.entries, truth);
    });

    it("reverts when the receipts are not the ones recorded, in their order", async () => {
      const w = await load(recordedWorld);
      await posted(w, w.operator, metricsOf(w.entries, w.operator), w.entries);
      const recordedHead = headOf(w.entries);
      const [first, second, ...others] = w.entries;
      const changed = { ...first!.receipt, inferMs: first!.receipt.inferMs + 1 };
      for (const window of [
        [second!, first!, ...others],
        [{ ...first!, late: true }, second!, ...others],
        [{ ...first!, receipt: changed }, second!, ...others],
      ]) {
        await expect(challenge(w, w.operator, window))
          .to.be.revertedWithCustomError(w.performance, "ReplayMismatch")
          .withArgs(headOf(window), recordedHead);
      }
      for (const window of [w.entries.slice(1), [...w.entries, first!], []]) {
        await expect(challenge(w, w.operator, window))
          .to.be.revertedWithCustomError(w.performance, "WrongWindow")
          .withArgs(window.length, 8);
      }
      const elsewhere = ethers.id("base") as `0x${string}`;
      await expect(challenge(w, w.operator, w.entries, elsewhere))
        .to.be.revertedWithCustomError(w.performance, "ReplayMismatch")
        .withArgs(headOf(w.entries, elsewhere), recordedHead);
    });

    it("keeps the money of open posts together [INV-21]", async () => {
      const w = await load(recordedWorld);
      const supply = await w.token.totalSupply();
      for (const { address } of w.owners) {
        const truth = metricsOf(w.entries, address);
        // Every other one is false.
        const lie = address > w.operator ? 0n : truth.reputation;
        await posted(w, address, { ...truth, reputation: lie === 0n ? 10n * WAD : lie }, w.entries);
      }
      expect((await money(w)).held, "eight bonds").to.equal(8n * BOND);
      let burned = 0n;
      for (const { address } of w.owners.slice(0, 6)) {
        await challenge(w, address, w.entries);
        burned += BOND / 2n;
      }
      expect((await money(w)).held, "two bonds").to.equal(2n * BOND);
      await endChallenges(w, w.owners[6]!.address);
      for (const { address } of w.owners.slice(6)) {
        await networkHelpers.time.increase(60);
        await w.performance.withdrawBond(w.domain, address);
      }
      const end = await money(w);
      expect(end.held, "nothing left").to.equal(0n);
      expect(supply - end.supply, "burned").to.equal(burned);
      expect(end.keeper + end.watcher, "what the two have").to.equal(2n * PURSE - burned);
    });
  });
});

async function firstTwo(w: PerformanceWorld) {
  const request = await answered(w);
  return [request, receiptsOf(w, request, 2)] as const;
}
