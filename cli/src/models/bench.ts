import { loadModel, readModel, readRunConfig, type Claim, type Model, type RunConfig } from "@assay/keeper";

import { readClaims } from "../claims.ts";
import { fuzzClaims } from "./fuzz.ts";
import { openModel } from "./open.ts";

/** What a model costs, run as the keeper runs it: here in a process of its own, on one thread, or at a server. */
export interface Bench {
  readonly model: string;
  readonly where: "here" | "server";
  /** Loading and one trial run, ms; the start of the process is not in it. Of a server: until it had answered first. */
  readonly loadMs: number;
  /** Median time per claim when that many are asked at once, ms. */
  readonly batches: readonly { readonly size: number; readonly msPerClaim: number; readonly runs: number }[];
  /** Most memory the model's process ever held, and what it held before it read the model, MiB; 0: only Linux tells, and no server. */
  readonly peakMb: number;
  readonly bareMb: number;
  /** Claims that got no probability, of all that were asked. */
  readonly abstained: number;
  readonly claims: number;
  /** What went wrong meanwhile, in words. */
  readonly trouble: readonly string[];
}

const SIZES = [1, 8, 64];
const MOST = Math.max(...SIZES);
/** A size is measured for as long as this, and at least as often. */
const MIN_MS = 500;
const MIN_RUNS = 5;
/** Longest time for a batch: a bench may take what a keeper may not. */
const MOST_MS = 120_000;

/**
 * Measures a model.
 *
 * @param manifest path of the manifest.json
 * @param data a file of claims; undefined: made-up ones
 * @throws ModelFileError if it cannot be loaded, RemoteError if its server refuses
 */
export async function benchModel(
  manifest: string,
  data: string | undefined,
  run: RunConfig = readRunConfig(),
): Promise<Bench> {
  const given = data === undefined ? undefined : readClaims(data);
  if (run.remote !== undefined) return benchServer(manifest, given, run);
  const file = readModel(manifest);
  const claims = given ?? fuzzClaims(file.manifest, MOST, { odd: false });
  const limits = { batch: MOST, deadlineMs: MOST_MS, requestMs: MOST_MS };
  const model = await loadModel(file, { ...run.inference, ...limits });
  try {
    const batches = [];
    for (const size of SIZES) batches.push(await measureSize(model, claims, size));
    const { loadMs, abstained, claims: asked, bareMb, peakMb } = model.stats();
    return {
      model: model.name,
      where: "here",
      loadMs,
      batches,
      peakMb,
      bareMb,
      abstained,
      claims: asked,
      trouble: [],
    };
  } finally {
    await model.close();
  }
}

/** The way to the server and back is in every time; its memory is its own. */
async function benchServer(
  manifest: string,
  given: readonly Claim[] | undefined,
  run: RunConfig,
): Promise<Bench> {
  const began = performance.now();
  const { model, manifest: described, trouble } = await openModel(manifest, run);
  const loadMs = performance.now() - began;
  const counts = { abstained: 0, claims: 0 };
  const counted: Pick<Model, "judge"> = {
    async judge(claims) {
      const probabilities = await model.judge(claims);
      counts.claims += claims.length;
      counts.abstained += probabilities.filter((p) => Number.isNaN(p)).length;
      return probabilities;
    },
  };
  try {
    const claims = given ?? fuzzClaims(described, MOST, { odd: false });
    const batches = [];
    for (const size of SIZES) batches.push(await measureSize(counted, claims, size));
    return {
      model: model.name,
      where: "server",
      loadMs,
      batches,
      peakMb: 0,
      bareMb: 0,
      ...counts,
      trouble: trouble(),
    };
  } finally {
    await model.close();
  }
}

async function measureSize(
  model: Pick<Model, "judge">,
  claims: readonly Claim[],
  size: number,
): Promise<Bench["batches"][number]> {
  const times: number[] = [];
  const until = performance.now() + MIN_MS;
  while (times.length < MIN_RUNS || performance.now() < until) {
    // Other claims in every run, from the beginning again at the end.
    const start = times.length * size;
    const batch = Array.from({ length: size }, (_, i) => claims[(start + i) % claims.length] as Claim);
    const began = performance.now();
    await model.judge(batch);
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  return { size, msPerClaim: (times[Math.floor(times.length / 2)] ?? 0) / size, runs: times.length };
}
