import {
  assayAbi,
  domainRegistryAbi,
  feeMarketAbi,
  reputationLedgerAbi,
  rewardMinterAbi,
  stakeVaultAbi,
} from "@assay/published";
import { numberToHex, parseEventLogs } from "viem";

import type { Connection } from "../chain/connection.ts";
import { logsOf } from "../chain/logs.ts";

/** Everything the contracts said about a domain up to a block, in the order they said it. */
export interface EventLog {
  readonly domain: number;
  readonly lastBlock: bigint;
  readonly events: readonly ChainEvent[];
}

export type ChainEvent = Awaited<ReturnType<typeof fetchEvents>>[number];

/** The event of one name. */
export type EventNamed<Name extends ChainEvent["eventName"]> = Extract<ChainEvent, { eventName: Name }>;

export async function readEvents(connection: Connection, domain: number): Promise<EventLog> {
  const lastBlock = await connection.client.getBlockNumber();
  return { domain, lastBlock, events: await fetchEvents(connection, domain, lastBlock) };
}

async function fetchEvents(connection: Connection, domain: number, lastBlock: bigint) {
  const { at } = connection;
  // Every event of these rooms that is about a domain names it in its first topic; those of Assay name the request.
  const ofDomain = [null, numberToHex(domain, { size: 32 })] as const;
  const [assay, registry, fees, vault, ledger, minter] = await Promise.all([
    logsOf(connection, [at.Assay], [], lastBlock),
    logsOf(connection, [at.DomainRegistry], ofDomain, lastBlock),
    logsOf(connection, [at.FeeMarket], ofDomain, lastBlock),
    logsOf(connection, [at.StakeVault], ofDomain, lastBlock),
    logsOf(connection, [at.ReputationLedger], ofDomain, lastBlock),
    logsOf(connection, [at.RewardMinter], ofDomain, lastBlock),
  ]);
  return [
    ...parseEventLogs({ abi: assayAbi, logs: assay, strict: true }),
    ...parseEventLogs({ abi: domainRegistryAbi, logs: registry, strict: true }),
    ...parseEventLogs({ abi: feeMarketAbi, logs: fees, strict: true }),
    ...parseEventLogs({ abi: stakeVaultAbi, logs: vault, strict: true }),
    ...parseEventLogs({ abi: reputationLedgerAbi, logs: ledger, strict: true }),
    ...parseEventLogs({ abi: rewardMinterAbi, logs: minter, strict: true }),
  ].sort((a, b) => Number(a.blockNumber - b.blockNumber) || a.logIndex - b.logIndex);
}
