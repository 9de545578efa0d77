import { laneTally, verdictMath, type BondState, type Phase } from "@assay/keeper";
import { appealsAbi, assayLensAbi } from "@assay/published";
import type { Address, Hex } from "viem";

import type { Connection } from "../chain/connection.ts";
import { domainOfRequest } from "../chain/domains.ts";
import { differences, type Check } from "../history/check.ts";
import { readReplay } from "../history/read.ts";
import type { Replay } from "../history/replay.ts";
import { fundedOf } from "../history/bonds.ts";
import { chainOf, decidingRound, frameOf, sits, type RequestHistory } from "../history/requests.ts";
import { CliError } from "../lib/errors.ts";
import { ratio, table, work } from "../lib/output.ts";
import { phaseOf } from "../request/wait.ts";

/** What a claim was found to be. */
export const VERDICTS = ["UNDECIDED", "FALSE", "TRUE"] as const;
export type VerdictName = (typeof VERDICTS)[number];

/** The name of two bits. */
export function nameOf(verdict: bigint): VerdictName {
  return VERDICTS[Number(verdict)] ?? "UNDECIDED";
}

export interface ClaimVerdict {
  /** From 1. */
  readonly claim: number;
  readonly verdict: VerdictName;
  /** Round it comes from, from 1; the first where none decided. */
  readonly round: number;
  /** Σ vote · v, of `whole`. */
  readonly lane: bigint;
  readonly whole: bigint;
  /** lane / whole, three decimals. */
  readonly mean: string;
}

export interface CommitteeMember {
  readonly owner: Address;
  readonly family: string;
  /** Vote weight 1..4 by the tier of R; undefined for whoever never revealed. */
  readonly tier: number | undefined;
  /** What became of the seat. */
  readonly state: "on time" | "late" | "committed" | "never revealed" | "silent" | "drawn";
}

/** The bond of an appeal, wei of WORK. */
export interface AppealBond {
  readonly appellant: Address;
  readonly amount: bigint;
  readonly state: BondState;
  /** What overturned seats gave its funders. */
  readonly reward: bigint;
}

/** What one round found by itself. */
export interface RoundVerdict {
  /** From 1, the request's own. */
  readonly round: number;
  readonly roundId: Hex;
  /** No quorum: nothing comes of it, and the verdicts of rounds before it stay. */
  readonly isVoid: boolean;
  /** Its own verdicts; empty before they are published. */
  readonly claims: readonly ClaimVerdict[];
  readonly lowDiversity: boolean;
  readonly committee: readonly CommitteeMember[];
  /** undefined in the first round */
  readonly bond: AppealBond | undefined;
}

/** What an inspector opened a request as. */
export interface CanaryVerdict {
  readonly inspector: Address;
  readonly batch: bigint;
  /** By claim. */
  readonly answers: readonly VerdictName[];
  /** Whether the quality of its seats is judged by them. */
  readonly counts: boolean;
}

export interface Verdict {
  readonly requestId: Hex;
  readonly domain: { readonly id: number; readonly name: string };
  readonly phase: Phase;
  /** Whether the verdicts cannot change any more. */
  readonly isFinal: boolean;
  /** Unix seconds at which the published verdicts become final; undefined before, and while an appeal votes. */
  readonly finalAt: number | undefined;
  /** Fewer families revealed than the domain wants. */
  readonly lowDiversity: boolean;
  /** Base rate b and threshold θ of the request, shares. */
  readonly baseRate: string;
  readonly threshold: string;
  /** The verdicts that count. */
  readonly claims: readonly ClaimVerdict[];
  /** undefined unless an inspector opened it */
  readonly canary: CanaryVerdict | undefined;
  /** Of the request's own round. */
  readonly committee: readonly CommitteeMember[];
  /** The request's own round and those of its appeals. */
  readonly rounds: readonly RoundVerdict[];
  /** Numbers published on the chain that differ from the ones recomputed here; empty if all agree. */
  readonly differences: readonly Check[];
}

/** The verdict of a request, recomputed from the revealed votes and compared with the published one. */
export async function readVerdict(connection: Connection, requestId: Hex): Promise<Verdict> {
  return (await readVerdictAndRequest(connection, requestId)).verdict;
}

/** The verdict and the request it was recomputed from. */
export async function readVerdictAndRequest(
  connection: Connection,
  requestId: Hex,
): Promise<{ verdict: Verdict; request: RequestHistory }> {
  const domain = await domainOfRequest(connection, requestId);
  const replay = await readReplay(connection, domain.id);
  // Everything is asked of the block the events end with: the answers must be of one moment.
  const { lastBlock } = replay;
  const request = requestOf(replay, requestId);
  const checks: Check[] = [];
  const rounds: RoundVerdict[] = [];
  for (const round of request.rounds) {
    checks.push(...round.checks, ...(await drawChecks(connection, round, lastBlock)));
    rounds.push(roundVerdict(replay, round, await phaseOf(connection, round.id, lastBlock)));
  }
  if (request.rounds.length > 1 || request.canary !== undefined)
    checks.push(...(await countingChecks(connection, request, lastBlock)));
  const [first] = rounds as [RoundVerdict];
  const phase = await phaseOf(connection, requestId, lastBlock);
  const verdict: Verdict = {
    requestId,
    domain,
    phase,
    isFinal: phase === "FINAL",
    finalAt: await finalAtOf(connection, request, lastBlock),
    lowDiversity: request.finalized?.lowDiversity ?? false,
    baseRate: ratio(BigInt(request.terms.baseRate), 255n),
    threshold: ratio(request.threshold, verdictMath.ONE),
    claims: request.finalized === undefined ? [] : countingVerdicts(request),
    canary: canaryOf(request),
    committee: first.committee,
    rounds,
    differences: differences(checks),
  };
  return { verdict, request };
}

function roundVerdict(replay: Replay, round: RequestHistory, phase: Phase): RoundVerdict {
  const { appeal, finalized } = round;
  return {
    round: round.index + 1,
    roundId: round.id,
    isVoid: round.isVoid,
    claims: finalized === undefined ? [] : claimVerdicts(round),
    lowDiversity: finalized?.lowDiversity ?? false,
    committee: committeeOf(replay, round, phase),
    bond: appeal && {
      appellant: appeal.appellant,
      amount: fundedOf(appeal.bond),
      state: appeal.bond.state,
      reward: appeal.bond.reward,
    },
  };
}

function canaryOf({ canary, terms }: RequestHistory): CanaryVerdict | undefined {
  if (canary === undefined) return undefined;
  const { inspector, batch, answers, finalAt } = canary;
  const names = Array.from({ length: terms.claims }, (_, i) => nameOf(verdictMath.verdictOf(answers, i)));
  return { inspector, batch, answers: names, counts: finalAt !== 0n };
}

/** When the verdicts cannot be appealed any more; a void appeal leaves time for another one. */
async function finalAtOf(
  { client, at }: Connection,
  { rounds }: RequestHistory,
  blockNumber: bigint,
): Promise<number | undefined> {
  const latest = rounds.at(-1);
  if (latest === undefined) return undefined;
  // The opening of a canary begins the window anew.
  const reopened = Number(latest.canary?.finalAt ?? 0n);
  if (latest.finalized !== undefined) return reopened || Number(latest.finalized.finalAt);
  if (!latest.isVoid || latest.index === 0) return undefined;
  const lens = { address: at.AssayLens, abi: assayLensAbi, args: [latest.id], blockNumber } as const;
  return (await client.readContract({ ...lens, functionName: "roundOf" })).clock;
}

/** The verdicts that count, beside what the contract of appeals makes of all rounds. */
async function countingChecks(
  { client, at }: Connection,
  request: RequestHistory,
  blockNumber: bigint,
): Promise<Check[]> {
  const { verdicts, reference } = chainOf(request);
  const read = { address: at.Appeals, abi: appealsAbi, args: [request.terms], blockNumber } as const;
  const [said, judged] = await Promise.all([
    client.readContract({ ...read, functionName: "verdictsOf" }),
    client.readContract({ ...read, functionName: "referenceOf" }),
  ]);
  return [
    { what: "verdicts of claims 1–128 that count", computed: verdicts[0], chain: said[0] },
    { what: "verdicts of claims 129–256 that count", computed: verdicts[1], chain: said[1] },
    { what: "what quality of claims 1–128 is judged by", computed: reference[0], chain: judged[0] },
    { what: "what quality of claims 129–256 is judged by", computed: reference[1], chain: judged[1] },
  ];
}

/** @throws CliError if the replay does not hold the request */
export function requestOf(replay: Replay, requestId: Hex): RequestHistory {
  const request = replay.requests.get(requestId);
  if (request !== undefined) return request;
  throw new CliError("UNKNOWN_REQUEST", "There is no request with this id", { requestId }, "Check the id.");
}

/** What the contract pinned for the request beside what the events before it give. */
export async function drawChecks(
  { client, at }: Connection,
  request: RequestHistory,
  blockNumber: bigint,
): Promise<Check[]> {
  const draw = await client.readContract({
    address: at.AssayLens,
    abi: assayLensAbi,
    functionName: "drawOf",
    args: [request.id],
    blockNumber,
  });
  return [
    { what: "expected seats", computed: request.seats, chain: BigInt(draw.seats) },
    { what: "bond of a seat", computed: request.bond, chain: draw.bond },
    { what: "threshold", computed: request.threshold, chain: BigInt(draw.threshold) },
    { what: "weight of the domain", computed: request.weights.weight, chain: draw.weight },
    { what: "Σroot of the domain", computed: request.weights.roots, chain: BigInt(draw.roots) },
  ];
}

/** The verdicts that count, each with the mean of the round that decided it. */
function countingVerdicts(request: RequestHistory): ClaimVerdict[] {
  const byRound = request.rounds.map((round) => (round.finalized === undefined ? [] : claimVerdicts(round)));
  return claimVerdicts(request).map((own, i) => {
    const decider = decidingRound(request, i);
    return decider === undefined ? own : (byRound[decider.index]?.[i] ?? own);
  });
}

/** What a round found by itself. */
export function claimVerdicts(request: RequestHistory): ClaimVerdict[] {
  const { claims, weight, bounds } = frameOf(request);
  const whole = 255n * weight;
  return laneTally.lanesOf(request.lanes, claims).map((lane, i) => ({
    claim: i + 1,
    verdict: nameOf(verdictMath.verdict(lane, bounds)),
    round: request.index + 1,
    lane,
    whole,
    mean: ratio(lane, whole),
  }));
}

function committeeOf(replay: Replay, request: RequestHistory, phase: Phase): CommitteeMember[] {
  const isVotingOver = !["NONE", "REQUESTED", "COMMIT", "EXTENSION"].includes(phase);
  const isRevealOver = isVotingOver && phase !== "REVEAL";
  const stateOf = (owner: Address): CommitteeMember["state"] => {
    const late = request.commits.get(owner)?.late;
    if (late === undefined) return isVotingOver ? "silent" : "drawn";
    if (!request.reveals.has(owner)) return isRevealOver ? "never revealed" : "committed";
    return late ? "late" : "on time";
  };
  return request.lots
    .filter((lot) => sits(lot, request.extended))
    .map(({ owner, family }) => {
      const tier = request.reveals.get(owner)?.weight;
      return {
        owner,
        family: replay.families.get(family) ?? `family ${family}`,
        tier: tier === undefined ? undefined : Number(tier),
        state: stateOf(owner),
      };
    });
}

export function renderVerdict(verdict: Verdict): string {
  const { requestId, domain, phase, claims, rounds } = verdict;
  const isAppealed = rounds.length > 1;
  return [
    `request ${requestId}, domain ${domain.name}`,
    `phase ${phase}: ${standing(verdict)}`,
    ...canaryLines(verdict),
    ...(verdict.lowDiversity && !isAppealed ? [LOW_DIVERSITY] : []),
    ...(claims.length === 0
      ? []
      : [`base rate ${verdict.baseRate}, threshold ${verdict.threshold}`, claimTable(claims, isAppealed)]),
    ...rounds.flatMap((round) => [...(isAppealed ? roundLines(round) : []), committeeTable(round)]),
    ...verdict.differences.map(
      ({ what, computed, chain }) =>
        `DIFFERS from the chain: ${what}: recomputed ${computed}, chain ${chain}`,
    ),
  ].join("\n");
}

function canaryLines({ canary }: Verdict): string[] {
  if (canary === undefined) return [];
  const { inspector, batch, answers, counts } = canary;
  const effect = counts
    ? "the quality of its seats is judged by these answers, unless an appeal decides otherwise"
    : "its answers do not count, because it was void or appealed already";
  return [
    `CANARY of batch ${batch}, opened by inspector ${inspector}: ${effect}`,
    `answers: ${answers.map((answer, i) => `${i + 1} ${answer}`).join(", ")}`,
  ];
}

const LOW_DIVERSITY = "LOW DIVERSITY: fewer families revealed than the domain asks for";

function roundLines({ round, roundId, isVoid, claims, lowDiversity, bond }: RoundVerdict): string[] {
  const found = isVoid ? "VOID, it left the verdicts as they were" : "not counted yet";
  return [
    "",
    `round ${round}, ${roundId}${bond === undefined ? "" : `, appealed by ${bond.appellant}`}`,
    ...(bond === undefined
      ? []
      : [
          `bond ${work(bond.amount)}: ${bond.state}${bond.reward === 0n ? "" : `, and ${work(bond.reward)} of overturned seats for its funders`}`,
        ]),
    ...(lowDiversity ? [LOW_DIVERSITY] : []),
    claims.length === 0 ? found : claimTable(claims, false),
  ];
}

function claimTable(claims: readonly ClaimVerdict[], withRound: boolean): string {
  const head = ["claim", withRound ? "verdict that counts" : "verdict", "mean probability"];
  const rows = claims.map(({ claim, verdict: name, mean, round }) => [
    claim,
    name,
    mean,
    ...(withRound ? [round] : []),
  ]);
  return table(withRound ? [...head, "round"] : head, rows);
}

function committeeTable({ committee }: RoundVerdict): string {
  if (committee.length === 0) return "no committee yet";
  return table(
    ["operator", "family", "tier", "seat"],
    committee.map(({ owner, family, tier, state }) => [owner, family, tier ?? "–", state]),
  );
}

function standing({ phase, finalAt }: Verdict): string {
  if (phase === "FINAL") return "the verdicts are final";
  if (phase === "VOID") return "there is no verdict and there will be none; the credits went back";
  const isAppealed = phase === "APPEALED";
  if (finalAt === undefined && isAppealed)
    return "NOT FINAL, an appeal votes: do not act on the verdicts yet";
  if (finalAt === undefined) return "NOT FINAL, there is no verdict yet";
  return `NOT FINAL before ${new Date(finalAt * 1_000).toISOString()}: do not act on the verdicts yet`;
}
