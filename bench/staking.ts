/** Operators and stakers. */
import { ethers, networkHelpers, nextEpoch, OPERATOR_STAKE, type World } from "../test/fixtures/world.ts";
import { WAD } from "../deploy/parameters.ts";
import type { Figures } from "./life.ts";
import { gasOf } from "./rounds.ts";

export async function measureStaking(w: World): Promise<Figures> {
  const figures: Figures = {};
  const signers = await ethers.getSigners();
  const [holder, newcomer] = signers.slice(20);
  const owner = w.owners[0]!.address;
  const vault = await w.vault.getAddress();
  for (const account of [holder!, newcomer!]) {
    await w.token.transfer(account.address, OPERATOR_STAKE);
    await w.token.connect(account).approve(vault, ethers.MaxUint256);
  }
  const own = w.vault.connect(newcomer!);
  figures["register"] = await gasOf(
    own.register(w.domain, newcomer!.address, 1, 1_000, ethers.id("model"), "https://operator.example/card"),
  );
  figures["stakeOwnFirst"] = await gasOf(own.stake(w.domain, newcomer!.address, 1_000n * WAD));

  const delegated = w.vault.connect(holder!);
  figures["stakeFirst"] = await gasOf(delegated.stake(w.domain, owner, 100n * WAD));
  figures["stakeTopUp"] = await gasOf(delegated.stake(w.domain, owner, 100n * WAD));
  const { shares } = await w.vault.holdingOf(w.domain, owner, holder!.address);
  figures["requestUnstake"] = await gasOf(delegated.requestUnstake(w.domain, owner, shares / 2n));
  const cancelled = await networkHelpers.takeSnapshot();
  figures["cancelUnstake"] = await gasOf(delegated.cancelUnstake(w.domain, owner));
  await cancelled.restore();
  await nextEpoch(w, 8n);
  figures["withdraw"] = await gasOf(delegated.withdraw(w.domain, owner));
  figures["setHotKey"] = await gasOf(own.setHotKey(w.domain, signers[30]!.address));
  figures["buyCredits"] = await gasOf(w.fees.connect(w.requester).buy(w.requester.address, WAD));
  return figures;
}
