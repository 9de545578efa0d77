import { expect } from "chai";

import { WAD } from "../../deploy/parameters.ts";
import { constructorArguments } from "../../deploy/plan.ts";
import { deployProtocol, ethers, networkHelpers } from "../fixtures/world.ts";

async function protocol() {
  const p = await deployProtocol();
  const args = constructorArguments(p.parameters, p.addresses).PerformanceLedger;
  const [, stranger] = await ethers.getSigners();
  return { ...p, args, stranger: stranger!, factory: await ethers.getContractFactory("PerformanceLedger") };
}

describe("PerformanceLedger", () => {
  // constructor
  // ├── when the bond is 0 or above every supply, or the window 0 or above 2^32 − 1 → InvalidConstants
  // ├── when a peer has no code, or does not know its own peers → InvalidPeer of it
  // └── otherwise it carries what it was given
  describe("constructor", () => {
    const BOUNDS: readonly (readonly [bond: bigint, window: bigint])[] = [
      [0n, 60n],
      [2n ** 84n, 60n],
      [WAD, 0n],
      [WAD, 2n ** 32n],
    ];
    for (const [bond, window] of BOUNDS) {
      it(`reverts with a bond of ${bond} wei and a window of ${window} s`, async () => {
        const { args, factory } = await networkHelpers.loadFixture(protocol);
        await expect(factory.deploy(...args.slice(0, 4), bond, window))
          .to.be.revertedWithCustomError(factory, "InvalidConstants")
          .withArgs(bond, window);
      });
    }

    for (const [position, peer] of ["token", "Assay", "vault"].entries()) {
      it(`reverts when the ${peer} is somebody without code`, async () => {
        const { args, factory, stranger } = await networkHelpers.loadFixture(protocol);
        await expect(factory.deploy(...args.with(position, stranger.address)))
          .to.be.revertedWithCustomError(factory, "InvalidPeer")
          .withArgs(stranger.address);
      });
    }

    it("reverts when the vault serves another Assay, or the registry another vault", async () => {
      const { args, addresses, factory } = await networkHelpers.loadFixture(protocol);
      await expect(factory.deploy(...args.with(1, addresses.FeeMarket)))
        .to.be.revertedWithCustomError(factory, "InvalidPeer")
        .withArgs(addresses.StakeVault);
      const other = await ethers.deployContract("DomainRegistry", [
        addresses.AccessManager,
        addresses.WorkToken,
        addresses.FeeMarket,
        0,
        1,
        0,
        0,
        1,
      ]);
      await expect(factory.deploy(...args.with(3, await other.getAddress())))
        .to.be.revertedWithCustomError(factory, "InvalidPeer")
        .withArgs(await other.getAddress());
    });

    it("knows its peers, its constants and what it signs under", async () => {
      const { performance, addresses, parameters } = await networkHelpers.loadFixture(protocol);
      expect(await performance.TOKEN()).to.equal(addresses.WorkToken);
      expect(await performance.ASSAY()).to.equal(addresses.Assay);
      expect(await performance.VAULT()).to.equal(addresses.StakeVault);
      expect(await performance.REGISTRY()).to.equal(addresses.DomainRegistry);
      expect(await performance.BOND()).to.equal(parameters.performanceBond);
      expect(await performance.CHALLENGE_WINDOW()).to.equal(parameters.challengeWindow);
      const { name, version, verifyingContract } = await performance.eip712Domain();
      expect([name, version, verifyingContract]).to.deep.equal([
        "Assay Performance",
        "1",
        addresses.PerformanceLedger,
      ]);
    });
  });
});
