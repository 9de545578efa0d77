/** A canary of the largest batch, from its registration to the bond that comes back. */
import { settleRound } from "../test/fixtures/appeals.ts";
import {
  batchOf,
  canaryWorldWith,
  openCanary,
  prepare,
  publishedCanary,
  register,
  type CanaryWorld,
} from "../test/fixtures/canaries.ts";
import { endAppeal, type OpenRequest } from "../test/fixtures/round.ts";
import { unanimous } from "../test/fixtures/seated.ts";
import { nextEpoch } from "../test/fixtures/world.ts";
import type { Figures } from "./life.ts";
import { gasOf } from "./rounds.ts";

const CLAIMS = 64;
const SEATS = 7;
const BATCH = 256;

/** Seven of eight operators sit and vote, against every second answer. */
async function published(w: CanaryWorld, batch: Awaited<ReturnType<typeof batchOf>>) {
  const ballots = unanimous(w, SEATS, new Uint8Array(CLAIMS).fill(250));
  return { request: await publishedCanary(w, batch, 0, ballots), ballots };
}

async function concluded(
  w: CanaryWorld,
  batch: { readonly id: bigint },
  request: OpenRequest,
): Promise<number> {
  return gasOf(w.canaries.conclude(batch.id, [request.terms]));
}

export async function measureCanaries(): Promise<Figures> {
  const w = await canaryWorldWith({ committee: { expectedBase: 200, appealWindow: 3_600 } });
  const figures: Figures = {};
  const answers = Array.from({ length: CLAIMS }, (_, i) => i % 2 === 0);
  const first = await prepare(w, answers);
  const batch = await register(w, [
    first,
    ...new Array<typeof first>(BATCH - 1).fill(await prepare(w, answers)),
  ]);
  figures["canaryRegister"] = await gasOf(
    w.canaries.connect(w.inspector).register(w.domain, await rootOf(w, batch.id), BATCH),
  );
  await nextEpoch(w);
  const { request, ballots } = await published(w, batch);
  figures["canaryOpen"] = await gasOf(openCanary(w, batch, 0, request));
  await endAppeal(w, request);
  figures["settleCanary.n7"] = Number((await settleRound(w, request, 0, ballots))!.gasUsed);
  figures["canaryConclude"] = await concluded(w, batch, request);
  const single = await batchOf(w, [answers]);
  const again = await published(w, single);
  await openCanary(w, single, 0, again.request);
  await endAppeal(w, again.request);
  await concluded(w, single, again.request);
  await nextEpoch(w, 4n);
  figures["canaryClose"] = await gasOf(w.canaries.close(single.id));
  return figures;
}

async function rootOf(w: CanaryWorld, batch: bigint): Promise<string> {
  return (await w.canaries.batchOf(batch)).root as string;
}
