/**
 * The arithmetic of RewardMinter and ReputationLedger has no library, so the deployed contracts are asked, with storage
 * set by eth_call overrides.
 */
import { reputationMath, rewards } from "@assay/keeper";
import { expect } from "chai";

import { DEFAULT_DOMAIN, type DomainParameters } from "../../deploy/parameters.ts";
import { createDomain, deployProtocol, ethers, networkHelpers, nextEpoch } from "../fixtures/world.ts";
import { BATCH, compareRows, VECTORS, type Comparison } from "./compare.ts";
import { Random } from "./random.ts";
import {
  earnedSlot,
  minterSlots,
  packAccount,
  packDomain,
  packFamily,
  packTerms,
  packWindow,
  recordSlot,
  vaultSlots,
  type Overrides,
  type Slots,
} from "./slots.ts";
import { either, range, rows, uint, WAD } from "./vectors.ts";

const EPOCH = 1n;
const UNSET: rewards.EpochTerms = {
  points: 0n,
  maturity: 64n,
  mintRatio: 0n,
  mintCap: 0n,
  penaltyRatio: 0n,
  share: 0n,
};
const bps = range(0n, 10_000n, 9_000n);
const agreed = { compared: VECTORS, mismatches: [] };

async function deployWith(parameters: DomainParameters) {
  const p = await deployProtocol();
  await createDomain(p, parameters);
  await nextEpoch(p, 3n);
  const harness = await ethers.deployContract("MinterHarness");
  return { ...p, parameters, harness, code: await ethers.provider.getCode(harness) };
}

type Deployed = Awaited<ReturnType<typeof deployWith>>;

async function usual(): Promise<Deployed> {
  return deployWith(DEFAULT_DOMAIN);
}

async function steep(): Promise<Deployed> {
  const { committee, fees, rewards: paid } = DEFAULT_DOMAIN;
  return deployWith({
    ...DEFAULT_DOMAIN,
    committee: { ...committee, boostCap: 64 },
    fees: { ...fees, absenceRatio: 7_777 },
    rewards: { ...paid, gamma: (5n * WAD) / 4n, delta: (5n * WAD) / 4n },
  });
}

/** Adds up batches, each of which brings its own rows, storage and mirror. */
async function inBatches(total: number, one: (start: number) => Promise<Comparison>): Promise<Comparison> {
  const sum = { compared: 0, mismatches: [] as string[] };
  while (sum.compared < total) {
    const { compared, mismatches } = await one(sum.compared);
    sum.compared += compared;
    sum.mismatches.push(...mismatches);
  }
  return sum;
}

/** Addresses nobody else has. */
function owners(count: number): bigint[] {
  return Array.from({ length: count }, (_, i) => 0xa55a_0000n + BigInt(i));
}

describe("mirror of RewardMinter", () => {
  it("schedule", async () => {
    const { harness, minter } = await networkHelpers.loadFixture(usual);
    const [emission, halving] = [await minter.INITIAL_EMISSION(), await minter.HALVING()];
    const vectors = rows(
      [either(range(0n, 100n * halving, halving), uint(64))],
      VECTORS,
      new Random("schedule"),
    );
    const head = [BigInt(await minter.getAddress())];
    const result = await compareRows(harness, "schedule", head, vectors, ([epoch]) =>
      rewards.schedule(emission, halving, epoch!),
    );
    expect(result).to.deep.equal(agreed);
  });

  it("mintable", async () => {
    const { harness, minter, fees } = await networkHelpers.loadFixture(usual);
    const [emission, halving] = [await minter.INITIAL_EMISSION(), await minter.HALVING()];
    const [at, market] = [await minter.getAddress(), await fees.getAddress()];
    const vectors = rows([either(uint(84), uint(70)), bps, bps], VECTORS, new Random("mintable"));
    const result = await inBatches(VECTORS, (start) => {
      const [terms, earned]: [Slots, Slots] = [{}, {}];
      const batch = vectors.slice(start, start + BATCH).map(([burned, mintRatio, share], i) => {
        const epoch = BigInt(start + i);
        terms[minterSlots.terms(epoch)] = packTerms({ ...UNSET, mintRatio: mintRatio!, share: share! });
        earned[earnedSlot(epoch)] = ethers.toBeHex(burned!, 32);
        return [epoch];
      });
      const mirror = ([epoch]: readonly bigint[]) => {
        const [burned, mintRatio, share] = vectors[Number(epoch!)]!;
        const scheduled = rewards.schedule(emission, halving, epoch!);
        return rewards.mintable(burned!, scheduled, { ...UNSET, mintRatio: mintRatio!, share: share! });
      };
      const overrides: Overrides = { [at]: { stateDiff: terms }, [market]: { stateDiff: earned } };
      return compareRows(harness, "mintable", [BigInt(at)], batch, mirror, overrides);
    });
    expect(result).to.deep.equal(agreed);
  });

  it("points, cap and payout, debt and due, as distribute asks for them", async () => {
    const deployed = await networkHelpers.loadFixture(usual);
    const { harness, minter, fees, vault } = deployed;
    const [at, market, pools] = [
      await minter.getAddress(),
      await fees.getAddress(),
      await vault.getAddress(),
    ];
    const scheduled = await minter.schedule(EPOCH);
    const random = new Random("distribute");
    const met = { gains: 0, losses: 0, immature: 0, bare: 0, capped: 0, covered: 0 };
    const result = await inBatches(2 * VECTORS + 6 * BATCH, () => {
      const earned = random.between(1n, 2n ** 84n - 1n);
      const { terms, pot } = epochTerms(random, earned, scheduled);
      const accounts = new Map(owners(BATCH / 2).map((owner) => [owner, account(random, terms.maturity)]));
      const stored: Slots = { [minterSlots.terms(EPOCH)]: packTerms(terms) };
      for (const [owner, a] of accounts) stored[minterSlots.account(EPOCH, owner)] = packAccount(a);
      const mirror = ([owner]: readonly bigint[]) => {
        const a = accounts.get(owner!)!;
        if (a.scored < terms.maturity) met.immature++;
        else if (a.score < 0n) met.losses++;
        else met.gains++;
        if (a.scored < terms.maturity) return 0n;
        return a.score < 0n ? owed(a) : paid(a);
      };
      const owed = (a: rewards.Account) => {
        const due = rewards.due(a, terms);
        if (due === rewards.debt(a.score, terms.penaltyRatio)) met.covered++;
        return due;
      };
      const paid = (a: rewards.Account) => {
        const minted = rewards.payout(a, terms, pot);
        if (minted !== 0n && minted === rewards.cap(a, terms)) met.capped++;
        else if (terms.points === pot && minted === rewards.points(a, terms.maturity)) met.bare++;
        return minted;
      };
      const overrides: Overrides = {
        [at]: { stateDiff: stored },
        [market]: { stateDiff: { [earnedSlot(EPOCH)]: ethers.toBeHex(earned, 32) } },
        // Lends the vault's address to the harness, which notes what the minter asks of a pool.
        [pools]: { code: deployed.code },
      };
      const lent = { interface: harness.interface, getAddress: () => Promise.resolve(pools) };
      const batch = [...accounts.keys()].map((owner) => [owner]);
      return compareRows(lent, "distribute", [BigInt(at), EPOCH], batch, mirror, overrides);
    });
    expect(result.mismatches).to.deep.equal([]);
    const { gains, losses, ...branches } = met;
    expect(gains + losses + met.immature).to.equal(result.compared);
    expect(gains, "gains").to.be.at.least(VECTORS);
    expect(losses, "losses").to.be.at.least(VECTORS);
    for (const [name, times] of Object.entries(branches)) expect(times, name).to.be.greaterThan(500);
  });

  it("unlock", async () => {
    const { harness, minter, vault, code } = await networkHelpers.loadFixture(usual);
    const [at, pools] = [await minter.getAddress(), await vault.getAddress()];
    const random = new Random("unlock");
    let refused = 0;
    const result = await inBatches(VECTORS, () => {
      const terms = { ...UNSET, penaltyRatio: random.between(10_000n, 40_000n) };
      const accounts = new Map(owners(BATCH).map((owner) => [owner, account(random, terms.maturity)]));
      // Whoever never opened an account has epoch 0 as its last.
      const stored: Slots = { [minterSlots.terms(0n)]: packTerms(terms) };
      for (const [owner, a] of accounts) stored[minterSlots.account(0n, owner)] = packAccount(a);
      const mirror = ([owner]: readonly bigint[]) => {
        const bond = rewards.unlockable(accounts.get(owner!)!, terms);
        if (bond === 0n) refused++;
        return bond;
      };
      const lent = { interface: harness.interface, getAddress: () => Promise.resolve(pools) };
      const batch = [...accounts.keys()].map((owner) => [owner]);
      const overrides: Overrides = { [at]: { stateDiff: stored }, [pools]: { code } };
      return compareRows(lent, "unlocked", [BigInt(at)], batch, mirror, overrides);
    });
    expect(result).to.deep.equal(agreed);
    expect(refused).to.be.within(VECTORS / 50, VECTORS / 2);
  });

  it("factor", async () => {
    const random = new Random("factor");
    let compared = 0;
    for (const fixture of [usual, steep]) {
      const deployed = await networkHelpers.loadFixture(fixture);
      const result = await inBatches(VECTORS / 2, () => compareFactors(deployed, random));
      expect(result.mismatches).to.deep.equal([]);
      compared += result.compared;
    }
    expect(compared).to.equal(VECTORS);
  });
});

describe("mirror of ReputationLedger", () => {
  it("absenceChargeOf", async () => {
    const random = new Random("absenceChargeOf");
    let compared = 0;
    for (const fixture of [usual, steep]) {
      const { harness, ledger, parameters } = await networkHelpers.loadFixture(fixture);
      const at = await ledger.getAddress();
      const ratio = BigInt(parameters.fees.absenceRatio);
      const { delta } = parameters.rewards;
      const result = await inBatches(VECTORS / 2, () => {
        const reputations = new Map(owners(BATCH).map((owner) => [owner, reputation(random)]));
        const batch = [...reputations.keys()].map((owner) => [owner, random.bits(1 + random.below(96))]);
        const mirror = ([owner, fee]: readonly bigint[]) =>
          rewards.absenceCharge(fee!, ratio, reputations.get(owner!)!, delta);
        const overrides = { [at]: { stateDiff: records(reputations) } };
        return compareRows(harness, "absenceCharge", [BigInt(at)], batch, mirror, overrides);
      });
      expect(result.mismatches).to.deep.equal([]);
      compared += result.compared;
    }
    expect(compared).to.equal(VECTORS);
  });
});

/** One set of weights, and a batch of operators of every family and record. */
async function compareFactors(deployed: Deployed, random: Random): Promise<Comparison> {
  const { harness, assay, minter, vault, ledger, code, parameters } = deployed;
  const weight = random.between(1n, 2n ** (8n + BigInt(random.below(49))) - 1n);
  const families = random.between(1n, 16n);
  const familyWeights = Array.from({ length: 16 }, () =>
    random.chance(0.1) ? 0n : random.between(0n, random.chance(0.5) ? weight : weight / 16n),
  );
  const operators = new Map(
    owners(BATCH).map((owner) => [owner, { family: random.below(16), reputation: reputation(random) }]),
  );
  const stored: Slots = { [vaultSlots.domain()]: packDomain(weight, families) };
  familyWeights.forEach((w, i) => (stored[vaultSlots.family(BigInt(i))] = packWindow(w)));
  for (const [owner, { family }] of operators)
    stored[vaultSlots.operator(owner)] = packFamily(BigInt(family));
  const reputations = new Map([...operators].map(([owner, { reputation: r }]) => [owner, r]));
  const mirror = ([owner]: readonly bigint[]) => {
    const { family, reputation: r } = operators.get(owner!)!;
    const boostCap = BigInt(parameters.committee.boostCap);
    const scarcity = { weight, families, familyWeight: familyWeights[family]!, boostCap };
    return rewards.factor(r, parameters.rewards.gamma, scarcity);
  };
  // Only Assay may credit a seat, so the harness speaks from its address.
  const peer = await assay.getAddress();
  const overrides: Overrides = {
    [peer]: { code },
    [await vault.getAddress()]: { stateDiff: stored },
    [await ledger.getAddress()]: { stateDiff: records(reputations) },
  };
  const lent = { interface: harness.interface, getAddress: () => Promise.resolve(peer) };
  const batch = [...operators.keys()].map((owner) => [owner]);
  return compareRows(lent, "factor", [BigInt(await minter.getAddress())], batch, mirror, overrides);
}

function records(reputations: ReadonlyMap<bigint, bigint>): Slots {
  return Object.fromEntries([...reputations].map(([owner, r]) => [recordSlot(owner), ethers.toBeHex(r, 32)]));
}

function reputation(random: Random): bigint {
  const { MIN, MAX, START } = reputationMath;
  if (random.chance(0.05)) return random.pick([MIN, MIN + 1n, START - 1n, START, START + 1n, MAX - 1n, MAX]);
  return random.between(MIN, MAX);
}

/** Terms under which an account's points show bare, as a share of the pot, or run into the cap. */
function epochTerms(random: Random, earned: bigint, scheduled: bigint) {
  const ratios = {
    ...UNSET,
    mintRatio: random.between(0n, 10_000n),
    mintCap: random.between(10_000n, 40_000n),
    penaltyRatio: random.between(10_000n, 40_000n),
    share: random.chance(0.5) ? 0n : random.between(0n, 10_000n),
    maturity: random.between(1n, 4_096n),
  };
  const pot = rewards.mintable(earned, scheduled, ratios);
  const points = random.pick([pot, pot, random.bits(112), random.bits(80), 1n]);
  return { terms: { ...ratios, points: points === 0n ? 1n : points }, pot };
}

function account(random: Random, maturity: bigint): rewards.Account {
  const size = random.bits(1 + random.below(86));
  const score = random.chance(0.05) ? random.pick([0n, 1n, -1n]) : random.chance(0.5) ? size : -size;
  return {
    score,
    releasable: random.bits(random.chance(0.5) ? 56 : 1 + random.below(56)),
    served: random.bits(random.chance(0.5) ? 56 : 1 + random.below(56)),
    factor: random.chance(0.5) ? random.between(10n ** 7n, 10n ** 10n) : 1n + random.bits(39),
    scored: random.chance(0.04) ? random.between(0n, maturity - 1n) : random.between(maturity, 65_535n),
  };
}
