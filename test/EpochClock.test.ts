import { expect } from "chai";

import { DAY, deployProtocol, ethers, networkHelpers } from "./fixtures/world.ts";

/** Rooms that carry the clock, with what their constructors take before and after it. */
const ROOMS = ["DomainRegistry", "FeeMarket", "StakeVault", "ReputationLedger"] as const;

const ZERO = ethers.ZeroAddress;

function argumentsOf(room: (typeof ROOMS)[number], genesis: bigint, length: bigint) {
  const clock = [genesis, length];
  return {
    DomainRegistry: [ZERO, ZERO, ZERO, ...clock, 0n, 0n, 0n],
    FeeMarket: [ZERO, ZERO, ZERO, ZERO, ...clock],
    StakeVault: [ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ...clock, 10n * DAY],
    ReputationLedger: [ZERO, ZERO, ZERO, ZERO, ...clock],
  }[room];
}

async function protocol() {
  return deployProtocol();
}

describe("EpochClock", () => {
  // constructor
  // ├── when genesis lies in the future → InvalidClock
  // ├── when an epoch has no length → InvalidClock
  // └── when genesis is this very second → epoch 0
  describe("constructor", () => {
    for (const room of ROOMS) {
      it(`reverts when genesis lies in the future (${room}) [EPO-1]`, async () => {
        const p = await networkHelpers.loadFixture(protocol);
        const now = BigInt(await networkHelpers.time.latest());
        const genesis = now + 1_000n;
        await expect(ethers.deployContract(room, argumentsOf(room, genesis, DAY)))
          .to.be.revertedWithCustomError(p.vault, "InvalidClock")
          .withArgs(genesis, DAY);
      });

      it(`reverts when an epoch has no length (${room}) [EPO-1]`, async () => {
        const p = await networkHelpers.loadFixture(protocol);
        await expect(ethers.deployContract(room, argumentsOf(room, 1n, 0n)))
          .to.be.revertedWithCustomError(p.vault, "InvalidClock")
          .withArgs(1n, 0n);
      });
    }

    it("accepts a genesis in the very second of the deployment", async () => {
      await networkHelpers.loadFixture(protocol);
      const genesis = BigInt(await networkHelpers.time.latest()) + 50n;
      await networkHelpers.time.setNextBlockTimestamp(genesis);
      const clock = await ethers.deployContract("FeeMarket", argumentsOf("FeeMarket", genesis, 1n));
      expect(await clock.getFunction("currentEpoch")()).to.equal(0n);
    });
  });

  // currentEpoch
  // ├── given the last second of an epoch → that epoch
  // ├── given the first second of the next → one more
  // └── every room shows the same epoch
  describe("currentEpoch", () => {
    it("changes with the first second of an epoch, not before", async () => {
      const { fees, parameters } = await networkHelpers.loadFixture(protocol);
      await networkHelpers.time.increaseTo(parameters.genesis + 3n * DAY - 1n);
      expect(await fees.currentEpoch()).to.equal(2n);
      await networkHelpers.time.increaseTo(parameters.genesis + 3n * DAY);
      expect(await fees.currentEpoch()).to.equal(3n);
    });

    it("is the same in every room [EPO-1]", async () => {
      const p = await networkHelpers.loadFixture(protocol);
      await networkHelpers.time.increaseTo(p.parameters.genesis + 41n * DAY + 7n);
      for (const room of [p.registry, p.fees, p.vault, p.ledger, p.minter, p.assay]) {
        expect(await room.GENESIS()).to.equal(p.parameters.genesis);
        expect(await room.EPOCH()).to.equal(DAY);
        expect(await room.currentEpoch()).to.equal(41n);
      }
    });
  });
});
