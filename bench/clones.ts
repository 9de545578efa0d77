/** A report on two clones with as little evidence as the default rule takes, its answer and its end. */
import { CLAIMS, clonesWorld, exhibits, idsOf, shared } from "../test/fixtures/clones.ts";
import { networkHelpers } from "../test/fixtures/world.ts";
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
