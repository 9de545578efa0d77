import { skillScore } from "@assay/keeper";

import { itMirrors } from "./compare.ts";
import { either, range, uint, WAD, type Row } from "./vectors.ts";

const MOST = 256n * 255n * 255n;
const numerator = either(range(-MOST, MOST), range(-65_025n, 65_025n));
const claims = range(0n, 256n);
const sums = [numerator, claims, claims, claims, range(0n, 256n * 65_025n)];
const baseRate = range(13n, 242n, 127n, 128n);
const atMostAll = ([, scoredTrue, scoredFalse, losing]: Row) =>
  scoredTrue! + scoredFalse! <= 256n && losing! <= scoredTrue! + scoredFalse!;

function sumsOf(row: readonly bigint[]): skillScore.Sums {
  const [total, scoredTrue, scoredFalse, losing, lossError] = row as [bigint, bigint, bigint, bigint, bigint];
  return { numerator: total, scoredTrue, scoredFalse, losing, lossError };
}

// SkillScore.sum is compared on whole committees, see committees.test.ts.
describe("mirror of SkillScore", () => {
  itMirrors({
    name: "lossMean",
    domains: [...sums, range(1n, 255n)],
    allowed: atMostAll,
    mirror: (...row) => skillScore.lossMean(sumsOf(row), row[5]!),
  });
  itMirrors({
    name: "value",
    domains: [numerator, either(uint(88), uint(60)), baseRate, range(0n, WAD)],
    mirror: skillScore.value,
  });
  itMirrors({
    name: "quality",
    domains: [...sums, baseRate, range(0n, WAD, WAD / 4n)],
    allowed: atMostAll,
    mirror: (...row) => skillScore.quality(sumsOf(row), row[5]!, row[6]!),
  });
  itMirrors({
    name: "bond",
    domains: [uint(56), range(10_000n, 40_000n), either(uint(88), uint(60)), range(1n, 256n), baseRate],
    mirror: skillScore.bond,
  });
});
