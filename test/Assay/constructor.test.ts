import { expect } from "chai";

import { deployedBefore } from "../fixtures/deployedBefore.ts";
import { DAY, ethers, networkHelpers } from "../fixtures/world.ts";

/** Everything but Assay. */
const peers = () => deployedBefore("Assay");

describe("Assay", () => {
  // constructor
  // ├── when the vault has no code, or expects another Assay → InvalidPeer(vault)
  // ├── when the vault knows another ledger or minter → InvalidPeer of the one given
  // ├── when the registry knows another vault → InvalidPeer(registry)
  // ├── when another peer has no code → InvalidPeer of it
  // └── otherwise it stands where it was predicted
  describe("constructor", () => {
    const positions = {
      registry: 0,
      fees: 1,
      vault: 2,
      ledger: 3,
      minter: 4,
      randomness: 5,
      appeals: 6,
      canaries: 7,
      security: 8,
    } as const;

    for (const peer of [
      "vault",
      "ledger",
      "minter",
      "fees",
      "randomness",
      "appeals",
      "canaries",
      "security",
    ] as const) {
      it(`reverts when the ${peer} is somebody without code`, async () => {
        const { args, factory, stranger } = await networkHelpers.loadFixture(peers);
        const wrong = args.with(positions[peer], stranger.address);
        await expect(factory.deploy(...wrong))
          .to.be.revertedWithCustomError(factory, "InvalidPeer")
          .withArgs(stranger.address);
      });
    }

    it("reverts when the vault expects Assay elsewhere", async () => {
      const { args, at, factory, stranger } = await networkHelpers.loadFixture(peers);
      await expect(factory.connect(stranger).deploy(...args))
        .to.be.revertedWithCustomError(factory, "InvalidPeer")
        .withArgs(at.StakeVault);
    });

    it("reverts when the vault knows another ledger or minter", async () => {
      const { args, at, factory } = await networkHelpers.loadFixture(peers);
      for (const peer of ["ledger", "minter"] as const) {
        await expect(factory.deploy(...args.with(positions[peer], at.FeeMarket)))
          .to.be.revertedWithCustomError(factory, "InvalidPeer")
          .withArgs(at.FeeMarket);
      }
    });

    it("reverts when the registry knows another vault", async () => {
      const { args, at, factory, stranger, parameters } = await networkHelpers.loadFixture(peers);
      const registry = await ethers.deployContract(
        "DomainRegistry",
        [at.AccessManager, at.WorkToken, stranger.address, parameters.genesis, DAY, 0n, 0n, 0n],
        stranger,
      );
      const other = await registry.getAddress();
      await expect(factory.deploy(...args.with(positions.registry, other)))
        .to.be.revertedWithCustomError(factory, "InvalidPeer")
        .withArgs(other);
    });

    it("stands where it was predicted", async () => {
      const { args, at, factory } = await networkHelpers.loadFixture(peers);
      const assay = await factory.deploy(...args);
      expect(await assay.getAddress(), "address").to.equal(at.Assay);
    });
  });
});
