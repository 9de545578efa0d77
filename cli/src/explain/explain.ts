import type { Address, Hex } from "viem";

import type { Connection } from "../chain/connection.ts";
import { domainOfRequest, type Domain } from "../chain/domains.ts";
import type { Distribution } from "../history/books.ts";
import { differences, type Check } from "../history/check.ts";
import { readReplay } from "../history/read.ts";
import type { Replay } from "../history/replay.ts";
import { sits, type Lot, type RequestHistory } from "../history/requests.ts";
import { absenceOwed, scoreOf, type Score, type SettledSeat } from "../history/seats.ts";
import { CliError } from "../lib/errors.ts";
import { drawChecks, requestOf } from "../verdict/verdict.ts";
import { claimScores, type ClaimScore } from "./claims.ts";
import { readNotices } from "./notices.ts";

/** Where an account stands that was not distributed. */
export interface OpenAccount {
  readonly epoch: bigint;
  readonly score: bigint;
  readonly scored: bigint;
  readonly maturity: bigint;
  /** gwei still locked */
  readonly releasable: bigint;
}

/**
 * A seat that was not settled: `waiting` for its settlement, `silent` but not reported, `not drawn`, or `not sealed`.
 */
export interface OpenSeat {
  readonly kind: "waiting" | "silent" | "not drawn" | "not sealed";
  /** What settling would add, if it voted and the request has a verdict. */
  readonly score: Score | undefined;
  /** What a report would charge at most, if it was silent; wei */
  readonly absence: bigint | undefined;
}

/** Everything that became of one seat of one round, recomputed. */
export interface Explanation {
  readonly requestId: Hex;
  /** From 1, the request's own; the others are appeals. */
  readonly round: number;
  readonly operator: Address;
  readonly family: string;
  readonly domain: Domain;
  readonly request: RequestHistory;
  readonly lot: Lot | undefined;
  readonly seat: SettledSeat | OpenSeat;
  readonly claims: readonly ClaimScore[];
  readonly distribution: Distribution | undefined;
  readonly openAccount: OpenAccount | undefined;
  /** The same operator in the rounds that appeals opened; of the first round only. */
  readonly appeals: readonly Explanation[];
  /** What else the chain says of the operator, see `readNotices`; of the first round only. */
  readonly notices: readonly string[];
  /** Every number recomputed here that the chain states too. */
  readonly checks: readonly Check[];
  /** Of this round and of its appeals. */
  readonly differences: readonly Check[];
}

/** Explains an operator's seats in all rounds of a request from chain data alone. */
export async function explainSeat(
  connection: Connection,
  requestId: Hex,
  operator: Address,
): Promise<Explanation> {
  const domain = await domainOfRequest(connection, requestId);
  const replay = await readReplay(connection, domain.id);
  const explanations: Explanation[] = [];
  for (const round of requestOf(replay, requestId).rounds) {
    explanations.push(
      explain(replay, domain, round.id, operator, await drawChecks(connection, round, replay.lastBlock)),
    );
  }
  const [first, ...appeals] = explanations as [Explanation, ...Explanation[]];
  const notices = await readNotices(connection, domain.id, operator, replay.lastBlock);
  return { ...first, appeals, notices, differences: explanations.flatMap((one) => one.differences) };
}

/**
 * @param roundId id of the round; the request's own for its first
 * @param pinned what the contract pinned for the round, see `drawChecks`
 * @throws CliError if the operator is none of the domain
 */
export function explain(
  replay: Replay,
  domain: Domain,
  roundId: Hex,
  operator: Address,
  pinned: readonly Check[],
): Explanation {
  const request = requestOf(replay, roundId);
  if (!replay.isOperator(operator)) {
    throw new CliError(
      "UNKNOWN_OPERATOR",
      "The address is no operator of the request's domain",
      { operator, domain: domain.name },
      "Name the owner address of an operator, not its hot key; assay verdict lists the committee.",
    );
  }
  const lot = request.lots.find(({ owner }) => owner === operator);
  const family = request.weights.memberships.get(operator) ?? replay.familyOf(operator);
  const settled = replay.seatOf(roundId, operator);
  const account = settled?.kind === "scored" ? settled.account : undefined;
  const checks = [
    ...pinned,
    ...request.checks,
    ...(settled?.checks ?? []),
    ...(account?.distribution?.checks ?? []),
  ];
  return {
    requestId: request.requestId,
    round: request.index + 1,
    operator,
    family: replay.families.get(family) ?? `family ${family}`,
    domain,
    request,
    lot,
    seat: settled ?? openSeat(replay, request, operator, lot),
    claims: request.finalized === undefined ? [] : claimScores(request, operator),
    distribution: account?.distribution,
    openAccount:
      account === undefined || account.distribution !== undefined
        ? undefined
        : {
            epoch: account.epoch,
            score: account.score,
            scored: account.scored,
            maturity: replay.books.termsOf(account.epoch)?.maturity ?? 0n,
            releasable: account.releasable,
          },
    appeals: [],
    notices: [],
    checks,
    differences: differences(checks),
  };
}

function openSeat(replay: Replay, request: RequestHistory, owner: Address, lot: Lot | undefined): OpenSeat {
  const nothing = { score: undefined, absence: undefined };
  if (request.commits.has(owner)) {
    const hasScore = request.finalized !== undefined && request.reveals.has(owner);
    return { ...nothing, kind: "waiting", score: hasScore ? scoreOf(request, owner) : undefined };
  }
  if (request.lots.length === 0) return { ...nothing, kind: "not sealed" };
  if (lot === undefined || !sits(lot, request.extended)) return { ...nothing, kind: "not drawn" };
  const owed = absenceOwed(request, replay.tapes.of(owner).reputation);
  return { ...nothing, kind: "silent", absence: owed };
}
