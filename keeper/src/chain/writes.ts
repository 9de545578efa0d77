import { assayAbi, errorsAbi, reputationLedgerAbi, rewardMinterAbi } from "@assay/published";
import type { Abi, Address, Hex } from "viem";

import type { Contracts } from "./addresses.ts";
import { PRIORITY, type Sender } from "./sender.ts";
import type { Opening, RevealedVote, Terms } from "./types.ts";

export type ChainWrites = ReturnType<typeof createWrites>;
type OnSent = (hash: Hex) => void | Promise<void>;

/** Every transaction a keeper sends. */
export function createWrites(sender: Sender, at: Contracts) {
  // Errors of the peers bubble up through Assay, so every ABI gets all of them.
  const withErrors = (abi: Abi): Abi => [...abi, ...(errorsAbi as Abi)];
  const assay = { address: at.Assay, abi: withErrors(assayAbi) };
  const ledger = { address: at.ReputationLedger, abi: withErrors(reputationLedgerAbi) };
  const minter = { address: at.RewardMinter, abi: withErrors(rewardMinterAbi) };

  return {
    sender: sender.address,
    commit: (requestId: Hex, owner: Address, digest: bigint, onSent?: OnSent) =>
      sender.send(
        { ...assay, functionName: "commit", priority: PRIORITY.commit, args: [requestId, owner, digest] },
        onSent,
      ),
    extend: (requestId: Hex) =>
      sender.send({ ...assay, functionName: "extend", priority: PRIORITY.commit, args: [requestId] }),
    reveal: (requestId: Hex, openings: readonly Opening[], onSent?: OnSent) =>
      sender.send(
        { ...assay, functionName: "reveal", priority: PRIORITY.reveal, args: [requestId, openings] },
        onSent,
      ),
    finalize: (terms: Terms) =>
      sender.send({ ...assay, functionName: "finalize", priority: PRIORITY.finalize, args: [terms] }),
    voidUnsealed: (terms: Terms) =>
      sender.send({ ...assay, functionName: "voidUnsealed", priority: PRIORITY.finalize, args: [terms] }),
    settle: (terms: Terms, votes: readonly RevealedVote[], onSent?: OnSent) =>
      sender.send(
        { ...assay, functionName: "settle", priority: PRIORITY.settle, args: [terms, 0n, votes] },
        onSent,
      ),
    post: (domain: number, entries: readonly { owner: Address; reputation: bigint }[]) =>
      sender.send({ ...ledger, functionName: "post", priority: PRIORITY.book, args: [domain, entries] }),
    distribute: (domain: number, epoch: number, owners: readonly Address[]) =>
      sender.send({
        ...minter,
        functionName: "distribute",
        priority: PRIORITY.book,
        args: [domain, BigInt(epoch), owners],
      }),
    unlock: (domain: number, owner: Address) =>
      sender.send({ ...minter, functionName: "unlock", priority: PRIORITY.book, args: [domain, owner] }),
  };
}
