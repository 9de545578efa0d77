import { setTimeout as sleep } from "node:timers/promises";

import type { Logger } from "../../lib/logger.ts";
import type { Claim } from "../../payload/schema.ts";
import type { ModelFile } from "../manifest.ts";
import type { Judged } from "../runtime.ts";
import {
  peakMemoryOf,
  startModelProcess,
  WorkerEndedError,
  type ModelProcess,
  type WorkerLimits,
} from "./process.ts";

/** Counters since the start; times in ms. What a dashboard needs to tell loading from inference. */
export interface InferenceStats {
  /** Processes that loaded the model, and the time they took for it, their own start not counted. */
  readonly loads: number;
  readonly loadMs: number;
  /** Batches that were judged, the claims in them, and the time for preparing and running them. */
  readonly batches: number;
  readonly claims: number;
  readonly inferenceMs: number;
  /** Claims without a probability, for whatever reason. */
  readonly abstained: number;
  /** Memory of the process that runs now, MiB: before it read the model, and the most so far. 0 if unknown. */
  readonly bareMb: number;
  readonly peakMb: number;
  /** How often a process ended on its own or was ended, by reason. */
  readonly ends: Readonly<Record<string, number>>;
}

/** Keeps a process for a model running. */
export interface Supervisor {
  /** Never throws: what cannot be judged is NaN. One batch at a time. */
  judge(claims: readonly Claim[]): Promise<number[]>;
  stats(): InferenceStats;
  /** Of the process that runs now; tests end it. */
  pid(): number | undefined;
  stop(): Promise<void>;
}

/** Pause before the process is started again: doubled every time it ends, from the start after a judged batch. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
/** Claims wait for a process that will be back as soon as this; else they abstain at once, votes have deadlines. */
const PATIENCE_MS = 1_000;

/**
 * Starts the process of a model and starts it again whenever it ends.
 *
 * @throws ModelFileError if the model cannot be loaded the first time
 */
export async function superviseModel(
  file: ModelFile,
  limits: WorkerLimits,
  log: Logger,
): Promise<Supervisor> {
  const { manifest, bytes, tokenizer, folder } = file;
  const parts = tokenizer === undefined ? { manifest, bytes } : { manifest, bytes, tokenizer };
  const stats = { loads: 0, loadMs: 0, batches: 0, claims: 0, inferenceMs: 0, abstained: 0, bareMb: 0 };
  const ends: Record<string, number> = {};
  const stopping = new AbortController();
  let process: ModelProcess | undefined;
  let pause = FIRST_PAUSE_MS;
  /** Done when the process is back; undefined while it runs. */
  let comeback: Promise<void> | undefined;
  let backAt = 0;

  const start = async (): Promise<void> => {
    const started = startModelProcess(limits);
    process = started;
    let ms: number;
    try {
      ({ ms, bareMb: stats.bareMb } = await started.load(parts, folder));
    } catch (error) {
      started.stop();
      await started.ended;
      throw error;
    }
    stats.loads += 1;
    stats.loadMs += ms;
    log.info("model loaded", { model: manifest.name, loadMs: Math.round(ms) });
    void started.ended.then((error) => {
      process = undefined;
      if (stopping.signal.aborted) return;
      ends[error.reason] = (ends[error.reason] ?? 0) + 1;
      log.error("the process of the model ended, starting it again", {
        model: manifest.name,
        reason: error.reason,
        detail: error.detail,
        pauseMs: pause,
      });
      comeback = comeBack();
    });
  };

  const comeBack = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      backAt = Date.now() + pause;
      const now = pause;
      pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
      try {
        await sleep(now, undefined, { signal: stopping.signal });
        await start();
        comeback = undefined;
        return;
      } catch (error) {
        if (stopping.signal.aborted) return;
        log.error("the model cannot be loaded again", { model: manifest.name, error: String(error) });
      }
    }
  };

  const judge = async (claims: readonly Claim[]): Promise<Judged> => {
    const nothing = claims.map(() => Number.NaN);
    if (comeback !== undefined) {
      if (backAt - Date.now() > PATIENCE_MS)
        return { probabilities: nothing, failure: "the model is not running" };
      await Promise.race([comeback, sleep(PATIENCE_MS + limits.loadMs, undefined, { ref: false })]);
    }
    if (process === undefined) return { probabilities: nothing, failure: "the model is not running" };
    try {
      const { probabilities, failure, ms } = await process.judge(claims);
      stats.batches += 1;
      stats.claims += claims.length;
      stats.inferenceMs += ms;
      pause = FIRST_PAUSE_MS;
      return failure === undefined ? { probabilities } : { probabilities, failure };
    } catch (error) {
      // Its end is told where it is noticed.
      if (!(error instanceof WorkerEndedError)) throw error;
      return { probabilities: nothing };
    }
  };

  await start();
  return {
    async judge(claims) {
      const { probabilities, failure } = await judge(claims);
      stats.abstained += probabilities.filter((p) => Number.isNaN(p)).length;
      if (failure !== undefined) log.warn("claims not judged", { model: manifest.name, reason: failure });
      return probabilities;
    },
    stats: () => ({ ...stats, peakMb: peakMemoryOf(process?.pid), ends: { ...ends } }),
    pid: () => process?.pid,
    async stop() {
      stopping.abort();
      const last = process;
      last?.stop();
      await Promise.all([last?.ended, comeback]);
    },
  };
}
