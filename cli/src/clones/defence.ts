import {
  cloneMath,
  exhibitOf,
  judgedOf,
  MAX_CLAIMS,
  MAX_EXHIBITS,
  satApart,
  sumsOf,
  type Judged,
  type RequestedEvent,
} from "@assay/keeper";
import { assayAbi, cloneRegistryAbi } from "@assay/published";
import { getAbiItem, pad, parseEventLogs, toEventSelector, type Abi, type Address, type Hex } from "viem";

import type { Connection } from "../chain/connection.ts";
import type { Domain } from "../chain/domains.ts";
import { logsOf, type ChainLog } from "../chain/logs.ts";
import { CliError } from "../lib/errors.ts";
import type { Actor } from "../request/signer.ts";
import { cloneReadsOf, correlationOf, registryOf, type CloneCase } from "./cases.ts";

/** A request that can still be added to a case. */
type Spare = Judged & { readonly sums: cloneMath.Sums };

/** What the accused can still add to a case. */
export interface Defence {
  /** Requests both voted in that are not in evidence. */
  readonly spare: readonly Spare[];
  /** Those of them with which the pair is least alike; none if none lowers r. */
  readonly chosen: readonly Spare[];
  /** r with those that were chosen, and with all: what it comes to if the reporter answers. */
  readonly withChosen: number | undefined;
  readonly withAll: number | undefined;
  /** Whether the registry would still find them alike with those that were chosen. */
  readonly isAlike: boolean;
}

/**
 * Finds what can be added to an open case: requests of past epochs in which both revealed for different families, from
 * the chain alone.
 *
 * @param days before now that are looked through
 */
export async function readDefence(
  connection: Connection,
  domain: Domain,
  accusation: CloneCase,
  days: number,
): Promise<Defence> {
  const { client, reads, startBlock } = connection;
  const clones = cloneReadsOf(connection);
  const { timestamp } = await client.getBlock();
  const { genesis } = await reads.clock();
  const since = await reads.blockAt(Math.max(genesis, Number(timestamp) - days * 86_400), startBlock);
  const [first, second, requests] = await Promise.all([
    readVotes(connection, accusation.earlier, since),
    readVotes(connection, accusation.later, since),
    readRequests(connection, domain, since),
  ]);
  const earliest = Number(await clones.firstEpochOf(domain.id, accusation));
  const spare: Spare[] = [];
  for (const request of requests) {
    const { requestId } = request;
    const [one, other] = [first.get(requestId), second.get(requestId)];
    if (one === undefined || other === undefined) continue;
    if (await clones.isEvidence(accusation.number, requestId)) continue;
    const votes = new Map([
      [accusation.earlier, one],
      [accusation.later, other],
    ]);
    const judged = await judgedOf(reads, clones, request, votes);
    if (typeof judged === "string" || judged.epoch < earliest || judged.epoch >= accusation.epoch) continue;
    if (!(await satApart(reads, accusation, requestId))) continue;
    spare.push({ ...judged, sums: sumsOf(judged, accusation, accusation.rule.distance) });
  }
  const chosen = leastAlike(accusation.sums, spare);
  const sumsWith = (more: readonly Spare[]): cloneMath.Sums =>
    more.reduce((so, { sums }) => cloneMath.join(so, sums), accusation.sums);
  return {
    spare,
    chosen,
    withChosen: correlationOf(sumsWith(chosen)),
    withAll: correlationOf(sumsWith(spare)),
    isAlike: cloneMath.alike(sumsWith(chosen), BigInt(accusation.rule.correlation)),
  };
}

/** The requests in which the pair is least alike by itself, as many as lower r the most. */
function leastAlike(evidence: cloneMath.Sums, spare: readonly Spare[]): Spare[] {
  const own = (one: Spare): number => correlationOf(one.sums) ?? 1;
  const sorted = spare.filter(({ sums }) => sums.claims > 0n).toSorted((a, b) => own(a) - own(b));
  let [size, lowest] = [0, correlationOf(evidence) ?? 1];
  let sums = evidence;
  for (const [i, one] of sorted.entries()) {
    sums = cloneMath.join(sums, one.sums);
    const r = correlationOf(sums) ?? 1;
    if (r < lowest) [size, lowest] = [i + 1, r];
  }
  return sorted.slice(0, size);
}

/** Revealed votes of an operator, by their round. */
async function readVotes(connection: Connection, owner: Address, since: bigint): Promise<Map<Hex, Hex>> {
  const event = toEventSelector(getAbiItem({ abi: assayAbi, name: "Revealed" }));
  const logs = await assayLogs(connection, [event, null, pad(owner, { size: 32 })], since);
  const revealed = parseEventLogs({ abi: assayAbi, eventName: "Revealed", logs, strict: true });
  return new Map(revealed.map(({ args }) => [args.requestId, args.votes]));
}

async function readRequests(
  connection: Connection,
  { id }: Domain,
  since: bigint,
): Promise<RequestedEvent[]> {
  const event = toEventSelector(getAbiItem({ abi: assayAbi, name: "Requested" }));
  const logs = await assayLogs(connection, [event], since);
  return parseEventLogs({ abi: assayAbi, eventName: "Requested", logs, strict: true })
    .filter(({ args }) => args.terms.domain === id)
    .map(({ args: { requestId, terms, uri, payload }, blockNumber }) => ({
      requestId,
      terms,
      uri,
      payload,
      block: blockNumber,
    }));
}

const assayLogs = async (
  connection: Connection,
  topics: readonly (Hex | null)[],
  since: bigint,
): Promise<ChainLog[]> =>
  logsOf(
    { ...connection, startBlock: since },
    [connection.at.Assay],
    topics,
    await connection.client.getBlockNumber(),
  );

/**
 * Adds to an open case what makes the pair least alike. Anybody may, for the accused.
 *
 * @param onSent told of each transaction, because a later one may fail
 * @throws CliError if the window is over, or nothing left would clear the accused
 */
export async function reply(
  connection: Connection,
  actor: Actor,
  domain: Domain,
  accusation: CloneCase,
  days: number,
  onSent: (requests: number, transaction: Hex) => void,
): Promise<Defence> {
  const { earlier, later, openUntil, secondsLeft, correlation } = accusation;
  if (secondsLeft === 0) {
    throw new CliError(
      "WINDOW_OVER",
      "Nothing can be added to the case any more",
      { operator: later, earlier, openUntil: new Date(openUntil * 1_000).toISOString() },
      "Decide it with assay clones close.",
    );
  }
  const defence = await readDefence(connection, domain, accusation, days);
  const { spare, chosen } = defence;
  if (spare.length === 0) {
    throw new CliError(
      "NOTHING_TO_ADD",
      "Every request of past epochs in which both voted is in evidence",
      { operator: later, earlier, days, inEvidence: accusation.requests },
      "Look further back with --days.",
    );
  }
  // Evidence is finite: what does not clear the accused now will not do so later.
  if (defence.isAlike) {
    throw new CliError(
      "NOTHING_HELPS",
      "Even with the requests that lower r the most the pair would be alike",
      { operator: later, earlier, spare: spare.length, correlation, withChosen: defence.withChosen },
      "Look further back with --days, or tell the domain's owner, who can reverse a reclassification.",
    );
  }
  const registry = registryOf(connection);
  for (const batch of inCalls(chosen)) {
    const evidence = batch.map((one) => exhibitOf(one, accusation));
    const args = [domain.id, earlier, later, evidence];
    const { transactionHash } = await actor.send(registry, cloneRegistryAbi as Abi, "reply", args);
    onSent(batch.length, transactionHash);
  }
  return defence;
}

/** Splits requests into calls the registry takes, in their order. */
export function inCalls<T extends { readonly request: { readonly terms: { readonly claims: number } } }>(
  chosen: readonly T[],
): T[][] {
  const calls: T[][] = [];
  let claims = 0;
  for (const one of chosen) {
    const call = calls.at(-1);
    claims += one.request.terms.claims;
    if (call !== undefined && call.length < MAX_EXHIBITS && claims <= MAX_CLAIMS) {
      call.push(one);
    } else {
      calls.push([one]);
      claims = one.request.terms.claims;
    }
  }
  return calls;
}
