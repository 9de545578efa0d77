import { isAddressEqual, type Address, type Hex } from "viem";

import { CASE_NONE, CASE_OPEN, type CloneReads, type Pair } from "../chain/cloneReads.ts";
import type { RequestedEvent } from "../chain/reads.ts";
import { alike, join, NO_SUMS, type Sums } from "../mirror/cloneMath.ts";
import { epochAt, type WatchDeps } from "./deps.ts";
import {
  exactSums,
  exhibitOf,
  judgedOf,
  MAX_CLAIMS,
  MAX_EXHIBITS,
  satApart,
  sumsOf,
  type Judged,
} from "./evidence.ts";
import { createRequestLog } from "./history.ts";
import type { Chance, Watch } from "./watch.ts";

const DAY = 86_400;
/** Gas of a report, generously: see docs/gas.md, reportClones and replyClones. */
const REPORT_GAS = 300_000n;
const EXHIBIT_GAS = 160_000n;

/** A request in which both of a pair voted. */
interface Shared extends Judged {
  readonly sums: Sums;
}

/**
 * Compares the revealed votes of every pair of operators as CloneRegistry does, and reports pairs that are alike over all
 * requests of the last days, because whoever is accused may add those a report leaves out. Its bond comes back when the
 * case is closed, which this watch does, too; what the clone's later rewards bring nobody knows beforehand.
 */
export function createClones(
  deps: WatchDeps,
  clones: CloneReads,
  {
    registry,
    days,
  }: { readonly registry: Address; /** days of votes that are compared */ readonly days: number },
): Watch {
  const { domain, owner: me, sender, reads, calls, clock, startBlock } = deps;
  const requestsSince = createRequestLog(reads, deps.watchReads, domain, startBlock);
  const counted = new Set<Hex>();
  /** By both addresses in ascending order. */
  const pairs = new Map<string, Shared[]>();
  let distance: number | undefined;
  /** Pairs this watch reported, and the block up to which its reports were read. */
  const mine = new Map<string, Pair>();
  let mineUntil: bigint | undefined;

  const count = async (request: RequestedEvent): Promise<void> => {
    const judged = await judgedOf(reads, clones, request);
    if (judged === "open") return;
    counted.add(request.requestId);
    if (judged === "void") return;
    const owners = [...judged.votes.keys()].toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
    for (const [i, earlier] of owners.entries()) {
      for (const later of owners.slice(i + 1)) {
        // In any order: the sums are the same both ways, but for their names.
        const sums = sumsOf(judged, { earlier, later }, distance ?? 0);
        const key = `${earlier} ${later}`;
        const shared = pairs.get(key) ?? [];
        pairs.set(key, shared);
        if (sums.claims > 0n) shared.push({ ...judged, sums });
      }
    }
  };

  const forget = (known: ReadonlySet<string>): void => {
    for (const id of counted) if (!known.has(id)) counted.delete(id);
    for (const [key, shared] of pairs) {
      const left = shared.filter(({ request }) => known.has(request.requestId));
      if (left.length === 0) pairs.delete(key);
      else pairs.set(key, left);
    }
  };

  const familyOf = async (owner: Address, epoch: number): Promise<number | undefined> => {
    const { flags } = await reads.operatorOf(domain, owner);
    if ((flags & 1) === 0) return undefined;
    return (await reads.seatWeights(domain, owner, epoch)).family;
  };

  /** The requests in which the pair sat for different families. */
  const apart = async (pair: Pair, shared: readonly Shared[]): Promise<Shared[]> => {
    const admitted: Shared[] = [];
    for (const one of shared) if (await satApart(reads, pair, one.request.requestId)) admitted.push(one);
    return admitted;
  };

  const accuse = async (
    key: string,
    all: readonly Shared[],
    rule: Awaited<ReturnType<CloneReads["ruleOf"]>>,
    now: number,
  ): Promise<Chance | undefined> => {
    const isEvidence = (shared: readonly Shared[]): boolean => {
      const sums = shared.reduce((so, { sums: more }) => join(so, more), NO_SUMS);
      const isEnough = shared.length >= rule.minRequests && sums.claims >= BigInt(rule.minClaims);
      return isEnough && alike(sums, BigInt(rule.correlation));
    };
    if (!isEvidence(all)) return undefined;
    const [one, other] = key.split(" ") as [Address, Address];
    const isFirst = (await clones.serialOf(domain, one)) < (await clones.serialOf(domain, other));
    const pair = isFirst ? { earlier: one, later: other } : { earlier: other, later: one };
    if (me !== undefined && isAddressEqual(pair.later, me)) return undefined;
    const next = epochAt(clock, now) + 1;
    const [family, lateFamily] = [await familyOf(pair.earlier, next), await familyOf(pair.later, next)];
    if (family === undefined || lateFamily === undefined || family === lateFamily) return undefined;
    if ((await clones.caseOf(domain, pair)).status !== CASE_NONE) return undefined;
    const firstEpoch = await clones.firstEpochOf(domain, pair);
    // Requests of this epoch are evidence from the next one on.
    const dated = all.filter(({ epoch }) => epoch >= firstEpoch && epoch < epochAt(clock, now));
    const admitted = isEvidence(dated) ? await apart(pair, dated) : [];
    if (!isEvidence(admitted)) return undefined;
    // The newest first, as few as prove it.
    const newest = admitted.toReversed();
    let size = rule.minRequests;
    while (size < newest.length && !isEvidence(newest.slice(0, size))) size += 1;
    const chosen = newest.slice(0, size);
    const claims = chosen.reduce((sum, { request }) => sum + request.terms.claims, 0);
    if (size > MAX_EXHIBITS || claims > MAX_CLAIMS || !isEvidence(chosen)) return undefined;
    const evidence = chosen.map((one) => exhibitOf(one, pair));
    return {
      act: `report ${pair.earlier} ${pair.later} ${firstEpoch}`,
      call: calls.reportClones(registry, domain, pair, evidence),
      gain: undefined,
      bond: {
        spender: registry,
        amount: await clones.bond(),
        gas: REPORT_GAS + EXHIBIT_GAS * BigInt(evidence.length),
      },
      data: { ...pair, requests: evidence.length },
    };
  };

  /** Own cases whose time for replies is over, if the bond comes back. */
  const close = async (pair: Pair, now: number): Promise<Chance | undefined> => {
    const { status, reporter, openUntil, sums, rule } = await clones.caseOf(domain, pair);
    if (status !== CASE_OPEN || !isAddressEqual(reporter, sender) || now < openUntil) return undefined;
    if (!alike(exactSums(sums), BigInt(rule.correlation))) return undefined;
    return {
      act: `close ${pair.earlier} ${pair.later} ${openUntil}`,
      call: calls.closeClones(registry, domain, pair),
      gain: await clones.bond(),
      data: { ...pair },
    };
  };

  return {
    name: "clones",
    async look(now) {
      const rule = await clones.ruleOf(domain);
      if (rule.distance !== distance) {
        // Another set of claims is uncertain now.
        counted.clear();
        pairs.clear();
        distance = rule.distance;
      }
      const since = Math.max(clock.genesis, now - (now % DAY) - days * DAY);
      const requests = await requestsSince(since);
      const { number } = await reads.head();
      forget(new Set<string>(requests.map(({ requestId }) => requestId)));
      for (const request of requests) if (!counted.has(request.requestId)) await count(request);
      const chances: Chance[] = [];
      for (const [key, shared] of pairs) {
        const chance = await accuse(key, shared, rule, now);
        if (chance !== undefined) chances.push(chance);
      }
      const from = mineUntil === undefined ? startBlock : mineUntil + 1n;
      for (const pair of await clones.reportedBy(domain, sender, from, number))
        mine.set(`${pair.earlier} ${pair.later}`, pair);
      mineUntil = number;
      for (const pair of mine.values()) {
        const chance = await close(pair, now);
        if (chance !== undefined) chances.push(chance);
      }
      return chances;
    },
  };
}
