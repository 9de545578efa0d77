import { captureMath } from "@assay/keeper";

import { itMirrors } from "./compare.ts";
import { either, range } from "./vectors.ts";

const WAD = 10n ** 18n;

describe("mirror of CaptureMath", () => {
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
    vectors: 2_000,
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
