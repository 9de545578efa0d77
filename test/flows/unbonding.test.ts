import { expect } from "chai";

import { DEFAULT_DOMAIN } from "../../deploy/parameters.ts";
import { appeal, appealWorld, endow, publish, published, settleRound } from "../fixtures/appeals.ts";
import { ballot, drawnOwners, endAppeal } from "../fixtures/round.ts";
import { eventsIn, openSealed, tune, unanimous } from "../fixtures/seated.ts";
import { buildWorld, ethers, networkHelpers } from "../fixtures/world.ts";

/** Six of eight voted wrong; three of them ask for all their stake as soon as they have voted. */
const DODGERS = 3;
const EPOCH = 86_400;

async function dodged() {
  const w = await appealWorld();
  const { request, ballots } = await published(
    w,
    [255, 255, 255, 255, 255, 255, 0, 0].map((vote) => [vote]),
  );
  const dodgers = [];
  for (const { owner } of ballots.slice(0, DODGERS)) {
    const { shares } = await w.vault.holdingOf(w.domain, owner.address, owner.address);
    await w.vault.connect(owner).requestUnstake(w.domain, owner.address, shares);
    const { readyAt } = await w.vault.holdingOf(w.domain, owner.address, owner.address);
    dodgers.push({ vault: w.vault.connect(owner), owner, pool: [w.domain, owner.address] as const, readyAt });
  }
  // The appeal comes as late as it can.
  const { clock } = await w.lens.roundOf(request.id);
  await networkHelpers.time.setNextBlockTimestamp(clock - 1n);
  const round = await appeal(w, request);
  const again = unanimous(w, 8, [0]);
  await publish(w, round, again);
  await endAppeal(w, round);
  return { ...w, request, ballots, again, dodgers };
}

/** Nine operators, 7, 15 and 31 expected seats, and windows as wide as EPO-6 lets them be. */
async function slowChainWorld() {
  const { expectedBase, expectedPerClaim, maxClaims, sealWindow, revealWindow } = DEFAULT_DOMAIN.committee;
  const commitWindow = 2 * (expectedBase + Math.floor((maxClaims * expectedPerClaim) / 1_000) + 1);
  const appealWindow = Math.floor((EPOCH - sealWindow) / 2) - commitWindow - revealWindow;
  const committee = { seats: 7, minSeats: 2, rule: 0, appealWindow };
  const w = await buildWorld(9, tune({ committee }));
  await endow(w, w.outsider);
  return w;
}

describe("operators that unstake all they have after a wrong vote (STK-7, STK-12, APP-8)", () => {
  it("wait longer than the verdict takes to be overturned", async () => {
    const w = await networkHelpers.loadFixture(dodged);
    for (const { readyAt } of w.dodgers)
      expect(BigInt(await networkHelpers.time.latest()) < readyAt).to.equal(true);
  });

  it("get nothing a second before their time", async () => {
    const w = await networkHelpers.loadFixture(dodged);
    const [{ vault, pool, readyAt }] = w.dodgers as [(typeof w.dodgers)[number]];
    await networkHelpers.time.setNextBlockTimestamp(readyAt - 1n);
    await expect(vault.withdraw(...pool))
      .to.be.revertedWithCustomError(w.vault, "StillUnbonding")
      .withArgs(readyAt - 1n, readyAt);
  });

  it("get nothing at their time as long as their seats are not settled", async () => {
    const w = await networkHelpers.loadFixture(dodged);
    const { bond } = await w.lens.drawOf(w.request.id);
    for (const { vault, pool, readyAt } of w.dodgers) {
      await networkHelpers.time.setNextBlockTimestamp(readyAt);
      await expect(vault.withdraw(...pool))
        .to.be.revertedWithCustomError(w.vault, "StakeLocked")
        .withArgs(0n, 2n * bond * 10n ** 9n);
    }
  });

  for (const [late, name] of [
    [0n, "at their time"],
    [1n, "a second after it"],
  ] as const) {
    it(`get what the overturned verdict and their account left, ${name}`, async () => {
      const w = await networkHelpers.loadFixture(dodged);
      const before = await Promise.all(w.dodgers.map(({ pool }) => w.vault.poolOf(...pool)));
      await settleRound(w, w.request, 0, w.ballots);
      await settleRound(w, w.request, 1, w.again);
      // In the appeal they were right, so their accounts need no bond.
      for (const { owner } of w.dodgers) await w.minter.unlock(w.domain, owner.address);
      const { bond } = await w.lens.drawOf(w.request.id);
      for (const [i, { vault, owner, pool, readyAt }] of w.dodgers.entries()) {
        const { active, unbonding } = await w.vault.poolOf(...pool);
        expect(active).to.equal(0n);
        // One claim, voted 1 where 0 is true: the whole bond.
        expect(before[i]!.unbonding - unbonding).to.equal(bond * 10n ** 9n);
        await networkHelpers.time.setNextBlockTimestamp(readyAt + late);
        await expect(vault.withdraw(...pool)).to.changeTokenBalance(ethers, w.token, owner, unbonding);
      }
    });
  }

  it("wait longer than the longest chain of appeals, with the widest windows there can be [EPO-6]", async () => {
    const w = await networkHelpers.loadFixture(slowChainWorld);
    const request = await openSealed(w, 1);
    const ballots = (await drawnOwners(w, request)).map((owner) => ballot(owner, [255]));
    await publish(w, request, ballots);
    const { owner } = ballots[0]!;
    const { shares } = await w.vault.holdingOf(w.domain, owner.address, owner.address);
    await w.vault.connect(owner).requestUnstake(w.domain, owner.address, shares);
    const { readyAt } = await w.vault.holdingOf(w.domain, owner.address, owner.address);
    // The others sit in every appeal.
    const others = w.owners.filter(({ address }) => address !== owner.address);
    let last = request;
    for (const vote of [255, 0]) {
      const { clock } = await w.lens.roundOf(last.id);
      await networkHelpers.time.setNextBlockTimestamp(clock - 1n);
      last = await appeal(w, request);
      await publish(
        w,
        last,
        others.map((other) => ballot(other, [vote])),
      );
    }
    expect((await w.lens.drawOf(last.id)).seats, "the largest committee").to.equal(31n);
    await endAppeal(w, last);
    const now = BigInt(await networkHelpers.time.latest());
    expect(now, "the chain ends before the stake is free").to.be.below(readyAt);
    const charged = await settleRound(w, request, 0, ballots);
    expect(eventsIn(w.assay, charged, "SeatOverturned")).to.have.length(ballots.length);
  });
});
