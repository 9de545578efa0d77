import type { Address, Hex } from "viem";

export type { Terms } from "../mirror/commitment.ts";

/** Phases of a request, in the order of the contract's enum. */
export const PHASES = [
  "NONE",
  "REQUESTED",
  "COMMIT",
  "EXTENSION",
  "REVEAL",
  "TALLY",
  "FINALIZED",
  "FINAL",
  "VOID",
  "APPEALED",
] as const;
export type Phase = (typeof PHASES)[number];

/** `IAppeals.BondState`, in the order of the contract's enum. */
export const BOND_STATES = ["FUNDING", "LOCKED", "RETURNED", "BURNED"] as const;
export type BondState = (typeof BOND_STATES)[number];

/** `IAssay.Draw`; weights and bond in gwei of WORK, windows in seconds. */
export interface Draw {
  readonly weight: bigint;
  readonly roots: number;
  readonly bond: bigint;
  readonly seats: number;
  readonly baseRate: number;
  readonly threshold: number;
  readonly domain: number;
  readonly commitWindow: number;
  readonly revealWindow: number;
  readonly boostCap: number;
  readonly lastClaim: number;
}

/** `IAssay.Round`; times are Unix seconds. */
export interface Round {
  readonly seed: bigint;
  readonly clock: number;
  readonly epoch: number;
  readonly flags: number;
  readonly commits: number;
  readonly reveals: number;
  readonly committed: number;
  readonly weight: number;
  readonly families: number;
  readonly minSeats: number;
  readonly settled: number;
}

export const ROUND_SEALED = 1;
export const ROUND_EXTENDED = 2;
export const ROUND_FINALIZED = 4;
export const ROUND_VOIDED = 8;
export const ROUND_APPEALED = 16;
export const ROUND_CANARY = 32;

/** `IAssay.Seat`. */
export interface Seat {
  readonly digest: bigint;
  readonly family: number;
  readonly flags: number;
}

export const SEAT_REVEALED = 16;
export const SEAT_SETTLED = 32;
export const SEAT_ABSENT = 64;

/** `IStakeVault.SeatWeights`, gwei of WORK. */
export interface SeatWeights {
  readonly weight: bigint;
  readonly familyWeight: bigint;
  readonly family: number;
  readonly tier: number;
}

export interface Opening {
  readonly owner: Address;
  readonly votes: Hex;
  readonly salt: Hex;
}

export interface RevealedVote {
  readonly owner: Address;
  readonly votes: Hex;
}
