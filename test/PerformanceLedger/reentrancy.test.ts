import { expect } from "chai";

import { WAD } from "../../deploy/parameters.ts";
import {
  answered,
  endChallenges,
  metricsOf,
  MODEL,
  performanceWorld,
  posted,
  receiptOf,
  receiptsOf,
  recorded,
  signed,
} from "../fixtures/performance.ts";
import { ask, termsOf } from "../fixtures/round.ts";
import { revealed, unanimous } from "../fixtures/seated.ts";
import { ethers, networkHelpers } from "../fixtures/world.ts";

/** A request of a contract that calls back when it is asked for its signature, and a bond that could be withdrawn. */
async function reenteringWorld() {
  const w = await performanceWorld();
  const wallet = await ethers.deployContract("ReenteringRequester");
  const at = await wallet.getAddress();
  await w.fees.connect(w.requester).buy(at, 100n * WAD);
  const ownRequest = await answered(w);
  const entries = await recorded(w, ownRequest, receiptsOf(w, ownRequest, 8));
  const operator = w.owners[0]!.address;
  await posted(w, operator, metricsOf(entries, operator), entries);
  await endChallenges(w, operator);

  const data = w.assay.interface.encodeFunctionData("request", [ask(w.domain, 1)]);
  const sent = await wallet.getFunction("execute")(w.addresses.Assay, data);
  const request = termsOf(w, await sent.wait());
  await networkHelpers.mine(3);
  await revealed(w, request, unanimous(w, 4, [200]));
  const withdraw = w.performance.interface.encodeFunctionData("withdrawBond", [w.domain, operator]);
  await wallet.getFunction("plan")(w.addresses.PerformanceLedger, withdraw);
  return { ...w, wallet, request, operator };
}

describe("PerformanceLedger", () => {
  describe("reentrancy", () => {
    it("asks a contract for its signature by a static call, so that it cannot do anything meanwhile", async () => {
      const w = await networkHelpers.loadFixture(reenteringWorld);
      const receipt = receiptOf(w.request, w.owners[0]!);
      const one = await signed(w, w.request, receipt);
      await expect(w.performance.recordReceipts(w.domain, MODEL, [one]))
        .to.be.revertedWithCustomError(w.performance, "InvalidSignature")
        .withArgs(w.request.id, w.operator, await w.wallet.getAddress());
      expect((await w.performance.postOf(w.domain, w.operator)).poster, "still open").to.equal(
        w.keeper.address,
      );

      // The same answer outside of the ledger's question does what it was planned to.
      await w.wallet.getFunction("isValidSignature")(ethers.ZeroHash, "0x");
      expect((await w.performance.postOf(w.domain, w.operator)).poster, "closed").to.equal(
        ethers.ZeroAddress,
      );
    });
  });
});
