import { existsSync } from "node:fs";

import { type Manifest, readModel, verdictMath, voteByte } from "@assay/keeper";

import type { Domain, KnownClaim } from "../domains/domain.ts";
import { openJudge } from "../judge.ts";
import { mean } from "../metrics.ts";
import { modelPaths } from "../paths.ts";

/** One committed model and what it says about a set of claims. */
export interface Prediction {
  readonly family: string;
  readonly manifest: Manifest;
  readonly model: Uint8Array;
  /** Size of the file. */
  readonly bytes: number;
  /** Calibrated probability of each claim. */
  readonly probabilities: readonly number[];
  /** Vote of each claim under the base rate of the set. */
  readonly votes: Uint8Array;
  /** Mean time of one claim alone, milliseconds, as measured here and now. */
  readonly milliseconds: number;
}

/** Base rate of a set of claims as a request would pin it: a byte in 13 … 242. */
export function pinnedRate(claims: readonly KnownClaim[]): number {
  const share = mean(claims.map(({ truth }) => Number(truth)));
  const wad = BigInt(Math.round(share * 1e9)) * 10n ** 9n;
  const clamped = wad < verdictMath.MIN_RATE ? verdictMath.MIN_RATE : wad;
  return Number(verdictMath.rateByte(clamped > verdictMath.MAX_RATE ? verdictMath.MAX_RATE : clamped));
}

/** Runs the committed models of `families` over `claims`, and votes under the base rate `pinned`. */
export async function predictAll(
  domain: Domain,
  families: readonly string[],
  claims: readonly KnownClaim[],
  pinned = pinnedRate(claims),
): Promise<Prediction[]> {
  const predictions: Prediction[] = [];
  for (const family of families) {
    const paths = modelPaths(domain.name, family);
    if (!existsSync(paths.manifest)) throw new Error(`${paths.manifest} is missing: train the models first`);
    const { manifest, bytes } = readModel(paths.manifest);
    const { judge, milliseconds, release } = await openJudge(manifest, bytes);
    const probabilities = await judge(claims);
    const taken = milliseconds();
    await release();
    const votes = Uint8Array.from(probabilities, (p) => voteByte(p, manifest.baseRate, pinned));
    predictions.push({
      family,
      manifest,
      model: bytes,
      bytes: bytes.length,
      probabilities,
      votes,
      milliseconds: taken,
    });
  }
  return predictions;
}
