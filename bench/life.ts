/** The life of a request: requests, votes, verdicts, settlement. */
import { ethers, networkHelpers, nextEpoch, type World } from "../test/fixtures/world.ts";
import { drawnOwners, endAppeal, endCommit, endReveal, openings, votesOf } from "../test/fixtures/round.ts";
import { partsOf } from "./parts.ts";
import {
  ballotsFor,
  commit,
  gasOf,
  open,
  openFor,
  passSeedBlock,
  playMeasured,
  SEATS,
  transactionsOf,
  warmUp,
} from "./rounds.ts";

export type Figures = Record<string, number>;

const CLAIMS = [1, 64, 256] as const;
/** minSeats */
const QUORUM = 4;

const mean = (values: readonly number[]): number =>
  Math.round(values.reduce((sum, value) => sum + value, 0) / values.length);

/** What an inline payload adds to a request: small, and so large that the floor of calldata (EIP-7623) counts. */
async function requests(w: World): Promise<Figures> {
  const inline = async (kilobytes: number): Promise<number> => {
    const payload = Uint8Array.from({ length: 1_024 * kilobytes }, (_, i) => 32 + ((i * 7) % 90));
    return (await open(w, 64, { payload, payloadHash: ethers.keccak256(payload), uri: "" })).gas;
  };
  const perKB = async (from: number, to: number): Promise<number> => {
    const gas = await inline(from);
    return Math.round(((await inline(to)) - gas) / (to - from));
  };
  return { requestInlinePerKB: await perKB(1, 5), requestInlinePerKBLarge: await perKB(16, 32) };
}

async function single(w: World): Promise<Figures> {
  const figures: Figures = {};
  const { request, drawn } = await openFor(w, 64, SEATS);
  const before = await networkHelpers.takeSnapshot();
  figures["seal"] = await gasOf(w.assay.seal(request.id, "0x"));
  await before.restore();
  const ballots = ballotsFor(drawn.slice(0, SEATS), 64);
  for (const b of ballots) await commit(w, request, b);
  figures["commitReplaced"] = (await commit(w, request, ballots[0]!)).gas;
  await endCommit(w, request);
  const [first, second, ...others] = ballots;
  figures["revealFirst.k64"] = await gasOf(w.assay.reveal(request.id, openings([first!])));
  figures["reveal.k64"] = await gasOf(w.assay.reveal(request.id, openings([second!])));
  // The last one keeps silent, and what was paid for it goes back.
  await w.assay.reveal(request.id, openings(others.slice(0, -1)));
  await endReveal(w, request);
  figures["finalizeRefund.k64"] = await gasOf(w.assay.finalize(request.terms));
  await endAppeal(w, request);
  await w.assay.settle(request.terms, 0, votesOf([first!]));
  figures["settle.k64"] = await gasOf(w.assay.settle(request.terms, 0, votesOf([second!])));
  return figures;
}

/** Silent seats of a request in which no more than a quorum committed. */
async function absences(w: World): Promise<Figures> {
  const { request, drawn } = await openExtended(w, QUORUM + SEATS);
  for (const b of ballotsFor(drawn.slice(0, QUORUM), 64)) await commit(w, request, b);
  await endCommit(w, request);
  await endReveal(w, request);
  const silent = drawn.slice(QUORUM).map(({ address }) => address);
  const one = await gasOf(w.assay.reportAbsent(request.terms, 0, silent.slice(0, 1)));
  const batch = await gasOf(w.assay.reportAbsent(request.terms, 0, silent.slice(1, SEATS)));
  return { reportAbsent: one, "reportAbsentBatch.n6": batch };
}

/** An extended request, nobody committed yet, in which at least `seats` sit. */
async function openExtended(w: World, seats: number) {
  for (let tries = 0; tries < 100; tries++) {
    const { request } = await openFor(w, 64, SEATS);
    await w.assay.seal(request.id, "0x");
    await endCommit(w, request);
    await w.assay.extend(request.id);
    const drawn = await drawnOwners(w, request);
    if (drawn.length >= seats) return { request, drawn };
  }
  throw new Error(`no extended committee of ${seats} in 100 requests`);
}

/** What one voter's one claim costs all in: request, seal, commits, reveals, verdict and settlement. */
async function rounds(w: World): Promise<Figures> {
  const figures: Figures = {};
  for (const claims of CLAIMS) {
    const round = await playMeasured(w, claims);
    const [sealing, ...later] = round.commits;
    const transactions = transactionsOf(round);
    const total = transactions.reduce((sum, { gas }) => sum + gas, 0);
    Object.assign(figures, {
      [`request.k${claims}`]: round.request.gas,
      [`commitSealing.k${claims}`]: sealing!.gas,
      [`commit.k${claims}`]: mean(later.map(({ gas }) => gas)),
      [`revealBatch.k${claims}`]: round.reveal.gas,
      [`finalize.k${claims}`]: round.finalize.gas,
      [`settleBatch.k${claims}`]: round.settle.gas,
      [`perVoteAllIn.k${claims}`]: Math.round(total / (SEATS * claims)),
    });
    for (const [part, gas] of Object.entries(await partsOf(transactions))) {
      figures[`parts.k${claims}.${part}`] = gas;
    }
  }
  return figures;
}

/** The first seats of an epoch open the accounts; they are closed and paid when it is over. */
async function epochs(w: World): Promise<Figures> {
  const figures: Figures = {};
  const finished = await w.minter.currentEpoch();
  const owners = w.owners.map(({ address }) => address);
  await nextEpoch(w);
  figures["distribute"] = await gasOf(w.minter.distribute(w.domain, finished, owners.slice(0, 1)));
  const batch = owners.slice(1, 1 + SEATS);
  figures["distributeBatch.n7"] = await gasOf(w.minter.distribute(w.domain, finished, batch));
  figures["settleFirstOfEpoch.k64"] = (await playMeasured(w, 64)).settle.gas;
  return figures;
}

/** What every waiting tape amounts to. */
async function tapesOf(w: World) {
  const entries = [];
  for (const { address } of w.owners) {
    const { length } = (await w.ledger.recordOf(w.domain, address)).toObject();
    const reputation = await w.ledger.pendingReputationOf(w.domain, address);
    if (length > 0n) entries.push({ owner: address, reputation });
  }
  return entries;
}

/** Keepers post the reputations that short tapes amount to: one to four outcomes. */
async function posts(w: World): Promise<Figures> {
  const entries = (await tapesOf(w)).slice(0, SEATS);
  if (entries.length !== SEATS) throw new Error("expected tapes after two rounds");
  const before = await networkHelpers.takeSnapshot();
  const one = await gasOf(w.ledger.post(w.domain, entries.slice(0, 1)));
  await before.restore();
  return { post: one, "postBatch.n7": await gasOf(w.ledger.post(w.domain, entries)) };
}

export async function measureLife(w: World): Promise<Figures> {
  const first = await open(w, 64);
  await passSeedBlock();
  await warmUp(w);
  // Keepers post as a matter of course: no tape is folded by chance in the middle of a measured settlement.
  await w.ledger.post(w.domain, await tapesOf(w));
  for (let i = 0; i < 2; i++) await playMeasured(w, 64);
  const start = await networkHelpers.takeSnapshot();
  const figures: Figures = { "requestFirst.k64": first.gas };
  for (const part of [rounds, requests, single, absences, posts, epochs]) {
    Object.assign(figures, await part(w));
    await start.restore();
  }
  return figures;
}
