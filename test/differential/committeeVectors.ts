/**
 * Whole committees for LaneTally, VerdictMath.read and SkillScore.sum: votes that look like a committee's, and votes
 * steered so that lanes land on a bound, beside it, or on the tie a single voter breaks.
 */
import { laneTally, verdictMath, type skillScore } from "@assay/keeper";

import { word, type Words } from "./compare.ts";
import type { Random } from "./random.ts";

export interface Committee {
  readonly claims: number;
  readonly baseRate: bigint;
  /** θ, 16-bit fraction */
  readonly threshold: bigint;
  /** decisiveMargin, basis points */
  readonly margin: bigint;
  /** v of each voter */
  readonly weights: readonly bigint[];
  /** one byte a claim, of each voter */
  readonly votes: readonly Uint8Array[];
}

/** A committee of 1 to 31 voters and 1 to 256 claims, or at times one that fills Σv = 255. */
export function committee(random: Random): Committee {
  const claims = size(random);
  const weights = random.chance(0.005) ? fullHouse() : voters(random);
  const threshold = random.chance(0.5) ? verdictMath.ONE / 2n : random.between(13_107n, 52_428n);
  const margin = random.pick([0n, 1_000n, 1_000n, 4_500n, random.between(0n, 4_500n)]);
  const votes = weights.map(() => new Uint8Array(claims));
  const shape = { weights, threshold, margin };
  for (let claim = 0; claim < claims; claim++) {
    const column = random.chance(0.5) ? opinions(random, weights.length) : steered(random, shape);
    column.forEach((vote, voter) => (votes[voter]![claim] = vote));
  }
  return { claims, baseRate: random.between(13n, 242n), threshold, margin, weights, votes };
}

/** The lanes of a committee and what its votes are judged by. */
export function tallyOf({ claims, baseRate, threshold, margin, weights, votes }: Committee) {
  const weight = weights.reduce((a, b) => a + b, 0n);
  const bounds = verdictMath.bounds(threshold, margin, weight);
  const lanes = votes.reduce((sums, row, v) => laneTally.add(sums, row, weights[v]!), laneTally.empty());
  const frame: skillScore.Frame = { claims: BigInt(claims), baseRate, weight, threshold, bounds };
  return { frame, lanes };
}

/** A committee as MirrorHarness takes it, behind the word that points to it. */
export function encoded({ claims, baseRate, threshold, margin, weights, votes }: Committee): Words {
  const bytes = [Buffer.from(weights.map(Number)), Buffer.concat(votes)].map((data) => {
    const hex = data.toString("hex");
    return word(BigInt(data.length)) + hex + "0".repeat(-hex.length & 63);
  });
  // Six words of the struct, then its two byte strings.
  const start = 32n * 6n;
  const head = [BigInt(claims), baseRate, threshold, margin, start, start + BigInt(bytes[0]!.length / 2)];
  return head.map(word).join("") + bytes.join("");
}

/** The words of a voter's sums. */
export const sumsWords = (s: skillScore.Sums): Words =>
  [s.numerator, s.scoredTrue, s.scoredFalse, s.losing, s.lossError].map(word).join("");

/** A committee in words, for people. */
export function describeCommittee({ votes, ...rest }: Committee): string {
  const fields = Object.entries(rest).map(([name, value]) => `${name} ${String(value)}`);
  return [...fields, `votes ${votes.map((v) => Buffer.from(v).toString("hex")).join(" ")}`].join(", ");
}

type Shape = Pick<Committee, "weights" | "threshold" | "margin">;

/** Mostly few claims, because lanes do not know of each other; at times the edges of a word and of the whole. */
function size(random: Random): number {
  if (random.chance(0.04)) return random.pick([1, 15, 16, 17, 32, 255, 256]);
  return 1 + random.below(random.chance(0.9) ? 6 : 40);
}

function voters(random: Random): bigint[] {
  const seats = random.chance(0.95) ? 1 + random.below(8) : 1 + random.below(31);
  return Array.from({ length: seats }, () => random.between(1n, 4n));
}

/** 63 voters of weight 4 and one of weight 3: Σv = 255, the most a lane can hold. */
function fullHouse(): bigint[] {
  return [...Array.from({ length: 63 }, () => 4n), 3n];
}

/** One claim as honest, lying and blunt voters see it. */
function opinions(random: Random, seats: number): number[] {
  const truth = random.chance(0.5) ? 255 : 0;
  return Array.from({ length: seats }, () => {
    const distance = random.pick([0, random.below(60), random.below(128), random.below(256)]);
    return Math.abs(truth - distance);
  });
}

/** Votes of one claim whose lane is as near as it gets to something the code compares it with. */
function steered(random: Random, { weights, threshold, margin }: Shape): number[] {
  const total = weights.reduce((a, b) => a + b, 0n);
  const { high, low } = verdictMath.bounds(threshold, margin, total);
  const around = BigInt(random.below(3)) - 1n;
  if (random.chance(0.5)) {
    const pivot = (threshold * 255n * total) / verdictMath.ONE;
    return fill(weights, random.pick([high, low, pivot, 0n, 255n * total]) + around);
  }
  // The others sit on the threshold without this voter, who then decides.
  const one = random.below(weights.length);
  const others = weights.filter((_, i) => i !== one);
  const rest = (threshold * 255n * (total - weights[one]!)) / verdictMath.ONE;
  const column = fill(others, rest + around);
  column.splice(one, 0, random.pick([0, 255, random.below(256)]));
  return column;
}

/** Votes with Σ vote · v = target, or as near below as bytes and weights allow. */
function fill(weights: readonly bigint[], target: bigint): number[] {
  let left = target < 0n ? 0n : target;
  let weightLeft = weights.reduce((a, b) => a + b, 0n);
  // Heavy voters first, so that those of weight 1 can make up the remainder.
  const order = weights.map((_, i) => i).sort((a, b) => Number(weights[b]! - weights[a]!));
  const votes = new Array<number>(weights.length).fill(0);
  for (const i of order) {
    const weight = weights[i]!;
    const share = left / (weightLeft || 1n);
    const vote = share > 255n ? 255n : share;
    votes[i] = Number(vote);
    left -= vote * weight;
    weightLeft -= weight;
  }
  return votes;
}
