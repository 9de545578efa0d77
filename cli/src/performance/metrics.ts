import { performanceMath } from "@assay/keeper";
import { performanceLedgerAbi, workTokenAbi } from "@assay/published";
import {
  getAbiItem,
  numberToHex,
  parseEventLogs,
  toEventSelector,
  zeroAddress,
  type Abi,
  type Address,
  type Hex,
} from "viem";

import type { Connection } from "../chain/connection.ts";
import { logsOf } from "../chain/logs.ts";
import { CliError } from "../lib/errors.ts";
import { wad, work } from "../lib/output.ts";
import type { Actor } from "../request/signer.ts";

export interface PostedMetrics {
  readonly operator: Address;
  readonly modelHash: Hex;
  /** Receipts of the model so far, and those of the operator that are new. */
  readonly count: number;
  readonly fresh: number;
  /** R_r the post builds on, WAD. */
  readonly before: bigint;
  readonly metrics: performanceMath.Metrics;
  readonly transaction: Hex;
}

const ledgerOf = ({ at }: Connection) =>
  ({ address: at.PerformanceLedger, abi: performanceLedgerAbi }) as const;

/** The receipts of a model in a domain, the oldest first. */
async function readEntries(
  connection: Connection,
  domain: number,
  modelHash: Hex,
): Promise<performanceMath.Entry[]> {
  const event = toEventSelector(getAbiItem({ abi: performanceLedgerAbi, name: "ReceiptRecorded" }));
  const topics = [event, numberToHex(domain, { size: 32 }), modelHash];
  const last = await connection.client.getBlockNumber();
  const logs = await logsOf(connection, [connection.at.PerformanceLedger], topics, last);
  const recorded = parseEventLogs({
    abi: performanceLedgerAbi,
    eventName: "ReceiptRecorded",
    logs,
    strict: true,
  });
  return recorded.map(({ args: { receipt, late } }) => ({ receipt, late }));
}

/**
 * Posts S, F, B, I and R_r of an operator as its newest receipts give them, under a bond.
 *
 * @throws CliError if there is nothing new, or an earlier post is still open
 */
export async function postMetrics(
  connection: Connection,
  actor: Actor,
  domain: number,
  operator: Address,
): Promise<PostedMetrics> {
  const { client, reads } = connection;
  const ledger = ledgerOf(connection);
  const modelHash = await reads.modelHashOf(domain, operator);
  const entries = await readEntries(connection, domain, modelHash);
  const args = [domain, operator] as const;
  const [[before, counted, version], post, { timestamp }, bond] = await Promise.all([
    client.readContract({ ...ledger, functionName: "basisOf", args }),
    client.readContract({ ...ledger, functionName: "postOf", args }),
    client.getBlock(),
    client.readContract({ ...ledger, functionName: "BOND" }),
  ]);
  if (post.poster !== zeroAddress && timestamp < BigInt(post.openUntil)) {
    throw new CliError(
      "POST_OPEN",
      "An earlier post of the operator can still be challenged",
      { operator, openUntil: new Date(post.openUntil * 1_000).toISOString() },
      "Post again when its window is over.",
      { retryable: true },
    );
  }
  const count = entries.length;
  const rule = await client.readContract({ ...ledger, functionName: "ruleOf", args: [domain, version] });
  const { fresh, ...metrics } = performanceMath.standing(entries, operator, { before, counted }, rule);
  if (fresh === 0) {
    throw new CliError(
      "NOTHING_NEW",
      "The operator has no receipt that is not counted yet",
      { operator, modelHash, receipts: count, counted },
      "Record receipts first, with assay receipts record.",
    );
  }
  const head = await client.readContract({
    ...ledger,
    functionName: "headAt",
    args: [domain, modelHash, BigInt(count)],
  });
  await approve(connection, actor, bond);
  const entry = { operator, before, counted, metrics };
  const abi = performanceLedgerAbi as Abi;
  const { transactionHash } = await actor.send(ledger.address, abi, "postMetrics", [
    domain,
    modelHash,
    version,
    BigInt(count),
    head,
    [entry],
  ]);
  return { operator, modelHash, count, fresh, before, metrics, transaction: transactionHash };
}

/** Takes the bond of a post back whose window is over, for its poster. */
export async function withdrawBond(
  connection: Connection,
  actor: Actor,
  domain: number,
  operator: Address,
): Promise<Hex> {
  const { address, abi } = ledgerOf(connection);
  const { transactionHash } = await actor.send(address, abi as Abi, "withdrawBond", [domain, operator]);
  return transactionHash;
}

async function approve({ client, at }: Connection, actor: Actor, bond: bigint): Promise<void> {
  const token = { address: at.WorkToken, abi: workTokenAbi } as const;
  const owner = actor.address;
  const [balance, allowed] = await Promise.all([
    client.readContract({ ...token, functionName: "balanceOf", args: [owner] }),
    client.readContract({ ...token, functionName: "allowance", args: [owner, at.PerformanceLedger] }),
  ]);
  if (balance < bond) {
    throw new CliError(
      "WORK_MISSING",
      "The poster has too little WORK for the bond",
      { poster: owner, balance: work(balance), needed: work(bond) },
      "Send WORK to the poster.",
    );
  }
  if (allowed < bond)
    await actor.send(at.WorkToken, workTokenAbi as Abi, "approve", [at.PerformanceLedger, bond]);
}

export function renderPosted({ operator, fresh, before, metrics }: PostedMetrics): string {
  const { speed, forward, backward, response, reputation } = metrics;
  return `${operator}: R_r ${wad(before)} → ${wad(reputation)} from ${fresh} new receipts; S ${wad(speed)}, F ${wad(forward)}, B ${wad(backward)}, I ${wad(response)}`;
}
