import { expect } from "chai";

import { impersonated } from "../fixtures/peers.ts";
import { expectExactSums, vaultWorld } from "../fixtures/vault.ts";
import { ethers, FAMILY_LABELS, networkHelpers, nextEpoch } from "../fixtures/world.ts";

const load = networkHelpers.loadFixture.bind(networkHelpers);
/** To whoever reported, for the epochs of this test; see bounty.test.ts. */
const BOUNTY = [ethers.toBeHex(1, 20), 0n, 30n, 1n] as const;
/** Nobody reported: the operator is free to choose its family again. */
const NONE = [ethers.ZeroAddress, 0n, 0n, 0n] as const;

/** The default world and the registry of clones, which decided to move the first operator out of family 0. */
async function judged() {
  const w = await vaultWorld();
  return {
    ...w,
    judge: w.vault.connect(await impersonated(w.addresses.CloneRegistry)),
    owner: w.first.address,
  };
}

type Given = Awaited<ReturnType<typeof judged>>;

/** Rests until it weighs nothing in every epoch that can be read, then leaves. */
async function leave(w: Given) {
  const own = w.vault.connect(w.first);
  await own.rest(w.domain, true);
  await nextEpoch(w, 3n);
  await own.deregister(w.domain);
}

/** The first half of a family's lineage. */
const halfOf = (family: 0 | 1 | 2 | 3) => ethers.id(FAMILY_LABELS[family]).slice(0, 34);

const comeBack = (w: Given, family: number) =>
  w.vault.connect(w.first).register(w.domain, w.owner, family, 1_000, ethers.id("model"), "");

describe("StakeVault", () => {
  // reclassify
  // ├── when the caller is not the CloneRegistry, the family is not listed or nobody ever registered → refused
  // ├── when the last move has not aged → ReclassifiedLately
  // ├── given a registered operator: it counts in the new family with the next epoch, whatever happens until then
  // ├── given one that left: it can come back to that family only
  // └── given no reporter: it can come back to any
  describe("reclassify", () => {
    it("is for the CloneRegistry only [STK-24]", async () => {
      const w = await load(judged);
      await expect(w.vault.connect(w.peers.assay).reclassify(w.domain, w.owner, 1, BOUNTY))
        .to.be.revertedWithCustomError(w.vault, "NotCloneRegistry")
        .withArgs(w.addresses.Assay, w.addresses.CloneRegistry);
    });

    it("refuses families that are not listed and owners that never registered", async () => {
      const w = await load(judged);
      await expect(w.judge.reclassify(w.domain, w.owner, 4, BOUNTY))
        .to.be.revertedWithCustomError(w.vault, "UnknownFamily")
        .withArgs(w.domain, 4);
      await expect(w.judge.reclassify(w.domain, w.alice.address, 1, BOUNTY))
        .to.be.revertedWithCustomError(w.vault, "NotRegistered")
        .withArgs(w.domain, w.alice.address);
    });

    it("keeps sums exact while stake, rest and R move in the same epoch [STK-24]", async () => {
      const w = await load(judged);
      const own = w.vault.connect(w.first);
      const steps = [
        () => w.judge.reclassify(w.domain, w.owner, 2, BOUNTY),
        () => own.requestUnstake(w.domain, w.owner, 10n ** 20n),
        () => own.rest(w.domain, true),
        () => own.rest(w.domain, false),
        () => own.cancelUnstake(w.domain, w.owner),
      ];
      for (const step of steps) {
        await step();
        await expectExactSums(w, w.domain, w.owners);
      }
      for (let e = 0; e < 3; e++) {
        await nextEpoch(w);
        await expectExactSums(w, w.domain, w.owners);
      }
      expect((await w.vault.operatorOf(w.domain, w.owner)).family).to.equal(2n);
    });

    it("takes a family out of the sums that falls below its floor, and back in", async () => {
      const w = await load(judged);
      for (const owner of w.owners.filter((_, i) => i % 4 === 0))
        await w.judge.reclassify(w.domain, owner.address, 1, BOUNTY);
      expect((await w.vault.nextDomainSums(w.domain)).families, "families").to.equal(3n);
      await expectExactSums(w, w.domain, w.owners);
      await nextEpoch(w, 2n);
      await w.judge.reclassify(w.domain, w.owner, 0, NONE);
      expect((await w.vault.nextDomainSums(w.domain)).families, "families").to.equal(4n);
      await expectExactSums(w, w.domain, w.owners);
    });

    it("moves an operator again only when the last move has aged [STK-24]", async () => {
      const w = await load(judged);
      const since: bigint = (await w.vault.currentEpoch()) + 1n;
      await w.judge.reclassify(w.domain, w.owner, 1, BOUNTY);
      for (let e = 0; e < 2; e++) {
        await expect(w.judge.reclassify(w.domain, w.owner, 2, BOUNTY))
          .to.be.revertedWithCustomError(w.vault, "ReclassifiedLately")
          .withArgs(w.domain, w.owner, since);
        await nextEpoch(w);
      }
      await w.judge.reclassify(w.domain, w.owner, 2, BOUNTY);
      await expectExactSums(w, w.domain, w.owners);
    });

    it("lets an operator that left come back to its family only [STK-23, STK-25]", async () => {
      const w = await load(judged);
      await w.judge.reclassify(w.domain, w.owner, 1, BOUNTY);
      await leave(w);
      expect(await w.vault.familyMembers(w.domain, 1), "members after it left").to.equal(3n);
      await expect(comeBack(w, 0))
        .to.be.revertedWithCustomError(w.vault, "FamilyPinned")
        .withArgs(w.domain, w.owner, halfOf(0), halfOf(1));
      const last: bigint = (await w.vault.originOf(w.domain, w.owners.at(-1)!.address)).serial;
      await comeBack(w, 1);
      const { serial, pin } = await w.vault.originOf(w.domain, w.owner);
      expect([serial, pin], "it registered last, and stays pinned").to.deep.equal([last + 1n, halfOf(1)]);
      await expectExactSums(w, w.domain, w.owners);
    });

    it("binds it to the lineage, not to the slot [STK-25]", async () => {
      const w = await load(judged);
      const list = async (label: string) => {
        await w.registry.proposeFamily(w.domain, label);
        await w.registry.listFamily(w.domain, ethers.id(label));
      };
      await list("fifth");
      await w.judge.reclassify(w.domain, w.owner, 4, BOUNTY);
      await leave(w);
      await w.vault.vacateFamily(w.domain, 4);
      await list("newcomers");
      const fifth = ethers.id("fifth").slice(0, 34);
      await expect(comeBack(w, 4))
        .to.be.revertedWithCustomError(w.vault, "FamilyPinned")
        .withArgs(w.domain, w.owner, ethers.id("newcomers").slice(0, 34), fifth);
      await list("fifth");
      await comeBack(w, 5);
      expect((await w.vault.originOf(w.domain, w.owner)).pin, "stays pinned").to.equal(fifth);
    });

    it("decides about an operator that left before, and lets it go again [STK-25]", async () => {
      const w = await load(judged);
      await leave(w);
      const members = await Promise.all([0, 1].map((f) => w.vault.familyMembers(w.domain, f)));
      await w.judge.reclassify(w.domain, w.owner, 1, BOUNTY);
      for (const f of [0, 1])
        expect(await w.vault.familyMembers(w.domain, f), `members of ${f}`).to.equal(members[f]);
      await expect(comeBack(w, 3))
        .to.be.revertedWithCustomError(w.vault, "FamilyPinned")
        .withArgs(w.domain, w.owner, halfOf(3), halfOf(1));
      await nextEpoch(w, 2n);
      await w.judge.reclassify(w.domain, w.owner, 0, NONE);
      await comeBack(w, 3);
      await expectExactSums(w, w.domain, w.owners);
    });
  });
});
