import { sortition } from "@assay/keeper";
import type { Address } from "viem";

/** What a domain's stakes weigh in one epoch; all in gwei of WORK. */
export interface EpochWeights {
  /** W over the eligible families */
  readonly weight: bigint;
  /** Σroot, see `sortition.root` */
  readonly roots: bigint;
  /** number of eligible families */
  readonly families: bigint;
  /** W_f by slot; eligible families only */
  readonly familyWeights: ReadonlyMap<number, bigint>;
  /** w by owner */
  readonly weights: ReadonlyMap<Address, bigint>;
  /** slot of the family each owner counts in */
  readonly memberships: ReadonlyMap<Address, number>;
}

/** Replays the weights of a domain. An epoch's weights are complete when it begins. */
export interface WeightHistory {
  setFloor(minFamilyWeight: bigint): void;
  register(owner: Address, family: number): void;
  /** From `epoch` on the owner counts in another family. */
  reclassify(owner: Address, family: number, epoch: bigint): void;
  change(owner: Address, epoch: bigint, weight: bigint): void;
  /** The newest one. */
  familyOf(owner: Address): number;
  at(epoch: bigint): EpochWeights;
}

export function createWeights(): WeightHistory {
  const families = new Map<Address, { epoch: bigint; family: number }[]>();
  const changes = new Map<Address, { epoch: bigint; weight: bigint }[]>();
  let floor = 1n;

  const weightOf = (owner: Address, epoch: bigint): bigint =>
    changes.get(owner)?.findLast((change) => change.epoch <= epoch)?.weight ?? 0n;

  const familiesOf = (owner: Address): { epoch: bigint; family: number }[] => {
    const found = families.get(owner);
    if (found === undefined) throw new Error(`the events tell of no operator ${owner}`);
    return found;
  };
  const familyIn = (owner: Address, epoch: bigint): number =>
    familiesOf(owner).findLast((move) => move.epoch <= epoch)?.family ?? 0;

  return {
    setFloor(minFamilyWeight) {
      floor = minFamilyWeight;
    },
    register(owner, family) {
      families.set(owner, [{ epoch: 0n, family }]);
    },
    reclassify(owner, family, epoch) {
      familiesOf(owner).push({ epoch, family });
    },
    change(owner, epoch, weight) {
      const list = changes.get(owner) ?? [];
      list.push({ epoch, weight });
      changes.set(owner, list);
    },
    familyOf: (owner) => familiesOf(owner).at(-1)?.family ?? 0,
    at(epoch) {
      const owners = [...families.keys()];
      const weights = new Map(owners.map((owner) => [owner, weightOf(owner, epoch)]));
      const memberships = new Map(owners.map((owner) => [owner, familyIn(owner, epoch)]));
      const sums = new Map<number, bigint>();
      for (const [owner, family] of memberships) {
        sums.set(family, (sums.get(family) ?? 0n) + (weights.get(owner) ?? 0n));
      }
      const eligible = new Map([...sums].filter(([, weight]) => weight >= floor));
      const list = [...eligible.values()];
      return {
        weight: list.reduce((sum, weight) => sum + weight, 0n),
        roots: list.reduce((sum, weight) => sum + sortition.root(weight), 0n),
        families: BigInt(list.length),
        familyWeights: eligible,
        weights,
        memberships,
      };
    },
  };
}
