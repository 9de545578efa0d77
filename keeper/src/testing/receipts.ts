import { performanceLedgerAbi } from "@assay/published";

import { RECEIPT_TYPES, type Entry, type Receipt } from "../mirror/performanceMath.ts";
import { account, CHAIN_ID, ownerOf, type LocalChain } from "./localChain.ts";
import { callBy, play } from "./rounds.ts";

const VOTES = [250, 10];
const BALLOTS = [VOTES, VOTES, VOTES, VOTES, VOTES];

/** One more receipt of operator 0, of a request that is played for it, signed by the requester and recorded. */
export async function recordReceipt(chain: LocalChain, inferMs: number): Promise<Entry> {
  const ledger = chain.deployment.addresses.PerformanceLedger;
  const operator = ownerOf(0);
  const modelHash = await chain.reads.modelHashOf(1, operator);
  const { requestId, terms } = await play(chain, BALLOTS);
  const receipt: Receipt = {
    requestId,
    operator,
    modelHash,
    inputSize: 1_000,
    outputSize: 100,
    loadMs: 50,
    inferMs,
    roundTripMs: inferMs + 150,
  };
  const signature = await account(19).signTypedData({
    domain: { name: "Assay Performance", version: "1", chainId: CHAIN_ID, verifyingContract: ledger },
    types: RECEIPT_TYPES,
    primaryType: "Receipt",
    message: receipt,
  });
  const batch = [{ terms, receipt, signature }];
  await callBy(
    chain,
    chain.requester,
    "PerformanceLedger",
    performanceLedgerAbi,
    "recordReceipts",
    1,
    modelHash,
    batch,
  );
  return { receipt, late: false };
}
