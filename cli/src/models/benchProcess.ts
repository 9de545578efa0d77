/**
 * The process `assay models bench` measures in: loads the model of argv[2], judges the claims of argv[3] or made-up
 * ones, and sends one message with the figures.
 */
import { loadModel, readModel, renderError, type Claim, type Model } from "@assay/keeper";

import { readClaims } from "../claims.ts";
import type { Bench, BenchMessage } from "./bench.ts";
import { fuzzClaims } from "./fuzz.ts";

const SIZES = [1, 8, 64];
/** A size is measured for as long as this, and at least as often. */
const MIN_MS = 500;
const MIN_RUNS = 5;

async function bench(path: string, data: string | undefined): Promise<Bench> {
  const given = data === undefined ? undefined : readClaims(data);
  const started = performance.now();
  const file = readModel(path);
  const model = await loadModel(file, { batch: Math.max(...SIZES) });
  const loadMs = performance.now() - started;
  const claims = given ?? fuzzClaims(file.manifest, Math.max(...SIZES), { odd: false });
  const firstMs = await timed(model, claims.slice(0, 1));
  const batches = [];
  for (const size of SIZES) batches.push(await measureSize(model, claims, size));
  const { bareMb, peakMb } = model.stats();
  const [bytesBefore, peakBytes] = [bareMb, peakMb].map((mebibytes) => mebibytes * 2 ** 20) as [
    number,
    number,
  ];
  await model.close();
  return { model: model.name, loadMs, firstMs, batches, peakBytes, bytesBefore };
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
    times.push(await timed(model, batch));
  }
  times.sort((a, b) => a - b);
  return { size, msPerClaim: (times[Math.floor(times.length / 2)] ?? 0) / size, runs: times.length };
}

async function timed(model: Model, claims: readonly Claim[]): Promise<number> {
  const started = performance.now();
  await model.judge(claims);
  return performance.now() - started;
}

const [path = "", data] = process.argv.slice(2);
const message: BenchMessage = await bench(path, data).then(
  (result) => ({ bench: result }),
  (error: unknown) => ({ reason: renderError(error) }),
);
await new Promise((sent) => process.send?.(message, sent));
process.disconnect();
