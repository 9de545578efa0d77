import { verdictMath } from "@assay/keeper";

import { itMirrors } from "./compare.ts";
import { drawn, either, range, WAD } from "./vectors.ts";

const { MAX_RATE, MAX_THRESHOLD, MIN_RATE, MIN_THRESHOLD, ONE } = verdictMath;
const claims = range(1n, 256n);
const mean = range(0n, WAD, WAD / 2n);
/** Around the values where a rounded result steps: odd multiples of half a byte, multiples of a 65,536th. */
const nearBytes = drawn((random) => near(random.below(255), 510n, 2n, BigInt(random.below(3))));
const nearFractions = drawn((random) => near(random.below(65_535), 65_536n, 1n, BigInt(random.below(3))));

function near(index: number, parts: bigint, step: bigint, neighbour: bigint): bigint {
  return ((BigInt(index) * step + 1n) * WAD) / parts + neighbour - 1n;
}

describe("mirror of VerdictMath", () => {
  itMirrors({
    name: "bounds",
    domains: [range(0n, ONE, ONE / 2n), range(0n, 5_000n, 1_000n, 4_500n), range(0n, 255n)],
    mirror: (threshold, margin, weight) => {
      const { high, low } = verdictMath.bounds(threshold!, margin!, weight!);
      return [high, low];
    },
  });
  itMirrors({
    name: "nextBaseRate",
    domains: [range(MIN_RATE, MAX_RATE, WAD / 2n), mean, claims],
    mirror: verdictMath.nextBaseRate,
  });
  itMirrors({
    name: "nextThreshold",
    domains: [range(MIN_THRESHOLD, MAX_THRESHOLD, WAD / 2n), mean, mean, claims],
    mirror: verdictMath.nextThreshold,
  });
  itMirrors({ name: "rateByte", domains: [either(mean, nearBytes)], mirror: verdictMath.rateByte });
  itMirrors({
    name: "thresholdBits",
    domains: [either(mean, nearFractions)],
    mirror: verdictMath.thresholdBits,
  });
});
