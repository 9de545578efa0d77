import { expect } from "chai";

import { GWEI, WAD } from "../../deploy/parameters.ts";
import { clonesWorld, exhibits, idsOf, shared } from "../fixtures/clones.ts";
import { ballot, commitBallot } from "../fixtures/round.ts";
import { openSealed } from "../fixtures/seated.ts";
import { expectExactSums } from "../fixtures/vault.ts";
import { DAY, ethers, networkHelpers, nextEpoch } from "../fixtures/world.ts";

const load = networkHelpers.loadFixture.bind(networkHelpers);
const WINDOW = 3n * DAY;

/** The case on the two clones is open. */
async function reported() {
  const w = await clonesWorld();
  await w.reporter.report(w.domain, w.earlier, w.later, exhibits(w.alike, 0, 1));
  const pair = [w.domain, w.earlier, w.later] as const;
  const openUntil = BigInt(await networkHelpers.time.latest()) + WINDOW;
  return { ...w, pair, openUntil };
}

/** The window is over. */
async function answered() {
  const w = await reported();
  await networkHelpers.time.increaseTo(w.openUntil);
  return w;
}

/** The later one counts in family 0 from the next epoch on. */
async function confirmed() {
  const w = await answered();
  await w.clones.close(...w.pair);
  return w;
}

describe("CloneRegistry", () => {
  // reply
  // ├── when no case is open, its window is over or nothing is given → refused
  // ├── when the known ids are not those in evidence, or a request is in evidence already → refused
  // ├── when it has too many exhibits, or the case would have → BatchTooLarge, TooMuchEvidence
  // └── otherwise the requests are added; in the last quarter the window moves
  describe("reply", () => {
    it("adds requests that the reporter left out [CLONE-6]", async () => {
      const w = await load(reported);
      const before = (await w.clones.caseOf(...w.pair)).sums;
      const ids = idsOf([...w.alike, ...w.alibis]);
      await w.clones.connect(w.owners[1]!).reply(...w.pair, idsOf(w.alike), exhibits(w.alibis, 0, 1));
      const [event] = await w.clones.queryFilter("EvidenceAdded", "latest");
      const { requestIds, sums } = (event as unknown as { args: { requestIds: string[]; sums: bigint[] } })
        .args;
      expect([...requestIds], "ids in evidence").to.deep.equal(ids);
      const open = await w.clones.caseOf(...w.pair);
      expect(open.sums, "stored sums").to.deep.equal(sums);
      expect(open.sums.claims, "uncertain claims").to.be.above(before.claims);
      expect(open.openUntil, "an early reply does not move the end").to.equal(w.openUntil);
    });

    it("leaves time to answer a late reply [CLONE-6]", async () => {
      const w = await load(reported);
      await networkHelpers.time.setNextBlockTimestamp(w.openUntil - 1n);
      await w.clones.reply(...w.pair, idsOf(w.alike), exhibits(w.alibis, 0, 1));
      expect((await w.clones.caseOf(...w.pair)).openUntil).to.equal(w.openUntil - 1n + WINDOW / 4n);
    });

    it("refuses what is in evidence, other known ids, nothing, and a closed window", async () => {
      const w = await load(reported);
      const known = idsOf(w.alike);
      await expect(w.clones.reply(...w.pair, known, exhibits([w.alike[2]!, w.alibis[0]!], 0, 1)))
        .to.be.revertedWithCustomError(w.clones, "AlreadyInEvidence")
        .withArgs(w.alike[2]!.id);
      const hashOf = (ids: readonly string[]) => ethers.keccak256(ethers.concat(ids));
      await expect(w.clones.reply(...w.pair, known.slice(1), exhibits(w.alibis, 0, 1)))
        .to.be.revertedWithCustomError(w.clones, "EvidenceMismatch")
        .withArgs(hashOf(known.slice(1)), hashOf(known));
      await expect(w.clones.reply(...w.pair, known, [])).to.be.revertedWithCustomError(
        w.clones,
        "NoEvidence",
      );
      await expect(w.clones.reply(w.domain, w.later, w.earlier, known, []))
        .to.be.revertedWithCustomError(w.clones, "WrongStatus")
        .withArgs(0, 1);
      await networkHelpers.time.setNextBlockTimestamp(w.openUntil);
      await expect(w.clones.reply(...w.pair, known, exhibits(w.alibis, 0, 1)))
        .to.be.revertedWithCustomError(w.clones, "ReplyWindowOver")
        .withArgs(w.openUntil, w.openUntil);
    });

    it("refuses more exhibits than a call takes, and more requests than a case holds [CLONE-12]", async () => {
      const w = await load(reported);
      const [one] = exhibits(w.alibis, 0, 1);
      const ids = Array.from({ length: 2_048 }, (_, i) => ethers.toBeHex(i + 1, 32));
      const reply = (known: readonly string[], count: number) =>
        w.clones.reply(...w.pair, known, new Array(count).fill(one));
      await expect(reply(ids, 1))
        .to.be.revertedWithCustomError(w.clones, "TooMuchEvidence")
        .withArgs(2_049, 2_048);
      await expect(reply(ids.slice(1), 1))
        .to.be.revertedWithCustomError(w.clones, "EvidenceMismatch")
        .withArgs(
          ethers.keccak256(ethers.concat(ids.slice(1))),
          ethers.keccak256(ethers.concat(idsOf(w.alike))),
        );
      await expect(reply(idsOf(w.alike), 129))
        .to.be.revertedWithCustomError(w.clones, "BatchTooLarge")
        .withArgs(129, 128);
    });
  });

  // close
  // ├── when no case is open or its window is → refused
  // ├── when all evidence together is not alike → cleared; the bond goes to the accused
  // ├── when there is nothing to decide any more → cleared; the bond returns
  // └── otherwise the later one moves to the earlier one's family with the next epoch; the bond returns, a bounty begins
  describe("close", () => {
    it("waits for the reply window [CLONE-7]", async () => {
      const w = await load(reported);
      await networkHelpers.time.setNextBlockTimestamp(w.openUntil - 1n);
      await expect(w.clones.close(...w.pair))
        .to.be.revertedWithCustomError(w.clones, "ReplyWindowOpen")
        .withArgs(w.openUntil - 1n, w.openUntil);
    });

    it("moves the later clone, exactly from the next epoch on, and takes nothing [CLONE-7, CLONE-8, STK-24]", async () => {
      const w = await load(answered);
      const stake = await w.vault.poolOf(w.domain, w.later);
      const epoch: bigint = await w.vault.currentEpoch();
      const now = await Promise.all([0, 1].map((f) => w.vault.familyWeight(w.domain, f, epoch)));
      const sums = await w.vault.domainSums(w.domain);
      const { weight } = await w.vault.seatWeights(w.domain, w.later, epoch);
      const tx = await w.clones.close(...w.pair);
      await expect(tx)
        .to.emit(w.clones, "CloneConfirmed")
        .withArgs(...w.pair, 1, 0);
      await expect(tx)
        .to.emit(w.vault, "OperatorReclassified")
        .withArgs(w.domain, w.later, 1, 0, epoch + 1n, true);
      await expect(tx)
        .to.emit(w.vault, "BountyPromised")
        .withArgs(w.domain, w.later, w.outsider.address, epoch + 1n, epoch + 31n, w.bond / GWEI);
      await expect(tx).to.changeTokenBalance(ethers, w.token, w.outsider, w.bond);

      for (const f of [0, 1])
        expect(await w.vault.familyWeight(w.domain, f, epoch), `family ${f} now`).to.equal(now[f]);
      expect(await w.vault.domainSums(w.domain), "sums now").to.deep.equal(sums);
      expect(await w.vault.familyWeight(w.domain, 0, epoch + 1n), "family 0 next").to.equal(now[0] + weight);
      expect(await w.vault.familyWeight(w.domain, 1, epoch + 1n), "family 1 next").to.equal(now[1] - weight);
      expect(await w.vault.familyMembers(w.domain, 0), "members of 0").to.equal(3n);
      expect(await w.vault.familyMembers(w.domain, 1), "members of 1").to.equal(1n);
      expect((await w.vault.operatorOf(w.domain, w.later)).family, "family in force").to.equal(1n);
      expect(await w.vault.poolOf(w.domain, w.later), "the pool").to.deep.equal(stake);

      const pool = w.vault.connect(w.owners[1]!);
      for (let e = 0; e < 4; e++) {
        await expectExactSums(w, w.domain, w.owners);
        await pool.requestUnstake(w.domain, w.later, 1_000n * WAD);
        await expectExactSums(w, w.domain, w.owners);
        await nextEpoch(w);
        expect((await w.vault.operatorOf(w.domain, w.later)).family, `family ${e} epochs on`).to.equal(0n);
      }
    });

    it("seats the clone in its old family in rounds of this epoch, in the new one later [STK-24]", async () => {
      const w = await load(answered);
      await nextEpoch(w);
      const families: bigint[] = [];
      const take = async (request: Awaited<ReturnType<typeof openSealed>>) => {
        await commitBallot(w, request, ballot(w.owners[1]!, [100]));
        families.push((await w.lens.seatOf(request.id, w.later)).family);
      };
      const before = await openSealed(w, 1);
      await w.clones.close(...w.pair);
      await take(before);
      await nextEpoch(w);
      // Three of family 0 share its seats now, so the clone is not drawn every time.
      let after = await openSealed(w, 1);
      for (let i = 0; i < 30 && !(await w.lens.isDrawn(after.id, w.later)).drawn; i++)
        after = await openSealed(w, 1);
      await take(after);
      expect(families).to.deep.equal([1n, 0n]);
    });

    it("clears the accused where all evidence together is not alike, and pays it the bond [CLONE-7, CLONE-10]", async () => {
      const w = await load(reported);
      await w.clones.reply(...w.pair, idsOf(w.alike), exhibits(w.alibis, 0, 1));
      await networkHelpers.time.increaseTo(w.openUntil);
      const epoch: bigint = await w.vault.currentEpoch();
      const tx = await w.clones.close(...w.pair);
      await expect(tx)
        .to.emit(w.clones, "CloneDismissed")
        .withArgs(...w.pair, w.later, w.bond);
      await expect(tx).to.changeTokenBalance(ethers, w.token, w.later, w.bond);
      expect((await w.vault.seatWeights(w.domain, w.later, epoch + 1n)).family, "its family").to.equal(1n);

      // What was judged is no evidence again; later requests are.
      await expect(w.reporter.report(...w.pair, exhibits(w.alike, 0, 1)))
        .to.be.revertedWithCustomError(w.clones, "TooOld")
        .withArgs(idsOf(w.alike)[0], exhibits(w.alike, 0, 1)[0]!.terms.epoch, epoch + 1n);
      await nextEpoch(w);
      const fresh = [];
      for (let i = 0; i < 5; i++) fresh.push(await shared(w, 500 + i));
      await w.reporter.report(...w.pair, exhibits(fresh, 0, 1));
    });

    it("returns the bond where another case brought the pair into one family before [CLONE-7]", async () => {
      const w = await load(reported);
      const sibling = [w.domain, w.later, w.owners[4]!.address] as const;
      await w.reporter.report(...sibling, exhibits(w.alike, 1, 4));
      await networkHelpers.time.increaseTo(w.openUntil + DAY);
      await w.clones.close(...w.pair);
      const tx = await w.clones.close(...sibling);
      await expect(tx)
        .to.emit(w.clones, "CloneDismissed")
        .withArgs(...sibling, w.outsider.address, w.bond);
      expect(await w.token.balanceOf(w.addresses.CloneRegistry), "bonds held").to.equal(0n);
    });
  });

  // reverse
  // ├── when the caller does not own the domain, gives no reason or nothing was decided → refused
  // ├── when the last move has not aged → ReclassifiedLately
  // ├── when the former slot is free, or of another lineage → FamilyGone
  // └── otherwise the operator moves back with the next epoch, its bounty ends, and only later requests judge it
  describe("reverse", () => {
    it("moves the operator back, in public [CLONE-9, CLONE-10]", async () => {
      const w = await load(confirmed);
      await nextEpoch(w, 2n);
      const epoch: bigint = await w.vault.currentEpoch();
      const tx = await w.clones.reverse(...w.pair, "the earlier one copied");
      await expect(tx)
        .to.emit(w.clones, "CloneReversed")
        .withArgs(...w.pair, "the earlier one copied");
      await expect(tx)
        .to.emit(w.vault, "OperatorReclassified")
        .withArgs(w.domain, w.later, 0, 1, epoch + 1n, false);
      expect((await w.vault.bountyOf(w.domain, w.later)).reporter, "the bounty").to.equal(ethers.ZeroAddress);
      for (let e = 0; e < 3; e++) {
        await expectExactSums(w, w.domain, w.owners);
        await nextEpoch(w);
      }
      expect((await w.vault.operatorOf(w.domain, w.later)).family).to.equal(1n);
      expect(await w.vault.familyMembers(w.domain, 1)).to.equal(2n);
      await expect(w.reporter.report(...w.pair, exhibits(w.alike, 0, 1)))
        .to.be.revertedWithCustomError(w.clones, "TooOld")
        .withArgs(idsOf(w.alike)[0], exhibits(w.alike, 0, 1)[0]!.terms.epoch, epoch + 1n);
    });

    it("waits until the epochs of the last move are over", async () => {
      const w = await load(confirmed);
      const epoch: bigint = await w.vault.currentEpoch();
      for (let e = 0; e < 2; e++) {
        await expect(w.clones.reverse(...w.pair, "too early"))
          .to.be.revertedWithCustomError(w.vault, "ReclassifiedLately")
          .withArgs(w.domain, w.later, epoch + 1n);
        await nextEpoch(w);
      }
      await w.clones.reverse(...w.pair, "in time");
    });

    it("finds no way back into a slot that lost its lineage [CLONE-9, DOM-12]", async () => {
      const w = await load(confirmed);
      // The only other operator of the clone's former family leaves.
      const last = w.owners[5]!;
      await w.vault.connect(last).rest(w.domain, true);
      await nextEpoch(w, 3n);
      await w.vault.connect(last).deregister(w.domain);
      await w.vault.vacateFamily(w.domain, 1);
      const gone = () =>
        expect(w.clones.reverse(...w.pair, "too late"))
          .to.be.revertedWithCustomError(w.clones, "FamilyGone")
          .withArgs(w.domain, 1);
      await gone();
      await w.registry.proposeFamily(w.domain, "newcomers");
      await w.registry.listFamily(w.domain, ethers.id("newcomers"));
      expect((await w.registry.familyOf(w.domain, 1)).lineage, "lineage").to.equal(ethers.id("newcomers"));
      await gone();
    });

    it("refuses others, silence, and what was not decided", async () => {
      const w = await load(confirmed);
      await expect(w.reporter.reverse(...w.pair, "mine"))
        .to.be.revertedWithCustomError(w.clones, "NotDomainOwner")
        .withArgs(w.outsider.address, w.deployer.address);
      await expect(w.clones.reverse(...w.pair, "")).to.be.revertedWithCustomError(w.clones, "NoReason");
      await expect(w.clones.reverse(w.domain, w.later, w.earlier, "nothing"))
        .to.be.revertedWithCustomError(w.clones, "WrongStatus")
        .withArgs(0, 2);
    });
  });
});
