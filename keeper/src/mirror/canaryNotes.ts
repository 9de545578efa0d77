/**
 * CanaryNotes.sol, bit for bit: what a canary commits to, and the tree by which a batch contains it; with the way from all
 * leaves to root and siblings, which the contract only checks.
 */
import {
  concatHex,
  encodeAbiParameters,
  keccak256,
  parseAbiParameters,
  stringToHex,
  type Address,
  type Hex,
} from "viem";

import type { Words } from "./rulings.ts";

/** Where a Canaries contract lives. */
export interface CanaryDeployment {
  readonly chainId: bigint;
  readonly canaries: Address;
}

/** What the sealed note of a canary binds. */
export interface CanaryNote {
  readonly inspector: Address;
  readonly requester: Address;
  readonly payloadHash: Hex;
  /** two bits a claim: 1 false, 2 true */
  readonly answers: Words;
  /** a random word: who knows it can open the canary */
  readonly salt: Hex;
}

/** Canaries of one batch. Mirrors `Canaries.MAX_BATCH`. */
export const MAX_BATCH = 256;

const NAME_HASH = keccak256(stringToHex("Assay canary v1"));
const SEPARATOR = parseAbiParameters("bytes32 nameHash, uint256 chainId, address canaries");
const NOTE = parseAbiParameters(
  "bytes32 separator, address inspector, address requester, bytes32 payloadHash, uint256[2] answers, bytes32 salt",
);
/** Places behind the last canary. */
const EMPTY: Hex = `0x${"00".repeat(32)}`;

/** Keeps notes of one deployment from meaning anything in another. Mirrors `Canaries.separator`. */
export function separator({ chainId, canaries }: CanaryDeployment): Hex {
  return keccak256(encodeAbiParameters(SEPARATOR, [NAME_HASH, chainId, canaries]));
}

/** The sealed note of a canary. Mirrors `note`. */
export function noteOf(
  deployment: CanaryDeployment,
  { inspector, requester, payloadHash, answers, salt }: CanaryNote,
): Hex {
  const values = [separator(deployment), inspector, requester, payloadHash, answers, salt] as const;
  return keccak256(encodeAbiParameters(NOTE, values));
}

/** Mirrors `leaf`. */
export function leafOf(note: Hex, salt: Hex): Hex {
  return keccak256(concatHex([note, salt]));
}

/** Levels of the tree of a batch. Mirrors `depth`. */
export function depthOf(count: number): number {
  return Math.ceil(Math.log2(count));
}

/** The root a batch is registered with. */
export function rootOf(leaves: readonly Hex[]): Hex {
  return levelsOf(leaves).at(-1)?.[0] ?? EMPTY;
}

/** What leads from the leaf at a position to the root. */
export function siblingsOf(leaves: readonly Hex[], position: number): Hex[] {
  return levelsOf(leaves)
    .slice(0, -1)
    .map((level, i) => level[(position >> i) ^ 1] ?? EMPTY);
}

/** Mirrors `root`. */
export function rootBy(leaf: Hex, position: number, siblings: readonly Hex[]): Hex {
  return siblings.reduce(
    (node, sibling, i) => ((position >> i) & 1 ? pair(sibling, node) : pair(node, sibling)),
    leaf,
  );
}

/** All levels of the tree, the leaves first. */
function levelsOf(leaves: readonly Hex[]): Hex[][] {
  const width = 2 ** depthOf(leaves.length);
  let level = Array.from({ length: width }, (_, i) => leaves[i] ?? EMPTY);
  const levels = [level];
  while (level.length > 1) {
    const below = level;
    level = Array.from({ length: below.length / 2 }, (_, i) => pair(below[2 * i]!, below[2 * i + 1]!));
    levels.push(level);
  }
  return levels;
}

function pair(left: Hex, right: Hex): Hex {
  return keccak256(concatHex([left, right]));
}
