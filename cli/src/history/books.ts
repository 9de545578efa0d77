import { fixedPoint, reputationMath, rewards } from "@assay/keeper";
import type { Address } from "viem";

import type { Check } from "./check.ts";
import type { EventNamed } from "./events.ts";
import type { Versions } from "./versions.ts";
import type { WeightHistory } from "./weights.ts";

const MAX_SCORED = 65_535n;
/** What the event says of an account that begins empty. */
const NOT_CARRIED = (1n << 256n) - 1n;

/** What R^γ · tilt of an account was made of. */
export interface FactorParts extends rewards.Scarcity {
  /** R, WAD */
  readonly reputation: bigint;
  /** WAD */
  readonly gamma: bigint;
  /** WAD */
  readonly power: bigint;
  /** WAD */
  readonly tilt: bigint;
}

/** How an account was closed. */
export interface Distribution {
  readonly epoch: bigint;
  readonly score: bigint;
  readonly points: bigint;
  /** Σ points of the epoch */
  readonly allPoints: bigint;
  /** earned burn of the epoch, wei */
  readonly earned: bigint;
  /** most the epoch may mint, wei */
  readonly pot: bigint;
  /** most this account may be paid, wei */
  readonly cap: bigint;
  readonly minted: bigint;
  /** part of what was minted that went to whoever reported the operator as a clone, wei */
  readonly toReporter: bigint;
  readonly debt: bigint;
  readonly charged: bigint;
  /** part of the charge that went to whoever collected it, wei */
  readonly bounty: bigint;
  /** bonds of the account, gwei; all of them are free afterwards */
  readonly bonds: bigint;
  /** Grows by what the vault says of the reward. */
  readonly checks: Check[];
}

/** A score account, replayed. It moves on whole while it is immature. */
export interface BookAccount {
  readonly owner: Address;
  epoch: bigint;
  score: bigint;
  releasable: bigint;
  served: bigint;
  factor: bigint;
  scored: bigint;
  /** Not in its epoch's points yet. */
  isNew: boolean;
  parts: FactorParts;
  distribution: Distribution | undefined;
}

/** What an epoch pins with its first settled seat, and its points so far. */
export type EpochBook = { -readonly [Key in keyof rewards.EpochTerms]: rewards.EpochTerms[Key] };

/** Replays the score accounts of a domain: RewardMinter without its tokens. */
export interface Books {
  setShare(share: bigint): void;
  earn(epoch: bigint, amount: bigint): void;
  /** @returns what the event said of the factor and of an account carried over, beside our own */
  open(said: EventNamed<"AccountOpened">["args"], reputation: bigint): Check[];
  credit(owner: Address, seat: { value: bigint; scored: bigint; bond: bigint; served: bigint }): BookAccount;
  /** Bonds a debt does not need were freed early. */
  release(owner: Address): void;
  /**
   * Closes an account. A debt is taken by `charge`, told the bonds it frees (gwei) and the wei due; what a reward of so
   * many wei leaves to a reporter is said by `leave`.
   */
  close(
    said: EventNamed<"Distributed">["args"],
    charge: (bonds: bigint, due: bigint) => { charged: bigint; bounty: bigint },
    leave: (minted: bigint) => bigint,
  ): Distribution;
  /** The newest account of an owner that was not distributed. */
  accountOf(owner: Address): BookAccount | undefined;
  termsOf(epoch: bigint): EpochBook | undefined;
  potOf(epoch: bigint): bigint;
}

export interface BooksOptions {
  readonly versions: Versions;
  readonly weights: WeightHistory;
  /** wei and epochs, immutables of the minter */
  readonly emission: { readonly initial: bigint; readonly halving: bigint };
}

export function createBooks({ versions, weights, emission }: BooksOptions): Books {
  const newest = new Map<Address, BookAccount>();
  const mature = new Map<string, BookAccount>();
  const epochs = new Map<bigint, EpochBook>();
  const earned = new Map<bigint, bigint>();
  let share = 0n;

  const keyOf = (epoch: bigint, owner: Address): string => `${epoch}:${owner}`;

  const bookOf = (epoch: bigint): EpochBook => {
    const known = epochs.get(epoch);
    if (known !== undefined) return known;
    const { committee, fees, rewards: ratios } = versions.of(versions.inForce(epoch));
    const book = {
      points: 0n,
      maturity: BigInt(committee.maturity),
      mintRatio: BigInt(ratios.mintRatio),
      mintCap: BigInt(ratios.mintCap),
      penaltyRatio: BigInt(fees.penaltyRatio),
      share,
    };
    epochs.set(epoch, book);
    return book;
  };

  const partsOf = (epoch: bigint, owner: Address, reputation: bigint): FactorParts => {
    const { committee, rewards: ratios } = versions.of(versions.inForce(epoch));
    const { weight, families, familyWeights, weights: own, memberships } = weights.at(epoch);
    const family = memberships.get(owner) ?? weights.familyOf(owner);
    // W_f counts every member here, also while the family is too light to be drawn.
    const members = [...own].filter(([other]) => memberships.get(other) === family);
    const familyWeight =
      familyWeights.get(family) ?? members.reduce((sum, [, memberWeight]) => sum + memberWeight, 0n);
    const boostCap = BigInt(committee.boostCap);
    return {
      reputation,
      gamma: ratios.gamma,
      weight,
      families,
      familyWeight,
      boostCap,
      power: reputationMath.power(reputation, ratios.gamma),
      tilt: reputationMath.tilt(weight, families, familyWeight, boostCap),
    };
  };

  const potOf = (epoch: bigint): bigint => {
    const scheduled = rewards.schedule(emission.initial, emission.halving, epoch);
    return rewards.mintable(earned.get(epoch) ?? 0n, scheduled, bookOf(epoch));
  };

  return {
    setShare(bps) {
      share = bps;
    },
    earn(epoch, amount) {
      earned.set(epoch, (earned.get(epoch) ?? 0n) + amount);
    },
    accountOf: (owner) => newest.get(owner),
    termsOf: (epoch) => epochs.get(epoch),
    potOf,

    open({ owner, epoch, factor, carriedFrom }, reputation) {
      bookOf(epoch);
      const old = newest.get(owner);
      const isCarried = old !== undefined && old.scored < bookOf(old.epoch).maturity;
      const from = isCarried ? old.epoch : NOT_CARRIED;
      const parts = partsOf(epoch, owner, reputation);
      const computed = rewards.factor(reputation, parts.gamma, parts);
      if (isCarried) {
        Object.assign(old, { epoch, factor: computed, isNew: true, parts });
      } else {
        // A mature account stays where it is, to be distributed.
        if (old !== undefined) mature.set(keyOf(old.epoch, owner), old);
        const empty = { score: 0n, releasable: 0n, served: 0n, scored: 0n, distribution: undefined };
        newest.set(owner, { owner, epoch, factor: computed, isNew: true, parts, ...empty });
      }
      return [
        { what: "factor", computed, chain: factor },
        { what: "epoch the account was carried over from", computed: from, chain: carriedFrom },
      ];
    },

    credit(owner, { value, scored, bond, served }) {
      const account = newest.get(owner);
      if (account === undefined) throw new Error(`the events tell of no account of ${owner}`);
      const book = bookOf(account.epoch);
      const before = account.isNew ? 0n : rewards.points(account, book.maturity);
      account.isNew = false;
      account.score += value;
      account.releasable += bond;
      account.served += served / fixedPoint.GWEI;
      account.scored = fixedPoint.min(account.scored + scored, MAX_SCORED);
      book.points += rewards.points(account, book.maturity) - before;
      return account;
    },

    release(owner) {
      const account = newest.get(owner);
      if (account === undefined) throw new Error(`the events tell of no account of ${owner}`);
      account.releasable -= rewards.unlockable(account, bookOf(account.epoch));
    },

    close(said, charge, leave) {
      const { owner, epoch } = said;
      const key = keyOf(epoch, owner);
      const account = mature.get(key) ?? newest.get(owner);
      if (account === undefined || account.epoch !== epoch) {
        throw new Error(`the events tell of no account of ${owner} in epoch ${epoch}`);
      }
      mature.delete(key);
      if (newest.get(owner) === account) newest.delete(owner);
      const book = bookOf(epoch);
      const isDebt = account.score < 0n;
      const taken = isDebt
        ? charge(account.releasable, rewards.due(account, book))
        : { charged: 0n, bounty: 0n };
      const points = rewards.points(account, book.maturity);
      const minted = isDebt ? 0n : rewards.payout(account, book, potOf(epoch));
      const debt = rewards.debt(account.score, book.penaltyRatio);
      account.distribution = {
        epoch,
        score: account.score,
        points,
        allPoints: book.points,
        earned: earned.get(epoch) ?? 0n,
        pot: potOf(epoch),
        cap: rewards.cap(account, book),
        minted,
        toReporter: minted === 0n ? 0n : leave(minted),
        debt,
        ...taken,
        bonds: account.releasable,
        checks: [
          { what: "score when distributed", computed: account.score, chain: said.score },
          { what: "points", computed: points, chain: said.points },
          { what: "minted", computed: minted, chain: said.minted },
          { what: "debt", computed: debt, chain: said.debt },
          { what: "charged for the debt", computed: taken.charged, chain: said.charged },
        ],
      };
      return account.distribution;
    },
  };
}
