import { voteByte } from "@assay/keeper";

import type { Domain, KnownClaim, Member } from "./domains/domain.ts";
import { openJudge } from "./judge.ts";
import { manifestOf } from "./manifests.ts";

/** Of retrainings that are measured and not kept; committed models have another seed. */
export const FIRST_SEED = 1001;

/** A training of somebody else: its seed, and whether its rows are drawn anew with replacement. */
export interface Retraining {
  readonly seed: number;
  readonly resample: boolean;
}

/** Trains `member` again and asks the result: votes on `claims` under the base rate `pinned`. */
export async function retrainedVotes(
  { domain, claims, pinned }: { domain: Domain; claims: readonly KnownClaim[]; pinned: number },
  member: Member,
  { seed, resample }: Retraining,
): Promise<Uint8Array> {
  const trained = await member.train(seed, resample);
  const { judge, release } = await openJudge(manifestOf(domain, member, trained), trained.bytes);
  const probabilities = await judge(claims);
  await release();
  return Uint8Array.from(probabilities, (p) => voteByte(p, trained.baseRate, pinned));
}
