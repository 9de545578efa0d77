import { captureMath, sortition } from "@assay/keeper";

import { itMirrors } from "./compare.ts";
import { either, range, WAD } from "./vectors.ts";

const weight = either(range(0n, 0n), range(1n, 2n ** 54n, 1_000n, 10n ** 12n));

describe("mirror of CaptureMath", () => {
  itMirrors({
    name: "poisson",
    domains: [range(0n, 31n * WAD, WAD)],
    // An array: where it begins and how long it is, then the terms.
    mirror: (mean) => [32n, BigInt(captureMath.TERMS), ...captureMath.poisson(mean!)],
  });
  itMirrors({
    name: "capture",
    domains: [
      range(1n, 31n),
      range(1n, 31n),
      range(0n, WAD, WAD / 3n, WAD / 2n),
      range(0n, WAD, WAD / 3n, WAD / 2n),
      range(13_107n, 52_428n),
      range(0n, 4_500n),
      range(0n, 1n),
    ],
    // λ leaves at least two fifths of the seats.
    allowed: ([seats, quorum, ring, honest]) =>
      quorum! <= seats! && ring! + honest! <= WAD && 5n * (ring! + honest!) >= 2n * WAD,
    mirror: (seats, quorum, ring, honest, threshold, margin, isAppeal) =>
      captureMath.capture({
        seats: seats!,
        quorum: quorum!,
        ring: ring!,
        honest: honest!,
        threshold: threshold!,
        margin: margin!,
        isAppeal: isAppeal === 1n,
      }),
  });

  itMirrors({
    name: "seatShares",
    domains: [
      weight,
      weight,
      weight,
      weight,
      either(range(0n, 0n), range(16n, 64n)),
      range(0n, WAD, WAD / 3n, WAD / 2n),
    ],
    allowed: (row) => row.slice(0, 4).some((w) => w !== 0n),
    mirror: (a, b, c, d, boostCap, stake) => {
      const weights = [a!, b!, c!, d!].filter((w) => w !== 0n);
      const roots = weights.reduce((sum, w) => sum + sortition.root(w), 0n);
      const total = weights.reduce((sum, w) => sum + w, 0n);
      const { ring, honest } = captureMath.shares(
        { weights, weight: total, roots, boostCap: boostCap! },
        stake!,
      );
      return [ring, honest];
    },
  });
});
