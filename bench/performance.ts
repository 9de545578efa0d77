/**
 * Receipts, posted metrics and challenges. Every receipt comes from a request of its own, so nothing is warm, and the
 * whole window that is replayed is of the operator in question: the dearest one.
 */
import { WAD } from "../deploy/parameters.ts";
import {
  endChallenges,
  entryOf,
  headOf,
  metricsOf,
  MODEL,
  receiptOf,
  signed,
  type Metrics,
  type SignedReceipt,
} from "../test/fixtures/performance.ts";
import { endCommit, openings, type OpenRequest } from "../test/fixtures/round.ts";
import { seatedWorld } from "../test/fixtures/seated.ts";
import { addOperator, ethers, networkHelpers, type Signer, type World } from "../test/fixtures/world.ts";
import type { Figures } from "./life.ts";
import { ballotsFor, commit, gasOf, open, passSeedBlock } from "./rounds.ts";

const VOTERS = 4;
const WINDOW = 100;
const RECEIPTS = 128;
const POSTS = 64;
const limit = { gasLimit: 16_000_000 };

async function expectMaxima(w: World): Promise<void> {
  const given = [
    await w.performance.MAX_RECEIPTS!(),
    await w.performance.MAX_POSTS!(),
    await w.performance.WINDOW!(),
  ];
  if (given.join() !== [RECEIPTS, POSTS, WINDOW].join())
    throw new Error(`the ledger takes ${given.join()}, ${RECEIPTS}, ${POSTS} and ${WINDOW} are measured`);
}

/** Everybody runs one model, and two keepers can post. */
async function performanceWorld() {
  const w = await seatedWorld();
  await expectMaxima(w);
  for (const owner of w.owners) await w.vault.connect(owner).setModel(w.domain, MODEL, "");
  const [first, second] = (await ethers.getSigners()).slice(90);
  for (const keeper of [first!, second!]) {
    await w.token.transfer(keeper.address, 1_000n * WAD);
    await w.token.connect(keeper).approve(w.addresses.PerformanceLedger, ethers.MaxUint256);
  }
  return { ...w, first: first!, second: second! };
}

type PerformanceWorld = Awaited<ReturnType<typeof performanceWorld>>;

/** A request in which the first four operators revealed. */
async function answered(w: World): Promise<OpenRequest> {
  const request = await open(w, 1);
  await passSeedBlock();
  const ballots = ballotsFor(w.owners.slice(0, VOTERS), 1);
  for (const b of ballots) await commit(w, request, b);
  await endCommit(w, request);
  await w.assay.reveal(request.id, openings(ballots));
  return request;
}

/** The requester's word on an operator, unlike any other. */
async function receiptFor(w: World, request: OpenRequest, owner: Signer, i: number): Promise<SignedReceipt> {
  const times = {
    inputSize: 1_200 + 31 * i,
    outputSize: 300 + 7 * i,
    loadMs: 400 + 3 * i,
    inferMs: 700 + ((137 * i) % 511),
    roundTripMs: 1_900 + ((211 * i) % 733) + 3 * i,
  };
  return signed(w, request, receiptOf(request, owner, times));
}

const entriesOf = (batch: readonly SignedReceipt[]) => batch.map(({ receipt }) => ({ receipt, late: false }));

const record = (w: World, batch: readonly SignedReceipt[]) =>
  gasOf(w.performance.recordReceipts(w.domain, MODEL, batch, limit));

/** Posts for operators at the head of `batch`: what is true of the first operator, but for `change`. */
async function post(
  w: World,
  keeper: Signer,
  owners: readonly Signer[],
  batch: readonly SignedReceipt[],
  change: Partial<Metrics> = {},
): Promise<number> {
  const entries = entriesOf(batch);
  const metrics = { ...metricsOf(entries, w.owners[0]!.address), ...change };
  const posts = [];
  for (const { address } of owners) posts.push(await entryOf(w, address, metrics));
  const [count, head] = [entries.length, headOf(entries)];
  return gasOf(w.performance.connect(keeper).postMetrics(w.domain, MODEL, 0, count, head, posts, limit));
}

/** A replay of the whole window; `truth` says how it has to end. */
async function challenge(
  w: PerformanceWorld,
  batch: readonly SignedReceipt[],
  truth: boolean,
): Promise<number> {
  const entries = entriesOf(batch);
  const base = headOf(entries.slice(0, -WINDOW));
  const operator = w.owners[0]!.address;
  const ledger = w.performance.connect(w.second);
  const { id } = await w.performance.postOf(w.domain, operator);
  const window = entries.slice(-WINDOW);
  const gas = await gasOf(ledger.challengeMetrics(w.domain, operator, id, base, window, limit));
  const lost = await w.performance.queryFilter("ChallengeLost", "latest");
  if ((lost.length === 1) !== truth) throw new Error("the challenge ended the other way");
  return gas;
}

/** Operators that are registered, run the model and never sit. */
async function registerIdle(w: World, count: number): Promise<Signer[]> {
  const idle = (await ethers.getSigners()).slice(20, 20 + count);
  for (const [i, owner] of idle.entries()) {
    await addOperator(w, w.domain, owner, i % VOTERS, 0n);
    await w.vault.connect(owner).setModel(w.domain, MODEL, "");
  }
  return idle;
}

/** One receipt of the first operator for every request, and one of another operator. */
async function collect(w: World): Promise<Record<"own" | "mixed", SignedReceipt[]>> {
  const [own, mixed]: [SignedReceipt[], SignedReceipt[]] = [[], []];
  for (let i = 0; i < RECEIPTS; i++) {
    const request = await answered(w);
    own.push(await receiptFor(w, request, w.owners[0]!, i));
    mixed.push(await receiptFor(w, request, w.owners[1 + (i % (VOTERS - 1))]!, i));
  }
  return { own, mixed };
}

export async function measurePerformance(): Promise<Figures> {
  const w = await performanceWorld();
  const owners = [...w.owners, ...(await registerIdle(w, POSTS - w.owners.length))];
  const { own, mixed } = await collect(w);
  const figures: Figures = {};
  const fresh = await networkHelpers.takeSnapshot();
  await record(w, own.slice(0, 1));
  figures["recordReceipt"] = await record(w, own.slice(1, 2));
  figures["recordReceipts.n50"] = await record(w, mixed.slice(0, 50));
  await fresh.restore();
  figures["max.recordReceipts"] = await record(w, own);
  const chain = await networkHelpers.takeSnapshot();

  const first = owners.slice(0, 1);
  await post(w, w.first, first, own, { reputation: WAD });
  figures["challengeMetrics"] = await challenge(w, own, false);
  await chain.restore();
  figures["postMetrics"] = await post(w, w.first, first, own);
  const posted = await networkHelpers.takeSnapshot();
  figures["challengeMetricsLost"] = await challenge(w, own, true);
  await posted.restore();
  await endChallenges(w, first[0]!.address);
  figures["withdrawBond"] = await gasOf(w.performance.withdrawBond(w.domain, first[0]!.address));
  await chain.restore();

  figures["postMetrics.n8"] = await post(w, w.first, owners.slice(0, 8), own);
  await chain.restore();
  await post(w, w.first, owners, own);
  await endChallenges(w, owners.at(-1)!.address);
  await record(w, mixed.slice(0, 1));
  figures["max.postMetrics"] = await post(w, w.second, owners, [...own, ...mixed.slice(0, 1)]);
  return figures;
}
