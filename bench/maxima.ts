/**
 * Every batch at the largest size its contract takes, in the dearest state we know: full tapes that are
 * folded, accounts that are opened and carried over, weights that move, 256 claims, 16 families, nothing warm.
 */
import { DEFAULT_DOMAIN, WAD, type DomainParameters } from "../deploy/parameters.ts";
import {
  ballot,
  digestOf,
  endAppeal,
  endCommit,
  endReveal,
  openings,
  votesOf,
  type Ballot,
  type OpenRequest,
} from "../test/fixtures/round.ts";
import {
  addOperator,
  createDomain,
  deployProtocol,
  ethers,
  FAMILY_LABELS,
  networkHelpers,
  nextEpoch,
  type Room,
  type Signer,
  type World,
} from "../test/fixtures/world.ts";
import { measureCloneMaxima } from "./clones.ts";
import type { Figures } from "./life.ts";
import { gasOf, open, passSeedBlock, type Opened } from "./rounds.ts";

/** What every batch is sent with: one that needs more, before refunds, fails. A chain takes 2^24 (EIP-7825). */
const limit = { gasLimit: 16_000_000 };

const BATCH = 64;
/** `MAX_APPEALED_VOTES` */
const APPEALED_BATCH = 24;
const FAMILIES = 16;
const CLAIMS = 256;
/** With the late vote on top 33 and 15 outcomes, together the 48 of a full tape. */
const CLAIMS_BEFORE = [CLAIMS, 112] as const;
/** Bits of `seats` in a draw's slot, and the slot of Assay's draws. */
const SEATS_OFFSET = 160n;
const DRAWS_SLOT = 0n;

/** Many windows a request and all of them WRONG, so that every fold moves R below 1 and the weights with it. */
const DOMAIN: DomainParameters = {
  ...DEFAULT_DOMAIN,
  committee: {
    ...DEFAULT_DOMAIN.committee,
    seats: 31,
    qualityWindow: 8,
    maturity: 512,
    expectedPerClaim: 2_000,
  },
  rewards: { ...DEFAULT_DOMAIN.rewards, gamma: (5n * WAD) / 4n, delta: (5n * WAD) / 4n, qualityBar: WAD },
};

/** Who votes against the others in a round, if anybody. */
type Dissent = (seat: number) => boolean;

const nobody: Dissent = () => false;
/** A quarter of the committee, another one each round: everybody loses more alone than it wins with the others. */
const quarter =
  (round: number): Dissent =>
  (seat) =>
    seat % 4 === round;

async function expectBatch(max: Promise<bigint>): Promise<void> {
  if ((await max) !== BigInt(BATCH))
    throw new Error(`a contract takes ${await max} at once, ${BATCH} are measured`);
}

async function maximaWorld(): Promise<World> {
  const p = await deployProtocol();
  const domain = await createDomain(p, DOMAIN);
  for (let i = FAMILY_LABELS.length; i < FAMILIES; i++) {
    await p.registry.proposeFamily(domain, `family ${i}`);
    await p.registry.listFamily(domain, ethers.id(`family ${i}`));
  }
  for (const max of [p.assay.MAX_OPENINGS!, p.assay.MAX_VOTES!, p.assay.MAX_OWNERS!])
    await expectBatch(max());
  if ((await p.assay.MAX_APPEALED_VOTES!()) !== BigInt(APPEALED_BATCH)) throw new Error("another batch");
  for (const max of [p.minter.MAX_OWNERS!, p.ledger.MAX_POSTS!]) await expectBatch(max());
  const [requester, outsider, ...signers] = await ethers.getSigners();
  const owners = signers.slice(0, BATCH);
  for (const [i, owner] of owners.entries()) await addOperator(p, domain, owner, i % FAMILIES);
  await p.token.approve(await p.fees.getAddress(), ethers.MaxUint256);
  await p.fees.buy(requester!.address, 50_000n * WAD);
  await nextEpoch(p);
  return { ...p, domain, owners, requester: requester!, outsider: outsider! };
}

/**
 * Writes how many seats a draw expects. With 31 expected seats 64 operators are drawn less than once in a million
 * requests: too seldom to wait for it, not seldom enough to leave it out.
 */
async function expectSeats(w: World, requestId: string, seats: bigint): Promise<void> {
  const coder = ethers.AbiCoder.defaultAbiCoder();
  const place = ethers.keccak256(coder.encode(["bytes32", "uint256"], [requestId, DRAWS_SLOT]));
  const word = BigInt(await ethers.provider.getStorage(w.addresses.Assay, place));
  const draw = (word & ~(0xffn << SEATS_OFFSET)) | (seats << SEATS_OFFSET);
  await networkHelpers.setStorageAt(w.addresses.Assay, place, ethers.toBeHex(draw, 32));
  if ((await w.lens.drawOf(requestId)).seats !== seats) throw new Error("draws moved to another slot");
}

/** A sealed request for which all 64 operators sit. */
async function openForAll(w: World, claims: number): Promise<Opened> {
  const request = await open(w, claims);
  await sealForAll(w, request);
  return request;
}

async function sealForAll(w: World, round: OpenRequest): Promise<void> {
  await passSeedBlock();
  await w.assay.seal(round.id, "0x");
  await expectSeats(w, round.id, 255n);
}

/** Right by a wide margin, or wrong by as much; no zero bytes. */
function votesOfSeat(owner: Signer, claims: number, dissents: boolean): Uint8Array {
  const noise = ethers.getBytes(ethers.id(owner.address));
  return Uint8Array.from({ length: claims }, (_, claim) => {
    const off = 1 + (noise[claim % noise.length]! % 40);
    return (claim % 2 === 0) === dissents ? off : 255 - off;
  });
}

/** All 64 operators commit late, one second apart, the last quarter of the window being long enough for it. */
async function commitAll(
  w: World,
  request: OpenRequest,
  claims: number,
  dissent: Dissent,
): Promise<Ballot[]> {
  const ballots = w.owners.map((owner, i) => ballot(owner, votesOfSeat(owner, claims, dissent(i))));
  const { clock } = await w.lens.roundOf(request.id);
  const { commitWindow } = await w.lens.drawOf(request.id);
  let time = clock + (commitWindow * 3n) / 4n;
  for (const b of ballots) {
    time += 1n;
    await networkHelpers.time.setNextBlockTimestamp(time);
    await w.assay.connect(b.owner).commit(request.id, b.owner.address, await digestOf(w, request, b));
  }
  await endCommit(w, request);
  return ballots;
}

interface Finished {
  readonly request: Opened;
  readonly ballots: Ballot[];
  readonly reveal: number;
}

/** A round of 64 up to the moment it can be settled. */
async function play(w: World, claims: number, dissent: Dissent): Promise<Finished> {
  const request = await openForAll(w, claims);
  const ballots = await commitAll(w, request, claims, dissent);
  const reveal = await gasOf(w.assay.reveal(request.id, openings(ballots), limit));
  await endReveal(w, request);
  await w.assay.finalize(request.terms);
  await endAppeal(w, request);
  return { request, ballots, reveal };
}

/** A round of 64 whose every verdict an appeal of 64 overturned, up to the moment it can be settled. */
async function playOverturned(w: World): Promise<Finished> {
  const request = await openForAll(w, CLAIMS);
  const ballots = await commitAll(w, request, CLAIMS, nobody);
  const reveal = await gasOf(w.assay.reveal(request.id, openings(ballots), limit));
  await endReveal(w, request);
  await w.assay.finalize(request.terms);
  // As large as an appeal still allows.
  await expectSeats(w, request.id, 15n);
  await w.token.approve(w.addresses.Appeals, ethers.MaxUint256);
  await w.assay.appeal(request.terms);
  const round = { id: await w.assay.roundIdOf(request.id, 1), terms: request.terms };
  await sealForAll(w, round);
  const again = await commitAll(w, round, CLAIMS, () => true);
  await w.assay.reveal(round.id, openings(again), limit);
  await endReveal(w, round);
  await w.assay.finalize(round.terms);
  await endAppeal(w, round);
  return { request, ballots, reveal };
}

/** Seats of an appealed request are settled in smaller batches: those that were overturned are booked one by one. */
async function settleOverturned(w: World): Promise<number> {
  const { request, ballots } = await playOverturned(w);
  const votes = votesOf(ballots.slice(0, APPEALED_BATCH));
  const gas = await gasOf(w.assay.settle(request.terms, 0, votes, limit));
  const charged = await latestEvents(w.assay, "SeatOverturned");
  if (charged !== APPEALED_BATCH) throw new Error(`${charged} seats overturned`);
  return gas;
}

/** How many of a contract's events the latest block holds. */
async function latestEvents(contract: Room, name: string): Promise<number> {
  return (await contract.queryFilter(name, "latest")).length;
}

const settle = (w: World, { request, ballots }: Finished) =>
  gasOf(w.assay.settle(request.terms, 0, votesOf(ballots), limit));

/** Fills every tape and leaves accounts that are not mature yet, then begins the next epoch. */
async function fillTapes(w: World, dissents: readonly [Dissent, Dissent]): Promise<void> {
  for (const [i, claims] of CLAIMS_BEFORE.entries()) await settle(w, await play(w, claims, dissents[i]!));
  for (const { address } of w.owners) {
    const { length } = (await w.ledger.recordOf(w.domain, address)).toObject();
    if (length !== 48n) throw new Error(`a tape of ${length}`);
  }
}

/** Pays or charges all accounts of this epoch in the next one. */
async function distribute(w: World, sign: 1n | -1n): Promise<number> {
  const epoch = await w.minter.currentEpoch();
  const owners = w.owners.map(({ address }) => address);
  for (const owner of owners) {
    const { score } = await w.minter.accountOf(w.domain, epoch, owner);
    if (score * sign <= 0n) throw new Error(`a score of ${score}`);
  }
  await nextEpoch(w);
  return gasOf(w.minter.distribute(w.domain, epoch, owners, limit));
}

async function post(w: World): Promise<number> {
  const entries = [];
  for (const { address: owner } of w.owners) {
    entries.push({ owner, reputation: await w.ledger.pendingReputationOf(w.domain, owner) });
  }
  return gasOf(w.ledger.post(w.domain, entries, limit));
}

/** All sit and are silent; a quorum of others commits. */
async function reportAbsent(w: World): Promise<number> {
  const others = (await ethers.getSigners()).slice(2 + BATCH, 2 + BATCH + DOMAIN.committee.minSeats);
  for (const [i, owner] of others.entries()) await addOperator(w, w.domain, owner, i);
  await nextEpoch(w);
  const request = await openForAll(w, CLAIMS);
  for (const owner of others) {
    const b = ballot(owner, votesOfSeat(owner, CLAIMS, false));
    await w.assay.connect(owner).commit(request.id, owner.address, await digestOf(w, request, b));
  }
  await endCommit(w, request);
  await endReveal(w, request);
  const owners = w.owners.map(({ address }) => address);
  return gasOf(w.assay.reportAbsent(request.terms, 0, owners, limit));
}

/** All commit and nobody reveals. */
async function settleUnrevealed(w: World): Promise<number> {
  const request = await openForAll(w, CLAIMS);
  const ballots = await commitAll(w, request, CLAIMS, nobody);
  await endReveal(w, request);
  await w.assay.finalize(request.terms);
  const silent = ballots.map(({ owner }) => ({ owner: owner.address, votes: "0x" }));
  return gasOf(w.assay.settle(request.terms, 0, silent, limit));
}

async function requestInline(w: World): Promise<number> {
  const payload = new Uint8Array(Number(await w.assay.MAX_PAYLOAD!())).fill(0x61);
  const uri = "u".repeat(Number(await w.assay.MAX_URI!()));
  const request = await open(w, CLAIMS, { payload, payloadHash: ethers.keccak256(payload), uri });
  return request.gas;
}

export async function measureMaxima(): Promise<Figures> {
  const w = await maximaWorld();
  const figures: Figures = { "max.requestInline": await requestInline(w) };
  const fresh = await networkHelpers.takeSnapshot();

  await fillTapes(w, [nobody, nobody]);
  const filled = await networkHelpers.takeSnapshot();
  for (const [key, measure] of Object.entries({
    "max.post": post,
    "max.reportAbsent": reportAbsent,
    "max.settleUnrevealed": settleUnrevealed,
    "max.settleOverturned": settleOverturned,
  })) {
    figures[key] = await measure(w);
    await filled.restore();
  }
  await nextEpoch(w);
  const { weight } = await w.vault.nextDomainSums(w.domain);
  const round = await play(w, CLAIMS, nobody);
  figures["max.reveal"] = round.reveal;
  figures["max.settle"] = await settle(w, round);
  if ((await w.vault.nextDomainSums(w.domain)).weight >= weight) throw new Error("no weights moved");
  const folded = await latestEvents(w.ledger, "ReputationChanged");
  const opened = await latestEvents(w.minter, "AccountOpened");
  if (folded !== BATCH || opened !== BATCH)
    throw new Error(`${folded} tapes folded, ${opened} accounts opened`);
  figures["max.distributePaid"] = await distribute(w, 1n);

  await fresh.restore();
  await fillTapes(w, [quarter(0), quarter(1)]);
  await nextEpoch(w);
  for (const dissent of [quarter(1), quarter(2), quarter(3)]) await settle(w, await play(w, CLAIMS, dissent));
  figures["max.distributeCharged"] = await distribute(w, -1n);
  return { ...figures, ...(await measureCloneMaxima(limit)) };
}
