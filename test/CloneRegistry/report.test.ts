import { expect } from "chai";

import {
  CLAIMS,
  clonesWorld,
  exhibits,
  idsOf,
  shared,
  type ClonesWorld,
  type Shared,
} from "../fixtures/clones.ts";
import { impersonated } from "../fixtures/peers.ts";
import { endReveal, openings, playRound } from "../fixtures/round.ts";
import { ballotsOf, committed, openSealed, unanimous } from "../fixtures/seated.ts";
import { networkHelpers, nextEpoch } from "../fixtures/world.ts";

const load = networkHelpers.loadFixture.bind(networkHelpers);

/** The sums over uncertain claims, from lanes and in floating-free BigInt. */
async function sumsOf(w: ClonesWorld, requests: readonly Shared[], a: number, b: number, distance = 2_500n) {
  const sums = [0n, 0n, 0n, 0n, 0n, 0n];
  for (const { id, rows } of requests) {
    const lanes: bigint[] = await w.assay.lanesOf(id);
    const { weight } = await w.lens.roundOf(id);
    const { threshold } = await w.lens.drawOf(id);
    for (let i = 0; i < CLAIMS; i++) {
      const lane = (lanes[i >> 4]! >> (240n - 16n * BigInt(i & 15))) & 0xffffn;
      const nearer = threshold < 32_768n ? threshold : 65_536n - threshold;
      const gap = (lane << 16n) - threshold * 255n * weight;
      if ((gap < 0n ? -gap : gap) * 10_000n > 2n * distance * 255n * weight * nearer) continue;
      const [x, y] = [BigInt(rows[a]![i]!), BigInt(rows[b]![i]!)];
      for (const [k, more] of [1n, x, y, x * x, y * y, x * y].entries()) sums[k]! += more;
    }
  }
  return sums;
}

const report = (w: ClonesWorld, requests: readonly Shared[], [a, b] = [0, 1] as [number, number]) =>
  w.reporter.report(w.domain, w.owners[a]!.address, w.owners[b]!.address, exhibits(requests, a, b));

describe("CloneRegistry", () => {
  // report
  // ├── when both are one, one is not registered, they share a family or come in the wrong order → refused
  // ├── when a case on the pair is open, or one moved the later of them → WrongStatus
  // ├── when it has more exhibits, or these more claims, than a call takes → BatchTooLarge, TooManyClaims
  // ├── given evidence
  // │   ├── of another domain, not finalized, of an appeal, of this epoch → refused
  // │   ├── in which both sat for one family → SatInOneFamily
  // │   ├── when somebody did not reveal, or votes are not those it revealed → refused
  // │   ├── when it is too little → TooLittleEvidence
  // │   └── when the votes are not alike → NotAlike
  // └── otherwise the case is open, the bond deposited
  describe("report", () => {
    it("opens a case on two clones, over all uncertain claims [CLONE-1, CLONE-3]", async () => {
      const w = await load(clonesWorld);
      const sums = await sumsOf(w, w.alike, 0, 1);
      expect(sums[0], "uncertain claims").to.be.at.least(512n);
      const before: bigint = await w.token.balanceOf(w.outsider.address);
      const tx = await report(w, w.alike);
      const openUntil = (await networkHelpers.time.latest()) + 3 * 86_400;
      await expect(tx)
        .to.emit(w.clones, "CloneReported")
        .withArgs(w.domain, w.earlier, w.later, w.outsider.address, idsOf(w.alike), sums, openUntil, w.bond);
      const open = await w.clones.caseOf(w.domain, w.earlier, w.later);
      expect(open.status, "status").to.equal(1n);
      expect(open.sums, "stored sums").to.deep.equal(sums);
      const epoch: bigint = await w.vault.currentEpoch();
      expect([open.epoch, open.family, open.lastEnd - open.openUntil], "what it is held to").to.deep.equal([
        epoch,
        0n,
        3n * 86_400n,
      ]);
      for (const { id } of w.alike) expect(await w.clones.isEvidence(open.number, id)).to.equal(true);
      expect(await w.clones.isEvidence(open.number, w.alibis[0]!.id)).to.equal(false);
      expect(await w.token.balanceOf(w.outsider.address), "the bond is paid").to.equal(before - w.bond);
      expect(await w.token.balanceOf(w.addresses.CloneRegistry), "and held").to.equal(w.bond);
    });

    for (const [name, pair] of [
      ["a model that resembles the other", [0, 2]],
      ["a model of its own", [0, 3]],
    ] as const)
      it(`refuses ${name} [CLONE-4]`, async () => {
        const w = await load(clonesWorld);
        const sums = await sumsOf(w, w.alike, pair[0], pair[1]);
        expect(sums[0], "uncertain claims").to.be.at.least(512n);
        await expect(report(w, w.alike, [...pair]))
          .to.be.revertedWithCustomError(w.clones, "NotAlike")
          .withArgs(sums, 9_500);
      });

    it("refuses one owner, one family, the wrong order and strangers [CLONE-1]", async () => {
      const w = await load(clonesWorld);
      const [first, second, , , sibling] = w.owners.map(({ address }) => address);
      const stranger = w.outsider.address;
      for (const [pair, error, args] of [
        [[first, first], "SameOwner", [first]],
        [[first, sibling], "SameFamily", [first, sibling, 0]],
        [[second, first], "NotLater", [second, first]],
        [[first, stranger], "NotRegistered", [w.domain, stranger]],
        [[stranger, first], "NotRegistered", [w.domain, stranger]],
      ] as const)
        await expect(w.reporter.report(w.domain, ...pair, exhibits(w.alike, 0, 1)), error)
          .to.be.revertedWithCustomError(w.clones, error)
          .withArgs(...args);
    });

    it("refuses forged votes of either, and those of a silent operator [CLONE-2]", async () => {
      const w = await load(clonesWorld);
      const evidence = exhibits(w.alike, 0, 1);
      const id = idsOf(w.alike)[2]!;
      for (const [side, owner] of [
        ["first", w.earlier],
        ["second", w.later],
      ] as const) {
        const votes = Uint8Array.from(evidence[2]![side]);
        votes[63]! ^= 1;
        const forged = [votes, votes.slice(0, 63), evidence[1]![side]];
        for (const given of forged)
          await expect(
            w.reporter.report(
              w.domain,
              w.earlier,
              w.later,
              evidence.with(2, { ...evidence[2]!, [side]: given }),
            ),
          )
            .to.be.revertedWithCustomError(w.clones, "VotesMismatch")
            .withArgs(id, owner);
      }
      const silent = w.owners[5]!.address;
      await expect(w.reporter.report(w.domain, w.earlier, silent, evidence))
        .to.be.revertedWithCustomError(w.clones, "NotRevealed")
        .withArgs(idsOf(w.alike)[0], silent);
    });

    it("refuses requests of another domain or by other terms, and counts one that comes twice once [CLONE-2]", async () => {
      const w = await load(clonesWorld);
      const evidence = exhibits(w.alike, 0, 1);
      const give = (given: typeof evidence) => w.reporter.report(w.domain, w.earlier, w.later, given);
      const three = evidence.slice(0, 3);
      await expect(give([...three, evidence[0]!, evidence[1]!]))
        .to.be.revertedWithCustomError(w.clones, "TooLittleEvidence")
        .withArgs(3, (await sumsOf(w, w.alike.slice(0, 3), 0, 1))[0], 4, 512);
      const terms = { ...evidence[0]!.terms, domain: BigInt(w.domain) + 1n };
      await expect(give(evidence.with(0, { ...evidence[0]!, terms })))
        .to.be.revertedWithCustomError(w.clones, "DomainMismatch")
        .withArgs(w.domain + 1, w.domain);
      const unknown = { ...evidence[0]!.terms, nonce: evidence[0]!.terms.nonce + 1_000n };
      await expect(give([{ ...evidence[0]!, terms: unknown }]))
        .to.be.revertedWithCustomError(w.clones, "NotFinalized")
        .withArgs(await w.assay.idOf(unknown));
    });

    it("refuses requests in which both sat for one family, where copies are no offence [CLONE-2]", async () => {
      const w = await load(clonesWorld);
      const sibling = w.owners[4]!.address;
      const judge = w.vault.connect(await impersonated(w.addresses.CloneRegistry));
      await judge.reclassify(w.domain, sibling, 2, [w.outsider.address, 0, 1, 1]);
      await nextEpoch(w);
      await expect(w.reporter.report(w.domain, w.earlier, sibling, exhibits(w.alike, 0, 4)))
        .to.be.revertedWithCustomError(w.clones, "SatInOneFamily")
        .withArgs(w.alike[0]!.id, 0);
    });

    it("refuses requests of its own epoch, so that evidence is what it was before [CLONE-2]", async () => {
      const w = await load(clonesWorld);
      const fresh = await shared(w, 700);
      const epoch: bigint = await w.vault.currentEpoch();
      await expect(report(w, [...w.alike, fresh]))
        .to.be.revertedWithCustomError(w.clones, "TooNew")
        .withArgs(fresh.id, epoch, epoch);
      await nextEpoch(w);
      await report(w, [...w.alike, fresh]);
    });

    it("refuses more exhibits and more claims than fit a transaction [CLONE-12]", async () => {
      const w = await load(clonesWorld);
      const [first, second] = exhibits(w.alike, 0, 1);
      const give = (evidence: readonly object[]) => w.reporter.report(w.domain, w.earlier, w.later, evidence);
      await expect(give(new Array(129).fill(first)))
        .to.be.revertedWithCustomError(w.clones, "BatchTooLarge")
        .withArgs(129, 128);
      const large = { ...second!, terms: { ...second!.terms, claims: 4_096 - CLAIMS + 1 } };
      await expect(give([first!, large]))
        .to.be.revertedWithCustomError(w.clones, "TooManyClaims")
        .withArgs(4_097, 4_096);
      for (const [name, most] of [
        ["MAX_EXHIBITS", 128n],
        ["MAX_CLAIMS", 4_096n],
      ] as const)
        expect(await w.clones.getFunction(name)(), name).to.equal(most);
    });

    it("waits until the lanes of a request are complete [CLONE-2]", async () => {
      const w = await load(clonesWorld);
      const request = await openSealed(w, CLAIMS);
      const ballots = ballotsOf(w, w.alike[0]!.rows);
      await committed(w, request, ballots);
      await w.assay.reveal(request.id, openings(ballots));
      const shown = [{ ...request, rows: w.alike[0]!.rows }];
      const evidence = exhibits(shown, 0, 1);
      const early = () => w.reporter.report(w.domain, w.earlier, w.later, evidence);
      for (const step of [async () => {}, () => endReveal(w, request)]) {
        await step();
        await expect(early()).to.be.revertedWithCustomError(w.clones, "NotFinalized").withArgs(request.id);
      }
      await w.assay.finalize(request.terms);
      await nextEpoch(w);
      const [claims] = await sumsOf(w, shown, 0, 1);
      await expect(early())
        .to.be.revertedWithCustomError(w.clones, "TooLittleEvidence")
        .withArgs(1, claims, 4, 512);
    });

    it("wants enough requests and enough uncertain claims [CLONE-5]", async () => {
      const w = await load(clonesWorld);
      const four = w.alike.slice(0, 4);
      const claims = (await sumsOf(w, four, 0, 1))[0]!;
      // A rule that asks for more claims than four requests can have.
      await w.clones.setRule(w.domain, [4, 513, 2_500, 9_500, 86_400]);
      await expect(report(w, four))
        .to.be.revertedWithCustomError(w.clones, "TooLittleEvidence")
        .withArgs(4, claims, 4, 513);
      await w.clones.setRule(w.domain, [6, 512, 2_500, 9_500, 86_400]);
      await expect(report(w, w.alike))
        .to.be.revertedWithCustomError(w.clones, "TooLittleEvidence")
        .withArgs(5, (await sumsOf(w, w.alike, 0, 1))[0], 6, 512);
    });

    it("counts no claim on which the committee is sure [CLONE-3]", async () => {
      const w = await load(clonesWorld);
      const sure: Shared[] = [];
      for (let i = 0; i < 4; i++) {
        const request = await openSealed(w, CLAIMS);
        const ballots = unanimous(w, 5, new Uint8Array(CLAIMS).fill(250));
        await playRound(w, request, ballots);
        sure.push({ ...request, rows: ballots.map(({ votes }) => votes) });
      }
      await nextEpoch(w);
      await expect(report(w, sure))
        .to.be.revertedWithCustomError(w.clones, "TooLittleEvidence")
        .withArgs(4, 0, 4, 512);
    });

    it("takes one case on a pair at a time [CLONE-1]", async () => {
      const w = await load(clonesWorld);
      await report(w, w.alike);
      await expect(report(w, w.alike)).to.be.revertedWithCustomError(w.clones, "WrongStatus").withArgs(1, 0);
    });
  });

  // setRule
  // ├── when the caller does not own the domain → NotDomainOwner
  // ├── when a number is out of its bounds → InvalidRule
  // └── otherwise it holds for new cases; open ones keep theirs
  describe("setRule", () => {
    const BOUNDS = [
      [4, 128],
      [512, 2_048],
      [100, 2_500],
      [9_500, 10_000],
      [86_400, 2_592_000],
    ] as const;
    const DEFAULT = [4n, 512n, 2_500n, 9_500n, 259_200n];

    it("begins with the measured defaults and takes numbers within their bounds [CLONE-11]", async () => {
      const w = await load(clonesWorld);
      expect(await w.clones.ruleOf(w.domain)).to.deep.equal(DEFAULT);
      for (const [i, bounds] of BOUNDS.entries()) {
        for (const value of bounds) {
          const rule = DEFAULT.with(i, BigInt(value));
          await expect(w.clones.setRule(w.domain, rule))
            .to.emit(w.clones, "RuleSet")
            .withArgs(w.domain, rule);
          expect(await w.clones.ruleOf(w.domain)).to.deep.equal(rule);
        }
        for (const value of [bounds[0] - 1, bounds[1] + 1]) {
          const rule = DEFAULT.with(i, BigInt(value));
          await expect(w.clones.setRule(w.domain, rule))
            .to.be.revertedWithCustomError(w.clones, "InvalidRule")
            .withArgs(rule);
        }
      }
    });

    it("takes it from the domain's owner only [CLONE-11]", async () => {
      const w = await load(clonesWorld);
      await expect(w.reporter.setRule(w.domain, DEFAULT))
        .to.be.revertedWithCustomError(w.clones, "NotDomainOwner")
        .withArgs(w.outsider.address, w.deployer.address);
    });

    it("leaves open cases the rule they began with [CLONE-11]", async () => {
      const w = await load(clonesWorld);
      await report(w, w.alike);
      await w.clones.setRule(w.domain, [4, 512, 100, 10_000, 86_400]);
      expect((await w.clones.caseOf(w.domain, w.earlier, w.later)).rule).to.deep.equal(DEFAULT);
    });
  });
});
