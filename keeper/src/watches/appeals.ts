import { hexToBytes, type Address, type Hex } from "viem";

import type { AppealReads } from "../chain/appealReads.ts";
import type { RequestedEvent } from "../chain/reads.ts";
import { ROUND_APPEALED } from "../chain/types.ts";
import { brief } from "../chain/trouble.ts";
import { createRecent } from "../lib/recent.ts";
import { MAX_APPEALS, roundIdOf } from "../mirror/commitment.ts";
import { MAX_SEATS } from "../mirror/sortition.ts";
import { appealValue, doubts } from "./appealValue.ts";
import { epochAt, type WatchDeps } from "./deps.ts";
import { createRequestLog } from "./history.ts";
import type { Chance, Watch } from "./watch.ts";

/** Epochs in which a request may have been opened that can still be appealed. */
const EPOCHS_BACK = 2;
/** Gas of an appeal, generously: see docs/gas.md, appeal. */
const APPEAL_GAS = 400_000n;
/** Attempts at judging a request whose payload cannot be had. */
const TRIES = 3;

/** When this watch appeals. */
export interface AppealPolicy {
  /** least |p − θ|, basis points */
  readonly confidence: bigint;
  /** what the own model's probability counts for, basis points */
  readonly trust: bigint;
  /** most WORK for one appeal, wei */
  readonly bondAtMost: bigint;
}

/** The own model's vote on a request, one byte a claim. */
export type Opinion = (request: RequestedEvent) => Promise<Uint8Array>;

/**
 * Appeals verdicts the own model is confident against, where that is worth its bond on average: see appealValue.ts. Only
 * requests nobody appealed yet: a second committee is better evidence than a model. Not the answers of canaries: overturning
 * one takes nothing from voters, so it has no reward to weigh the bond against. And takes back what bonds return: where no
 * keeper has resolved one once its request is final, the watch does.
 */
export function createAppeals(
  deps: WatchDeps,
  appeals: AppealReads,
  opinionOf: Opinion,
  { confidence, trust, bondAtMost }: AppealPolicy,
  spender: Address,
): Watch {
  const { domain, sender, reads, watchReads, calls, clock, startBlock, log } = deps;
  const requestsSince = createRequestLog(reads, watchReads, domain, startBlock);
  const opinions = createRecent<Uint8Array>(256);
  const failures = createRecent<number>();
  const funded = new Set<Hex>();
  let fundedUntil: bigint | undefined;
  /** The request and the number of rounds whose bond was seen locked; undefined for those of other domains. */
  const appealed = new Map<Hex, { request: RequestedEvent; index: number } | undefined>();

  const opinion = async (request: RequestedEvent): Promise<Uint8Array | undefined> => {
    const { requestId } = request;
    const known = opinions.get(requestId);
    const failed = failures.get(requestId) ?? 0;
    if (known !== undefined || failed >= TRIES) return known;
    try {
      const votes = await opinionOf(request);
      opinions.set(requestId, votes);
      return votes;
    } catch (error) {
      failures.set(requestId, failed + 1);
      log.debug("no opinion on a request", { watch: "appeals", requestId, error: brief(error) });
      return undefined;
    }
  };

  const against = async (request: RequestedEvent): Promise<Chance | undefined> => {
    const { requestId, terms, block } = request;
    const { phase, draw, round } = await reads.roundState(requestId, terms.requester);
    if (phase !== "FINALIZED" || (round.flags & ROUND_APPEALED) !== 0) return undefined;
    if (2n * BigInt(draw.seats) + 1n > MAX_SEATS) return undefined;
    const own = await opinion(request);
    if (own === undefined) return undefined;
    const [verdicts, revealed] = await Promise.all([
      appeals.verdictsOf(terms),
      reads.revealedVotes(requestId, block),
    ]);
    const ruled = {
      verdicts,
      votes: revealed.map(({ owner, votes }) => ({ owner, votes: hexToBytes(votes) })),
      threshold: BigInt(draw.threshold),
      baseRate: draw.baseRate,
      seatBond: draw.bond,
    };
    const claims = doubts(ruled, own, confidence);
    if (claims.length === 0) return undefined;
    const { whole, funded: others } = await appeals.bondOf(terms, roundIdOf(requestId, 1));
    const amount = whole - others;
    const data = { requestId, claims: claims.map(({ claim }) => claim), bond: amount };
    if (amount > bondAtMost) {
      log.debug("the bond of an appeal is above the cap", { watch: "appeals", ...data, bondAtMost });
      return undefined;
    }
    return {
      act: requestId,
      call: calls.appeal(terms),
      gain: appealValue(claims, trust, { whole, own: amount }),
      bond: { spender, amount, gas: APPEAL_GAS },
      data,
    };
  };

  const lookForFunded = async (number: bigint): Promise<void> => {
    const from = fundedUntil === undefined ? startBlock : fundedUntil + 1n;
    for (const roundId of await appeals.fundedBy(sender, from, number)) funded.add(roundId);
    fundedUntil = number;
  };

  /** Own bonds that nobody resolved although their request is final; whether they return is the contract's to say. */
  const resolutions = async (number: bigint): Promise<Chance[]> => {
    const locked: Hex[] = [];
    for (const roundId of funded) if (await reads.isBondLocked(roundId)) locked.push(roundId);
    // A round's id does not tell its request. Once for each: a locked bond is rare, and its request may be older than this start.
    const strange = locked.filter((roundId) => !appealed.has(roundId));
    if (strange.length > 0) {
      const requests = await watchReads.requests(domain, startBlock, number);
      for (const roundId of strange) appealed.set(roundId, undefined);
      for (const request of requests)
        for (let index = 1; index <= MAX_APPEALS; index++) {
          const roundId = roundIdOf(request.requestId, index);
          if (strange.includes(roundId)) appealed.set(roundId, { request, index });
        }
    }
    const chances: Chance[] = [];
    for (const roundId of locked) {
      const known = appealed.get(roundId);
      if (known === undefined) continue;
      const { request, index } = known;
      const { phase } = await reads.roundState(request.requestId, sender);
      if (phase !== "FINAL") continue;
      chances.push({
        act: `resolve ${roundId}`,
        call: calls.resolveBond(request.terms, index),
        gain: undefined,
        data: { requestId: request.requestId, round: index },
      });
    }
    return chances;
  };

  /** Bonds that came back, with their part of what overturned voters lost. */
  const claims = async (number: bigint): Promise<Chance[]> => {
    const chances: Chance[] = [];
    for (const roundId of funded) {
      const due = await appeals.dueTo(roundId, sender);
      if (due === 0n) continue;
      chances.push({
        act: `claim ${roundId} ${number}`,
        call: calls.claimBond(roundId, sender),
        gain: due,
        data: { roundId, due },
      });
    }
    return chances;
  };

  return {
    name: "appeals",
    async look(now) {
      const epoch = Math.max(0, epochAt(clock, now) - EPOCHS_BACK);
      const chances: Chance[] = [];
      for (const request of await requestsSince(clock.genesis + epoch * clock.epochLength)) {
        const chance = await against(request);
        if (chance !== undefined) chances.push(chance);
      }
      const { number } = await reads.head();
      await lookForFunded(number);
      return [...chances, ...(await resolutions(number)), ...(await claims(number))];
    },
  };
}
