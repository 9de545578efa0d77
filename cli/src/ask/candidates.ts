import type { AskedOperator, Candidate } from "@assay/keeper";
import { performanceLedgerAbi, stakeVaultAbi } from "@assay/published";
import type { Address } from "viem";

import type { Connection } from "../chain/connection.ts";

/** An operator that can be asked: what it weighs, where it answers, how its answer is known. */
export type AskCandidate = Candidate & AskedOperator;

/** Bit of `IStakeVault.Operator.flags`. */
const REGISTERED = 1;

/** Those of the endpoints whose owner is an operator of the domain, with stake and R_r of now. */
export async function readCandidates(
  { client, at, reads }: Connection,
  domain: number,
  endpoints: ReadonlyMap<Address, string>,
): Promise<AskCandidate[]> {
  const candidates: AskCandidate[] = [];
  for (const [operator, url] of endpoints) {
    const [{ flags, hotKey }, { active }, modelHash, reputation] = await Promise.all([
      reads.operatorOf(domain, operator),
      client.readContract({
        address: at.StakeVault,
        abi: stakeVaultAbi,
        functionName: "poolOf",
        args: [domain, operator],
      }),
      reads.modelHashOf(domain, operator),
      client.readContract({
        address: at.PerformanceLedger,
        abi: performanceLedgerAbi,
        functionName: "routingReputationOf",
        args: [domain, operator],
      }),
    ]);
    if ((flags & REGISTERED) === 0) continue;
    candidates.push({ operator, url, hotKey, modelHash, stake: active, reputation });
  }
  return candidates;
}
