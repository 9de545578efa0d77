import type { Member, Trained } from "../domains/domain.ts";
import type { Example, Family } from "./family.ts";
import { type PairOptions, type Prepared, preparePairs, trainPrepared } from "./pipeline.ts";

/** A family of text pairs as a member of a domain. Rows are prepared once, however often it is trained. */
export function pairMember<Item extends Example>(
  family: Family,
  examples: readonly Item[],
  options: PairOptions<Item>,
): Member {
  let prepared: Promise<Prepared[]> | undefined;
  return {
    family: family.family,
    name: family.name,
    summary: family.summary,
    async train(seed, resample): Promise<Trained> {
      prepared ??= preparePairs(family, examples, options);
      const trained = trainPrepared(family, await prepared, seed, resample);
      return {
        bytes: trained.bytes,
        output: { name: "probability", values: "probabilities", select: { by: "only" } },
        calibration: { method: "none" },
        inGraph: trained.calibration,
        baseRate: trained.baseRate,
        rows: trained.rows,
        outOfFold: {
          probabilities: trained.outOfFold,
          truths: examples.map(({ truth }) => truth),
        },
      };
    },
  };
}
