import { captureMath } from "@assay/keeper";

import { itMirrors } from "./compare.ts";
import { either, range, WAD } from "./vectors.ts";

describe("mirror of CaptureMath", () => {
  itMirrors({
    name: "shareOfSeats",
    domains: [range(0n, WAD, WAD / 2n), range(0n, 64n, 16n, 32n)],
    mirror: captureMath.shareOfSeats,
  });
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
      either(range(0n, 0n), range(16n, 64n)),
      range(13_107n, 52_428n),
      range(0n, 4_500n),
      range(0n, WAD, WAD / 3n, WAD / 2n),
    ],
    allowed: ([seats, quorum]) => quorum! <= seats!,
    mirror: (seats, quorum, boostCap, threshold, margin, stake) =>
      captureMath.capture(
        {
          seats: seats!,
          quorum: quorum!,
          boostCap: boostCap!,
          threshold: threshold!,
          margin: margin!,
        },
        stake!,
      ),
  });
});
