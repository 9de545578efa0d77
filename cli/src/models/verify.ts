import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

import {
  chatModelHash,
  isChatManifest,
  loadModel,
  MODEL_FILE,
  ModelFileError,
  readAnyManifest,
  readModel,
  readRunConfig,
  voteByte,
  type AnyManifest,
  type Claim,
  type EmbeddedModel,
  type Model,
  type RunConfig,
} from "@assay/keeper";

import { edgeClaims, fuzzClaims } from "./fuzz.ts";
import { openModel } from "./open.ts";

/** One thing an operator must be able to rely on. */
export interface Check {
  readonly name: "hashes" | "finite" | "batches" | "repeatable";
  readonly passed: boolean;
  /** Nothing could be tried here; `detail` says why. Counts as passed. */
  readonly skipped?: true;
  readonly detail: string;
}

export interface Verification {
  readonly model: string;
  readonly checks: readonly Check[];
  /** Votes that differ between batch sizes or runs, over all claims and all base rates a request can pin. */
  readonly votesDiffer: number;
  readonly votes: number;
  /** What went wrong meanwhile, in words. */
  readonly trouble: readonly string[];
}

/** A model on trial. */
interface Subject {
  readonly manifest: AnyManifest;
  readonly model: Model;
  /** Sizes of batches to compare with single claims; none: it never sees two claims together. */
  readonly sizes: readonly number[];
  /** How many claims can be asked at once without any of them seeing another. */
  readonly alone: number;
  readonly hashes: Check;
  /** What may be wrong where answers differ from run to run. */
  readonly ofDice: string;
  /** What happened to its process meanwhile. */
  ends(): string;
  /** The same once more, from the file. A keeper without its database opens its votes by judging again [SCORE-8]. */
  restart?(): Promise<Model>;
}

/** Made-up claims a model is tried on. */
const CLAIMS = 64;
/** How far batch and single may lie apart: sums may be taken in another order, nothing else. */
export const TOLERANCE = 1e-5;
export const RUNS = 100;
/** Claims of the runs that are repeated, few, so that a slow model is done in time. */
const REPEATED = 8;
/** Sizes of batches, besides the largest the keeper asks for. */
const BATCHES = [2, 8];
/** Base rates a request can pin, bytes. */
const [LOWEST_RATE, HIGHEST_RATE] = [13, 242];

/**
 * Tries a model as its keeper would use it: is it the file of its manifest, does it answer whatever it is asked, and
 * does it answer the same again, alone and among others?
 *
 * @param manifest path of the manifest.json
 * @throws ModelFileError if the model cannot be loaded at all, RemoteError if its server refuses
 */
export async function verifyModel(
  manifest: string,
  {
    run = readRunConfig(),
    runs = RUNS,
    load = loadModel,
  }: { run?: RunConfig; runs?: number; load?: typeof loadModel } = {},
): Promise<Verification> {
  const hashes = checkHashes(manifest, run);
  if (!hashes.passed) return { model: manifest, checks: [hashes], votes: 0, votesDiffer: 0, trouble: [] };
  return run.remote === undefined
    ? verifyHere(manifest, run, hashes, { runs, load })
    : verifyServed(manifest, run, run.remote, hashes, runs);
}

async function verifyHere(
  path: string,
  { inference }: RunConfig,
  hashes: Check,
  { runs, load }: { runs: number; load: typeof loadModel },
): Promise<Verification> {
  const file = readModel(path);
  const model = await load(file, inference);
  const { manifest } = file;
  const ofDice = "look for random operators";
  try {
    const sizes = sizesUpTo(inference.batch);
    return await tryOut(
      {
        manifest,
        model,
        sizes,
        alone: 1,
        hashes,
        ofDice,
        ends: () => endsOf(model),
        restart: () => load(file, inference),
      },
      runs,
    );
  } finally {
    await model.close();
  }
}

async function verifyServed(
  path: string,
  run: RunConfig,
  remote: NonNullable<RunConfig["remote"]>,
  hashes: Check,
  runs: number,
): Promise<Verification> {
  const { manifest, model, trouble } = await openModel(path, run);
  const isChat = remote.kind === "openai-chat";
  const sizes = isChat ? [] : sizesUpTo(remote.batch);
  const alone = isChat ? remote.maxConcurrent : 1;
  const ofDice = "a keeper that loses its database could not open a vote of this server [SCORE-8]";
  try {
    const found = await tryOut({ manifest, model, sizes, alone, hashes, ofDice, ends: () => "" }, runs);
    return { ...found, trouble: trouble() };
  } finally {
    await model.close();
  }
}

const sizesUpTo = (batch: number): number[] => [
  ...new Set([...BATCHES, batch].filter((size) => size > 1 && size <= batch)),
];

/** The files beside the manifest; what a server runs nobody can see from here. */
function checkHashes(path: string, { remote }: RunConfig): Check {
  const manifest = readAnyManifest(path);
  if (isChatManifest(manifest)) {
    const detail = `the modelHash is that of this manifest, ${chatModelHash(manifest)}; what the server runs cannot be seen from here`;
    return { name: "hashes", passed: true, skipped: true, detail };
  }
  if (remote !== undefined && !existsSync(join(dirname(path), MODEL_FILE))) {
    const detail = `${MODEL_FILE} does not lie beside the manifest, and what the server runs cannot be seen from here`;
    return { name: "hashes", passed: true, skipped: true, detail };
  }
  try {
    readModel(path);
  } catch (error) {
    if (!(error instanceof ModelFileError) || error.code !== "MODEL_HASH_MISMATCH") throw error;
    const { path: file, given, allowed } = error.data;
    return { name: "hashes", passed: false, detail: `${file} has ${given}, not ${allowed}` };
  }
  const files = Object.entries(manifest.files).map(([name, hash]) => `${name} ${hash.slice(0, 12)}…`);
  const ofServer = remote === undefined ? "" : "; what the server runs cannot be seen from here";
  return { name: "hashes", passed: true, detail: `${files.join(", ")}${ofServer}` };
}

async function tryOut(subject: Subject, runs: number): Promise<Verification> {
  const { manifest, model, sizes, alone, hashes, ofDice } = subject;
  const claims = [...fuzzClaims(manifest, CLAIMS), ...edgeClaims(manifest)];
  const single = await inBatches(model, claims, alone);
  const batched: (readonly number[])[] = [];
  for (const size of sizes) batched.push(await inBatches(model, claims, size));
  const few = claims.slice(0, REPEATED);
  const repeated: (readonly number[])[] = [];
  for (let run = 0; run < runs; run++) repeated.push(await model.judge(few));
  const restarted = await subject.restart?.();
  try {
    if (restarted !== undefined) repeated.push(await restarted.judge(few));
  } finally {
    await restarted?.close();
  }
  const often = `${runs} runs${restarted === undefined ? "" : " and one after a restart"}`;
  const bad = [single, ...batched, ...repeated].flatMap((answers) =>
    answers.flatMap((p, i) => (Number.isFinite(p) && p >= 0 && p <= 1 ? [] : [i])),
  );
  const apart = Math.max(0, ...batched.map((answers) => distance(single, answers)));
  const moved = Math.max(...repeated.map((answers) => distance(repeated[0] ?? [], answers)));
  const pairs = [
    ...batched.flatMap((answers) => pairsOf(single, answers)),
    ...repeated.flatMap((answers) => pairsOf(repeated[0] ?? [], answers)),
  ];
  const rates = HIGHEST_RATE - LOWEST_RATE + 1;
  const votesDiffer = pairs.reduce((sum, pair) => sum + differingVotes(pair, model.baseRate), 0);
  return {
    model: model.name,
    votes: pairs.length * rates,
    votesDiffer,
    trouble: [],
    checks: [
      hashes,
      {
        name: "finite",
        passed: bad.length === 0,
        detail:
          bad.length === 0
            ? `a probability for each of ${claims.length} made-up claims`
            : `no probability for ${new Set(bad).size} of ${claims.length} made-up claims, for example ${shown(claims[bad[0] ?? 0])}${subject.ends()}`,
      },
      sizes.length === 0
        ? {
            name: "batches",
            passed: true,
            skipped: true,
            detail: "no two claims are asked together, so there is nothing to compare",
          }
        : {
            name: "batches",
            passed: apart <= TOLERANCE,
            detail: Number.isFinite(apart)
              ? `batches of ${sizes.join(", ")} lie up to ${apart.toExponential(1)} from single claims, ${TOLERANCE} is allowed`
              : `of batches of ${sizes.join(", ")} and single claims some have an answer where others have none`,
          },
      {
        name: "repeatable",
        passed: moved === 0,
        detail:
          moved === 0
            ? `${often}, the same to the bit`
            : `${often} ${Number.isFinite(moved) ? `lie up to ${moved.toExponential(1)} apart` : "do not always give an answer to the same claims"}: ${ofDice}`,
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
