import { appealsAbi, assayAbi, errorsAbi, reputationLedgerAbi, rewardMinterAbi } from "@assay/published";
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
  const appeals = { address: at.Appeals, abi: withErrors(appealsAbi) };
  const assay = { address: at.Assay, abi: withErrors(assayAbi) };
  const ledger = { address: at.ReputationLedger, abi: withErrors(reputationLedgerAbi) };
  const minter = { address: at.RewardMinter, abi: withErrors(rewardMinterAbi) };

  return {
    sender: sender.address,
    commit: (roundId: Hex, owner: Address, digest: bigint, onSent?: OnSent) =>
      sender.send(
        { ...assay, functionName: "commit", priority: PRIORITY.commit, args: [roundId, owner, digest] },
        onSent,
      ),
    extend: (roundId: Hex) =>
      sender.send({ ...assay, functionName: "extend", priority: PRIORITY.commit, args: [roundId] }),
    reveal: (roundId: Hex, openings: readonly Opening[], onSent?: OnSent) =>
      sender.send(
        { ...assay, functionName: "reveal", priority: PRIORITY.reveal, args: [roundId, openings] },
        onSent,
      ),
    finalize: (terms: Terms) =>
      sender.send({ ...assay, functionName: "finalize", priority: PRIORITY.finalize, args: [terms] }),
    voidUnsealed: (terms: Terms) =>
      sender.send({ ...assay, functionName: "voidUnsealed", priority: PRIORITY.finalize, args: [terms] }),
    settle: (terms: Terms, index: number, votes: readonly RevealedVote[], onSent?: OnSent) =>
      sender.send(
        { ...assay, functionName: "settle", priority: PRIORITY.settle, args: [terms, BigInt(index), votes] },
        onSent,
      ),
    resolve: (terms: Terms, index: number) =>
      sender.send({
        ...appeals,
        functionName: "resolve",
        priority: PRIORITY.settle,
        args: [terms, BigInt(index)],
      }),
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
