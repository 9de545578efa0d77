import {
  INFERENCE_DEFAULTS,
  loadModel,
  ModelFileError,
  readModel,
  voteByte,
  type Claim,
  type EmbeddedModel,
  type Model,
} from "@assay/keeper";

import { fuzzClaims } from "./fuzz.ts";

/** One thing an operator must be able to rely on. */
export interface Check {
  readonly name: "hashes" | "finite" | "batches" | "repeatable";
  readonly passed: boolean;
  readonly detail: string;
}

export interface Verification {
  readonly model: string;
  readonly checks: readonly Check[];
  /** Votes that differ between batch sizes or runs, over all claims and all base rates a request can pin. */
  readonly votesDiffer: number;
  readonly votes: number;
}

/** Made-up claims a model is tried on. */
const CLAIMS = 64;
/** How far batch and single may lie apart: sums may be taken in another order, nothing else. */
export const TOLERANCE = 1e-5;
const RUNS = 100;
/** Claims of the runs that are repeated, few, so that a slow model is done in time. */
const REPEATED = 8;
/** Sizes of batches, the largest as keepers have it unless they are told otherwise. */
const BATCHES = [2, 8, INFERENCE_DEFAULTS.batch];
/** Base rates a request can pin, bytes. */
const [LOWEST_RATE, HIGHEST_RATE] = [13, 242];

/**
 * Tries a model as its keeper would use it: is it the file of its manifest, does it answer whatever it is asked, and
 * does it answer the same again, alone and among others?
 *
 * @param manifest path of the manifest.json
 * @throws ModelFileError if the model cannot be loaded at all
 */
export async function verifyModel(manifest: string, { runs = RUNS } = {}): Promise<Verification> {
  let file;
  try {
    file = readModel(manifest);
  } catch (error) {
    if (!(error instanceof ModelFileError) || error.code !== "MODEL_HASH_MISMATCH") throw error;
    const { path, given, allowed } = error.data;
    const detail = `${path} has ${given}, not ${allowed}`;
    return { model: manifest, checks: [{ name: "hashes", passed: false, detail }], votes: 0, votesDiffer: 0 };
  }
  const hashes = Object.entries(file.manifest.files).map(([name, hash]) => `${name} ${hash.slice(0, 12)}…`);
  const model = await loadModel(file);
  try {
    return {
      model: model.name,
      ...(await tryOut(model, fuzzClaims(file.manifest, CLAIMS), runs, {
        name: "hashes",
        passed: true,
        detail: hashes.join(", "),
      })),
    };
  } finally {
    await model.close();
  }
}

async function tryOut(
  model: EmbeddedModel,
  claims: readonly Claim[],
  runs: number,
  hashes: Check,
): Promise<Omit<Verification, "model">> {
  const single = await inBatches(model, claims, 1);
  const batched: (readonly number[])[] = [];
  for (const size of BATCHES) batched.push(await inBatches(model, claims, size));
  const few = claims.slice(0, REPEATED);
  const repeated: (readonly number[])[] = [];
  for (let run = 0; run < runs; run++) repeated.push(await model.judge(few));
  const bad = [single, ...batched, ...repeated].flatMap((answers) =>
    answers.flatMap((p, i) => (Number.isFinite(p) && p >= 0 && p <= 1 ? [] : [i])),
  );
  const apart = Math.max(...batched.map((answers) => distance(single, answers)));
  const moved = Math.max(...repeated.map((answers) => distance(repeated[0] ?? [], answers)));
  const pairs = [
    ...batched.flatMap((answers) => pairsOf(single, answers)),
    ...repeated.flatMap((answers) => pairsOf(repeated[0] ?? [], answers)),
  ];
  const rates = HIGHEST_RATE - LOWEST_RATE + 1;
  const votesDiffer = pairs.reduce((sum, pair) => sum + differingVotes(pair, model.baseRate), 0);
  const votes = pairs.length * rates;
  return {
    votes,
    votesDiffer,
    checks: [
      hashes,
      {
        name: "finite",
        passed: bad.length === 0,
        detail:
          bad.length === 0
            ? `a probability for each of ${claims.length} made-up claims`
            : `no probability for ${new Set(bad).size} of ${claims.length} made-up claims, for example ${shown(claims[bad[0] ?? 0])}${endsOf(model)}`,
      },
      {
        name: "batches",
        passed: apart <= TOLERANCE,
        detail: Number.isFinite(apart)
          ? `batches of ${BATCHES.join(", ")} lie up to ${apart.toExponential(1)} from single claims, ${TOLERANCE} is allowed`
          : `of batches of ${BATCHES.join(", ")} and single claims some have an answer where others have none`,
      },
      {
        name: "repeatable",
        passed: moved === 0,
        detail:
          moved === 0
            ? `${runs} runs, the same to the bit`
            : `${runs} runs lie up to ${moved.toExponential(1)} apart: look for random operators`,
      },
    ],
  };
}

async function inBatches(model: Model, claims: readonly Claim[], size: number): Promise<number[]> {
  const answers: number[] = [];
  for (let i = 0; i < claims.length; i += size)
    answers.push(...(await model.judge(claims.slice(i, i + size))));
  return answers;
}

/** Largest difference; Infinity where only one is a number. */
function distance(a: readonly number[], b: readonly number[]): number {
  return Math.max(
    0,
    ...pairsOf(a, b).map(([x, y]) => {
      if (Number.isFinite(x) !== Number.isFinite(y)) return Number.POSITIVE_INFINITY;
      return Number.isFinite(x) ? Math.abs(x - y) : 0;
    }),
  );
}

function pairsOf(a: readonly number[], b: readonly number[]): [number, number][] {
  return a.map((x, i) => [x, b[i] ?? Number.NaN]);
}

/** Base rates at which two answers become different votes. */
function differingVotes([x, y]: readonly [number, number], trained: number): number {
  if (Object.is(x, y)) return 0;
  let differing = 0;
  for (let rate = LOWEST_RATE; rate <= HIGHEST_RATE; rate++)
    if (voteByte(x, trained, rate) !== voteByte(y, trained, rate)) differing++;
  return differing;
}

/** What happened to its process meanwhile. */
function endsOf(model: EmbeddedModel): string {
  const ends = Object.entries(model.stats().ends);
  if (ends.length === 0) return "";
  return `; its process ended: ${ends.map(([reason, count]) => `${reason} (${count} times)`).join(", ")}`;
}

function shown(claim: Claim | undefined): string {
  return JSON.stringify(claim).slice(0, 120);
}
