import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Example } from "../../pairs/family.ts";
import { pick, type Random, seededRandom, stringHash } from "../../rng.ts";
import { type FoolClaim, groupsOf, namesOf } from "./groups.ts";

/** `answer` is a claim, `text` a passage: truth says whether the passage is the claim's own evidence. */
export interface RelevanceRow extends Example {
  /** Rows that must stay in one fold. */
  readonly group: string;
}

export interface RelevanceData {
  readonly training: readonly RelevanceRow[];
  readonly heldOut: readonly RelevanceRow[];
}

/** Below the data directory. */
export const RELEVANCE_FILE = "fool-me-twice/fm2-slim.jsonl";
const SEED = 21;
/** A name in more claims than this is no entity ("United States"). */
const COMMON = 20;
/** Inside training a looser rule, so that no fold holds half of it. */
const COMMON_IN_FOLDS = 3;
/** Share of the smaller groups that is only measured on. */
const HELD_OUT_PERCENT = 42;
/** Groups larger than this are trained on: measured on, one entity would count too much. */
const LARGEST_HELD_OUT = 30;

/**
 * Splits the claims by group (same evidence or same entity), then pairs every claim with its own evidence (true) and with evidence
 * of another claim of the same category and part that shares no name and no sentence with it (false).
 */
export function readRelevanceData(directory: string): RelevanceData {
  const claims = readFileSync(join(directory, RELEVANCE_FILE), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as FoolClaim);
  return splitClaims(claims);
}

export function splitClaims(claims: readonly FoolClaim[]): RelevanceData {
  const groups = groupsOf(claims, COMMON);
  const sizes = new Map<number, number>();
  for (const group of groups) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const isHeldOut = (index: number): boolean => {
    const group = groups[index] ?? 0;
    const draw = stringHash(`${SEED} ${claims[group]?.claim ?? ""}`) % 100;
    return (sizes.get(group) ?? 0) <= LARGEST_HELD_OUT && draw < HELD_OUT_PERCENT;
  };
  const random = seededRandom(SEED);
  return {
    training: pairsOf(
      claims.filter((_, index) => !isHeldOut(index)),
      random,
    ),
    heldOut: pairsOf(
      claims.filter((_, index) => isHeldOut(index)),
      random,
    ),
  };
}

function pairsOf(claims: readonly FoolClaim[], random: Random): RelevanceRow[] {
  const folds = groupsOf(claims, COMMON_IN_FOLDS);
  const names = claims.map(namesOf);
  return claims.flatMap(({ claim, evidence, category }, index) => {
    const group = String(folds[index]);
    const strangers = claims.filter(
      (other, at) =>
        other.category === category &&
        other.evidence.every((sentence) => !evidence.includes(sentence)) &&
        [...(names[at] ?? [])].every((name) => names[index]?.has(name) !== true),
    );
    const own: RelevanceRow = { text: evidence.join(" "), answer: claim, truth: true, group };
    if (strangers.length === 0) return [own];
    return [own, { text: pick(random, strangers).evidence.join(" "), answer: claim, truth: false, group }];
  });
}
