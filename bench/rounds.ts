/** Whole rounds with a committee of seven, every transaction's gas kept. */
import { ethers, networkHelpers, type Signer, type World } from "../test/fixtures/world.ts";
import {
  ask,
  ballot,
  digestOf,
  drawnOwners,
  endAppeal,
  endCommit,
  endReveal,
  openings,
  termsOf,
  votesOf,
  type Ballot,
  type OpenRequest,
} from "../test/fixtures/round.ts";

export const SEATS = 7;

interface Transaction {
  wait(): Promise<{ hash: string; gasUsed: bigint } | null>;
}

/** A transaction that was mined, and the gasUsed of its receipt. */
export interface Mined {
  readonly hash: string;
  readonly gas: number;
}

export async function mined(sent: Promise<Transaction>): Promise<Mined> {
  const receipt = await (await sent).wait();
  return { hash: receipt!.hash, gas: Number(receipt!.gasUsed) };
}

/** gasUsed of a transaction's receipt. */
export async function gasOf(sent: Promise<Transaction>): Promise<number> {
  return (await mined(sent)).gas;
}

/** Votes as models give them: mostly on one side, unlike each other, hardly ever zero bytes. */
export function votesFor(owner: Signer, claims: number): Uint8Array {
  return Uint8Array.from({ length: claims }, (_, claim) => {
    const noise = Number(BigInt(ethers.id(`${owner.address} ${claim}`)) % 70n);
    return claim % 3 === 0 ? 240 - noise : 15 + noise;
  });
}

export function ballotsFor(owners: readonly Signer[], claims: number): Ballot[] {
  return owners.map((owner) => ballot(owner, votesFor(owner, claims)));
}

export interface Opened extends OpenRequest, Mined {}

export async function open(
  w: World,
  claims: number,
  overrides: Record<string, unknown> = {},
): Promise<Opened> {
  const tx = await w.assay.connect(w.requester).request(ask(w.domain, claims, overrides));
  const receipt = await tx.wait();
  return { ...termsOf(w, receipt), hash: receipt.hash, gas: Number(receipt.gasUsed) };
}

/** Waits for the seed block without sealing. */
export async function passSeedBlock(): Promise<void> {
  for (let i = 0; i < 3; i++) await networkHelpers.mine();
}

/** Who would sit if the request were sealed now; leaves the chain as it was. */
async function committeeIfSealed(w: World, request: OpenRequest): Promise<Signer[]> {
  const before = await networkHelpers.takeSnapshot();
  await w.assay.seal(request.id, "0x");
  const drawn = await drawnOwners(w, request);
  await before.restore();
  return drawn;
}

/** An unsealed request for which at least `seats` of the owners will sit. */
export async function openFor(w: World, claims: number, seats: number) {
  for (let tries = 0; tries < 100; tries++) {
    const request = await open(w, claims);
    await passSeedBlock();
    const drawn = await committeeIfSealed(w, request);
    if (drawn.length >= seats) return { request, drawn };
  }
  throw new Error(`no committee of ${seats} in 100 requests`);
}

/** One second apart: a committee votes within one or two blocks, a short window is not five of them long. */
export async function commit(w: World, request: OpenRequest, b: Ballot): Promise<Mined> {
  const digest = await digestOf(w, request, b);
  await networkHelpers.time.setNextBlockTimestamp((await networkHelpers.time.latest()) + 1);
  return mined(w.assay.connect(b.owner).commit(request.id, b.owner.address, digest));
}

/** The transactions of a round. */
export interface Round {
  readonly request: Mined;
  /** The first one seals. */
  readonly commits: readonly Mined[];
  readonly reveal: Mined;
  readonly finalize: Mined;
  readonly settle: Mined;
}

/** A round of seven from request to settlement, reveal and settle in one batch each. */
export async function playMeasured(w: World, claims: number): Promise<Round> {
  const { request, drawn } = await openFor(w, claims, SEATS);
  const ballots = ballotsFor(drawn.slice(0, SEATS), claims);
  const commits: Mined[] = [];
  for (const b of ballots) commits.push(await commit(w, request, b));
  await endCommit(w, request);
  const reveal = await mined(w.assay.reveal(request.id, openings(ballots)));
  await endReveal(w, request);
  const finalize = await mined(w.assay.finalize(request.terms));
  await endAppeal(w, request);
  const settle = await mined(w.assay.settle(request.terms, 0, votesOf(ballots)));
  return { request, commits, reveal, finalize, settle };
}

/** All transactions of a round, in their order. */
export const transactionsOf = ({ request, commits, reveal, finalize, settle }: Round): readonly Mined[] => [
  request,
  ...commits,
  reveal,
  finalize,
  settle,
];

/** Plays rounds until every operator has an open account in this epoch, as in the middle of a working day. */
export async function warmUp(w: World): Promise<void> {
  const epoch = await w.minter.currentEpoch();
  for (let rounds = 0; rounds < 30; rounds++) {
    const cold = [];
    for (const owner of w.owners) {
      if ((await w.minter.accountOf(w.domain, epoch, owner.address)).factor === 0n) cold.push(owner.address);
    }
    if (cold.length === 0) return;
    await playMeasured(w, 64);
  }
  throw new Error("some operators were never drawn");
}
