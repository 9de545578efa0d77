import type { BondState } from "@assay/keeper";
import type { Address, Hex } from "viem";

import type { Connection } from "../chain/connection.ts";
import { domainOfRequest, type Domain } from "../chain/domains.ts";
import { fundedOf } from "../history/bonds.ts";
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
  /** Its parts of the bonds of appeals; of the first round only. */
  readonly bonds: readonly BondPart[];
  /** What else the chain says of the operator, see `readNotices`; of the first round only. */
  readonly notices: readonly string[];
  /** Every number recomputed here that the chain states too. */
  readonly checks: readonly Check[];
  /** Of this round and of its appeals. */
  readonly differences: readonly Check[];
}

/** What became of somebody who is no operator: the part it has in a request's appeals, and what else the chain says. */
export interface Bystander {
  readonly requestId: Hex;
  readonly domain: Domain;
  readonly party: Address;
  readonly bonds: readonly BondPart[];
  readonly notices: readonly string[];
  readonly checks: readonly Check[];
  readonly differences: readonly Check[];
}

/** What somebody put into the bond of an appeal; wei of WORK. */
export interface BondPart {
  /** Round the appeal opened, from 2. */
  readonly round: number;
  readonly part: bigint;
  readonly whole: bigint;
  readonly state: BondState;
  /** Its share of what overturned seats gave. */
  readonly reward: bigint;
  readonly claimed: bigint;
  /** What it can claim now. */
  readonly due: bigint;
}

/** Explains an operator's seats in all rounds of a request from chain data alone. */
export async function explainSeat(
  connection: Connection,
  requestId: Hex,
  operator: Address,
): Promise<Explanation> {
  const domain = await domainOfRequest(connection, requestId);
  return seatIn(connection, await readReplay(connection, domain.id), domain, requestId, operator);
}

/**
 * Explains what became of anybody concerned: an operator, or whoever put up a bond.
 *
 * @throws CliError if the chain says nothing of the address
 */
export async function explainParty(
  connection: Connection,
  requestId: Hex,
  party: Address,
): Promise<Explanation | Bystander> {
  const domain = await domainOfRequest(connection, requestId);
  const replay = await readReplay(connection, domain.id);
  if (replay.isOperator(party)) return seatIn(connection, replay, domain, requestId, party);
  const { rounds } = requestOf(replay, requestId);
  const bonds = bondParts(rounds, party);
  const notices = await readNotices(connection, domain.id, party, replay.lastBlock);
  if (bonds.length === 0 && notices.length === 0) throw unknownOperator(party, domain);
  const checks = rounds.flatMap((round) => round.checks);
  return { requestId, domain, party, bonds, notices, checks, differences: differences(checks) };
}

async function seatIn(
  connection: Connection,
  replay: Replay,
  domain: Domain,
  requestId: Hex,
  operator: Address,
): Promise<Explanation> {
  const explanations: Explanation[] = [];
  const { rounds } = requestOf(replay, requestId);
  for (const round of rounds) {
    explanations.push(
      explain(replay, domain, round.id, operator, await drawChecks(connection, round, replay.lastBlock)),
    );
  }
  const [first, ...appeals] = explanations as [Explanation, ...Explanation[]];
  const notices = await readNotices(connection, domain.id, operator, replay.lastBlock);
  const bonds = bondParts(rounds, operator);
  return { ...first, appeals, bonds, notices, differences: explanations.flatMap((one) => one.differences) };
}

function bondParts(rounds: readonly RequestHistory[], party: Address): BondPart[] {
  return rounds.flatMap(({ index, appeal }) => {
    const part = appeal?.bond.parts.get(party);
    if (appeal === undefined || part === undefined) return [];
    const { bond } = appeal;
    const whole = fundedOf(bond);
    const reward = (part * bond.reward) / whole;
    const claimed = bond.claimed.get(party) ?? 0n;
    const due = bond.state === "RETURNED" ? part + reward - claimed : 0n;
    return [{ round: index + 1, part, whole, state: bond.state, reward, claimed, due }];
  });
}

function unknownOperator(operator: Address, domain: Domain): CliError {
  return new CliError(
    "UNKNOWN_OPERATOR",
    "The address is no operator of the request's domain, and nothing there concerns it",
    { operator, domain: domain.name },
    "Name the owner address of an operator, not its hot key, or whoever put up a bond; assay verdict lists the committee.",
  );
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
  if (!replay.isOperator(operator)) throw unknownOperator(operator, domain);
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
    bonds: [],
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
