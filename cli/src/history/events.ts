import {
  appealsAbi,
  assayAbi,
  canariesAbi,
  domainRegistryAbi,
  feeMarketAbi,
  reputationLedgerAbi,
  rewardMinterAbi,
  stakeVaultAbi,
} from "@assay/published";
import { getAbiItem, numberToHex, parseEventLogs, toEventSelector, type Hex } from "viem";

import type { Connection } from "../chain/connection.ts";
import { logsOf } from "../chain/logs.ts";

/** Everything the contracts said about a domain up to a block, in the order they said it. */
export interface EventLog {
  readonly domain: number;
  readonly lastBlock: bigint;
  readonly events: readonly ChainEvent[];
  /** Epoch in which each appeal was opened, by the id of its round. */
  readonly appealEpochs: ReadonlyMap<Hex, bigint>;
}

export type ChainEvent = Awaited<ReturnType<typeof fetchEvents>>[number];

/** The event of one name. */
export type EventNamed<Name extends ChainEvent["eventName"]> = Extract<ChainEvent, { eventName: Name }>;

export async function readEvents(connection: Connection, domain: number): Promise<EventLog> {
  const lastBlock = await connection.client.getBlockNumber();
  const events = await fetchEvents(connection, domain, lastBlock);
  return { domain, lastBlock, events, appealEpochs: await appealEpochsOf(connection, events) };
}

/** The rounds of appeals weigh what their domain weighs when they are opened, which no event says. */
async function appealEpochsOf(
  { client, reads }: Connection,
  events: readonly ChainEvent[],
): Promise<ReadonlyMap<Hex, bigint>> {
  const epochs = new Map<Hex, bigint>();
  const { genesis, epochLength } = await reads.clock();
  for (const { eventName, args, blockNumber } of events) {
    if (eventName !== "Appealed") continue;
    const { timestamp } = await client.getBlock({ blockNumber });
    epochs.set(args.roundId, (timestamp - BigInt(genesis)) / BigInt(epochLength));
  }
  return epochs;
}

async function fetchEvents(connection: Connection, domain: number, lastBlock: bigint) {
  const { at } = connection;
  // Every event of these rooms that is about a domain names it in its first topic, only `Sponsored` in its second; those
  // of Assay and Appeals name the request or its round.
  const topic = numberToHex(domain, { size: 32 });
  const ofDomain = [null, topic] as const;
  const sponsoring = [toEventSelector(getAbiItem({ abi: feeMarketAbi, name: "Sponsored" })), null, topic];
  const [assay, appeals, canaries, registry, fees, sponsored, vault, ledger, minter] = await Promise.all([
    logsOf(connection, [at.Assay], [], lastBlock),
    logsOf(connection, [at.Appeals], [], lastBlock),
    logsOf(connection, [at.Canaries], ofDomain, lastBlock),
    logsOf(connection, [at.DomainRegistry], ofDomain, lastBlock),
    logsOf(connection, [at.FeeMarket], ofDomain, lastBlock),
    logsOf(connection, [at.FeeMarket], sponsoring, lastBlock),
    logsOf(connection, [at.StakeVault], ofDomain, lastBlock),
    logsOf(connection, [at.ReputationLedger], ofDomain, lastBlock),
    logsOf(connection, [at.RewardMinter], ofDomain, lastBlock),
  ]);
  return [
    ...parseEventLogs({ abi: assayAbi, logs: assay, strict: true }),
    ...parseEventLogs({ abi: appealsAbi, logs: appeals, strict: true }),
    ...parseEventLogs({ abi: canariesAbi, logs: canaries, strict: true }),
    ...parseEventLogs({ abi: domainRegistryAbi, logs: registry, strict: true }),
    ...parseEventLogs({ abi: feeMarketAbi, logs: [...fees, ...sponsored], strict: true }),
    ...parseEventLogs({ abi: stakeVaultAbi, logs: vault, strict: true }),
    ...parseEventLogs({ abi: reputationLedgerAbi, logs: ledger, strict: true }),
    ...parseEventLogs({ abi: rewardMinterAbi, logs: minter, strict: true }),
  ].sort((a, b) => Number(a.blockNumber - b.blockNumber) || a.logIndex - b.logIndex);
}
