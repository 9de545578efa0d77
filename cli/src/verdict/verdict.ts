import { laneTally, verdictMath, type Phase } from "@assay/keeper";
import { assayLensAbi } from "@assay/published";
import type { Address, Hex } from "viem";

import type { Connection } from "../chain/connection.ts";
import { domainOfRequest } from "../chain/domains.ts";
import { differences, type Check } from "../history/check.ts";
import { readReplay } from "../history/read.ts";
import type { Replay } from "../history/replay.ts";
import { frameOf, sits, type RequestHistory } from "../history/requests.ts";
import { CliError } from "../lib/errors.ts";
import { ratio, table } from "../lib/output.ts";
import { phaseOf } from "../request/wait.ts";

/** What a claim was found to be. */
export const VERDICTS = ["UNDECIDED", "FALSE", "TRUE"] as const;
export type VerdictName = (typeof VERDICTS)[number];

export interface ClaimVerdict {
  /** From 1. */
  readonly claim: number;
  readonly verdict: VerdictName;
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

export interface Verdict {
  readonly requestId: Hex;
  readonly domain: { readonly id: number; readonly name: string };
  readonly phase: Phase;
  /** Whether the verdicts cannot change any more. */
  readonly isFinal: boolean;
  /** Unix seconds at which a published verdict becomes final; undefined before. */
  readonly finalAt: number | undefined;
  /** Fewer families revealed than the domain wants. */
  readonly lowDiversity: boolean;
  /** Base rate b and threshold θ of the request, shares. */
  readonly baseRate: string;
  readonly threshold: string;
  readonly claims: readonly ClaimVerdict[];
  readonly committee: readonly CommitteeMember[];
  /** Numbers published on the chain that differ from the ones recomputed here; empty if all agree. */
  readonly differences: readonly Check[];
}

/** The verdict of a request, recomputed from the revealed votes and compared with the published one. */
export async function readVerdict(connection: Connection, requestId: Hex): Promise<Verdict> {
  const domain = await domainOfRequest(connection, requestId);
  const [phase, replay] = await Promise.all([
    phaseOf(connection, requestId),
    readReplay(connection, domain.id),
  ]);
  const request = requestOf(replay, requestId);
  const checks = [...request.checks, ...(await drawChecks(connection, request))];
  return {
    requestId,
    domain,
    phase,
    isFinal: phase === "FINAL",
    finalAt: request.finalized === undefined ? undefined : Number(request.finalized.finalAt),
    lowDiversity: request.finalized?.lowDiversity ?? false,
    baseRate: ratio(BigInt(request.terms.baseRate), 255n),
    threshold: ratio(request.threshold, verdictMath.ONE),
    claims: request.finalized === undefined ? [] : claimVerdicts(request),
    committee: committeeOf(replay, request, phase),
    differences: differences(checks),
  };
}

/** @throws CliError if the replay does not hold the request */
export function requestOf(replay: Replay, requestId: Hex): RequestHistory {
  const request = replay.requests.get(requestId);
  if (request !== undefined) return request;
  throw new CliError("UNKNOWN_REQUEST", "There is no request with this id", { requestId }, "Check the id.");
}

/** What the contract pinned for the request beside what the events before it give. */
export async function drawChecks({ client, at }: Connection, request: RequestHistory): Promise<Check[]> {
  const draw = await client.readContract({
    address: at.AssayLens,
    abi: assayLensAbi,
    functionName: "drawOf",
    args: [request.id],
  });
  return [
    { what: "bond of a seat", computed: request.bond, chain: draw.bond },
    { what: "threshold", computed: request.threshold, chain: BigInt(draw.threshold) },
    { what: "weight of the domain", computed: request.weights.weight, chain: draw.weight },
    { what: "Σroot of the domain", computed: request.weights.roots, chain: BigInt(draw.roots) },
  ];
}

export function claimVerdicts(request: RequestHistory): ClaimVerdict[] {
  const { claims, weight, bounds } = frameOf(request);
  const whole = 255n * weight;
  return laneTally.lanesOf(request.lanes, claims).map((lane, i) => ({
    claim: i + 1,
    verdict: VERDICTS[Number(verdictMath.verdict(lane, bounds))] ?? "UNDECIDED",
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
  const { requestId, domain, phase, claims, committee } = verdict;
  return [
    `request ${requestId}, domain ${domain.name}`,
    `phase ${phase}: ${standing(verdict)}`,
    ...(verdict.lowDiversity ? ["LOW DIVERSITY: fewer families revealed than the domain asks for"] : []),
    ...(claims.length === 0
      ? []
      : [
          `base rate ${verdict.baseRate}, threshold ${verdict.threshold}`,
          table(
            ["claim", "verdict", "mean probability"],
            claims.map(({ claim, verdict: name, mean }) => [claim, name, mean]),
          ),
        ]),
    committee.length === 0
      ? "no committee yet"
      : table(
          ["operator", "family", "tier", "seat"],
          committee.map(({ owner, family, tier, state }) => [owner, family, tier ?? "–", state]),
        ),
    ...verdict.differences.map(
      ({ what, computed, chain }) =>
        `DIFFERS from the chain: ${what}: recomputed ${computed}, chain ${chain}`,
    ),
  ].join("\n");
}

function standing({ phase, finalAt }: Verdict): string {
  if (phase === "FINAL") return "the verdicts are final";
  if (phase === "VOID") return "there is no verdict and there will be none; the credits went back";
  if (finalAt === undefined) return "NOT FINAL, there is no verdict yet";
  return `NOT FINAL before ${new Date(finalAt * 1_000).toISOString()}: do not act on the verdicts yet`;
}
