import { silentLogger, type Logger } from "../lib/logger.ts";
import type { Claim } from "../payload/schema.ts";
import { MODEL_FILE, type ModelFile } from "./manifest.ts";
import { createQueue } from "./queue.ts";
import { bySize } from "./sizes.ts";
import type { WorkerLimits } from "./worker/process.ts";
import { superviseModel, type InferenceStats } from "./worker/supervisor.ts";

/** Judges claims. The answer for a claim that could not be judged is NaN. */
export interface Model {
  readonly name: string;
  readonly family: string;
  /** SHA-256 of the model file, 32 bytes in hexadecimal with 0x. */
  readonly hash: `0x${string}`;
  /** The prior the probabilities are calibrated on. */
  readonly baseRate: number;
  /**
   * One probability in [0, 1] or NaN per claim, in order. Claims of calls that wait together share batches. A model the
   * keeper runs itself judges the smallest claims first.
   *
   * @param mostMs time for all claims, where it is less than the model is given anyway; what is not judged by then is NaN
   * @throws the reason of `signal` if it fires: to stop is no abstention
   */
  judge(claims: readonly Claim[], signal?: AbortSignal, mostMs?: number): Promise<number[]>;
  /** What loading and inference took so far; only of a model the keeper runs itself. */
  stats?(): InferenceStats;
  /** Whether it can be asked now; a model at a server does not say. */
  isRunning?(): boolean;
  close(): Promise<void>;
}

/** A model that runs in a process of its own. */
export interface EmbeddedModel extends Model {
  /** What loading and inference took so far. */
  stats(): InferenceStats;
  isRunning(): boolean;
  /** Of the process that runs the model now. */
  pid(): number | undefined;
}

/** How a model is run. */
export interface InferenceOptions extends WorkerLimits {
  /** Most claims that are judged together. */
  readonly batch: number;
  /** Longest time for all claims of a request, ms; what is not judged by then is NaN. */
  readonly requestMs: number;
}

/** Parcels of batches under way: the next one crosses to the process, and an answer comes back, while one is judged. */
const LANES = 8;

export const INFERENCE_DEFAULTS: InferenceOptions = {
  memoryMb: 1_024,
  loadMs: 60_000,
  deadlineMs: 10_000,
  batch: 16,
  // Above 16 claims ¾ of the commit window is 34 s and more: this leaves time to fetch the payload and to commit.
  requestMs: 20_000,
};

/**
 * Loads a checked model file in a process of its own, from the very bytes that were checked. A model that crashes,
 * hangs, outgrows its memory or gives no number costs the claims of one batch their answer and is started again.
 *
 * @throws ModelFileError if the model cannot judge, with the reason and the cure
 */
export async function loadModel(
  file: ModelFile,
  options: Partial<InferenceOptions> = {},
  log: Logger = silentLogger,
): Promise<EmbeddedModel> {
  const { batch, requestMs, ...limits } = { ...INFERENCE_DEFAULTS, ...options };
  const supervisor = await superviseModel(file, limits, batch, log);
  const ask = createQueue<Claim>(supervisor.room, (claims, isWanted) => supervisor.judge(claims, isWanted), {
    lanes: LANES,
    mostMs: requestMs,
    onLate: (claims) => supervisor.countLate(claims),
  });
  const { name, family, baseRate, files } = file.manifest;
  return {
    name,
    family,
    hash: `0x${files[MODEL_FILE]}`,
    baseRate,
    async judge(claims, signal, mostMs) {
      const order = bySize(claims);
      const judged = await ask(
        order.map((i) => claims[i]!),
        signal,
        mostMs,
      );
      const probabilities = new Array<number>(claims.length);
      for (const [at, i] of order.entries()) probabilities[i] = judged[at]!;
      return probabilities;
    },
    stats: () => supervisor.stats(),
    isRunning: () => supervisor.isRunning(),
    pid: () => supervisor.pid(),
    close: () => supervisor.stop(),
  };
}
