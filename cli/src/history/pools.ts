import { fixedPoint } from "@assay/keeper";
import type { Address } from "viem";

import type { EventNamed } from "./events.ts";

/** Part of a charge that goes to whoever reported or collected it: 1/20. Mirrors `Units.BOUNTY_DIVISOR`. */
const BOUNTY_DIVISOR = 20n;

/** What a charge could take, recomputed. */
export interface Charge {
  /** wei */
  readonly charged: bigint;
  readonly bounty: bigint;
  /** wei that were owed and not there */
  readonly shortfall: bigint;
  /** What the vault said, wei. */
  readonly said: { readonly charged: bigint; readonly bounty: bigint };
}

/** Replays what backs the operators of a domain, as far as charges depend on it. */
export interface Pools {
  /** wei of both sides together */
  move(owner: Address, assets: bigint): void;
  /** gwei */
  lock(owner: Address, bond: bigint): void;
  unlock(owner: Address, bond: bigint): void;
  /** The vault took something; why is told by the event that follows. */
  note(said: EventNamed<"Charged">["args"]): void;
  /**
   * What the charge just noted had to be. Mirrors `StakeVault.charge`.
   *
   * @param bond gwei freed first
   * @param amount wei asked for
   */
  charge(owner: Address, bond: bigint, amount: bigint): Charge;
  /** The same where a bond pays for an overturned verdict: all of it goes to the appeals. Mirrors `StakeVault.seize`. */
  seize(owner: Address, bond: bigint): Charge;
}

export function createPools(): Pools {
  const assets = new Map<Address, bigint>();
  const locked = new Map<Address, bigint>();
  const noted = new Map<Address, { assets: bigint; charged: bigint; bounty: bigint }>();

  const move = (owner: Address, amount: bigint): void => {
    assets.set(owner, (assets.get(owner) ?? 0n) + amount);
  };
  const lock = (owner: Address, bond: bigint): void => {
    locked.set(owner, (locked.get(owner) ?? 0n) + bond);
  };
  const take = (owner: Address, bond: bigint, amount: bigint): Omit<Charge, "bounty"> => {
    const said = noted.get(owner);
    if (said === undefined) throw new Error(`the events tell of no charge of ${owner}`);
    noted.delete(owner);
    lock(owner, -bond);
    const charged = fixedPoint.min(amount, said.assets - (locked.get(owner) ?? 0n) * fixedPoint.GWEI);
    return { charged, shortfall: amount - charged, said };
  };
  return {
    move,
    lock,
    unlock: (owner, bond) => lock(owner, -bond),
    note({ owner, charged, bounty }) {
      noted.set(owner, { assets: assets.get(owner) ?? 0n, charged, bounty });
      move(owner, -charged);
    },
    charge(owner, bond, amount) {
      const taken = take(owner, bond, amount);
      return { ...taken, bounty: taken.charged / BOUNTY_DIVISOR };
    },
    seize(owner, bond) {
      const taken = take(owner, bond, bond * fixedPoint.GWEI);
      return { ...taken, bounty: taken.charged };
    },
  };
}
