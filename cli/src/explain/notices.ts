import { printable } from "@assay/keeper";
import { cloneRegistryAbi, performanceLedgerAbi } from "@assay/published";
import { isAddressEqual, numberToHex, parseEventLogs, type Address } from "viem";

import type { Connection } from "../chain/connection.ts";
import { logsOf } from "../chain/logs.ts";
import { work } from "../lib/output.ts";

/**
 * What the chain says of an operator beside its seats: reports of clones and what became of them, and posted metrics that
 * a replay refuted. In the order of the chain.
 */
export async function readNotices(
  connection: Connection,
  domain: number,
  operator: Address,
  lastBlock: bigint,
): Promise<string[]> {
  const { CloneRegistry, PerformanceLedger } = connection.at;
  const topics = [null, numberToHex(domain, { size: 32 })];
  const [cases, metrics] = await Promise.all([
    CloneRegistry === undefined ? [] : logsOf(connection, [CloneRegistry], topics, lastBlock),
    logsOf(connection, [PerformanceLedger], topics, lastBlock),
  ]);
  const told = [
    ...parseEventLogs({
      abi: cloneRegistryAbi,
      logs: cases,
      eventName: ["CloneReported", "CloneConfirmed", "CloneDismissed", "CloneReversed"],
      strict: true,
    }),
    ...parseEventLogs({
      abi: performanceLedgerAbi,
      logs: metrics,
      eventName: ["MetricsRefuted", "ChallengeLost"],
      strict: true,
    }),
  ].sort((a, b) => Number(a.blockNumber - b.blockNumber) || a.logIndex - b.logIndex);
  return told.flatMap(({ eventName, args }) => {
    const concerns =
      "operator" in args
        ? isAddressEqual(args.operator, operator)
        : isAddressEqual(args.earlier, operator) || isAddressEqual(args.later, operator);
    if (!concerns) return [];
    switch (eventName) {
      case "CloneReported":
        return [
          `${args.later} was reported by ${args.reporter} as a clone of ${args.earlier}: ${args.requestIds.length} requests, ${args.sums.claims} uncertain claims in evidence.`,
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
      case "MetricsRefuted":
        return [
          `Metrics that ${args.poster} posted of the operator were false: their bond is lost, ${work(args.reward)} of it to ${args.challenger}, the rest burned. R_r stayed as it was; neither stake nor pay hang on it.`,
        ];
      case "ChallengeLost":
        return [
          `${args.challenger} challenged true metrics of the operator and paid for it, ${work(args.reward)} of it to ${args.poster}.`,
        ];
    }
  });
}
