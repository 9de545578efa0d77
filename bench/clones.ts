/** A report on two clones with as little evidence as the default rule takes, its answer and its end. */
import {
  CLAIMS,
  clonesWorld,
  clonesWorldWith,
  exhibits,
  shared,
  type Shared,
} from "../test/fixtures/clones.ts";
import { networkHelpers, nextEpoch } from "../test/fixtures/world.ts";
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
  await nextEpoch(w);
  const pair = [w.domain, w.earlier, w.later] as const;
  figures["reportClones"] = await gasOf(w.reporter.report(...pair, exhibits(least, 0, 1)));
  figures["replyClones"] = await gasOf(w.clones.reply(...pair, exhibits(w.alike.slice(0, 1), 0, 1)));
  await networkHelpers.time.increaseTo((await w.clones.caseOf(...pair)).openUntil);
  figures["closeClones"] = await gasOf(w.clones.close(...pair));
  return figures;
}

/** As many exhibits as a call takes, with as many claims together, all of them uncertain. */
export async function measureCloneMaxima(limit: { gasLimit: number }): Promise<Figures> {
  // Time for five commits in blocks of 12 s.
  const w = await clonesWorldWith({ committee: { expectedBase: 60 } });
  const count = Number(await w.clones.getFunction("MAX_EXHIBITS")());
  const claims = Number(await w.clones.getFunction("MAX_CLAIMS")()) / count;
  const batch = async (seed: number): Promise<Shared[]> => {
    const requests = [];
    for (let i = 0; i < count; i++) requests.push(await shared(w, seed + i, { claims }));
    return requests;
  };
  const pair = [w.domain, w.earlier, w.later] as const;
  const [accused, added] = [await batch(2_000), await batch(4_000)];
  await nextEpoch(w);
  const report = await gasOf(w.reporter.report(...pair, exhibits(accused, 0, 1), limit));
  const { sums } = await w.clones.caseOf(...pair);
  if (sums.claims !== BigInt(count * claims)) throw new Error(`${sums.claims} uncertain claims`);
  const reply = await gasOf(w.clones.reply(...pair, exhibits(added, 0, 1), limit));
  return { "max.reportClones": report, "max.replyClones": reply };
}
