import { reputationMath } from "@assay/keeper";

import { itMirrors } from "./compare.ts";
import { either, range, uint, WAD } from "./vectors.ts";

const reputation = range(reputationMath.MIN, reputationMath.MAX, WAD);
const share = either(range(0n, WAD), range(WAD / 100n, WAD / 5n));
const multiplier = either(uint(64), range(WAD / 2n, 2n * WAD, WAD));
const rule = [share, multiplier, multiplier, multiplier, multiplier, share];

function ruleOf(m: readonly bigint[]): reputationMath.Rule {
  const [pull, success, wrong, late, absent, catchUp] = m as [bigint, bigint, bigint, bigint, bigint, bigint];
  return { pull, success, wrong, late, absent, catchUp };
}

describe("mirror of ReputationMath [KEEP-14]", () => {
  itMirrors({
    name: "applyOutcome",
    domains: [reputation, range(0n, 3n), ...rule],
    mirror: (r, outcome, ...m) => reputationMath.apply(r!, outcome!, ruleOf(m)),
  });
  itMirrors({
    name: "replay",
    domains: [reputation, uint(96), range(0n, 48n), ...rule],
    mirror: (r, tape, length, ...m) => reputationMath.replay(r!, tape!, length!, ruleOf(m)),
  });
  itMirrors({
    name: "power",
    domains: [reputation, range(0n, (5n * WAD) / 4n, WAD / 2n, WAD)],
    mirror: reputationMath.power,
  });
  itMirrors({
    name: "tilt",
    domains: [
      either(uint(56), uint(40)),
      range(0n, 16n),
      either(uint(56), uint(36)),
      range(0n, 255n, 16n, 32n),
    ],
    mirror: reputationMath.tilt,
  });
});
