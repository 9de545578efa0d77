import { performanceMath } from "@assay/keeper";
import { expect } from "chai";

import { WAD } from "../../deploy/parameters.ts";
import {
  answered,
  headOf,
  MODEL,
  performanceWorld,
  receiptOf,
  receiptsOf,
  recorded,
  signed,
  ZERO,
  type PerformanceWorld,
} from "../fixtures/performance.ts";
import { ask, endCommit, openings, termsOf } from "../fixtures/round.ts";
import { ballotsOf, commitAll, openSealed, revealed, unanimous } from "../fixtures/seated.ts";
import { createDomain, ethers, networkHelpers } from "../fixtures/world.ts";

const load = networkHelpers.loadFixture.bind(networkHelpers);

async function answeredWorld() {
  const w = await performanceWorld();
  return { ...w, request: await answered(w) };
}

describe("PerformanceLedger", () => {
  // recordReceipts
  // ├── when the batch is empty or too large → BatchOutOfBounds
  // ├── when the terms are of another domain → DomainMismatch; of another request → RequestMismatch
  // ├── when the receipt is of another model, or the operator runs another → ModelMismatch
  // ├── when the times cannot be → InvalidTimes
  // ├── when the operator revealed nothing in the request → NotRevealed
  // ├── when the requester did not sign exactly this for exactly this contract → InvalidSignature
  // ├── when every receipt is recorded → NothingToRecord
  // └── otherwise
  //     ├── the chain of (domain, model) grows in the order given, by what the mirror computes
  //     ├── whoever sends it; recorded ones are passed over; one receipt per (request, operator)
  //     ├── a late seat is recorded as late
  //     └── a contract signs by ERC-1271
  describe("recordReceipts", () => {
    it("extends the chain of the model, in the order given [PERF-9]", async () => {
      const w = await load(answeredWorld);
      const receipts = receiptsOf(w, w.request, 3);
      const entries = receipts.map((receipt) => ({ receipt, late: false }));
      const batch = [];
      for (const receipt of receipts) batch.push(await signed(w, w.request, receipt));
      const tx = w.performance.connect(w.outsider).recordReceipts(w.domain, MODEL, batch);
      await expect(tx).to.emit(w.performance, "ChainExtended").withArgs(w.domain, MODEL, 3, headOf(entries));
      for (const [i, receipt] of receipts.entries()) {
        await expect(tx)
          .to.emit(w.performance, "ReceiptRecorded")
          .withArgs(w.domain, MODEL, receipt.operator, Object.values(receipt), false, i + 1);
        expect(await w.performance.isRecorded(w.request.id, receipt.operator), "recorded").to.equal(true);
      }
      expect(await w.performance.countOf(w.domain, MODEL), "count").to.equal(3n);
      expect(await w.performance.headAt(w.domain, MODEL, 3), "head").to.equal(headOf(entries));
      expect(await w.performance.headAt(w.domain, MODEL, 2), "no batch ended here").to.equal(ZERO);
    });

    it("goes on where the last batch ended", async () => {
      const w = await load(answeredWorld);
      const first = await recorded(w, w.request, receiptsOf(w, w.request, 3));
      const rest = receiptsOf(w, w.request, 5).slice(3);
      const second = await recorded(w, w.request, rest);
      expect(await w.performance.headAt(w.domain, MODEL, 5)).to.equal(headOf([...first, ...second]));
      expect(await w.performance.headAt(w.domain, MODEL, 3)).to.equal(headOf(first));
    });

    it("passes over what is recorded, also within a batch, and reverts when nothing is left [PERF-8]", async () => {
      const w = await load(answeredWorld);
      const [a, b] = receiptsOf(w, w.request, 2);
      // The requester signs a second, better one for the same operator.
      const better = { ...a!, inferMs: 1, roundTripMs: 51 };
      const batch = [
        await signed(w, w.request, a!),
        await signed(w, w.request, better),
        await signed(w, w.request, b!),
      ];
      await w.performance.recordReceipts(w.domain, MODEL, batch.slice(0, 1));
      await w.performance.recordReceipts(w.domain, MODEL, batch);
      expect(await w.performance.countOf(w.domain, MODEL), "count").to.equal(2n);
      const entries = [a!, b!].map((receipt) => ({ receipt, late: false }));
      expect(await w.performance.headAt(w.domain, MODEL, 2), "head").to.equal(headOf(entries));
      await expect(w.performance.recordReceipts(w.domain, MODEL, batch)).to.be.revertedWithCustomError(
        w.performance,
        "NothingToRecord",
      );
    });

    it("reverts when the batch is empty or larger than 128 [PERF-9]", async () => {
      const w = await load(answeredWorld);
      const one = await signed(w, w.request, receiptsOf(w, w.request, 1)[0]!);
      for (const length of [0, 129]) {
        await expect(w.performance.recordReceipts(w.domain, MODEL, new Array(length).fill(one)))
          .to.be.revertedWithCustomError(w.performance, "BatchOutOfBounds")
          .withArgs(length, 1, 128);
      }
      await w.performance.recordReceipts(w.domain, MODEL, new Array(128).fill(one));
      expect(await w.performance.countOf(w.domain, MODEL)).to.equal(1n);
    });

    it("reverts when the terms belong to another domain or request", async () => {
      const w = await load(answeredWorld);
      const one = await signed(w, w.request, receiptsOf(w, w.request, 1)[0]!);
      await expect(w.performance.recordReceipts(w.domain + 1, MODEL, [one]))
        .to.be.revertedWithCustomError(w.performance, "DomainMismatch")
        .withArgs(w.domain, w.domain + 1);
      const other = { ...one, terms: { ...one.terms, requester: w.outsider.address } };
      await expect(w.performance.recordReceipts(w.domain, MODEL, [other]))
        .to.be.revertedWithCustomError(w.performance, "RequestMismatch")
        .withArgs(w.request.id, await w.assay.idOf(other.terms));
    });

    it("reverts when the receipt or the operator names another model [PERF-7]", async () => {
      const w = await load(answeredWorld);
      const other = ethers.id("another model") as `0x${string}`;
      const owner = w.owners[0]!;
      const foreign = await signed(w, w.request, receiptOf(w.request, owner, { modelHash: other }));
      await expect(w.performance.recordReceipts(w.domain, MODEL, [foreign]))
        .to.be.revertedWithCustomError(w.performance, "ModelMismatch")
        .withArgs(owner.address, other, MODEL);
      await expect(w.performance.recordReceipts(w.domain, other, [foreign]))
        .to.be.revertedWithCustomError(w.performance, "ModelMismatch")
        .withArgs(owner.address, other, MODEL);
      await w.vault.connect(owner).setModel(w.domain, other, "");
      await w.performance.recordReceipts(w.domain, other, [foreign]);
      expect(await w.performance.countOf(w.domain, other), "a chain of its own").to.equal(1n);
      expect(await w.performance.countOf(w.domain, MODEL), "the other one").to.equal(0n);
    });

    it("reverts when the times cannot be [PERF-7]", async () => {
      const w = await load(answeredWorld);
      const MAX = 2 ** 32 - 1;
      for (const times of [
        { loadMs: 50, inferMs: 0, roundTripMs: 300 },
        { loadMs: 100, inferMs: 200, roundTripMs: 299 },
        { loadMs: MAX, inferMs: MAX, roundTripMs: MAX },
      ]) {
        const one = await signed(w, w.request, receiptOf(w.request, w.owners[0]!, times));
        await expect(w.performance.recordReceipts(w.domain, MODEL, [one]))
          .to.be.revertedWithCustomError(w.performance, "InvalidTimes")
          .withArgs(times.loadMs, times.inferMs, times.roundTripMs);
      }
      const tight = { loadMs: 100, inferMs: 200, roundTripMs: 300 };
      await recorded(w, w.request, [receiptOf(w.request, w.owners[0]!, tight)]);
    });

    it("reverts when the operator revealed nothing in the request [PERF-7]", async () => {
      const w = await load(performanceWorld);
      const request = await openSealed(w, 1);
      const ballots = unanimous(w, 5, [200]);
      await commitAll(w, request, ballots);
      await endCommit(w, request);
      await w.assay.reveal(request.id, openings(ballots.slice(0, 4)));
      // Committed but never revealed; silent.
      for (const owner of [w.owners[4]!, w.owners[5]!]) {
        const one = await signed(w, request, receiptOf(request, owner));
        await expect(w.performance.recordReceipts(w.domain, MODEL, [one]))
          .to.be.revertedWithCustomError(w.performance, "NotRevealed")
          .withArgs(request.id, owner.address);
      }
      await recorded(w, request, [receiptOf(request, w.owners[3]!)]);
    });

    it("reverts when the requester did not sign exactly this [PERF-6]", async () => {
      const w = await load(answeredWorld);
      const receipt = receiptsOf(w, w.request, 1)[0]!;
      const good = await signed(w, w.request, receipt);
      const bad = [
        await signed(w, w.request, receipt, w.owners[0]!),
        { ...good, receipt: { ...receipt, outputSize: receipt.outputSize + 1 } },
        { ...good, receipt: { ...receipt, operator: w.owners[1]!.address } },
        { ...good, signature: "0x" },
        { ...good, signature: `${good.signature.slice(0, -2)}00` },
      ];
      for (const one of bad) {
        await expect(w.performance.recordReceipts(w.domain, MODEL, [one]))
          .to.be.revertedWithCustomError(w.performance, "InvalidSignature")
          .withArgs(w.request.id, one.receipt.operator, w.requester.address);
      }
    });

    it("takes no signature for another contract [PERF-6]", async () => {
      const w = await load(answeredWorld);
      const receipt = receiptsOf(w, w.request, 1)[0]!;
      const twin = await ethers.deployContract("PerformanceLedger", [
        w.addresses.WorkToken,
        w.addresses.Assay,
        w.addresses.StakeVault,
        w.addresses.DomainRegistry,
        WAD,
        60,
      ]);
      const forTwin = await signed(
        { ...w, performance: twin } as unknown as PerformanceWorld,
        w.request,
        receipt,
      );
      await expect(w.performance.recordReceipts(w.domain, MODEL, [forTwin]))
        .to.be.revertedWithCustomError(w.performance, "InvalidSignature")
        .withArgs(w.request.id, receipt.operator, w.requester.address);
      await twin.getFunction("recordReceipts")(w.domain, MODEL, [forTwin]);
    });

    it("records a late seat as late", async () => {
      const w = await load(performanceWorld);
      const request = await openSealed(w, 1);
      const ballots = ballotsOf(w, [[200], [200], [200], [200]]);
      await commitAll(w, request, ballots.slice(0, 3));
      const { clock } = await w.lens.roundOf(request.id);
      const { commitWindow } = await w.lens.drawOf(request.id);
      await networkHelpers.time.increaseTo(clock + (commitWindow * 4n) / 5n);
      await commitAll(w, request, ballots.slice(3));
      await endCommit(w, request);
      await w.assay.reveal(request.id, openings(ballots));
      const receipts = receiptsOf(w, request, 4);
      await recorded(w, request, receipts);
      const entries = receipts.map((receipt, i) => ({ receipt, late: i === 3 }));
      expect(await w.performance.headAt(w.domain, MODEL, 4)).to.equal(headOf(entries));
    });

    it("lets a contract sign by ERC-1271 [PERF-6]", async () => {
      const w = await load(performanceWorld);
      const wallet = await ethers.deployContract("ContractRequester", { signer: w.outsider } as never);
      const at = await wallet.getAddress();
      await w.fees.connect(w.requester).buy(at, 100n * WAD);
      const data = w.assay.interface.encodeFunctionData("request", [ask(w.domain, 1)]);
      const execute = wallet.connect(w.outsider).getFunction("execute");
      const sent = await execute(w.addresses.Assay, data);
      const request = termsOf(w, await sent.wait());
      expect(request.terms.requester, "the contract asked").to.equal(at);
      await networkHelpers.mine(3);
      await revealed(w, request, unanimous(w, 4, [200]));
      const receipt = receiptsOf(w, request, 1)[0]!;
      const foreign = await signed(w, request, receipt, w.requester);
      await expect(w.performance.recordReceipts(w.domain, MODEL, [foreign]))
        .to.be.revertedWithCustomError(w.performance, "InvalidSignature")
        .withArgs(request.id, receipt.operator, at);
      await w.performance.recordReceipts(w.domain, MODEL, [await signed(w, request, receipt, w.outsider)]);
      expect(await w.performance.countOf(w.domain, MODEL)).to.equal(1n);
    });

    it("keeps a chain per domain", async () => {
      const w = await load(answeredWorld);
      await recorded(w, w.request, receiptsOf(w, w.request, 2));
      const other = await createDomain(w);
      expect(await w.performance.countOf(other, MODEL)).to.equal(0n);
    });
  });

  describe("digestOf", () => {
    it("is the EIP-712 digest of the receipt", async () => {
      const w = await load(answeredWorld);
      const receipt = receiptsOf(w, w.request, 1)[0]!;
      const { name, version, chainId, verifyingContract } = await w.performance.eip712Domain();
      const types = { Receipt: performanceMath.RECEIPT_TYPES.Receipt.map((field) => ({ ...field })) };
      const domain = { name, version, chainId, verifyingContract };
      expect(await w.performance.digestOf(receipt)).to.equal(
        ethers.TypedDataEncoder.hash(domain, types, receipt),
      );
    });
  });
});
