import { assayAbi, errorsAbi, workTokenAbi } from "@assay/published";
import {
  bytesToHex,
  keccak256,
  maxUint256,
  stringToHex,
  type Abi,
  type Hex,
  type TransactionReceipt,
} from "viem";

import type { RequestedEvent } from "../chain/reads.ts";
import { PRIORITY, type Sender } from "../chain/sender.ts";
import { digest } from "../mirror/commitment.ts";
import { account, CHAIN_ID, ownerOf, type LocalChain } from "./localChain.ts";

/** Votes of an operator of the local chain, one byte a claim; undefined: it stays silent. */
export type Ballot = readonly number[] | undefined;

/** Calls a contract of the deployment; refusals are told by name. */
export function callBy(
  chain: LocalChain,
  sender: Sender,
  name: keyof LocalChain["deployment"]["addresses"],
  abi: unknown,
  functionName: string,
  ...args: unknown[]
): Promise<TransactionReceipt> {
  return sender.send({
    address: chain.deployment.addresses[name],
    abi: [...(abi as Abi), ...(errorsAbi as Abi)],
    functionName,
    args,
    priority: PRIORITY.reveal,
  });
}

let opened = 0;

/**
 * One request on which operators 0, 1, … vote as told. With five operators and seven expected seats everybody is drawn.
 *
 * @param until after the reveals, or after the verdicts
 */
export async function play(
  chain: LocalChain,
  ballots: readonly Ballot[],
  until: "tally" | "finalized" = "tally",
  { payload, payloadHash }: { payload?: Hex; payloadHash?: Hex } = {},
): Promise<RequestedEvent> {
  const claims = ballots.find((votes) => votes !== undefined)!.length;
  opened += 1;
  const hash = payloadHash ?? keccak256(stringToHex(`payload ${opened}`));
  const uri = payload === undefined ? "https://store.example/x" : "";
  const from = (await chain.reads.head()).number;
  const id = await chain.request({
    claims,
    payloadHash: hash,
    uri,
    ...(payload !== undefined && { payload }),
  });
  const head = (await chain.reads.head()).number;
  const requests = await chain.reads.requestsBetween(1, from, head);
  const request = requests.find(({ requestId }) => requestId === id)!;
  await chain.rpc("hardhat_mine", "0x3");
  await chain.seal(id);
  await vote(chain, id, ballots);
  if (until === "finalized")
    await callBy(chain, chain.requester, "Assay", assayAbi, "finalize", request.terms);
  return request;
}

/** Commits and reveals in a sealed round, and waits for its tally. */
export async function vote(chain: LocalChain, roundId: Hex, ballots: readonly Ballot[]): Promise<void> {
  const deployment = { chainId: BigInt(CHAIN_ID), assay: chain.deployment.addresses.Assay };
  const openings = [];
  for (const [i, bytes] of ballots.entries()) {
    if (bytes === undefined) continue;
    const owner = ownerOf(i);
    const votes = Uint8Array.from(bytes);
    const salt = keccak256(stringToHex(`salt ${roundId} ${i}`));
    const sealed = digest(deployment, { roundId, owner, votes, salt });
    await callBy(chain, chain.senderOf(1 + i), "Assay", assayAbi, "commit", roundId, owner, sealed);
    openings.push({ owner, votes: bytesToHex(votes), salt });
  }
  const { draw, round } = await chain.reads.roundState(roundId, ownerOf(0));
  await chain.travelTo(round.clock + draw.commitWindow);
  // Too few commits: the round waits for its extension.
  if ((await chain.reads.roundState(roundId, ownerOf(0))).phase === "REVEAL")
    await callBy(chain, chain.requester, "Assay", assayAbi, "reveal", roundId, openings);
  await chain.travelTo(round.clock + draw.commitWindow + draw.revealWindow);
}

/** Settles every seat of a request that is nearly final. */
export async function settle(
  chain: LocalChain,
  { requestId, terms }: RequestedEvent,
  ballots: readonly Ballot[],
): Promise<void> {
  const { round } = await chain.reads.roundState(requestId, ownerOf(0));
  await chain.travelTo(round.clock);
  const votes = ballots.flatMap((bytes, i) =>
    bytes === undefined ? [] : [{ owner: ownerOf(i), votes: bytesToHex(Uint8Array.from(bytes)) }],
  );
  await callBy(chain, chain.requester, "Assay", assayAbi, "settle", terms, 0n, votes);
}

/** Gives an account WORK and lets a contract take all of it. */
export async function fund(
  chain: LocalChain,
  index: number,
  wei: bigint,
  spender?: "Appeals" | "CloneRegistry" | "PerformanceLedger",
): Promise<void> {
  const { address } = account(index);
  await callBy(chain, chain.senderOf(0), "WorkToken", workTokenAbi, "transfer", address, wei);
  if (spender === undefined) return;
  const to = chain.deployment.addresses[spender];
  await callBy(chain, chain.senderOf(index), "WorkToken", workTokenAbi, "approve", to, maxUint256);
}

/** wei of WORK of an account. */
export async function workOf(chain: LocalChain, index: number): Promise<bigint> {
  return chain.reader.readContract({
    address: chain.deployment.addresses.WorkToken,
    abi: workTokenAbi,
    functionName: "balanceOf",
    args: [account(index).address],
  });
}
