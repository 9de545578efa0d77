import { expect } from "chai";

import { GWEI, WAD } from "../../deploy/parameters.ts";
import { clonesWorld, exhibits, idsOf, leave, shared, sharedPast } from "../fixtures/clones.ts";
import { impersonated } from "../fixtures/peers.ts";
import { ballot, commitBallot } from "../fixtures/round.ts";
import { openSealed } from "../fixtures/seated.ts";
import { expectExactSums } from "../fixtures/vault.ts";
import { DAY, ethers, FAMILY_LABELS, networkHelpers, nextEpoch } from "../fixtures/world.ts";

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

/** The earlier one leaves and comes back, by which it is the later one; the window is over. */
async function returnLater(w: Awaited<ReturnType<typeof reported>>) {
  await leave(w, 0);
  await w.vault.connect(w.owners[0]!).register(w.domain, w.earlier, 0, 1_000, ethers.id("model"), "");
  const now = BigInt(await networkHelpers.time.latest());
  if (now < w.openUntil) await networkHelpers.time.increaseTo(w.openUntil);
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
  // ├── when no case is open or its window is over → refused
  // ├── when nothing is given that is not in evidence → NothingToAdd
  // ├── when a request is of the report's epoch or later → TooNew
  // └── otherwise the requests are added; in the last quarter the window moves, at most to twice its length
  describe("reply", () => {
    it("adds requests that the reporter left out [CLONE-6]", async () => {
      const w = await load(reported);
      const before = (await w.clones.caseOf(...w.pair)).sums;
      await w.clones.connect(w.owners[1]!).reply(...w.pair, exhibits(w.alibis, 0, 1));
      const [event] = await w.clones.queryFilter("EvidenceAdded", "latest");
      const { requestIds, sums } = (event as unknown as { args: { requestIds: string[]; sums: bigint[] } })
        .args;
      expect([...requestIds], "ids added").to.deep.equal(idsOf(w.alibis));
      const open = await w.clones.caseOf(...w.pair);
      expect(open.sums, "stored sums").to.deep.equal(sums);
      expect(open.sums.claims, "uncertain claims").to.be.above(before.claims);
      expect(open.openUntil, "an early reply does not move the end").to.equal(w.openUntil);
    });

    it("passes over what is in evidence, so that no reply can be spoiled [CLONE-6]", async () => {
      const w = await load(reported);
      await w.reporter.reply(...w.pair, exhibits(w.alibis.slice(0, 1), 0, 1));
      const given = exhibits([...w.alike, ...w.alibis], 0, 1);
      await w.clones.connect(w.owners[1]!).reply(...w.pair, given);
      const [event] = await w.clones.queryFilter("EvidenceAdded", "latest");
      const { requestIds } = (event as unknown as { args: { requestIds: string[] } }).args;
      expect([...requestIds], "ids added").to.deep.equal(idsOf(w.alibis.slice(1)));
      const together = (await w.clones.caseOf(...w.pair)).sums;

      // The same in one reply.
      const v = await load(reported);
      await v.clones.reply(...v.pair, exhibits(v.alibis, 0, 1));
      expect((await v.clones.caseOf(...v.pair)).sums, "sums").to.deep.equal(together);
    });

    it("leaves time to answer a late reply, up to an end that nobody can move [CLONE-6]", async () => {
      const w = await load(reported);
      const lastEnd = w.openUntil + WINDOW;
      let until = w.openUntil;
      for (const alibi of w.alibis) {
        await networkHelpers.time.setNextBlockTimestamp(until - 1n);
        await w.clones.reply(...w.pair, exhibits([alibi], 0, 1));
        const moved = until - 1n + WINDOW / 4n;
        until = moved < lastEnd ? moved : lastEnd;
        expect((await w.clones.caseOf(...w.pair)).openUntil).to.equal(until);
      }
      expect(until, "the end").to.equal(lastEnd);
      await networkHelpers.time.increaseTo(lastEnd);
      await w.clones.close(...w.pair);
    });

    it("takes no request that was opened when the accused could know [CLONE-2]", async () => {
      const w = await load(reported);
      const epoch: bigint = await w.vault.currentEpoch();
      for (let e = 0n; e < 2n; e++) {
        const alibi = await shared(w, 800 + Number(e), { alibi: true });
        await expect(w.clones.reply(...w.pair, exhibits([...w.alibis, alibi], 0, 1)))
          .to.be.revertedWithCustomError(w.clones, "TooNew")
          .withArgs(alibi.id, epoch + e, epoch);
        await nextEpoch(w);
      }
    });

    it("refuses nothing new, more than a call takes, and a closed window", async () => {
      const w = await load(reported);
      for (const given of [[], exhibits(w.alike, 0, 1)])
        await expect(w.clones.reply(...w.pair, given)).to.be.revertedWithCustomError(
          w.clones,
          "NothingToAdd",
        );
      await expect(w.clones.reply(...w.pair, new Array(129).fill(exhibits(w.alibis, 0, 1)[0])))
        .to.be.revertedWithCustomError(w.clones, "BatchTooLarge")
        .withArgs(129, 128);
      await expect(w.clones.reply(w.domain, w.later, w.earlier, []))
        .to.be.revertedWithCustomError(w.clones, "WrongStatus")
        .withArgs(0, 1);
      await networkHelpers.time.setNextBlockTimestamp(w.openUntil);
      await expect(w.clones.reply(...w.pair, exhibits(w.alibis, 0, 1)))
        .to.be.revertedWithCustomError(w.clones, "ReplyWindowOver")
        .withArgs(w.openUntil, w.openUntil);
    });
  });

  // close
  // ├── when no case is open or its window is → refused
  // ├── when all evidence together is not alike → cleared; the bond goes to the accused
  // ├── when the earlier one left, came back or was moved, or they are of one family → the bond returns, nothing is cleared
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
      await w.clones.reply(...w.pair, exhibits(w.alibis, 0, 1));
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
      for (const [one, other] of [
        [w.earlier, w.later],
        [w.later, w.earlier],
      ])
        expect(await w.clones.firstEpochOf(w.domain, one, other), "in either order").to.equal(epoch + 1n);
      await nextEpoch(w);
      await w.reporter.report(...w.pair, exhibits(await sharedPast(w, 500), 0, 1));
    });

    it("holds what it cleared for the pair in the other order, too [CLONE-10]", async () => {
      const w = await load(reported);
      await w.clones.reply(...w.pair, exhibits(w.alibis, 0, 1));
      await networkHelpers.time.increaseTo(w.openUntil);
      await w.clones.close(...w.pair);
      const first: bigint = await w.clones.firstEpochOf(w.domain, w.earlier, w.later);
      await returnLater(w);
      await expect(w.reporter.report(w.domain, w.later, w.earlier, exhibits(w.alike, 1, 0)))
        .to.be.revertedWithCustomError(w.clones, "TooOld")
        .withArgs(w.alike[0]!.id, w.alike[0]!.terms.epoch, first);
    });

    it("moves nobody if the earlier one came later in the meantime, and leaves the evidence [CLONE-7]", async () => {
      const w = await load(reported);
      await returnLater(w);
      const epoch: bigint = await w.vault.currentEpoch();
      const tx = await w.clones.close(...w.pair);
      await expect(tx)
        .to.emit(w.clones, "CloneDismissed")
        .withArgs(...w.pair, w.outsider.address, w.bond);
      expect((await w.vault.seatWeights(w.domain, w.later, epoch + 1n)).family, "its family").to.equal(1n);
      // Now it is the other one that registered later.
      await w.reporter.report(w.domain, w.later, w.earlier, exhibits(w.alike, 1, 0));
    });

    it("moves nobody if the earlier one was moved itself, or left [CLONE-7]", async () => {
      const w = await load(reported);
      const judge = w.vault.connect(await impersonated(w.addresses.CloneRegistry));
      await judge.reclassify(w.domain, w.earlier, 2, [w.outsider.address, 0, 1, 1]);
      await networkHelpers.time.increaseTo(w.openUntil);
      await expect(w.clones.close(...w.pair))
        .to.emit(w.clones, "CloneDismissed")
        .withArgs(...w.pair, w.outsider.address, w.bond);
      await w.reporter.report(...w.pair, exhibits(w.alike, 0, 1));
      await leave(w, 0);
      await networkHelpers.time.increaseTo((await w.clones.caseOf(...w.pair)).openUntil);
      await expect(w.clones.close(...w.pair))
        .to.emit(w.clones, "CloneDismissed")
        .withArgs(...w.pair, w.outsider.address, w.bond);
    });

    it("pays the accused that was cleared, although the earlier one left [CLONE-7]", async () => {
      const w = await load(reported);
      await w.clones.reply(...w.pair, exhibits(w.alibis, 0, 1));
      await leave(w, 0);
      await networkHelpers.time.increaseTo(w.openUntil + DAY);
      await expect(w.clones.close(...w.pair))
        .to.emit(w.clones, "CloneDismissed")
        .withArgs(...w.pair, w.later, w.bond);
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
  // ├── when the slot named is not of the lineage it came from → LineageMismatch
  // ├── when a later case moved it on → MovedSince
  // └── otherwise the operator moves back with the next epoch, its bounty ends, and only later requests judge it
  describe("reverse", () => {
    it("moves the operator back, in public [CLONE-9, CLONE-10]", async () => {
      const w = await load(confirmed);
      await nextEpoch(w, 2n);
      const epoch: bigint = await w.vault.currentEpoch();
      const tx = await w.clones.reverse(...w.pair, 1, "the earlier one copied");
      await expect(tx)
        .to.emit(w.clones, "CloneReversed")
        .withArgs(...w.pair, 1, "the earlier one copied");
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
        await expect(w.clones.reverse(...w.pair, 1, "too early"))
          .to.be.revertedWithCustomError(w.vault, "ReclassifiedLately")
          .withArgs(w.domain, w.later, epoch + 1n);
        await nextEpoch(w);
      }
      await w.clones.reverse(...w.pair, 1, "in time");
    });

    it("finds the lineage where it is listed now [CLONE-9]", async () => {
      const w = await load(confirmed);
      // The only other operator of the clone's former family leaves, and its slot is given to others.
      await leave(w, 5);
      await w.vault.vacateFamily(w.domain, 1);
      const list = async (label: string) => {
        await w.registry.proposeFamily(w.domain, label);
        await w.registry.listFamily(w.domain, ethers.id(label));
      };
      const none = () =>
        expect(w.clones.reverse(...w.pair, 1, "its lineage is gone")).to.be.revertedWithCustomError(
          w.clones,
          "LineageMismatch",
        );
      await none().withArgs(ethers.ZeroHash, ethers.id(FAMILY_LABELS[1]));
      await list("newcomers");
      await none().withArgs(ethers.id("newcomers"), ethers.id(FAMILY_LABELS[1]));
      await list(FAMILY_LABELS[1]);
      await w.clones.reverse(...w.pair, 4, "the earlier one copied");
      await nextEpoch(w);
      expect((await w.vault.operatorOf(w.domain, w.later)).family, "its family").to.equal(4n);
    });

    it("remembers the lineage of one that left before it was moved [CLONE-9]", async () => {
      const w = await load(reported);
      await leave(w, 5);
      await leave(w, 1);
      await w.vault.vacateFamily(w.domain, 1);
      await networkHelpers.time.increaseTo(w.openUntil + DAY * 2n);
      await w.clones.close(...w.pair);
      for (const label of ["newcomers", FAMILY_LABELS[1]]) {
        await w.registry.proposeFamily(w.domain, label);
        await w.registry.listFamily(w.domain, ethers.id(label));
      }
      await nextEpoch(w, 2n);
      await expect(w.clones.reverse(...w.pair, 1, "to newcomers"))
        .to.be.revertedWithCustomError(w.clones, "LineageMismatch")
        .withArgs(ethers.id("newcomers"), ethers.id(FAMILY_LABELS[1]));
      await w.clones.reverse(...w.pair, 4, "the earlier one copied");
    });

    it("keeps what was decided, whatever becomes of the earlier one [CLONE-1]", async () => {
      const w = await load(confirmed);
      const judge = w.vault.connect(await impersonated(w.addresses.CloneRegistry));
      await judge.reclassify(w.domain, w.earlier, 2, [w.outsider.address, 0, 1, 1]);
      await nextEpoch(w, 2n);
      await expect(w.reporter.report(...w.pair, exhibits(w.alike, 0, 1)))
        .to.be.revertedWithCustomError(w.clones, "WrongStatus")
        .withArgs(2, 0);
      await w.clones.reverse(...w.pair, 1, "it can be undone as before");
    });

    it("undoes several moves of one operator in the other order only, and binds it until the last [CLONE-9]", async () => {
      const w = await load(clonesWorld);
      const sibling = w.owners[4]!.address;
      const decide = async (by: number, requests: Awaited<ReturnType<typeof sharedPast>>) => {
        const pair = [w.domain, w.owners[by]!.address, sibling] as const;
        await w.reporter.report(...pair, exhibits(requests, by, 4));
        await networkHelpers.time.increaseTo((await w.clones.caseOf(...pair)).openUntil);
        await w.clones.close(...pair);
        return pair;
      };
      // From family 0 to that of the first clone, and back to that of the model both copy.
      const first = await decide(1, w.alike);
      await nextEpoch(w, 2n);
      const second = await decide(0, await sharedPast(w, 600));
      await nextEpoch(w, 2n);
      const [one, two] = await Promise.all(
        [first, second].map(async (p) => (await w.clones.caseOf(...p)).number),
      );
      await expect(w.clones.reverse(...first, 0, "out of turn"))
        .to.be.revertedWithCustomError(w.clones, "MovedSince")
        .withArgs(sibling, one, two);
      const pinned = async () => (await w.vault.originOf(w.domain, sibling)).pin;
      const halfOf = (f: 0 | 1) => ethers.id(FAMILY_LABELS[f]).slice(0, 34);
      expect(await pinned(), "bound to the second").to.equal(halfOf(0));
      await w.clones.reverse(...second, 1, "in turn");
      expect(await pinned(), "bound to the first").to.equal(halfOf(1));
      await nextEpoch(w, 2n);
      await w.clones.reverse(...first, 0, "in turn");
      expect(await pinned(), "free").to.equal(`0x${"0".repeat(32)}`);
      await nextEpoch(w);
      expect((await w.vault.operatorOf(w.domain, sibling)).family, "its family").to.equal(0n);
      await expectExactSums(w, w.domain, w.owners);
    });

    it("refuses others, silence, and what was not decided", async () => {
      const w = await load(confirmed);
      await expect(w.reporter.reverse(...w.pair, 1, "mine"))
        .to.be.revertedWithCustomError(w.clones, "NotDomainOwner")
        .withArgs(w.outsider.address, w.deployer.address);
      await expect(w.clones.reverse(...w.pair, 1, "")).to.be.revertedWithCustomError(w.clones, "NoReason");
      await expect(w.clones.reverse(w.domain, w.later, w.earlier, 1, "nothing"))
        .to.be.revertedWithCustomError(w.clones, "WrongStatus")
        .withArgs(0, 2);
    });
  });
});
