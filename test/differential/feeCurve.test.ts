import { feeCurve } from "@assay/keeper";

import { itMirrors } from "./compare.ts";
import { either, range, uint } from "./vectors.ts";

const rate = range(1n, 2n ** 40n - 1n, 100_000_000n);
// Growth saturates below 2^45; what a slot could hold is 128 bits.
const excess = either(uint(45), uint(128));

describe("mirror of FeeCurve", () => {
  itMirrors({
    name: "decay",
    domains: [excess, uint(32), either(uint(20), uint(48))],
    mirror: feeCurve.decay,
  });
  itMirrors({ name: "grow", domains: [excess, range(0n, 256n * 31n), rate], mirror: feeCurve.grow });
  itMirrors({ name: "price", domains: [uint(88), excess, rate], mirror: feeCurve.price });
});
