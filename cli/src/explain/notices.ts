import { printable } from "@assay/keeper";
import { canariesAbi, cloneRegistryAbi, performanceLedgerAbi, stakeVaultAbi } from "@assay/published";
import {
  getAbiItem,
  isAddress,
  isAddressEqual,
  numberToHex,
  parseEventLogs,
  toEventSelector,
  type Address,
} from "viem";

import type { Connection } from "../chain/connection.ts";
import { logsOf } from "../chain/logs.ts";
import { wad, work } from "../lib/output.ts";

/** `ICanaries.BatchState.RETURNED`. */
const RETURNED = 2;

export type ToldEvent = Awaited<ReturnType<typeof readTold>>[number];

/**
 * What the chain says of somebody beside the seats: reports of clones and what became of them, posted metrics and
 * challenges, canaries and their bonds, and whether a charge took an operator below the least stake of its own. Of
 * operators and of whoever reported, posted, challenged, inspected or collected. In the order of the chain.
 */
export async function readNotices(
  connection: Connection,
  domain: number,
  party: Address,
  lastBlock: bigint,
): Promise<string[]> {
  return noticesOf(await readTold(connection, domain, lastBlock), party);
}

async function readTold(connection: Connection, domain: number, lastBlock: bigint) {
  const { Canaries, CloneRegistry, PerformanceLedger, StakeVault } = connection.at;
  const topic = numberToHex(domain, { size: 32 });
  const topics = [null, topic];
  const chargedOut = toEventSelector(getAbiItem({ abi: stakeVaultAbi, name: "ChargedOut" }));
  const forfeited = toEventSelector(getAbiItem({ abi: canariesAbi, name: "BondForfeited" }));
  const [cases, metrics, canaries, forfeits, charges] = await Promise.all([
    CloneRegistry === undefined ? [] : logsOf(connection, [CloneRegistry], topics, lastBlock),
    logsOf(connection, [PerformanceLedger], topics, lastBlock),
    logsOf(connection, [Canaries], topics, lastBlock),
    // Of all domains: it names the batch alone.
    logsOf(connection, [Canaries], [forfeited], lastBlock),
    logsOf(connection, [StakeVault], [chargedOut, topic], lastBlock),
  ]);
  return [
    ...parseEventLogs({
      abi: cloneRegistryAbi,
      logs: cases,
      eventName: ["CloneReported", "EvidenceAdded", "CloneConfirmed", "CloneDismissed", "CloneReversed"],
      strict: true,
    }),
    ...parseEventLogs({
      abi: performanceLedgerAbi,
      logs: metrics,
      eventName: ["MetricsPosted", "MetricsAccepted", "MetricsRefuted", "ChallengeLost"],
      strict: true,
    }),
    ...parseEventLogs({
      abi: canariesAbi,
      logs: [...canaries, ...forfeits],
      eventName: ["BatchRegistered", "CanaryOpened", "CanaryConcluded", "BatchClosed", "BondForfeited"],
      strict: true,
    }),
    ...parseEventLogs({ abi: stakeVaultAbi, logs: charges, eventName: "ChargedOut", strict: true }),
  ].sort((a, b) => Number(a.blockNumber - b.blockNumber) || a.logIndex - b.logIndex);
}

/** The sentences that concern a party: those of events that name it, and of what follows from its own. */
export function noticesOf(told: readonly Pick<ToldEvent, "eventName" | "args">[], party: Address): string[] {
  /** By pair. */
  const reporters = new Map<string, Address>();
  /** By batch. */
  const inspectors = new Map<bigint, Address>();
  const isParty = (value: unknown): boolean =>
    typeof value === "string" && isAddress(value) && isAddressEqual(value, party);
  return (told as readonly ToldEvent[]).flatMap((event) => {
    const { eventName, args } = event;
    if (eventName === "CloneReported") reporters.set(`${args.earlier} ${args.later}`, args.reporter);
    if (eventName === "BatchRegistered") inspectors.set(args.batch, args.inspector);
    const begunBy =
      "earlier" in args
        ? reporters.get(`${args.earlier} ${args.later}`)
        : "batch" in args
          ? inspectors.get(args.batch)
          : undefined;
    // A batch nobody registered here is one of another domain.
    if (eventName === "BondForfeited" && begunBy === undefined) return [];
    const concerns = isParty(begunBy) || Object.values(args).some(isParty);
    return concerns ? sentencesOf(event) : [];
  });
}

function sentencesOf({ eventName, args }: ToldEvent): string[] {
  switch (eventName) {
    case "CloneReported":
      return [
        `${args.later} was reported by ${args.reporter} as a clone of ${args.earlier}: ${args.requestIds.length} requests, ${args.sums.claims} uncertain claims in evidence, a bond of ${work(args.bond)}.`,
      ];
    case "EvidenceAdded":
      return [
        `${args.sender} added ${args.requestIds.length} requests to the report that ${args.later} is a clone of ${args.earlier}: ${args.sums.claims} uncertain claims in evidence.`,
      ];
    case "CloneConfirmed":
      return [
        `${args.later} was found to be a clone of ${args.earlier}: from the next epoch on it counts in family slot ${args.family}, not ${args.from}; nothing else was taken.`,
      ];
    case "CloneDismissed":
      return [
        `The report that ${args.later} is a clone of ${args.earlier} was dismissed; its bond of ${work(args.bond)} went to ${args.recipient}.`,
      ];
    case "CloneReversed":
      return [
        `The domain's owner moved ${args.later} back to its own family: ${printable(args.reason, 200)}`,
      ];
    case "MetricsPosted":
      return [
        `${args.poster} posted metrics of ${args.operator} from ${args.count} receipts of its model, under a bond: R_r ${wad(args.metrics.reputation)} if nobody refutes them until ${new Date(Number(args.openUntil) * 1_000).toISOString()}.`,
      ];
    case "MetricsAccepted":
      return [
        `Metrics that ${args.poster} posted of ${args.operator} stand: R_r is ${wad(args.reputation)}, and their bond went back.`,
      ];
    case "MetricsRefuted":
      return [
        `Metrics that ${args.poster} posted of ${args.operator} were false: their bond is lost, ${work(args.reward)} of it to ${args.challenger}, the rest burned. R_r stayed as it was; neither stake nor pay hang on it.`,
      ];
    case "ChallengeLost":
      return [
        `${args.challenger} challenged true metrics of ${args.operator} and paid for it, ${work(args.reward)} of it to ${args.poster}.`,
      ];
    case "BatchRegistered":
      return [
        `${args.inspector} registered batch ${args.batch} of ${args.count} canaries under a bond of ${work(args.bond)}.`,
      ];
    case "CanaryOpened":
      return [
        `Request ${args.requestId} was a canary of batch ${args.batch}; its answers ${args.finalAt === 0n ? "do not count" : "judge the quality of its seats"}.`,
      ];
    case "CanaryConcluded":
      if (!args.overturned) return [];
      return [
        `An appeal overturned answers of canary ${args.requestId}: its part of the bond of batch ${args.batch} is lost.`,
      ];
    case "BatchClosed":
      return [
        `Batch ${args.batch} was closed: what was left of its bond, ${work(args.bond)}, ${args.state === RETURNED ? "went back to the inspector" : "is lost"}.`,
      ];
    case "BondForfeited":
      return [
        `Of the bond of batch ${args.batch} ${work(args.bounty)} went to ${args.collector}, ${work(args.burned)} were burned.`,
      ];
    case "ChargedOut":
      return [
        `A charge left ${args.owner} ${work(args.left)} of its own stake, below ${work(args.floor)}: whatever device vouched for it is spent, and in a domain that asks for one it cannot register again under this address.`,
      ];
  }
}
