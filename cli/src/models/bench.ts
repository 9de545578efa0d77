import { loadModel, readModel, type Claim, type Model } from "@assay/keeper";

import { readClaims } from "../claims.ts";
import { fuzzClaims } from "./fuzz.ts";

/** What a model costs on this machine, run as the keeper runs it: in a process of its own, on one thread. */
export interface Bench {
  readonly model: string;
  /** Loading and one trial run, ms; the start of the process is not in it. */
  readonly loadMs: number;
  /** Median time per claim when that many are asked at once, ms. */
  readonly batches: readonly { readonly size: number; readonly msPerClaim: number; readonly runs: number }[];
  /** Most memory the model's process ever held, and what it held before it read the model, MiB; 0: only Linux tells. */
  readonly peakMb: number;
  readonly bareMb: number;
  /** Claims that got no probability, of all that were asked. */
  readonly abstained: number;
  readonly claims: number;
}

const SIZES = [1, 8, 64];
/** A size is measured for as long as this, and at least as often. */
const MIN_MS = 500;
const MIN_RUNS = 5;
/** Longest time for a batch: a bench may take what a keeper may not. */
const DEADLINE_MS = 120_000;

/**
 * Measures a model.
 *
 * @param manifest path of the manifest.json
 * @param data a file of claims; undefined: made-up ones
 * @throws ModelFileError if it cannot be loaded
 */
export async function benchModel(manifest: string, data: string | undefined): Promise<Bench> {
  const given = data === undefined ? undefined : readClaims(data);
  const file = readModel(manifest);
  const most = Math.max(...SIZES);
  const claims = given ?? fuzzClaims(file.manifest, most, { odd: false });
  const model = await loadModel(file, { batch: most, deadlineMs: DEADLINE_MS });
  try {
    const batches = [];
    for (const size of SIZES) batches.push(await measureSize(model, claims, size));
    const { loadMs, abstained, claims: asked, bareMb, peakMb } = model.stats();
    return { model: model.name, loadMs, batches, peakMb, bareMb, abstained, claims: asked };
  } finally {
    await model.close();
  }
}

async function measureSize(
  model: Model,
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
