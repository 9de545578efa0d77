import { expect } from "chai";

import { deployedBefore } from "../fixtures/deployedBefore.ts";
import { DAY, ethers, networkHelpers } from "../fixtures/world.ts";

/** Everything but CloneRegistry. */
const peers = () => deployedBefore("CloneRegistry");

describe("CloneRegistry", () => {
  // constructor
  // ├── when the vault has no code, or expects another registry of clones → InvalidPeer(vault)
  // ├── when the vault knows another Assay → InvalidPeer of the one given
  // ├── when the registry of domains knows another vault → InvalidPeer(registry)
  // ├── when the token has no code → InvalidPeer(token)
  // └── otherwise it stands where it was predicted, with the bond of a family
  describe("constructor", () => {
    for (const [peer, position] of [
      ["token", 0],
      ["vault", 2],
    ] as const) {
      it(`reverts when the ${peer} is somebody without code`, async () => {
        const { args, factory, stranger } = await networkHelpers.loadFixture(peers);
        await expect(factory.deploy(...args.with(position, stranger.address)))
          .to.be.revertedWithCustomError(factory, "InvalidPeer")
          .withArgs(stranger.address);
      });
    }

    it("reverts when the vault expects it elsewhere", async () => {
      const { args, at, factory, stranger } = await networkHelpers.loadFixture(peers);
      await expect(factory.connect(stranger).deploy(...args))
        .to.be.revertedWithCustomError(factory, "InvalidPeer")
        .withArgs(at.StakeVault);
    });

    it("reverts when the vault knows another Assay", async () => {
      const { args, at, factory } = await networkHelpers.loadFixture(peers);
      await expect(factory.deploy(...args.with(1, at.FeeMarket)))
        .to.be.revertedWithCustomError(factory, "InvalidPeer")
        .withArgs(at.FeeMarket);
    });

    it("reverts when the registry of domains knows another vault", async () => {
      const { args, at, factory, stranger, parameters } = await networkHelpers.loadFixture(peers);
      const registry = await ethers.deployContract(
        "DomainRegistry",
        [at.AccessManager, at.WorkToken, stranger.address, parameters.genesis, DAY, 0n, 0n, 0n],
        stranger,
      );
      const other = await registry.getAddress();
      await expect(factory.deploy(...args.with(3, other)))
        .to.be.revertedWithCustomError(factory, "InvalidPeer")
        .withArgs(other);
    });

    it("stands where it was predicted, and asks as much as a proposed family [CLONE-1]", async () => {
      const { args, at, factory, parameters } = await networkHelpers.loadFixture(peers);
      const clones = await factory.deploy(...args);
      expect(await clones.getAddress(), "address").to.equal(at.CloneRegistry);
      expect(await clones.getFunction("BOND")(), "bond").to.equal(parameters.familyBond);
    });
  });
});
