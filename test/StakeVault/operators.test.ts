import { expect } from "chai";

import { WAD } from "../../deploy/parameters.ts";
import { ballot, commitBallot, digestOf, openWithSeats } from "../fixtures/round.ts";
import { DAY, ethers, networkHelpers, nextEpoch } from "../fixtures/world.ts";
import { vaultWorld } from "../fixtures/vault.ts";

const MODEL = ethers.id("model");

/** Alice runs an operator of family 0 with 2,000 WORK that already weighs. */
async function aliceOperates() {
  const w = await vaultWorld();
  await w.vault.connect(w.alice).register(w.domain, w.alice.address, 0, 1_000, MODEL, "ipfs://card");
  await w.vault.connect(w.alice).stake(w.domain, w.alice.address, 2_000n * WAD);
  await nextEpoch(w);
  return w;
}

describe("StakeVault operators", () => {
  // constructor
  // ├── when UNBONDING is shorter than five epochs → UnbondingTooShort
  // └── when it is five epochs → deployed
  describe("constructor", () => {
    it("reverts when unbonding is shorter than three rounds and two epochs [STK-5]", async () => {
      const { vault, parameters } = await networkHelpers.loadFixture(vaultWorld);
      const deploy = (unbonding: bigint) =>
        ethers.deployContract("StakeVault", [
          ...Array.from({ length: 6 }, () => ethers.ZeroAddress),
          parameters.genesis,
          DAY,
          unbonding,
        ]);
      await expect(deploy(5n * DAY - 1n))
        .to.be.revertedWithCustomError(vault, "UnbondingTooShort")
        .withArgs(5n * DAY - 1n, 5n * DAY);
      const shortest = await deploy(5n * DAY);
      expect(await shortest.getFunction("UNBONDING")()).to.equal(5n * DAY);
    });
  });

  // register
  // ├── when the domain is unknown → UnknownDomain
  // ├── when registered already → AlreadyRegistered
  // ├── when hot key, family, commission or model are invalid → InvalidHotKey, UnknownFamily, CommissionTooHigh, InvalidModelHash
  // └── else R is 1, the tier standard, there is no weight yet, the family has a member more
  describe("register", () => {
    it("reverts when the domain is unknown", async () => {
      const { vault, registry, alice } = await networkHelpers.loadFixture(vaultWorld);
      await expect(vault.connect(alice).register(9, alice.address, 0, 0, MODEL, ""))
        .to.be.revertedWithCustomError(registry, "UnknownDomain")
        .withArgs(9);
    });

    it("reverts when the caller is registered [STK-16]", async () => {
      const { vault, domain, first } = await networkHelpers.loadFixture(vaultWorld);
      await expect(vault.connect(first).register(domain, first.address, 1, 0, MODEL, ""))
        .to.be.revertedWithCustomError(vault, "AlreadyRegistered")
        .withArgs(domain, first.address);
    });

    it("reverts when there is no hot key [STK-16]", async () => {
      const { vault, domain, alice } = await networkHelpers.loadFixture(vaultWorld);
      await expect(
        vault.connect(alice).register(domain, ethers.ZeroAddress, 0, 0, MODEL, ""),
      ).to.be.revertedWithCustomError(vault, "InvalidHotKey");
    });

    it("reverts when the family is not listed [STK-16]", async () => {
      const { vault, domain, alice } = await networkHelpers.loadFixture(vaultWorld);
      for (const family of [4, 15, 16, 255]) {
        await expect(vault.connect(alice).register(domain, alice.address, family, 0, MODEL, ""))
          .to.be.revertedWithCustomError(vault, "UnknownFamily")
          .withArgs(domain, family);
      }
    });

    it("reverts when the commission is above half and not when it is half [STK-16]", async () => {
      const { vault, domain, alice } = await networkHelpers.loadFixture(vaultWorld);
      await expect(vault.connect(alice).register(domain, alice.address, 0, 5_001, MODEL, ""))
        .to.be.revertedWithCustomError(vault, "CommissionTooHigh")
        .withArgs(5_001, 5_000);
      await vault.connect(alice).register(domain, alice.address, 0, 5_000, MODEL, "");
      expect(await vault.commissionOf(domain, alice.address)).to.equal(5_000n);
    });

    it("reverts when there is no model", async () => {
      const { vault, domain, alice } = await networkHelpers.loadFixture(vaultWorld);
      await expect(
        vault.connect(alice).register(domain, alice.address, 0, 0, ethers.ZeroHash, ""),
      ).to.be.revertedWithCustomError(vault, "InvalidModelHash");
    });

    it("starts at R = 1 in the standard tier and without weight [REP-1, VOTE-7]", async () => {
      const { vault, domain, alice, bob } = await networkHelpers.loadFixture(vaultWorld);
      await expect(vault.connect(alice).register(domain, bob.address, 2, 300, MODEL, "ipfs://card"))
        .to.emit(vault, "OperatorRegistered")
        .withArgs(domain, alice.address, 2, bob.address, 300, MODEL, "ipfs://card");
      expect(await vault.operatorOf(domain, alice.address)).to.deep.equal([bob.address, 2n, 300n, 1n, WAD]);
      expect(await vault.modelHashOf(domain, alice.address)).to.equal(MODEL);
      expect(await vault.familyMembers(domain, 2)).to.equal(4n);
      const seat = await vault.seatWeights(domain, alice.address, 1n);
      expect([seat.weight, seat.family, seat.tier]).to.deep.equal([0n, 2n, 2n]);
    });

    it("keeps domains apart [DOM-1]", async () => {
      const { vault, domain, first } = await networkHelpers.loadFixture(vaultWorld);
      expect((await vault.operatorOf(domain + 1, first.address)).flags).to.equal(0n);
      expect((await vault.poolOf(domain + 1, first.address)).active).to.equal(0n);
    });
  });

  // deregister
  // ├── when not registered → NotRegistered
  // ├── given a locked bond or weight in one of three epochs → StillOnDuty
  // └── else gone: stake stays with its holders, tickets can be withdrawn, R stays, another family may follow
  describe("deregister", () => {
    it("reverts when the caller is not registered", async () => {
      const { vault, domain, alice } = await networkHelpers.loadFixture(vaultWorld);
      await expect(vault.connect(alice).deregister(domain))
        .to.be.revertedWithCustomError(vault, "NotRegistered")
        .withArgs(domain, alice.address);
    });

    it("cannot be held up by somebody else's stake, which stays that holder's [STK-19]", async () => {
      const w = await networkHelpers.loadFixture(aliceOperates);
      const alice = w.vault.connect(w.alice);
      const bob = w.vault.connect(w.bob);
      await bob.stake(w.domain, w.alice.address, WAD);
      await alice.rest(w.domain, true);
      await nextEpoch(w, 2n);
      await expect(alice.deregister(w.domain)).to.emit(alice, "OperatorRemoved");
      expect(await alice.familyMembers(w.domain, 0)).to.equal(3n);

      const { shares } = await bob.holdingOf(w.domain, w.alice.address, w.bob.address);
      await bob.requestUnstake(w.domain, w.alice.address, shares);
      await networkHelpers.time.increase(7n * DAY);
      await expect(bob.withdraw(w.domain, w.alice.address)).to.changeTokenBalance(
        ethers,
        w.token,
        w.bob,
        WAD,
      );
    });

    it("lets nobody return to stake that stayed with a higher commission [STK-16]", async () => {
      const w = await networkHelpers.loadFixture(aliceOperates);
      const vault = w.vault.connect(w.alice);
      const commission = await vault.commissionOf(w.domain, w.alice.address);
      const register = (given: bigint) => vault.register(w.domain, w.alice.address, 0, given, MODEL, "");
      await w.vault.connect(w.bob).stake(w.domain, w.alice.address, WAD);
      await vault.rest(w.domain, true);
      await nextEpoch(w, 2n);
      await vault.deregister(w.domain);
      await expect(register(commission + 1n))
        .to.be.revertedWithCustomError(vault, "CommissionTooHigh")
        .withArgs(commission + 1n, commission);
      await expect(register(commission)).to.emit(vault, "OperatorRegistered");
    });

    it("reverts until the weight is gone from all three epochs, then lets another family follow [STK-19]", async () => {
      const w = await networkHelpers.loadFixture(aliceOperates);
      const vault = w.vault.connect(w.alice);
      const { shares } = await vault.holdingOf(w.domain, w.alice.address, w.alice.address);
      await vault.requestUnstake(w.domain, w.alice.address, shares);
      // Gone from the next epoch, then from the current, at last from the previous one.
      for (let epoch = 0; epoch < 2; epoch++) {
        await expect(vault.deregister(w.domain))
          .to.be.revertedWithCustomError(vault, "StillOnDuty")
          .withArgs(w.domain, w.alice.address);
        await nextEpoch(w);
      }
      await expect(vault.deregister(w.domain))
        .to.emit(vault, "OperatorRemoved")
        .withArgs(w.domain, w.alice.address);
      expect(await vault.familyMembers(w.domain, 0)).to.equal(3n);
      await expect(vault.stake(w.domain, w.alice.address, WAD))
        .to.be.revertedWithCustomError(vault, "NotRegistered")
        .withArgs(w.domain, w.alice.address);

      await vault.register(w.domain, w.alice.address, 3, 0, MODEL, "");
      expect(await vault.familyMembers(w.domain, 3)).to.equal(4n);
      expect((await vault.operatorOf(w.domain, w.alice.address)).family).to.equal(3n);
    });

    it("reverts while a bond is locked [STK-19]", async () => {
      const w = await networkHelpers.loadFixture(aliceOperates);
      const vault = w.vault.connect(w.alice);
      const epoch = await vault.currentEpoch();
      const assay = w.vault.connect(w.peers.assay);
      await assay.takeSeat(w.domain, w.alice.address, w.alice.address, epoch, 64_000_000n);
      const { shares } = await vault.holdingOf(w.domain, w.alice.address, w.alice.address);
      await vault.requestUnstake(w.domain, w.alice.address, shares);
      await nextEpoch(w, 2n);
      await expect(vault.deregister(w.domain))
        .to.be.revertedWithCustomError(vault, "StillOnDuty")
        .withArgs(w.domain, w.alice.address);
      await assay.unlock(w.domain, w.alice.address, 64_000_000n);
      await expect(vault.deregister(w.domain)).to.emit(vault, "OperatorRemoved");
    });

    it("leaves tickets to their holders and R to the operator's return [STK-19]", async () => {
      const w = await networkHelpers.loadFixture(aliceOperates);
      const vault = w.vault.connect(w.alice);
      await w.vault.connect(w.peers.ledger).setReputation(w.domain, w.alice.address, (4n * WAD) / 10n);
      const { shares } = await vault.holdingOf(w.domain, w.alice.address, w.alice.address);
      await vault.requestUnstake(w.domain, w.alice.address, shares);
      await nextEpoch(w, 2n);
      await vault.deregister(w.domain);
      await networkHelpers.time.increase(7n * DAY);
      await expect(vault.withdraw(w.domain, w.alice.address)).to.changeTokenBalance(
        ethers,
        w.token,
        w.alice,
        2_000n * WAD,
      );

      await vault.register(w.domain, w.alice.address, 1, 0, MODEL, "");
      expect((await vault.operatorOf(w.domain, w.alice.address)).reputation).to.equal((4n * WAD) / 10n);
      const epoch = await vault.currentEpoch();
      expect((await vault.seatWeights(w.domain, w.alice.address, epoch)).tier).to.equal(1n);
    });

    it("weighs again at once when it comes back to a pool that still holds stake", async () => {
      const w = await networkHelpers.loadFixture(aliceOperates);
      const vault = w.vault.connect(w.alice);
      const { shares } = await vault.holdingOf(w.domain, w.alice.address, w.alice.address);
      await vault.requestUnstake(w.domain, w.alice.address, shares);
      await nextEpoch(w, 2n);
      await vault.deregister(w.domain);
      await vault.cancelUnstake(w.domain, w.alice.address);
      const epoch = await vault.currentEpoch();
      expect((await vault.seatWeights(w.domain, w.alice.address, epoch + 1n)).weight).to.equal(0n);
      await vault.register(w.domain, w.alice.address, 3, 0, MODEL, "");
      expect((await vault.seatWeights(w.domain, w.alice.address, epoch + 1n)).weight).to.equal(
        2_000n * 10n ** 9n,
      );
    });
  });

  // setHotKey
  // ├── when not registered, or the key is zero → NotRegistered, InvalidHotKey
  // └── else at once, also in the middle of a request; the owner always votes
  describe("setHotKey", () => {
    it("reverts when the caller is not registered", async () => {
      const { vault, domain, alice } = await networkHelpers.loadFixture(vaultWorld);
      await expect(vault.connect(alice).setHotKey(domain, alice.address))
        .to.be.revertedWithCustomError(vault, "NotRegistered")
        .withArgs(domain, alice.address);
    });

    it("reverts when the key is nobody's", async () => {
      const { vault, domain, first } = await networkHelpers.loadFixture(vaultWorld);
      await expect(vault.connect(first).setHotKey(domain, ethers.ZeroAddress)).to.be.revertedWithCustomError(
        vault,
        "InvalidHotKey",
      );
    });

    it("lets a new key replace the vote of the old one in the middle of a request [STK-20]", async () => {
      const w = await networkHelpers.loadFixture(vaultWorld);
      const { request, drawn } = await openWithSeats(w, 2, 1);
      const owner = drawn[0]!;
      const vault = w.vault.connect(owner);
      await vault.setHotKey(w.domain, w.alice.address);
      const early = await digestOf(w, request, ballot(owner, [1, 2]));
      await w.assay.connect(w.alice).commit(request.id, owner.address, early);

      await expect(vault.setHotKey(w.domain, w.bob.address))
        .to.emit(w.vault, "HotKeyChanged")
        .withArgs(w.domain, owner.address, w.bob.address);
      const late = await digestOf(w, request, ballot(owner, [250, 2]));
      await expect(w.assay.connect(w.alice).commit(request.id, owner.address, late))
        .to.be.revertedWithCustomError(w.vault, "NotOperatorKey")
        .withArgs(w.alice.address, owner.address, w.bob.address);
      await w.assay.connect(w.bob).commit(request.id, owner.address, late);
      expect((await w.lens.seatOf(request.id, owner.address)).digest).to.equal(late);
      await commitBallot(w, request, ballot(owner, [1, 2]));
      expect((await w.lens.seatOf(request.id, owner.address)).digest).to.equal(early);
    });
  });

  // requireKey
  // ├── when the owner is not registered → NotRegistered
  // ├── when neither owner nor hot key → NotOperatorKey
  // └── else silent
  describe("requireKey", () => {
    it("reverts when the owner is not registered", async () => {
      const { vault, domain, alice } = await networkHelpers.loadFixture(vaultWorld);
      await expect(vault.requireKey(domain, alice.address, alice.address))
        .to.be.revertedWithCustomError(vault, "NotRegistered")
        .withArgs(domain, alice.address);
    });

    it("reverts when the caller is neither the owner nor its hot key", async () => {
      const { vault, domain, first, second, alice } = await networkHelpers.loadFixture(vaultWorld);
      await vault.connect(first).setHotKey(domain, alice.address);
      await expect(vault.requireKey(domain, first.address, second.address))
        .to.be.revertedWithCustomError(vault, "NotOperatorKey")
        .withArgs(second.address, first.address, alice.address);
      await vault.requireKey(domain, first.address, alice.address);
      await vault.requireKey(domain, first.address, first.address);
    });
  });

  // setModel
  // ├── when not registered, or the hash is zero → NotRegistered, InvalidModelHash
  // └── else announced
  describe("setModel", () => {
    it("reverts when the caller is not registered", async () => {
      const { vault, domain, alice } = await networkHelpers.loadFixture(vaultWorld);
      await expect(vault.connect(alice).setModel(domain, MODEL, ""))
        .to.be.revertedWithCustomError(vault, "NotRegistered")
        .withArgs(domain, alice.address);
    });

    it("reverts when there is no model", async () => {
      const { vault, domain, first } = await networkHelpers.loadFixture(vaultWorld);
      await expect(vault.connect(first).setModel(domain, ethers.ZeroHash, "")).to.be.revertedWithCustomError(
        vault,
        "InvalidModelHash",
      );
    });

    it("announces another model", async () => {
      const { vault, domain, first } = await networkHelpers.loadFixture(vaultWorld);
      await expect(vault.connect(first).setModel(domain, MODEL, "ipfs://v2"))
        .to.emit(vault, "ModelChanged")
        .withArgs(domain, first.address, MODEL, "ipfs://v2");
      expect(await vault.modelHashOf(domain, first.address)).to.equal(MODEL);
    });
  });

  // vacateFamily
  // ├── given members → FamilyInUse
  // ├── when the caller is neither its proposer nor the domain's owner → NotProposer
  // └── given none → the slot is free, its bond with the proposer (see DomainRegistry/families.test.ts)
  describe("vacateFamily", () => {
    it("reverts while anyone is registered in it, with or without stake [DOM-12]", async () => {
      const w = await networkHelpers.loadFixture(vaultWorld);
      const { vault, registry, domain, alice, deployer } = w;
      await expect(vault.vacateFamily(domain, 1))
        .to.be.revertedWithCustomError(vault, "FamilyInUse")
        .withArgs(domain, 1, 3);
      await registry.connect(deployer).proposeFamily(domain, "fifth");
      await registry.listFamily(domain, ethers.id("fifth"));
      await vault.connect(alice).register(domain, alice.address, 4, 0, MODEL, "");
      await expect(vault.vacateFamily(domain, 4))
        .to.be.revertedWithCustomError(vault, "FamilyInUse")
        .withArgs(domain, 4, 1);
      await vault.connect(alice).deregister(domain);
      await expect(vault.connect(alice).vacateFamily(domain, 4))
        .to.be.revertedWithCustomError(registry, "NotProposer")
        .withArgs(alice.address, deployer.address);
      await expect(vault.vacateFamily(domain, 4)).to.emit(registry, "FamilyVacated");
      expect(await vault.familyMembers(domain, 4)).to.equal(0n);
    });
  });
});
