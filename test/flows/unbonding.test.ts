import { expect } from "chai";

import { appeal, appealWorld, publish, published, settleRound } from "../fixtures/appeals.ts";
import { endAppeal } from "../fixtures/round.ts";
import { unanimous } from "../fixtures/seated.ts";
import { ethers, networkHelpers } from "../fixtures/world.ts";

/** Six of eight voted wrong; three of them ask for all their stake as soon as they have voted. */
const DODGERS = 3;

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
      await networkHelpers.time.increaseTo(readyAt);
      await expect(vault.withdraw(...pool))
        .to.be.revertedWithCustomError(w.vault, "StakeLocked")
        .withArgs(0n, 2n * bond * 10n ** 9n);
    }
  });

  it("get what the overturned verdict and their account left, a second after their time", async () => {
    const w = await networkHelpers.loadFixture(dodged);
    const before = await Promise.all(w.dodgers.map(({ pool }) => w.vault.poolOf(...pool)));
    await settleRound(w, w.request, 0, w.ballots);
    await settleRound(w, w.request, 1, w.again);
    const { bond } = await w.lens.drawOf(w.request.id);
    await networkHelpers.time.increaseTo(w.dodgers.at(-1)!.readyAt + 1n);
    for (const [i, { vault, owner, pool }] of w.dodgers.entries()) {
      const { active, unbonding } = await w.vault.poolOf(...pool);
      expect(active).to.equal(0n);
      // One claim, voted 1 where 0 is true: the whole bond.
      expect(before[i]!.unbonding - unbonding).to.equal(bond * 10n ** 9n);
      // In the appeal they were right, so their account needs no bond.
      await w.minter.unlock(w.domain, owner.address);
      await expect(vault.withdraw(...pool)).to.changeTokenBalance(ethers, w.token, owner, unbonding);
    }
  });
});
