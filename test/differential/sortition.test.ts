import { sortition } from "@assay/keeper";

import { itMirrors } from "./compare.ts";
import { range, uint, WAD } from "./vectors.ts";

const positive = (bits: bigint) => range(1n, 2n ** bits - 1n);

describe("mirror of Sortition", () => {
  itMirrors({ name: "root", domains: [uint(56)], mirror: sortition.root });
  itMirrors({
    name: "chance",
    domains: [
      uint(56),
      positive(56n),
      positive(56n),
      positive(48n),
      range(0n, 31n),
      range(0n, 255n, 16n, 32n),
    ],
    mirror: (weight, familyWeight, totalWeight, roots, seats, boostCap) =>
      sortition.chance(
        { weight: weight!, familyWeight: familyWeight!, totalWeight: totalWeight!, roots: roots! },
        seats!,
        boostCap!,
      ),
  });
  itMirrors({
    name: "ticket",
    domains: [uint(120), uint(256), uint(160)],
    mirror: (seed, id, owner) => sortition.ticket(seed!, `0x${hex(id!, 64)}`, `0x${hex(owner!, 40)}`),
  });
  itMirrors({
    name: "tier",
    domains: [range(0n, 10n * WAD, WAD / 2n, 2n * WAD, 5n * WAD)],
    mirror: sortition.tier,
  });
});

function hex(value: bigint, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
