import { expect } from "chai";

import { DEFAULT_DOMAIN, type DomainParameters } from "../../deploy/parameters.ts";
import { createDomain, DAY, deployProtocol, networkHelpers } from "../fixtures/world.ts";

const WAD = 10n ** 18n;
const MAX_SUPPLY = 2n ** 84n - 1n;
const GWEI = 10n ** 9n;

type Group = keyof DomainParameters;

/** A parameter, its hard bounds, and whether its type leaves room beyond them. */
interface Bound {
  readonly group: Group;
  readonly name: string;
  readonly min: bigint;
  readonly max: bigint;
  /** what else must change so that the bounds themselves are legal */
  readonly beside?: Record<string, number | bigint>;
  /** the type ends at the bound */
  readonly typeEnds?: "min" | "max" | "both";
}

const { minFee } = DEFAULT_DOMAIN.fees;

const BOUNDS: readonly Bound[] = [
  { group: "committee", name: "seats", min: 3n, max: 31n, beside: { minSeats: 3 } },
  { group: "committee", name: "minSeats", min: 2n, max: 7n },
  { group: "committee", name: "minFamilies", min: 1n, max: 16n },
  { group: "committee", name: "boostCap", min: 16n, max: 64n },
  { group: "committee", name: "maxClaims", min: 1n, max: 256n },
  { group: "committee", name: "decisiveMargin", min: 0n, max: 4_500n, typeEnds: "min" },
  { group: "committee", name: "qualityWindow", min: 8n, max: 1_024n },
  { group: "committee", name: "maturity", min: 1n, max: 4_096n },
  { group: "committee", name: "revealWindow", min: 1n, max: 65_535n, typeEnds: "max" },
  { group: "committee", name: "sealWindow", min: 1n, max: 65_535n, typeEnds: "max" },
  { group: "fees", name: "minFee", min: GWEI, max: MAX_SUPPLY, beside: { seatBond: 64 } },
  { group: "fees", name: "seatBond", min: 1n, max: (64n * minFee) / GWEI },
  { group: "fees", name: "feeTarget", min: 1n, max: 2n ** 32n - 1n, typeEnds: "max" },
  { group: "fees", name: "feeRate", min: 1_000n, max: 2n ** 40n - 1n, typeEnds: "max" },
  { group: "fees", name: "penaltyRatio", min: 10_000n, max: 40_000n },
  { group: "fees", name: "absenceRatio", min: 0n, max: 10_000n, typeEnds: "min" },
  { group: "rewards", name: "mintRatio", min: 0n, max: 10_000n, typeEnds: "min" },
  { group: "rewards", name: "mintCap", min: 10_000n, max: 40_000n },
  { group: "rewards", name: "gamma", min: 0n, max: (125n * WAD) / 100n, typeEnds: "min" },
  { group: "rewards", name: "delta", min: 0n, max: (125n * WAD) / 100n, typeEnds: "min" },
  { group: "rewards", name: "qualityBar", min: 0n, max: WAD, typeEnds: "min" },
  { group: "rewards", name: "postBounty", min: 0n, max: minFee / GWEI, typeEnds: "min" },
  { group: "reputation", name: "pull", min: 0n, max: WAD, typeEnds: "min" },
  { group: "reputation", name: "success", min: WAD, max: 2n * WAD },
  { group: "reputation", name: "wrong", min: WAD / 10n, max: WAD },
  { group: "reputation", name: "late", min: WAD / 10n, max: WAD },
  { group: "reputation", name: "absent", min: WAD / 10n, max: WAD },
  { group: "reputation", name: "catchUp", min: 0n, max: WAD, typeEnds: "min" },
];

async function protocol() {
  const p = await deployProtocol();
  const domain = await createDomain(p);
  const epoch = await p.registry.EPOCH();
  return { ...p, domain, epoch };
}

function changed(group: Group, changes: Record<string, number | bigint>): DomainParameters {
  return { ...DEFAULT_DOMAIN, [group]: { ...DEFAULT_DOMAIN[group], ...changes } };
}

/** The default with one parameter at a value and its company moved so that only this one can be wrong. */
function at(bound: Bound, value: bigint): DomainParameters {
  const parameters = changed(bound.group, { ...bound.beside, [bound.name]: value });
  if (bound.name !== "minFee") return parameters;
  return { ...parameters, rewards: { ...parameters.rewards, postBounty: 1 } };
}

describe("DomainRegistry bounds", () => {
  // createDomain, announce
  // └── for every parameter
  //     ├── when below its minimum → ParameterOutOfBounds
  //     ├── when above its maximum → ParameterOutOfBounds
  //     └── when at either → accepted (if the longest round still fits an epoch)
  for (const bound of BOUNDS) {
    const { name, min, max, typeEnds } = bound;
    describe(name, () => {
      if (typeEnds !== "min" && typeEnds !== "both") {
        it("reverts when it is below its minimum [DOM-4]", async () => {
          const { registry, domain } = await networkHelpers.loadFixture(protocol);
          const parameters = at(bound, min - 1n);
          for (const call of [
            registry.announce(domain, parameters),
            registry.createDomain("d", 1n, 1n, parameters),
          ]) {
            await expect(call)
              .to.be.revertedWithCustomError(registry, "ParameterOutOfBounds")
              .withArgs(name, min - 1n, min, max);
          }
        });
      }

      if (typeEnds !== "max" && typeEnds !== "both") {
        it("reverts when it is above its maximum [DOM-4]", async () => {
          const { registry, domain } = await networkHelpers.loadFixture(protocol);
          const parameters = at(bound, max + 1n);
          for (const call of [
            registry.announce(domain, parameters),
            registry.createDomain("d", 1n, 1n, parameters),
          ]) {
            await expect(call)
              .to.be.revertedWithCustomError(registry, "ParameterOutOfBounds")
              .withArgs(name, max + 1n, min, max);
          }
        });
      }

      it("may be at its minimum", async () => {
        const { registry, domain } = await networkHelpers.loadFixture(protocol);
        await registry.announce(domain, at(bound, min));
        expect((await registry.parametersOf(domain, 2))[bound.group][name]).to.equal(min);
      });

      if (name === "revealWindow") return; // two of them do not fit an epoch of a day

      it("may be at its maximum", async () => {
        const { registry, domain } = await networkHelpers.loadFixture(protocol);
        await registry.announce(domain, at(bound, max));
        expect((await registry.parametersOf(domain, 2))[bound.group][name]).to.equal(max);
      });
    });
  }

  describe("minSeats", () => {
    it("reverts when it is above the expected seats", async () => {
      const { registry, domain } = await networkHelpers.loadFixture(protocol);
      await expect(registry.announce(domain, changed("committee", { seats: 3, minSeats: 4 })))
        .to.be.revertedWithCustomError(registry, "ParameterOutOfBounds")
        .withArgs("minSeats", 4, 2, 3);
    });
  });

  // expected = expectedBase + maxClaims · expectedPerClaim / 1,000
  // ├── when zero → ParameterOutOfBounds
  // └── when the commit window would not fit 16 bits → ParameterOutOfBounds
  describe("expected", () => {
    it("reverts when a vote is expected to take no time", async () => {
      const { registry, domain } = await networkHelpers.loadFixture(protocol);
      const none = changed("committee", { expectedBase: 0, expectedPerClaim: 3 }); // 0.768 s
      await expect(registry.announce(domain, none))
        .to.be.revertedWithCustomError(registry, "ParameterOutOfBounds")
        .withArgs("expected", 0, 1, 32_767);
      await registry.announce(domain, changed("committee", { expectedBase: 1, expectedPerClaim: 0 }));
    });

    it("reverts when the commit window would not fit 16 bits", async () => {
      const { registry, domain } = await networkHelpers.loadFixture(protocol);
      const long = changed("committee", { expectedBase: 32_767, expectedPerClaim: 4 }); // + 1.024 s
      await expect(registry.announce(domain, long))
        .to.be.revertedWithCustomError(registry, "ParameterOutOfBounds")
        .withArgs("expected", 32_768, 1, 32_767);
    });
  });

  // longestRound = sealWindow + 2 · (commitWindow + revealWindow + appealWindow)
  // ├── when it is an epoch → accepted
  // └── when it is a second longer → ParameterOutOfBounds
  describe("longestRound", () => {
    const COMMIT = 2n * (20n + 51n + 1n);

    function windows(revealWindow: bigint, appealWindow: bigint, total: bigint): DomainParameters {
      const sealWindow = total - 2n * (COMMIT + revealWindow + appealWindow);
      return changed("committee", { revealWindow, appealWindow, sealWindow });
    }

    it("may last an epoch, not a second longer, so that weights stay exact [EPO-6]", async () => {
      const { registry, domain, epoch } = await networkHelpers.loadFixture(protocol);
      expect(epoch).to.equal(DAY);
      for (const [reveal, appeal] of [
        [60n, 40_000n],
        [20_000n, 0n],
      ] as const) {
        await registry.announce(domain, windows(reveal, appeal, DAY));
        await expect(registry.announce(domain, windows(reveal, appeal, DAY + 1n)))
          .to.be.revertedWithCustomError(registry, "ParameterOutOfBounds")
          .withArgs("longestRound", DAY + 1n, 0n, DAY);
      }
    });
  });

  // minSelfBond, minFamilyWeight: fixed when the domain is created
  // ├── when zero or above the largest supply → ParameterOutOfBounds
  // └── at either end → accepted
  for (const [position, name] of ["minSelfBond", "minFamilyWeight"].entries()) {
    describe(name, () => {
      const max = MAX_SUPPLY / GWEI;
      const floors = (value: bigint): [bigint, bigint] => (position === 0 ? [value, 1n] : [1n, value]);

      for (const value of [0n, max + 1n]) {
        it(`reverts when it is ${value} [DOM-3]`, async () => {
          const { registry } = await networkHelpers.loadFixture(protocol);
          await expect(registry.createDomain("d", ...floors(value), DEFAULT_DOMAIN))
            .to.be.revertedWithCustomError(registry, "ParameterOutOfBounds")
            .withArgs(name, value, 1n, max);
        });
      }

      it("may be at either end [DOM-3]", async () => {
        const { registry, domain } = await networkHelpers.loadFixture(protocol);
        await registry.createDomain("low", ...floors(1n), DEFAULT_DOMAIN);
        await registry.createDomain("high", ...floors(max), DEFAULT_DOMAIN);
        expect(await registry.stakeFloor(domain + 2)).to.deep.equal(floors(max));
      });
    });
  }
});
