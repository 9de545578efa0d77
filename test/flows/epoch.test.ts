import { expect } from "chai";

import { DEFAULT_DOMAIN, GWEI, WAD } from "../../deploy/parameters.ts";
import {
  ballot,
  commitBallot,
  endAppeal,
  endCommit,
  endReveal,
  openings,
  openRequest,
  sealRequest,
  votesOf,
} from "../fixtures/round.ts";
import type { Ballot, OpenRequest } from "../fixtures/round.ts";
import {
  committee,
  divUp,
  nextBaseRate,
  nextThreshold,
  replay,
  skillOf,
  unpackOutcomes,
  valueOf,
} from "../fixtures/scoring.ts";
import { openSealed, seatedWorld } from "../fixtures/seated.ts";
import { networkHelpers, nextEpoch, OPERATOR_STAKE, type Signer, type World } from "../fixtures/world.ts";

const CLAIMS = 100;
const BURNED_FOR_CREDITS = 50_000n * WAD;
const DELEGATED = 700n * WAD;
const BOUNTY = BigInt(DEFAULT_DOMAIN.rewards.postBounty) * GWEI;

/** Who plays what, by the index of the operator. */
const LAZY = 4;
const LIAR = 5;
/** Absent from the second request, late in the third. */
const SLOW = 6;
/** Does not reveal in the second request. */
const MUTE = 7;

/** What the epoch should leave behind, kept beside the chain in BigInt. */
interface Books {
  /** wei of every operator's pool */
  readonly pools: bigint[];
  readonly scores: bigint[];
  /** wei of price · claims of the settled seats */
  readonly served: bigint[];
  keeper: bigint;
  burned: bigint;
  minted: bigint;
  earned: bigint;
  spent: bigint;
  reserved: bigint;
  baseRate: bigint;
  threshold: bigint;
}

function openBooks(w: World): Books {
  const pools = w.owners.map(() => OPERATOR_STAKE);
  pools[0]! += DELEGATED;
  const zeros = () => w.owners.map(() => 0n);
  return {
    pools,
    scores: zeros(),
    served: zeros(),
    keeper: 0n,
    burned: w.parameters.domainFee + BURNED_FOR_CREDITS,
    minted: 0n,
    earned: 0n,
    spent: 0n,
    reserved: 0n,
    baseRate: WAD / 2n,
    threshold: WAD / 2n,
  };
}

function bookCharge(books: Books, index: number, amount: bigint): void {
  books.pools[index]! -= amount;
  books.keeper += amount / 20n;
  books.burned += amount - amount / 20n;
}

/** Votes of every role over claims whose truth is known to the informed. */
function votesIn(w: World, request: OpenRequest, salt: number): Ballot[] {
  const b = Number(request.terms.baseRate);
  return w.owners.map((owner, i) =>
    ballot(
      owner,
      Array.from({ length: CLAIMS }, (_, c) => {
        const truth = (c * 7 + salt) % 3 === 0;
        if (i === LAZY) return b;
        if (i === LIAR) return truth ? 10 : 245;
        const slips = (c * (i + 3) + salt) % 19 === 0;
        const confidence = 200 + 8 * i;
        return truth !== slips ? confidence : 255 - confidence;
      }),
    ),
  );
}

interface Plan {
  readonly absent?: readonly number[];
  readonly late?: readonly number[];
  readonly unrevealed?: readonly number[];
}

/** Plays one request to its end and books what it must cost and bring. */
async function play(w: World, keeper: Signer, books: Books, salt: number, plan: Plan): Promise<void> {
  const request = await openRequest(w, CLAIMS);
  await sealRequest(w, request);
  const unit = request.terms.price * BigInt(CLAIMS);
  books.reserved += unit * 8n;
  await expectCredits(w, books);
  const { threshold, bond } = await w.lens.drawOf(request.id);
  expect(request.terms.baseRate, "b follows B").to.equal((books.baseRate * 255n + WAD / 2n) / WAD);
  expect(threshold, "θ of the request").to.equal((books.threshold * 65_536n) / WAD);

  const all = votesIn(w, request, salt);
  const has = (list: readonly number[] | undefined, b: Ballot) => list?.includes(all.indexOf(b)) ?? false;
  const commits = all.filter((b) => !has(plan.absent, b));
  for (const b of commits.filter((c) => !has(plan.late, c))) await commitBallot(w, request, b);
  const { clock } = await w.lens.roundOf(request.id);
  await networkHelpers.time.increaseTo(clock + 61n);
  for (const b of commits.filter((c) => has(plan.late, c))) await commitBallot(w, request, b);
  await endCommit(w, request);
  const reveals = commits.filter((b) => !has(plan.unrevealed, b));
  await w.assay.connect(keeper).reveal(request.id, openings(reveals));
  await endReveal(w, request);
  const absent = (plan.absent ?? []).map((i) => w.owners[i]!.address);
  if (absent.length !== 0) await w.assay.connect(keeper).reportAbsent(request.terms, 0, absent);
  await w.assay.finalize(request.terms);
  books.reserved -= unit * BigInt(8 - reveals.length);
  await expectCredits(w, books);
  await endAppeal(w, request);
  await w.assay.connect(keeper).settle(request.terms, 0, votesOf(commits));

  books.reserved -= unit * BigInt(reveals.length);
  books.earned += unit * BigInt(reveals.length);
  for (const i of plan.absent ?? []) bookCharge(books, i, unit);
  for (const i of plan.unrevealed ?? []) bookCharge(books, i, bond * GWEI);
  const votes = reveals.map((b) => ({ votes: b.votes, weight: 2n }));
  const whole = committee(votes, threshold, 1_000n);
  for (const [k, b] of reveals.entries()) {
    const i = all.indexOf(b);
    const skill = skillOf(whole, votes[k]!, request.terms.baseRate);
    books.scores[i]! += valueOf(skill, request.terms.price, request.terms.baseRate);
    books.served[i]! += unit - (unit % GWEI);
  }
  books.baseRate = nextBaseRate(books.baseRate, whole);
  books.threshold = nextThreshold(books.threshold, whole);
  await expectCredits(w, books);
}

/** Credits bought = credits held + reserved + earned + spent on bounties. */
async function expectCredits(w: World, books: Books): Promise<void> {
  const held = await w.fees.credits(w.requester.address);
  expect(held + books.reserved + books.earned + books.spent, "burned for credits").to.equal(
    BURNED_FOR_CREDITS,
  );
  expect(await w.fees.earned(w.domain, 1), "earned burn").to.equal(books.earned);
}

/** Every balance there is. */
async function expectBalances(w: World, keeper: Signer, books: Books): Promise<void> {
  const { genesisSupply, familyBond } = w.parameters;
  const supply = await w.token.totalSupply();
  expect(supply, "supply = genesis − burned + minted").to.equal(genesisSupply - books.burned + books.minted);
  let pools = 0n;
  for (const [i, owner] of w.owners.entries()) {
    const { active, unbonding } = await w.vault.poolOf(w.domain, owner.address);
    expect(active + unbonding, `pool of ${i}`).to.equal(books.pools[i]);
    pools += active + unbonding;
  }
  const vault = await w.token.balanceOf(w.addresses.StakeVault);
  expect(vault, "vault = Σ pools").to.equal(pools);
  const registry = await w.token.balanceOf(w.addresses.DomainRegistry);
  expect(registry, "registry = family bonds").to.equal(4n * familyBond);
  expect(await w.token.balanceOf(keeper.address), "keeper = its bounties").to.equal(books.keeper);
  let held = vault + registry;
  for (const holder of [w.deployer, w.requester, keeper, ...w.owners]) {
    held += await w.token.balanceOf(holder.address);
  }
  expect(held, "nobody else holds any").to.equal(supply);
}

/** Replays every outcome from its events and posts the result. */
async function post(w: World, keeper: Signer, books: Books): Promise<void> {
  const tapes = new Map<string, bigint[]>();
  for (const log of await w.ledger.queryFilter(w.ledger.filters.OutcomesRecorded!())) {
    const { owner, outcomes, count } = w.ledger.interface.parseLog(log)!.args;
    tapes.set(owner, [...(tapes.get(owner) ?? []), ...unpackOutcomes(outcomes, count)]);
  }
  const entries = [...tapes].map(([owner, outcomes]) => ({
    owner,
    reputation: replay(WAD, outcomes, DEFAULT_DOMAIN.reputation),
  }));
  expect(entries.length, "everybody has a record").to.equal(8);
  await w.ledger.connect(keeper).post(w.domain, entries);
  const bounty = BOUNTY * 8n;
  books.keeper += bounty;
  books.minted += bounty;
  books.spent += bounty;
  books.earned -= bounty;
  const r = (i: number) => entries.find((e) => e.owner === w.owners[i]!.address)!.reputation;
  for (const i of [0, 1, 2, 3]) expect(r(i), `R of honest ${i}`).to.be.greaterThan(WAD);
  for (const i of [LAZY, LIAR]) expect(r(i), `R of ${i}`).to.be.lessThan(WAD);
  expect(r(SLOW), "late and absent cost R").to.be.lessThan(r(3));
}

/** Distributes the epoch and books rewards and debts, with the factors the accounts were opened with. */
async function distribute(w: World, keeper: Signer, books: Books): Promise<void> {
  const factors = w.owners.map(() => 0n);
  for (const log of await w.minter.queryFilter(w.minter.filters.AccountOpened!(w.domain, 1))) {
    const { owner, factor } = w.minter.interface.parseLog(log)!.args;
    factors[w.owners.findIndex((o) => o.address === owner)] = factor;
  }
  const points = books.scores.map((score, i) => (score > 0n ? (score * factors[i]!) / 10n ** 9n : 0n));
  const total = points.reduce((a, b) => a + b, 0n);
  const pot = (books.earned * 9n) / 10n;
  await w.minter.connect(keeper).distribute(
    w.domain,
    1,
    w.owners.map((o) => o.address),
  );
  let minted = 0n;
  for (const [i, score] of books.scores.entries()) {
    if (score < 0n) {
      bookCharge(books, i, divUp(-score * 20_000n, 10_000n));
      continue;
    }
    const cap = (books.served[i]! * 15_000n * 9_000n) / 10n ** 8n;
    const part = (pot * points[i]!) / total;
    const reward = part < cap ? part : cap;
    books.pools[i]! += reward;
    minted += reward;
  }
  books.minted += minted;
  expect(minted, "minted ≤ earned").to.be.within(1n, books.earned);
}

describe("a whole epoch", () => {
  it("accounts for every wei of honest, lazy, lying, absent, late and silent operators [ACC-6]", async () => {
    const w = await networkHelpers.loadFixture(seatedWorld);
    const [keeper, delegator] = [w.outsider, w.requester];
    await w.token.connect(delegator).approve(w.addresses.StakeVault, DELEGATED);
    await w.vault.connect(delegator).stake(w.domain, w.owners[0]!.address, DELEGATED);
    const books = openBooks(w);
    await expectBalances(w, keeper, books);

    await play(w, keeper, books, 1, {});
    await play(w, keeper, books, 2, { absent: [SLOW], unrevealed: [MUTE] });
    await play(w, keeper, books, 5, { late: [SLOW] });
    await expectBalances(w, keeper, books);
    for (const [i, owner] of w.owners.entries()) {
      const { score, served } = await w.minter.accountOf(w.domain, 1, owner.address);
      expect(score, `score of ${i}`).to.equal(books.scores[i]);
      expect(served * GWEI, `served of ${i}`).to.equal(books.served[i]);
    }
    expect(books.scores[LAZY], "the base rate earns exactly zero").to.equal(0n);
    expect(books.scores[LIAR], "the liar loses").to.be.lessThan(0n);

    await post(w, keeper, books);
    await expectBalances(w, keeper, books);
    // A request in flight when the epoch ends stays reserved.
    const open = await openSealed(w, CLAIMS);
    books.reserved += open.terms.price * BigInt(CLAIMS) * 8n;
    await expectCredits(w, books);

    await nextEpoch(w);
    await distribute(w, keeper, books);
    await expectBalances(w, keeper, books);
    await expectCredits(w, books);
    for (const owner of w.owners) {
      expect((await w.vault.poolOf(w.domain, owner.address)).locked, "no bond is left").to.equal(0n);
    }
    expect(books.pools[LAZY], "the lazy neither won nor lost").to.equal(OPERATOR_STAKE);
    expect(
      books.pools[LIAR]! < OPERATOR_STAKE && books.pools[1]! > OPERATOR_STAKE,
      "lies cost, work pays",
    ).to.equal(true);

    await leave(w, books, delegator, 0);
    await leave(w, books, w.owners[LIAR]!, LIAR);
    await expectBalances(w, keeper, books);
  });
});

/** Takes a holder's whole stake out of a pool; it gets what its shares are worth, rounded down. */
async function leave(w: World, books: Books, holder: Signer, index: number): Promise<void> {
  const owner = w.owners[index]!.address;
  const { shares } = await w.vault.holdingOf(w.domain, owner, holder.address);
  const total = (await w.vault.sharesOf(w.domain, owner)).active;
  const worth = (shares * (books.pools[index]! + 1n)) / (total + 1_000n);
  const before: bigint = await w.token.balanceOf(holder.address);
  await w.vault.connect(holder).requestUnstake(w.domain, owner, shares);
  await networkHelpers.time.increase(w.parameters.unbonding);
  await w.vault.connect(holder).withdraw(w.domain, owner);
  const paid = BigInt(await w.token.balanceOf(holder.address)) - before;
  // The ticket is a share of the unbonding side too: one more division rounded down.
  expect(worth - paid, "paid out").to.be.within(0n, 1n);
  books.pools[index]! -= paid;
}
