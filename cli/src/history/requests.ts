import {
  laneTally,
  rulings,
  skillScore,
  sortition,
  verdictMath,
  type words,
  type Terms,
} from "@assay/keeper";
import { hexToBytes, type Address, type Hex } from "viem";

import type { Bond } from "./bonds.ts";
import type { Check } from "./check.ts";
import type { EventNamed } from "./events.ts";
import type { Parameters } from "./versions.ts";
import type { EpochWeights } from "./weights.ts";

/** Whether an operator sits, and why: it does iff `ticket < chance`; both of 2^128. */
export interface Lot {
  readonly owner: Address;
  readonly family: number;
  readonly ticket: bigint;
  /** Zero if the family is too light. */
  readonly chance: bigint;
  /** The chance after an extension. */
  readonly grownChance: bigint;
}

export interface Reveal {
  readonly votes: Uint8Array;
  /** v of the voter, 1..4 */
  readonly weight: bigint;
}

/** What opened the round of an appeal. */
export interface AppealHistory {
  readonly appellant: Address;
  readonly bond: Bond;
}

/** What an inspector opened a request with. */
export interface CanaryHistory {
  readonly batch: bigint;
  readonly inspector: Address;
  /** two bits a claim: 1 false, 2 true */
  readonly answers: rulings.Words;
  /** Unix seconds; zero where the answers do not count */
  readonly finalAt: bigint;
}

/** One round of a request as the events tell it, with everything its seats are judged by recomputed. */
export interface RequestHistory {
  /** Of the round; the request's own for its first. */
  readonly id: Hex;
  readonly requestId: Hex;
  /** 0 for the request's own round, then its appeals. */
  readonly index: number;
  /** All rounds of the request, this one among them. */
  readonly rounds: readonly RequestHistory[];
  /** undefined in the first round */
  readonly appeal: AppealHistory | undefined;
  readonly terms: Terms;
  readonly parameters: Parameters;
  readonly uri: string;
  readonly payload: Hex;
  readonly block: bigint;
  /** θ, 16-bit fraction */
  readonly threshold: bigint;
  /** bond of a seat, gwei */
  readonly bond: bigint;
  /** expected committee before an extension */
  readonly seats: bigint;
  /** votes without which the round is void */
  readonly quorum: bigint;
  /** What the domain weighed in the round's epoch, as the draw has it. */
  readonly weights: EpochWeights;
  /** Everybody's lot; empty until sealed. */
  lots: readonly Lot[];
  extended: boolean;
  isVoid: boolean;
  /** The seat of each owner that committed. */
  readonly commits: Map<Address, words.SeatFields>;
  readonly reveals: Map<Address, Reveal>;
  /** Lane sums of the reveals, see LaneTally. */
  lanes: readonly bigint[];
  /** Σv of the reveals */
  weight: bigint;
  finalized: EventNamed<"Finalized">["args"] | undefined;
  /** Of the request's own round; undefined unless it was opened as a canary. */
  canary: CanaryHistory | undefined;
  /** The published words and means beside our own. */
  checks: readonly Check[];
}

/** θ of a domain before its first verdict, WAD. */
export const FIRST_THRESHOLD = 500_000_000_000_000_000n;

/** @param theta θ of the domain when the request was opened, WAD */
export function openedRequest(
  { args, blockNumber }: EventNamed<"Requested">,
  parameters: Parameters,
  weights: EpochWeights,
  theta: bigint,
): RequestHistory {
  const { terms } = args;
  const { seatBond, penaltyRatio } = parameters.fees;
  const rounds: RequestHistory[] = [];
  const request: RequestHistory = {
    id: args.requestId,
    requestId: args.requestId,
    index: 0,
    rounds,
    appeal: undefined,
    terms,
    parameters,
    uri: args.uri,
    payload: args.payload,
    block: blockNumber,
    threshold: verdictMath.thresholdBits(theta),
    bond: skillScore.bond(
      seatBond,
      BigInt(penaltyRatio),
      terms.price,
      BigInt(terms.claims),
      BigInt(terms.baseRate),
    ),
    seats: BigInt(parameters.committee.seats),
    quorum: BigInt(parameters.committee.minSeats),
    weights,
    ...nobody(),
  };
  rounds.push(request);
  return request;
}

/** What a round begins with. */
function nobody() {
  return {
    lots: [],
    extended: false,
    isVoid: false,
    commits: new Map(),
    reveals: new Map(),
    lanes: laneTally.empty(),
    weight: 0n,
    finalized: undefined,
    canary: undefined,
    checks: [],
  };
}

/** The round an appeal opens: 2n + 1 expected seats, weights of its own, and else the terms of the first. */
export function appealedRound(
  first: RequestHistory,
  { args, blockNumber }: EventNamed<"Appealed">,
  bond: Bond,
  weights: EpochWeights,
): RequestHistory {
  const latest = first.rounds.at(-1) ?? first;
  const seats = 2n * latest.seats + 1n;
  const round: RequestHistory = {
    ...first,
    id: args.roundId,
    index: first.rounds.length,
    appeal: { appellant: args.appellant, bond },
    block: blockNumber,
    seats,
    quorum: (latest.quorum * seats) / latest.seats,
    weights,
    ...nobody(),
    checks: [{ what: "expected seats", computed: seats, chain: BigInt(args.seats) }],
  };
  // The rounds of a request share one list, which grows here alone.
  (first.rounds as RequestHistory[]).push(round);
  return round;
}

/** wei of WORK an appeal that opens this round must put up. */
export function bondOf({ terms, seats }: RequestHistory): bigint {
  return terms.price * BigInt(terms.claims) * seats;
}

/** Everybody's lot under a seed, the luckiest first. */
export function drawLots(request: RequestHistory, seed: bigint): Lot[] {
  const { committee } = request.parameters;
  const { weight: totalWeight, roots, familyWeights, weights, memberships } = request.weights;
  const { seats } = request;
  const boostCap = committee.rule === 0 ? 0n : BigInt(committee.boostCap);
  return [...weights]
    .map(([owner, weight]) => {
      const family = memberships.get(owner) ?? 0;
      const familyWeight = familyWeights.get(family);
      const chanceOf = (expected: bigint): bigint =>
        familyWeight === undefined
          ? 0n
          : sortition.chance({ weight, familyWeight, totalWeight, roots }, expected, boostCap);
      return {
        owner,
        family,
        ticket: sortition.ticket(seed, request.id, owner),
        chance: chanceOf(seats),
        grownChance: chanceOf(sortition.grown(seats)),
      };
    })
    .sort((a, b) => (a.ticket < b.ticket ? -1 : 1));
}

/** Whether a lot sits in the committee as it is now. */
export function sits(lot: Lot, extended: boolean): boolean {
  return lot.ticket < lot.chance || (extended && lot.ticket < lot.grownChance);
}

export function addReveal(request: RequestHistory, { args }: EventNamed<"Revealed">): void {
  const weight = request.commits.get(args.owner)?.weight ?? 0n;
  const reveal = { votes: hexToBytes(args.votes), weight };
  request.reveals.set(args.owner, reveal);
  request.lanes = laneTally.add(request.lanes, reveal.votes, reveal.weight);
  request.weight += reveal.weight;
}

/** What the committee is judged by; needs a reveal. */
export function frameOf({ terms, parameters, threshold, weight, index }: RequestHistory): skillScore.Frame {
  const margin = BigInt(parameters.committee.decisiveMargin);
  const bounds = verdictMath.bounds(threshold, margin, weight);
  return {
    claims: BigInt(terms.claims),
    baseRate: BigInt(terms.baseRate),
    weight,
    threshold,
    bounds: index === 0 ? bounds : rulings.appealBounds(bounds, weight),
  };
}

/** A round's own verdicts, recomputed; all undecided without a quorum. */
export function ownVerdicts(round: RequestHistory): rulings.Words {
  if (round.finalized === undefined) return rulings.NO_VERDICTS;
  const { claims, weight, threshold, bounds } = frameOf(round);
  return verdictMath.read(round.lanes, claims, weight, threshold, bounds).words;
}

/** What all rounds of the request say together. */
export function chainOf(round: RequestHistory): rulings.Chain {
  return rulings.chain(round.rounds.map(ownVerdicts), answersOf(round));
}

/** Answers of a canary that count; undefined for any other request. */
export function answersOf({ rounds }: RequestHistory): rulings.Words | undefined {
  const canary = rounds[0]?.canary;
  return canary === undefined || canary.finalAt === 0n ? undefined : canary.answers;
}

/** How the seats of the round are judged. */
export function rulingOf(round: RequestHistory): rulings.Ruling {
  return rulings.rulingOf(round.rounds.map(ownVerdicts), round.index, answersOf(round));
}

/** The claims of the round by the verdicts that count. */
export function sidesOf(round: RequestHistory): skillScore.Side[] {
  const { verdicts, foreign } = rulingOf(round);
  return skillScore.sidesBy(frameOf(round), round.lanes, verdicts, foreign);
}

/** The claims of the round by what quality is judged by, of a canary: answers, and verdicts of appeals. */
export function inspectedSides(round: RequestHistory): skillScore.Side[] {
  const { reference, apart } = rulingOf(round);
  return skillScore.sidesBy(frameOf(round), round.lanes, reference, apart);
}

/** The round whose verdict of a claim counts, from 0; undefined if none decided it. */
export function decidingRound({ rounds }: RequestHistory, claim: number): RequestHistory | undefined {
  return rounds.findLast(
    (round) => verdictMath.verdictOf(ownVerdicts(round), claim) !== verdictMath.UNDECIDED,
  );
}

/** Compares the published verdicts with the ones the reveals give. */
export function finalize(request: RequestHistory, said: EventNamed<"Finalized">["args"]): void {
  const { claims, weight, threshold, bounds } = frameOf(request);
  const { words: verdicts, mean } = verdictMath.read(request.lanes, claims, weight, threshold, bounds);
  request.finalized = said;
  request.checks = [
    ...request.checks,
    { what: "verdicts of claims 1–128", computed: verdicts[0], chain: said.verdicts[0] },
    { what: "verdicts of claims 129–256", computed: verdicts[1], chain: said.verdicts[1] },
    { what: "weight of the reveals", computed: weight, chain: said.weight },
    { what: "mean vote", computed: mean, chain: said.mean },
  ];
}
