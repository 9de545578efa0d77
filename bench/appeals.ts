/** An appeal, from its funding to the seats it overturned. */
import { WAD } from "../deploy/parameters.ts";
import { appeal, published, settleRound } from "../test/fixtures/appeals.ts";
import { ask, openRequest, playRound } from "../test/fixtures/round.ts";
import { tune, unanimous } from "../test/fixtures/seated.ts";
import { buildWorld, ethers, networkHelpers, type World } from "../test/fixtures/world.ts";
import type { Figures } from "./life.ts";
import { gasOf } from "./rounds.ts";

const CLAIMS = 64;
const SEATS = 7;

/** Seven operators who sit in the round and in its appeal. */
async function seven(): Promise<World> {
  const w = await buildWorld(
    SEATS,
    tune({ committee: { seats: SEATS, minSeats: 3, rule: 0, expectedBase: 200, appealWindow: 3_600 } }),
  );
  for (const { address } of [w.outsider, w.requester]) await w.token.transfer(address, 1_000n * WAD);
  for (const funder of [w.outsider, w.requester])
    await w.token.connect(funder).approve(w.addresses.Appeals, ethers.MaxUint256);
  return w;
}

/** A request that demands a bound on its capture. */
async function requestSecured(w: World): Promise<number> {
  await openRequest(w, CLAIMS);
  return gasOf(w.assay.connect(w.requester).requestSecured(ask(w.domain, CLAIMS), WAD / 2n, WAD / 10n));
}

export async function measureAppeals(): Promise<Figures> {
  const w = await seven();
  const figures: Figures = {};
  figures["requestSecured.k64"] = await requestSecured(w);
  const votes = (vote: number) => new Uint8Array(CLAIMS).fill(vote);
  const { request, ballots } = await published(w, new Array<Uint8Array>(SEATS).fill(votes(250)));
  const before = await networkHelpers.takeSnapshot();
  const bond: bigint = await w.appeals.bondOf(request.terms, 1);
  await w.appeals.connect(w.outsider).fund(request.terms, 1, bond);
  figures["appealFunded"] = await gasOf(w.assay.connect(w.requester).appeal(request.terms));
  await before.restore();
  figures["appeal"] = await gasOf(w.assay.connect(w.outsider).appeal(request.terms));
  await before.restore();
  figures["fundAppeal"] = await gasOf(w.appeals.connect(w.requester).fund(request.terms, 1, bond / 2n));
  const round = await appeal(w, request);
  await playRound(w, round, unanimous(w, SEATS, votes(5)));
  const receipt = await settleRound(w, request, 0, ballots);
  figures["settleOverturned.n7"] = Number(receipt.gasUsed);
  figures["resolveAppeal"] = await gasOf(w.appeals.resolve(request.terms, 1));
  figures["claimAppeal"] = await gasOf(w.appeals.claim(round.id, w.outsider.address));
  return figures;
}
