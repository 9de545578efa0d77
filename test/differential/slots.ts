/** Where the contracts keep what reward and appeal vectors set, and how it is packed. A moved field fails the comparison. */
import type { rewards } from "@assay/keeper";

import { ethers } from "../fixtures/world.ts";
import { word } from "./compare.ts";

const DOMAIN = 1n;

/** Storage of one contract in an eth_call: slot to word. */
export type Slots = Record<string, string>;

/** Overrides of an eth_call: address to lent code and storage. */
export type Overrides = Record<string, { code?: string; stateDiff?: Slots }>;

function mapping(slot: bigint, ...keys: readonly bigint[]): string {
  return keys.reduce((at, key) => ethers.keccak256(`0x${word(key)}${at.slice(2)}`), `0x${word(slot)}`);
}

/** Packs [value, bits] pairs into a word, the first one lowest. */
function pack(...fields: readonly (readonly [value: bigint, bits: number])[]): string {
  let packed = 0n;
  let offset = 0n;
  for (const [value, bits] of fields) {
    packed |= BigInt.asUintN(bits, value) << offset;
    offset += BigInt(bits);
  }
  return `0x${word(packed)}`;
}

export const minterSlots = {
  account: (epoch: bigint, owner: bigint) => mapping(1n, DOMAIN, epoch, owner),
  terms: (epoch: bigint) => mapping(2n, DOMAIN, epoch),
};
export const earnedSlot = (epoch: bigint): string => mapping(1n, DOMAIN, epoch);
export const recordSlot = (owner: bigint): string => mapping(0n, DOMAIN, owner);
export const vaultSlots = {
  operator: (owner: bigint) => mapping(0n, DOMAIN, owner),
  family: (family: bigint) => mapping(5n, DOMAIN, family),
  domain: () => mapping(6n, DOMAIN),
};

export const assaySlots = {
  draw: (roundId: bigint) => mapping(0n, roundId),
  round: (roundId: bigint) => mapping(1n, roundId),
  lanes: (roundId: bigint, index: number) => ethers.toBeHex(BigInt(mapping(2n, roundId)) + BigInt(index), 32),
};

/** Both words of a canary's answers, in Canaries. */
export const answersSlot = (requestId: bigint, index: number): string =>
  ethers.toBeHex(BigInt(mapping(4n, requestId)) + BigInt(index), 32);

/** What a ruling reads of an `IAssay.Draw`: the claims, less one, and θ. */
export function packDraw(threshold: bigint, claims: bigint): string {
  return pack([0n, 176], [threshold, 16], [0n, 56], [claims - 1n, 8]);
}

/** What a ruling reads of an `IAssay.Round`: that it was opened, how it ended, whether it was a canary, Σv. */
export function packRound(isVoid: boolean, weight: bigint, isCanary = false): string {
  const flags = (isVoid ? 8n : 4n) | (isCanary ? 32n : 0n);
  return pack([0n, 120], [1n, 40], [0n, 24], [flags, 8], [0n, 24], [weight, 8]);
}

/** `IRewardMinter.Account`. */
export function packAccount({ score, releasable, served, factor, scored }: rewards.Account): string {
  return pack([score, 88], [releasable, 56], [served, 56], [factor, 40], [scored, 16]);
}

/** `IRewardMinter.EpochTerms`, open. */
export function packTerms(t: rewards.EpochTerms): string {
  const ratios = [t.mintRatio, t.mintCap, t.penaltyRatio, t.share].map((ratio) => [ratio, 16] as const);
  return pack([t.points, 112], [t.maturity, 16], ...ratios, [1n, 8]);
}

/** The family of a `IStakeVault.Operator`. */
export function packFamily(family: bigint): string {
  return pack([0n, 160], [family, 8]);
}

/** An EpochWindow that holds `weight` in every epoch. */
export function packWindow(weight: bigint): string {
  return pack([weight, 56], [weight, 56], [weight, 56]);
}

/** A DomainWindow that holds the same weight and families in both of its epochs. */
export function packDomain(weight: bigint, families: bigint): string {
  const half = [[weight, 56] as const, [0n, 48] as const, [families, 8] as const];
  return pack(...half, ...half);
}
