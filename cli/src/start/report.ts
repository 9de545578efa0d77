import { laneTally, verdictMath, type ChainReads } from "@assay/keeper";
import {
  assayAbi,
  assayLensAbi,
  feeMarketAbi,
  reputationLedgerAbi,
  rewardMinterAbi,
  stakeVaultAbi,
} from "@assay/published";
import Table from "cli-table3";
import { formatEther, type Address } from "viem";

import { OUTCOMES } from "../history/seats.ts";
import { nameOf, type VerdictName } from "../verdict/verdict.ts";
import type { LocalNetwork } from "./localNetwork.ts";
import type { Tracked } from "./progress.ts";
import type { Sample } from "./scenario.ts";

export interface ClaimResult {
  readonly id: string;
  readonly claim: string;
  readonly verdict: Lowercase<VerdictName> | "void";
  /** 0..1 */
  readonly mean: number | undefined;
  readonly truth: boolean;
}

export interface OperatorResult {
  readonly name: string;
  readonly behaviour: string;
  readonly family: string;
  readonly seats: number;
  /** wei of WORK */
  readonly score: bigint;
  readonly points: bigint;
  readonly minted: bigint;
  readonly penalty: bigint;
  readonly outcomes: string;
  /** WAD */
  readonly before: bigint;
  readonly after: bigint;
}

export interface Report {
  readonly claims: readonly ClaimResult[];
  readonly operators: readonly OperatorResult[];
  /** wei of WORK burned for the credits these requests used up, wei minted for them */
  readonly burned: bigint;
  readonly minted: bigint;
  readonly charged: bigint;
  readonly effectiveFamilies: number;
}

/** R of every operator as it is now, WAD. */
export async function readReputations(
  { operators }: LocalNetwork,
  reads: ChainReads,
  domain: number,
): Promise<ReadonlyMap<Address, bigint>> {
  const owners = operators.map(({ owner }) => owner);
  const all = await Promise.all(owners.map((owner) => reads.reputationOf(domain, owner)));
  return new Map(owners.map((owner, i) => [owner, all[i] ?? 0n]));
}

/**
 * Everything the closing tables say, read from the chain's events.
 *
 * @param before what {@link readReputations} said before the first request
 */
export async function readReport(
  network: LocalNetwork,
  reads: ChainReads,
  domain: number,
  requests: readonly (Tracked & { readonly samples: readonly Sample[] })[],
  before: ReadonlyMap<Address, bigint>,
): Promise<Report> {
  const { reader, deployment } = network;
  const at = deployment.addresses;
  const fromBlock = BigInt(deployment.block);
  const assay = { address: at.Assay, abi: assayAbi, fromBlock, strict: true } as const;
  const lens = { address: at.AssayLens, abi: assayLensAbi } as const;
  const minter = { address: at.RewardMinter, abi: rewardMinterAbi, fromBlock, strict: true } as const;

  const claims: ClaimResult[] = [];
  for (const { requestId, samples } of requests) {
    const [finalized] = await reader.getContractEvents({
      ...assay,
      eventName: "Finalized",
      args: { requestId },
    });
    const lanes = await reader.readContract({ ...assay, functionName: "lanesOf", args: [requestId] });
    const { weight } = await reader.readContract({ ...lens, functionName: "roundOf", args: [requestId] });
    const sums = laneTally.lanesOf(lanes, BigInt(samples.length));
    const words = finalized?.args.verdicts;
    for (const [i, { id, answer, truth }] of samples.entries()) {
      claims.push({
        id: id ?? String(i + 1),
        claim: answer,
        verdict: words === undefined ? "void" : lower(nameOf(verdictMath.verdictOf(words, i))),
        mean: words === undefined ? undefined : Number(sums[i] ?? 0n) / (255 * weight),
        truth,
      });
    }
  }

  const settled = await reader.getContractEvents({ ...assay, eventName: "SeatSettled" });
  const released = await reader.getContractEvents({ ...assay, eventName: "SeatReleased" });
  const forfeited = await reader.getContractEvents({ ...assay, eventName: "SeatForfeited" });
  const distributed = await reader.getContractEvents({ ...minter, eventName: "Distributed" });
  const recorded = await reader.getContractEvents({
    address: at.ReputationLedger,
    abi: reputationLedgerAbi,
    eventName: "OutcomesRecorded",
    fromBlock,
    strict: true,
  });
  const after = await readReputations(network, reads, domain);
  const operators: OperatorResult[] = [];
  for (const { name, owner, family, behaviour } of network.operators) {
    const isMine = ({ args }: { args: { owner: Address } }): boolean => args.owner === owner;
    const seats = settled.filter(isMine);
    const lost = forfeited.filter(isMine);
    const closed = distributed.filter(isMine);
    const tally = new Map<string, number>();
    for (const { args } of recorded.filter(isMine)) {
      for (let i = 0n; i < args.count; i++) {
        const outcome = (OUTCOMES[Number((args.outcomes >> (2n * i)) & 3n)] ?? "?").toLowerCase();
        tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
      }
    }
    operators.push({
      name,
      behaviour,
      family,
      seats: seats.length + lost.length + released.filter(isMine).length,
      score: seats.reduce((sum, { args }) => sum + args.value, 0n),
      points: closed.reduce((sum, { args }) => sum + args.points, 0n),
      minted: closed.reduce((sum, { args }) => sum + args.minted, 0n),
      penalty:
        closed.reduce((sum, { args }) => sum + args.charged, 0n) +
        lost.reduce((sum, { args }) => sum + args.charge, 0n),
      outcomes: [...tally].map(([outcome, count]) => `${count} ${outcome}`).join(", ") || "–",
      before: before.get(owner) ?? 0n,
      after: after.get(owner) ?? 0n,
    });
  }

  const earned = await reader.getContractEvents({
    address: at.FeeMarket,
    abi: feeMarketAbi,
    eventName: "BurnEarned",
    fromBlock,
    strict: true,
  });
  const bounties = await reader.getContractEvents({ ...minter, eventName: "BountyPaid" });
  const epoch = BigInt(await reads.currentEpoch());
  const weights = await Promise.all(
    Object.values(deployment.domains["grounded"]?.families ?? {}).map((slot) =>
      reader.readContract({
        address: at.StakeVault,
        abi: stakeVaultAbi,
        functionName: "familyWeight",
        args: [domain, slot, epoch],
      }),
    ),
  );
  const total = weights.reduce((sum, weight) => sum + Number(weight), 0);
  return {
    claims,
    operators,
    burned: earned.reduce((sum, { args }) => sum + args.amount, 0n),
    minted:
      operators.reduce((sum, { minted }) => sum + minted, 0n) +
      bounties.reduce((sum, { args }) => sum + args.amount, 0n),
    charged: operators.reduce((sum, { penalty }) => sum + penalty, 0n),
    effectiveFamilies: 1 / weights.reduce((sum, weight) => sum + (Number(weight) / total) ** 2, 0),
  };
}

const lower = (name: VerdictName): Lowercase<VerdictName> => name.toLowerCase() as Lowercase<VerdictName>;

/** Lines between columns and under the head, none between rows: a page of claims stays a page. */
const COMPACT = { style: { head: [], border: [], compact: true } };

const work = (wei: bigint, digits = 4): string => Number(formatEther(wei)).toFixed(digits);
const wad = (value: bigint): string => Number(formatEther(value)).toFixed(3);

/** The closing tables as text. */
export function renderReport({ claims, operators, ...totals }: Report): string {
  const verdicts = new Table({
    head: ["claim", "answer judged", "verdict", "mean", "truth", ""],
    ...COMPACT,
  });
  for (const { id, claim, verdict, mean, truth } of claims) {
    const shown = claim.length > 58 ? `${claim.slice(0, 57)}…` : claim;
    const mark =
      verdict === "void" || verdict === "undecided" ? "" : (verdict === "true") === truth ? "right" : "WRONG";
    verdicts.push([id, shown, verdict, mean === undefined ? "–" : mean.toFixed(2), String(truth), mark]);
  }
  const decided = claims.filter(({ verdict }) => verdict === "true" || verdict === "false");
  const right = decided.filter(({ verdict, truth }) => (verdict === "true") === truth).length;

  const people = new Table({
    head: [
      "operator",
      "behaviour",
      "family",
      "seats",
      "score",
      "points",
      "minted",
      "penalty",
      "outcomes",
      "R before → after",
    ],
    ...COMPACT,
    colAligns: ["left", "left", "left", "right", "right", "right", "right", "right", "left", "left"],
  });
  for (const o of operators) {
    people.push([
      o.name,
      o.behaviour,
      o.family,
      o.seats,
      work(o.score),
      work(o.points),
      work(o.minted),
      work(o.penalty),
      o.outcomes,
      `${wad(o.before)} → ${wad(o.after)}`,
    ]);
  }
  return [
    verdicts.toString(),
    `${decided.length} of ${claims.length} claims decided, ${right} of them right (${((100 * right) / Math.max(1, decided.length)).toFixed(0)} %)`,
    "",
    people.toString(),
    "score, points, minted and penalty in WORK; a score is skill against the base rate, summed over all claims",
    "",
    `fees burned ${work(totals.burned)} WORK · minted for operators ${work(totals.minted)} WORK · stake charged ${work(totals.charged)} WORK`,
    `effective number of model families in the domain (N_eff = 1/Σ share²): ${totals.effectiveFamilies.toFixed(2)}`,
  ].join("\n");
}
