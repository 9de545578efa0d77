import { expect } from "chai";

import { ballot, openWithSeats, playRound, votesOf } from "../fixtures/round.ts";
import { networkHelpers, nextEpoch, world } from "../fixtures/world.ts";

describe("a first round", () => {
  it("pays informed votes and charges a liar when the epoch is distributed", async () => {
    const w = await networkHelpers.loadFixture(world);
    const { request, drawn } = await openWithSeats(w, 64, 5);
    const truth = Array.from({ length: 64 }, (_, i) => i % 2);
    const ballots = drawn.map((owner, i) =>
      ballot(
        owner,
        truth.map((y) => (i === 0 ? (y ? 5 : 250) : y ? 240 : 15)),
      ),
    );
    await playRound(w, request, ballots);
    await w.assay.settle(request.terms, 0, votesOf(ballots));
    const epoch = await w.minter.currentEpoch();
    const liar = await w.minter.accountOf(w.domain, epoch, drawn[0]!.address);
    const honest = await w.minter.accountOf(w.domain, epoch, drawn[1]!.address);
    expect(liar.score).to.be.lessThan(0n);
    expect(honest.score).to.be.greaterThan(0n);

    await nextEpoch(w);
    const supply = await w.token.totalSupply();
    await w.minter.distribute(
      w.domain,
      epoch,
      drawn.map((d) => d.address),
    );
    const pool = await w.vault.poolOf(w.domain, drawn[0]!.address);
    const winner = await w.vault.poolOf(w.domain, drawn[1]!.address);
    expect(pool.active).to.be.lessThan(2_000n * 10n ** 18n);
    expect(winner.active).to.be.greaterThan(2_000n * 10n ** 18n);
    expect(winner.locked).to.equal(0n);
    expect(await w.token.totalSupply()).to.not.equal(supply);
  });
});
