/** A report on two clones with as little evidence as the default rule takes, its answer and its end. */
import {
  CLAIMS,
  clonesWorld,
  clonesWorldWith,
  exhibits,
  idsOf,
  shared,
  type ClonesWorld,
  type Shared,
} from "../test/fixtures/clones.ts";
import { ethers, networkHelpers } from "../test/fixtures/world.ts";
import type { Figures } from "./life.ts";
import { gasOf } from "./rounds.ts";

export async function measureClones(): Promise<Figures> {
  const w = await clonesWorld();
  const figures: Figures = {};
  // Every claim of every request is uncertain, so four requests of 128 claims are the least there can be.
  const rule = await w.clones.ruleOf(w.domain);
  if (rule.minRequests !== 4n || rule.minClaims !== BigInt(4 * CLAIMS))
    throw new Error(`the rule asks for ${rule.minRequests} requests and ${rule.minClaims} claims`);
  const least = [];
  for (let i = 0; i < 4; i++) least.push(await shared(w, 900 + i));
  const pair = [w.domain, w.earlier, w.later] as const;
  figures["reportClones"] = await gasOf(w.reporter.report(...pair, exhibits(least, 0, 1)));
  figures["replyClones"] = await gasOf(
    w.clones.reply(...pair, idsOf(least), exhibits(w.alike.slice(0, 1), 0, 1)),
  );
  await networkHelpers.time.increaseTo((await w.clones.caseOf(...pair)).openUntil);
  figures["closeClones"] = await gasOf(w.clones.close(...pair));
  return figures;
}

/** Slot of CloneRegistry's cases, and where in a case the hash of its evidence lies. */
const CASES_SLOT = 1n;
const EVIDENCE_SLOT = 3n;

/** Writes the hash of as many ids as a case may hold beside `room` more, and returns them. */
async function fillEvidence(w: ClonesWorld, room: number): Promise<string[]> {
  const count = Number(await w.clones.getFunction("MAX_EVIDENCE")()) - room;
  const ids = Array.from({ length: count }, (_, i) => ethers.id(`request ${i}`)).sort();
  const coder = ethers.AbiCoder.defaultAbiCoder();
  const at = [BigInt(w.domain), BigInt(w.earlier), BigInt(w.later)].reduce(
    (slot, key) => BigInt(ethers.keccak256(coder.encode(["uint256", "uint256"], [key, slot]))),
    CASES_SLOT,
  );
  const hash = ethers.keccak256(ethers.concat(ids));
  await networkHelpers.setStorageAt(w.addresses.CloneRegistry, at + EVIDENCE_SLOT, hash);
  if ((await w.clones.caseOf(w.domain, w.earlier, w.later)).evidenceHash !== hash)
    throw new Error("cases moved to another slot");
  return ids;
}

/** As many exhibits as a call takes, with as many claims together, all of them uncertain. */
export async function measureCloneMaxima(limit: { gasLimit: number }): Promise<Figures> {
  // Time for five commits in blocks of 12 s.
  const w = await clonesWorldWith({ committee: { expectedBase: 60 } });
  const count = Number(await w.clones.getFunction("MAX_EXHIBITS")());
  const claims = Number(await w.clones.getFunction("MAX_CLAIMS")()) / count;
  const batch = async (seed: number): Promise<Shared[]> => {
    const requests = [];
    for (let i = 0; i < count; i++) requests.push(await shared(w, seed + i, false, claims));
    return requests;
  };
  const pair = [w.domain, w.earlier, w.later] as const;
  const report = await gasOf(w.reporter.report(...pair, exhibits(await batch(2_000), 0, 1), limit));
  const { sums } = await w.clones.caseOf(...pair);
  if (sums.claims !== BigInt(count * claims)) throw new Error(`${sums.claims} uncertain claims`);
  const more = exhibits(await batch(4_000), 0, 1);
  const known = await fillEvidence(w, count);
  const reply = await gasOf(w.clones.reply(...pair, known, more, limit));
  return { "max.reportClones": report, "max.replyClones": reply };
}
