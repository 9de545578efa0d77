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
}

/** Replays the weights of a domain. An epoch's weights are complete when it begins. */
export interface WeightHistory {
  setFloor(minFamilyWeight: bigint): void;
  register(owner: Address, family: number): void;
  change(owner: Address, epoch: bigint, weight: bigint): void;
  familyOf(owner: Address): number;
  at(epoch: bigint): EpochWeights;
}

export function createWeights(): WeightHistory {
  const families = new Map<Address, number>();
  const changes = new Map<Address, { epoch: bigint; weight: bigint }[]>();
  let floor = 1n;

  const weightOf = (owner: Address, epoch: bigint): bigint =>
    changes.get(owner)?.findLast((change) => change.epoch <= epoch)?.weight ?? 0n;

  return {
    setFloor(minFamilyWeight) {
      floor = minFamilyWeight;
    },
    register(owner, family) {
      families.set(owner, family);
    },
    change(owner, epoch, weight) {
      const list = changes.get(owner) ?? [];
      list.push({ epoch, weight });
      changes.set(owner, list);
    },
    familyOf(owner) {
      const family = families.get(owner);
      if (family === undefined) throw new Error(`the events tell of no operator ${owner}`);
      return family;
    },
    at(epoch) {
      const weights = new Map([...families.keys()].map((owner) => [owner, weightOf(owner, epoch)]));
      const sums = new Map<number, bigint>();
      for (const [owner, family] of families) {
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
      };
    },
  };
}
