import { expect } from "chai";

import { peersOf } from "../fixtures/peers.ts";
import { createDomain, deployProtocol, ethers, FAMILY_LABELS, networkHelpers } from "../fixtures/world.ts";

const LABEL = "a fifth lineage";
const LINEAGE = ethers.id(LABEL);

/** A domain of four families, two people with WORK, one proposal of Alice. */
async function families() {
  const p = await deployProtocol();
  const domain = await createDomain(p);
  const [, alice, bob] = await ethers.getSigners();
  for (const person of [alice!, bob!]) {
    await p.token.transfer(person.address, 20n * p.parameters.familyBond);
    await p.token.connect(person).approve(p.addresses.DomainRegistry, ethers.MaxUint256);
  }
  await p.registry.connect(alice!).proposeFamily(domain, LABEL);
  const peers = await peersOf(p);
  return { ...p, domain, alice: alice!, bob: bob!, peers, bond: p.parameters.familyBond };
}

describe("DomainRegistry families", () => {
  // proposeFamily
  // ├── when the domain is unknown → UnknownDomain
  // ├── when the label is empty or longer than 64 bytes → InvalidName
  // ├── when the lineage is proposed already → AlreadyProposed
  // ├── when the lineage is listed, in any slot → AlreadyListed
  // └── else the bond moves in
  describe("proposeFamily", () => {
    it("reverts when the domain is unknown", async () => {
      const { registry, bob } = await networkHelpers.loadFixture(families);
      await expect(registry.connect(bob).proposeFamily(9, "x"))
        .to.be.revertedWithCustomError(registry, "UnknownDomain")
        .withArgs(9);
    });

    for (const label of ["", "y".repeat(65)]) {
      it(`reverts when the label has ${label.length} bytes [DOM-9]`, async () => {
        const { registry, domain, bob } = await networkHelpers.loadFixture(families);
        await expect(registry.connect(bob).proposeFamily(domain, label))
          .to.be.revertedWithCustomError(registry, "InvalidName")
          .withArgs(label);
      });
    }

    it("accepts labels of 1 and of 64 bytes", async () => {
      const { registry, domain, bob } = await networkHelpers.loadFixture(families);
      for (const label of ["y", "y".repeat(64)]) {
        await expect(registry.connect(bob).proposeFamily(domain, label)).to.emit(registry, "FamilyProposed");
      }
    });

    it("reverts when the lineage is proposed already, by whomever [DOM-9]", async () => {
      const { registry, domain, alice, bob } = await networkHelpers.loadFixture(families);
      for (const caller of [alice, bob]) {
        await expect(registry.connect(caller).proposeFamily(domain, LABEL))
          .to.be.revertedWithCustomError(registry, "AlreadyProposed")
          .withArgs(LINEAGE);
      }
    });

    it("reverts while the lineage is listed, in the first and in the last slot, and not once it is vacated [DOM-9]", async () => {
      const { registry, vault, domain, alice, bob } = await networkHelpers.loadFixture(families);
      for (let slot = FAMILY_LABELS.length; slot < 15; slot++) {
        await registry.connect(alice).proposeFamily(domain, `family ${slot}`);
        await registry.listFamily(domain, ethers.id(`family ${slot}`));
      }
      await registry.listFamily(domain, LINEAGE);
      for (const [label, slot] of [
        [FAMILY_LABELS[0]!, 0],
        [LABEL, 15],
      ] as const) {
        await expect(registry.connect(bob).proposeFamily(domain, label))
          .to.be.revertedWithCustomError(registry, "AlreadyListed")
          .withArgs(ethers.id(label), slot);
      }
      await vault.vacateFamily(domain, 15);
      await expect(registry.connect(bob).proposeFamily(domain, LABEL)).to.emit(registry, "FamilyProposed");
    });

    it("reverts when the bond is not allowed", async () => {
      const { registry, token, domain, bob, bond, addresses } = await networkHelpers.loadFixture(families);
      await token.connect(bob).approve(addresses.DomainRegistry, bond - 1n);
      await expect(registry.connect(bob).proposeFamily(domain, "z"))
        .to.be.revertedWithCustomError(token, "ERC20InsufficientAllowance")
        .withArgs(addresses.DomainRegistry, bond - 1n, bond);
    });

    it("takes the bond of anyone [DOM-9]", async () => {
      const { registry, token, domain, bob, bond, addresses } = await networkHelpers.loadFixture(families);
      const tx = await registry.connect(bob).proposeFamily(domain, "z");
      await expect(tx)
        .to.emit(registry, "FamilyProposed")
        .withArgs(domain, ethers.id("z"), bob.address, "z", bond);
      await expect(tx).to.changeTokenBalances(ethers, token, [bob, addresses.DomainRegistry], [-bond, bond]);
    });
  });

  // withdrawFamily
  // ├── when nothing is proposed, or it was listed → NotProposed
  // ├── when the caller is not the proposer → NotProposer
  // └── else the bond returns, once
  describe("withdrawFamily", () => {
    it("reverts when nothing is proposed", async () => {
      const { registry, domain, alice } = await networkHelpers.loadFixture(families);
      await expect(registry.connect(alice).withdrawFamily(domain, ethers.id("none")))
        .to.be.revertedWithCustomError(registry, "NotProposed")
        .withArgs(ethers.id("none"));
    });

    it("reverts when the family was listed", async () => {
      const { registry, domain, alice } = await networkHelpers.loadFixture(families);
      await registry.listFamily(domain, LINEAGE);
      await expect(registry.connect(alice).withdrawFamily(domain, LINEAGE))
        .to.be.revertedWithCustomError(registry, "NotProposed")
        .withArgs(LINEAGE);
    });

    it("reverts when the caller is not the proposer, also when it owns the domain [DOM-10]", async () => {
      const { registry, domain, alice, bob, deployer } = await networkHelpers.loadFixture(families);
      for (const caller of [bob, deployer]) {
        await expect(registry.connect(caller).withdrawFamily(domain, LINEAGE))
          .to.be.revertedWithCustomError(registry, "NotProposer")
          .withArgs(caller.address, alice.address);
      }
    });

    it("returns the bond once and frees the lineage [DOM-10]", async () => {
      const { registry, token, domain, alice, bob, bond } = await networkHelpers.loadFixture(families);
      const tx = await registry.connect(alice).withdrawFamily(domain, LINEAGE);
      await expect(tx).to.emit(registry, "FamilyWithdrawn").withArgs(domain, LINEAGE, alice.address, bond);
      await expect(tx).to.changeTokenBalance(ethers, token, alice, bond);
      await expect(registry.connect(alice).withdrawFamily(domain, LINEAGE))
        .to.be.revertedWithCustomError(registry, "NotProposed")
        .withArgs(LINEAGE);
      await registry.connect(bob).proposeFamily(domain, LABEL);
    });
  });

  // listFamily
  // ├── when the domain is unknown, the caller not its owner → refused
  // ├── when nothing is proposed → NotProposed
  // ├── given 16 families → FamiliesFull
  // └── else the first free slot
  describe("listFamily", () => {
    it("reverts when the domain is unknown", async () => {
      const { registry } = await networkHelpers.loadFixture(families);
      await expect(registry.listFamily(5, LINEAGE))
        .to.be.revertedWithCustomError(registry, "UnknownDomain")
        .withArgs(5);
    });

    it("reverts when the caller is not the domain's owner", async () => {
      const { registry, domain, alice, deployer } = await networkHelpers.loadFixture(families);
      await expect(registry.connect(alice).listFamily(domain, LINEAGE))
        .to.be.revertedWithCustomError(registry, "NotDomainOwner")
        .withArgs(alice.address, deployer.address);
    });

    it("reverts when nothing is proposed, and when it was listed", async () => {
      const { registry, domain } = await networkHelpers.loadFixture(families);
      for (const label of ["none", FAMILY_LABELS[0]]) {
        await expect(registry.listFamily(domain, ethers.id(label)))
          .to.be.revertedWithCustomError(registry, "NotProposed")
          .withArgs(ethers.id(label));
      }
    });

    it("puts a proposal into the first free slot and keeps its proposer and bond [DOM-11]", async () => {
      const { registry, domain, alice, bond } = await networkHelpers.loadFixture(families);
      await expect(registry.listFamily(domain, LINEAGE))
        .to.emit(registry, "FamilyListed")
        .withArgs(domain, FAMILY_LABELS.length, LINEAGE);
      expect(await registry.familyOf(domain, FAMILY_LABELS.length)).to.deep.equal([
        alice.address,
        bond,
        LINEAGE,
      ]);
    });

    it("reverts when all 16 slots are taken and uses a vacated one [DOM-8, DOM-11]", async () => {
      const { registry, vault, domain, alice, bond } = await networkHelpers.loadFixture(families);
      for (let slot = FAMILY_LABELS.length; slot < 16; slot++) {
        await registry.connect(alice).proposeFamily(domain, `family ${slot}`);
        await registry.listFamily(domain, ethers.id(`family ${slot}`));
      }
      await expect(registry.listFamily(domain, LINEAGE))
        .to.be.revertedWithCustomError(registry, "FamiliesFull")
        .withArgs(domain, 16n);
      await vault.vacateFamily(domain, 9);
      await registry.listFamily(domain, LINEAGE);
      expect(await registry.familyOf(domain, 9)).to.deep.equal([alice.address, bond, LINEAGE]);
    });
  });

  // vacateFamily
  // ├── when the caller is not the StakeVault → NotVault
  // ├── when the slot is empty → UnknownFamily
  // ├── when neither the proposer nor the domain's owner asked → NotProposer
  // └── else the bond returns to the proposer, whoever of the two asked
  describe("vacateFamily", () => {
    it("reverts when the caller is not the StakeVault, even the domain's owner", async () => {
      const { registry, domain, deployer, alice, peers, addresses } =
        await networkHelpers.loadFixture(families);
      for (const caller of [deployer, alice, peers.assay, peers.minter, peers.ledger]) {
        await expect(registry.connect(caller).vacateFamily(domain, 0, caller.address))
          .to.be.revertedWithCustomError(registry, "NotVault")
          .withArgs(caller.address, addresses.StakeVault);
      }
    });

    it("reverts when the slot is empty", async () => {
      const { registry, vault, domain, bob } = await networkHelpers.loadFixture(families);
      for (const slot of [4, 15, 200]) {
        await expect(vault.connect(bob).vacateFamily(domain, slot))
          .to.be.revertedWithCustomError(registry, "UnknownFamily")
          .withArgs(domain, slot);
      }
    });

    it("returns the bond to the proposer and empties the slot [DOM-12]", async () => {
      const w = await networkHelpers.loadFixture(families);
      const { registry, vault, token, domain, deployer, alice, bob, bond } = w;
      await registry.listFamily(domain, LINEAGE);
      // Nobody else can take a slot away before its first operator registers.
      await expect(vault.connect(bob).vacateFamily(domain, FAMILY_LABELS.length))
        .to.be.revertedWithCustomError(registry, "NotProposer")
        .withArgs(bob.address, alice.address);
      const before = await networkHelpers.takeSnapshot();
      await vault.connect(deployer).vacateFamily(domain, FAMILY_LABELS.length);
      await before.restore();
      const tx = await vault.connect(alice).vacateFamily(domain, FAMILY_LABELS.length);
      await expect(tx).to.emit(registry, "FamilyVacated").withArgs(domain, FAMILY_LABELS.length, LINEAGE);
      await expect(tx).to.changeTokenBalances(ethers, token, [alice, bob], [bond, 0n]);
      expect((await registry.familyOf(domain, FAMILY_LABELS.length)).proposer).to.equal(ethers.ZeroAddress);
      await expect(vault.connect(bob).vacateFamily(domain, FAMILY_LABELS.length))
        .to.be.revertedWithCustomError(registry, "UnknownFamily")
        .withArgs(domain, FAMILY_LABELS.length);
    });

    it("leaves the registry with exactly the bonds of what is proposed and listed [INV-5]", async () => {
      const { registry, vault, token, domain, alice, bond, addresses } =
        await networkHelpers.loadFixture(families);
      expect(await token.balanceOf(addresses.DomainRegistry)).to.equal(5n * bond);
      await registry.listFamily(domain, LINEAGE);
      await registry.connect(alice).proposeFamily(domain, "sixth");
      expect(await token.balanceOf(addresses.DomainRegistry)).to.equal(6n * bond);
      for (let slot = 0; slot < 5; slot++) await vault.vacateFamily(domain, slot);
      await registry.connect(alice).withdrawFamily(domain, ethers.id("sixth"));
      expect(await token.balanceOf(addresses.DomainRegistry)).to.equal(0n);
    });
  });
});
