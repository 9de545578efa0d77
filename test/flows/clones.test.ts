/** Clones from their votes to the reporter's bounty, honest look-alikes, and a reversal: the whole of SPEC CLONE. */
import { cloneMath } from "@assay/keeper";
import { expect } from "chai";

import { GWEI } from "../../deploy/parameters.ts";
import { clonesWorld, exhibits, sharedPast, type ClonesWorld, type Shared } from "../fixtures/clones.ts";
import { ballot, drawnOwners, playRound, votesOf } from "../fixtures/round.ts";
import { eventsIn, openSealed } from "../fixtures/seated.ts";
import { expectExactSums } from "../fixtures/vault.ts";
import { networkHelpers, nextEpoch } from "../fixtures/world.ts";

const CLAIMS = 64;

interface Distributed {
  readonly owner: string;
  readonly minted: bigint;
}

/** Plays a round in which the moved operator sits and everybody is right; returns the epoch it is paid for. */
async function earn(w: ClonesWorld): Promise<bigint> {
  const yes = new Uint8Array(CLAIMS).fill(255);
  for (let tries = 0; tries < 60; tries++) {
    const request = await openSealed(w, CLAIMS);
    const drawn = await drawnOwners(w, request);
    if (drawn.length < 4 || !drawn.some(({ address }) => address === w.later)) continue;
    const ballots = drawn.map((owner) => ballot(owner, yes));
    await playRound(w, request, ballots);
    await w.assay.settle(request.terms, 0, votesOf(ballots));
    return w.vault.currentEpoch();
  }
  throw new Error("the operator was not drawn in 60 requests");
}

/** Distributes a past epoch: what was minted for the moved operator, and what its reporter got. */
async function pay(w: ClonesWorld, epoch: bigint) {
  const before: bigint = await w.token.balanceOf(w.outsider.address);
  const { active }: { active: bigint } = await w.vault.poolOf(w.domain, w.later);
  const supply: bigint = await w.token.totalSupply();
  const owners = w.owners.map(({ address }) => address);
  const receipt = await (await w.minter.distribute(w.domain, epoch, owners)).wait();
  const all = eventsIn<Distributed>(w.minter, receipt, "Distributed");
  const minted = all.find(({ owner }) => owner === w.later)!.minted;
  const bounty = (await w.token.balanceOf(w.outsider.address)) - before;
  const total = all.reduce((sum, one) => sum + one.minted, 0n);
  expect((await w.token.totalSupply()) - supply, "nothing is minted in addition").to.equal(total);
  expect(total, "at most what was burned").to.be.at.most(await w.fees.earned(w.domain, epoch));
  const after: bigint = (await w.vault.poolOf(w.domain, w.later)).active;
  expect(after - active, "the pool gets the rest").to.equal(minted - bounty);
  return { minted, bounty };
}

/** What the registry adds up of two operators' votes, by the keeper's own arithmetic. */
async function sumsOf(w: ClonesWorld, requests: readonly Shared[], first: number, second: number) {
  const { distance } = await w.clones.ruleOf(w.domain);
  let sums = cloneMath.NO_SUMS;
  for (const { id, rows } of requests) {
    const [lanes, { weight }, { threshold }] = await Promise.all([
      w.assay.lanesOf(id),
      w.lens.roundOf(id),
      w.lens.drawOf(id),
    ]);
    sums = cloneMath.add(sums, { lanes, weight, threshold }, distance, rows[first]!, rows[second]!);
  }
  return sums;
}

async function expectExact(w: ClonesWorld, epochs: number): Promise<void> {
  for (let e = 0; e < epochs; e++) {
    await expectExactSums(w, w.domain, w.owners);
    await nextEpoch(w);
  }
}

describe("clones", () => {
  it("are caught by their votes, pay their reporter a little, and can be let go again", async () => {
    const w = await clonesWorld();
    const close = await sharedPast(w, 300, { rivals: true });
    const pair = [w.domain, w.earlier, w.later] as const;
    const [, , resembling, independent, sibling, rival, closeRival] = w.owners.map(({ address }) => address);

    // Two that copy the same model are caught, the second of them by the first.
    await w.reporter.report(...pair, exhibits(w.alike, 0, 1));
    await w.reporter.report(w.domain, w.later, sibling, exhibits(w.alike, 1, 4));
    // Two honest models are not: one that resembles the copied one, one that does not.
    for (const [i, honest] of [resembling, independent].entries())
      await expect(
        w.reporter.report(w.domain, w.earlier, honest, exhibits(w.alike, 0, 2 + i)),
      ).to.be.revertedWithCustomError(w.clones, "NotAlike");
    // Nor are two that nearly are: r = 0.9039 by all their votes, and the domain asks for 0.95.
    const sums = await sumsOf(w, close, 5, 6);
    expect([cloneMath.alike(sums, 9_039n), cloneMath.alike(sums, 9_040n)], "r").to.deep.equal([true, false]);
    await expect(w.reporter.report(w.domain, rival, closeRival, exhibits(close, 5, 6)))
      .to.be.revertedWithCustomError(w.clones, "NotAlike")
      .withArgs(Object.values(sums), 9_500);

    await networkHelpers.time.increaseTo((await w.clones.caseOf(...pair)).openUntil);
    const before = await earn(w);
    await w.clones.close(...pair);
    // The sibling is of the family it was moved to, so there is nothing more to decide.
    await w.clones.close(w.domain, w.later, sibling);
    expect(await w.token.balanceOf(w.addresses.CloneRegistry), "bonds held").to.equal(0n);
    await expectExact(w, 1);

    const moved = await earn(w);
    expect(moved, "the next epoch").to.equal(before + 1n);
    expect((await w.vault.operatorOf(w.domain, w.later)).family).to.equal(0n);
    await expectExact(w, 2);
    const own = await pay(w, before);
    expect(own.minted, "earned as something else").to.be.above(0n);
    expect(own.bounty, "and kept").to.equal(0n);
    const next = await pay(w, moved);
    expect(next.minted, "earned as a clone").to.be.above(20n * GWEI);
    expect(next.bounty, "a twentieth").to.equal((next.minted / 20n / GWEI) * GWEI);

    // The domain's owner finds that the earlier one copied.
    const again = await earn(w);
    await w.clones.reverse(...pair, 1, "the earlier one copied");
    await expectExact(w, 3);
    expect((await w.vault.operatorOf(w.domain, w.later)).family).to.equal(1n);
    const after = await pay(w, again);
    expect(after.minted, "earned before the reversal").to.be.above(0n);
    expect(after.bounty, "distributed after it").to.equal(0n);
  });
});
