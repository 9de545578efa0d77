import {
  CASE_OPEN,
  CASE_RECLASSIFIED,
  cloneMath,
  createCloneReads,
  exactSums,
  type CloneReads,
  type Pair,
} from "@assay/keeper";
import { cloneRegistryAbi } from "@assay/published";
import { isAddressEqual, numberToHex, parseEventLogs, type Address, type Hex } from "viem";

import type { Connection } from "../chain/connection.ts";
import type { Domain } from "../chain/domains.ts";
import { logsOf } from "../chain/logs.ts";
import { CliError } from "../lib/errors.ts";

export type CaseState = "OPEN" | "RECLASSIFIED" | "DISMISSED" | "REVERSED";

/** The latest report on a pair, and what became of it. */
export interface CloneCase extends Pair {
  readonly state: CaseState;
  /** Of all reports, from 1; names the evidence. */
  readonly number: bigint;
  readonly reporter: Address;
  /** Unix seconds until which requests can be added, and how many of them are left. */
  readonly openUntil: number;
  readonly secondsLeft: number;
  /** Of the report: only requests of earlier epochs are evidence. */
  readonly epoch: number;
  /** Requests in evidence, and the sums over their uncertain claims. */
  readonly requests: number;
  readonly sums: cloneMath.Sums;
  /** Of the sums; undefined where votes do not vary. */
  readonly correlation: number | undefined;
  /** Basis points: accused from this correlation on, and what counts as uncertain. */
  readonly rule: { readonly correlation: number; readonly distance: number };
  /** Whether the registry would find them alike now. */
  readonly isAlike: boolean;
  /** Of the later one's family before it was moved. */
  readonly lineage: Hex;
}

/** The registry of clones of a deployment. */
export function registryOf({ at }: Connection): Address {
  if (at.CloneRegistry !== undefined) return at.CloneRegistry;
  throw new CliError(
    "NO_CLONE_REGISTRY",
    "The deployment names no registry of clones",
    { contract: "CloneRegistry" },
    "Name a deployment file that has its address with --deployment.",
  );
}

export function cloneReadsOf(connection: Connection): CloneReads {
  const { client, at, logRange } = connection;
  return createCloneReads(client, { ...at, CloneRegistry: registryOf(connection) }, logRange);
}

/** r of the sums; undefined where one of them does not vary. */
export function correlationOf(sums: cloneMath.Sums): number | undefined {
  const { claims: n, first, second } = sums;
  const spread = (squared: bigint, sum: bigint): number => Math.sqrt(Number(n * squared - sum * sum));
  const both = spread(sums.firstSquared, first) * spread(sums.secondSquared, second);
  return both === 0 ? undefined : Number(n * sums.product - first * second) / both;
}

/** All reports that name an operator, as the earlier or the later one; of each pair the latest. */
export async function readCases(
  connection: Connection,
  { id: domain }: Domain,
  operator: Address,
): Promise<CloneCase[]> {
  const { client } = connection;
  const { number, timestamp } = await client.getBlock();
  const topics = [null, numberToHex(domain, { size: 32 })];
  const logs = await logsOf(connection, [registryOf(connection)], topics, number);
  const latest = new Map<string, Pair & { requests: number; ended: CaseState | undefined }>();
  for (const { eventName, args } of parseEventLogs({ abi: cloneRegistryAbi, logs, strict: true })) {
    if (eventName === "RuleSet") continue;
    const { earlier, later } = args;
    if (!isAddressEqual(earlier, operator) && !isAddressEqual(later, operator)) continue;
    const key = `${earlier} ${later}`;
    const before = latest.get(key) ?? { earlier, later, requests: 0, ended: undefined };
    if (eventName === "CloneReported")
      latest.set(key, { earlier, later, requests: args.requestIds.length, ended: undefined });
    else if (eventName === "EvidenceAdded")
      latest.set(key, { ...before, requests: before.requests + args.requestIds.length });
    else if (eventName === "CloneDismissed") latest.set(key, { ...before, ended: "DISMISSED" });
    else if (eventName === "CloneReversed") latest.set(key, { ...before, ended: "REVERSED" });
  }
  const reads = cloneReadsOf(connection);
  const cases: CloneCase[] = [];
  for (const { requests, ended, ...pair } of latest.values()) {
    const { status, sums: packed, rule, ...said } = await reads.caseOf(domain, pair);
    const sums = exactSums(packed);
    cases.push({
      ...pair,
      state:
        status === CASE_OPEN
          ? "OPEN"
          : status === CASE_RECLASSIFIED
            ? "RECLASSIFIED"
            : (ended ?? "DISMISSED"),
      number: said.number,
      reporter: said.reporter,
      openUntil: said.openUntil,
      secondsLeft: status === CASE_OPEN ? Math.max(0, said.openUntil - Number(timestamp)) : 0,
      epoch: said.epoch,
      requests,
      sums,
      correlation: correlationOf(sums),
      rule: { correlation: rule.correlation, distance: rule.distance },
      isAlike: cloneMath.alike(sums, BigInt(rule.correlation)),
      lineage: said.lineage,
    });
  }
  return cases;
}

/**
 * The one case in which an operator is the accused.
 *
 * @param earlier whose clone it is said to be, where there is more than one such case
 * @throws CliError if there is none, or more than one
 */
export async function findCase(
  connection: Connection,
  domain: Domain,
  accused: Address,
  state: "OPEN" | "RECLASSIFIED",
  earlier: Address | undefined,
): Promise<CloneCase> {
  const all = (await readCases(connection, domain, accused)).filter(
    (one) =>
      isAddressEqual(one.later, accused) && (earlier === undefined || isAddressEqual(one.earlier, earlier)),
  );
  const found = all.filter((one) => one.state === state);
  const [one] = found;
  if (one !== undefined && found.length === 1) return one;
  const names = (cases: readonly CloneCase[]): string =>
    cases.map((each) => `${each.earlier} ${each.state}`).join(", ") || "none";
  if (found.length > 1) {
    throw new CliError(
      "AMBIGUOUS_CASE",
      "More than one such case accuses the operator",
      { operator: accused, earlier: names(found) },
      "Name the earlier operator of one with --of.",
    );
  }
  throw new CliError(
    "NO_SUCH_CASE",
    state === "OPEN" ? "No open case accuses the operator" : "No case that stands has moved the operator",
    { operator: accused, required: state, cases: names(all) },
    "Look with assay clones status; the accused is always the one that registered later.",
  );
}
