import { setTimeout as sleep } from "node:timers/promises";

import type { Logger } from "../../lib/logger.ts";
import type { Claim } from "../../payload/schema.ts";
import type { ModelFile } from "../manifest.ts";
import type { RefusedClaims } from "../runtime.ts";
import { bySize, sizeOf } from "../sizes.ts";
import {
  peakMemoryOf,
  startModelProcess,
  WorkerEndedError,
  type ModelProcess,
  type WorkerLimits,
} from "./process.ts";

/** Beside what the process says: it ended over the claim, was not there to be asked, or the request had no more time. */
export type AbstentionReason = keyof RefusedClaims | "processEnded" | "notRunning" | "outOfTime";

/** Counters since the start; times in ms. What a dashboard needs to tell loading from inference. */
export interface InferenceStats {
  /** Processes that loaded the model, and the time they took for it, their own start not counted. */
  readonly loads: number;
  readonly loadMs: number;
  /** Batches that were judged, the claims in them, and the time for preparing and running them. */
  readonly batches: number;
  readonly claims: number;
  readonly inferenceMs: number;
  /** Claims without a probability, all of them and by reason. */
  readonly abstained: number;
  readonly abstentions: Readonly<Record<AbstentionReason, number>>;
  /** Memory of the process that runs now, MiB: before it read the model, and the most so far. 0 if unknown. */
  readonly bareMb: number;
  readonly peakMb: number;
  /** How often a process ended on its own or was ended, by reason. */
  readonly ends: Readonly<Record<string, number>>;
}

/** Keeps a process for a model running. */
export interface Supervisor {
  /**
   * Never throws: what cannot be judged is NaN. Batches are judged one after the other, as they were asked; one that
   * needs too much memory is judged in parts. More claims than a batch holds cross together; if that takes long or the
   * process ends, there are probabilities of the first batches only, or none: the others are to be asked again.
   *
   * @param isWanted false when nobody waits for the answer any more: what has not begun by then is left out
   */
  judge(claims: readonly Claim[], isWanted?: () => boolean): Promise<Float64Array>;
  /**
   * Claims that are best asked together now: the batches of a few milliseconds, because to cross to the process and back
   * takes a fifth of one. A single batch if the model is slower, and once a process has ended.
   */
  room(): number;
  /** Counts claims whose request had no more time. */
  countLate(claims: number): void;
  stats(): InferenceStats;
  /** Whether a process has loaded the model and can be asked. */
  isRunning(): boolean;
  /** Of the process that runs now; tests end it. */
  pid(): number | undefined;
  stop(): Promise<void>;
}

/** One probability or NaN a claim, in order, and why it is NaN where the model said so. */
interface Answers {
  readonly probabilities: Float64Array;
  readonly failure?: string;
}

/** What the memory of a batch grows with, at least. */
function weightOf(claims: readonly Claim[]): number {
  return claims.length * longestOf(claims);
}

function longestOf(claims: readonly Claim[]): number {
  return claims.reduce((most, claim) => Math.max(most, sizeOf(claim)), 0);
}

/** Time to judge what crosses together, ms, and the most claims of it: twice what a request may have. */
const PARCEL_MS = 8;
const PARCEL_CLAIMS = 512;
/** How much longer claims of a parcel may be than those the pace is known of: even where time grows with the square, four times as slow. */
const SIZE_GROWTH = 2;
/** Share of a slower pace that is kept with every parcel that was quicker. */
const PACE_KEPT = 0.7;

/** Pause before the process is started again: doubled every time it ends, from the start after a judged batch. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
/** Claims wait for a process that will be back as soon as this; else they abstain at once, votes have deadlines. */
const PATIENCE_MS = 1_000;

/**
 * Starts the process of a model and starts it again whenever it ends.
 *
 * @param batch most claims the graph sees at once
 * @throws ModelFileError if the model cannot be loaded the first time
 */
export async function superviseModel(
  file: ModelFile,
  limits: WorkerLimits,
  batch: number,
  log: Logger,
): Promise<Supervisor> {
  const { manifest, bytes, tokenizer, folder } = file;
  const parts = tokenizer === undefined ? { manifest, bytes } : { manifest, bytes, tokenizer };
  const stats = { loads: 0, loadMs: 0, batches: 0, claims: 0, inferenceMs: 0, bareMb: 0 };
  const ends: Record<string, number> = {};
  const abstentions = { unfit: 0, failed: 0, noNumber: 0, processEnded: 0, notRunning: 0, outOfTime: 0 };
  const stopping = new AbortController();
  let process: ModelProcess | undefined;
  let pause = FIRST_PAUSE_MS;
  /** Done when the process is back; undefined while it runs. */
  let comeback: Promise<void> | undefined;
  let backAt = 0;
  /** Set for good when a batch takes too much memory for the first time. */
  let isThrifty = false;
  /** Weight of the lightest batch that took too much memory even so, in a process that had judged nothing else. */
  let tooHeavy = Number.POSITIVE_INFINITY;
  /** Time of a full batch, ms: up at once, down slowly. It is known of claims up to this size. */
  let pace = Number.POSITIVE_INFINITY;
  let paceSize = 0;

  const start = async (): Promise<void> => {
    const started = startModelProcess(limits);
    process = started;
    let ms: number;
    try {
      ({ ms, bareMb: stats.bareMb } = await started.load(parts, folder, isThrifty));
    } catch (error) {
      started.stop();
      await started.ended;
      process = undefined;
      throw error;
    }
    stats.loads += 1;
    stats.loadMs += ms;
    log.info("model loaded", { model: manifest.name, loadMs: Math.round(ms) });
    void started.ended.then((error) => {
      process = undefined;
      if (stopping.signal.aborted) return;
      ends[error.reason] = (ends[error.reason] ?? 0) + 1;
      // It comes again in smaller parts: that is no model that dies whatever it is asked.
      const comesAgain = error.claims > (error.reason === "took too much memory" ? 1 : batch);
      if (comesAgain) pause = FIRST_PAUSE_MS;
      if (error.reason === "took too much memory") isThrifty = true;
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

  const judge = async (claims: readonly Claim[], isWanted: () => boolean): Promise<Answers> => {
    const nothing = (reason: AbstentionReason): Float64Array => {
      // What nobody waits for is counted already.
      if (isWanted()) abstentions[reason] += claims.length;
      return new Float64Array(claims.length).fill(Number.NaN);
    };
    if (!isWanted()) return { probabilities: nothing("outOfTime") };
    if (
      claims.length > 1 &&
      claims.length <= batch &&
      tooHeavy < Number.POSITIVE_INFINITY &&
      weightOf(claims) >= tooHeavy
    )
      return judgeHalves(claims, isWanted);
    if (comeback !== undefined) {
      if (backAt - Date.now() > PATIENCE_MS)
        return { probabilities: nothing("notRunning"), failure: "the model is not running" };
      await Promise.race([comeback, sleep(PATIENCE_MS + limits.loadMs, undefined, { ref: false })]);
    }
    if (process === undefined)
      return { probabilities: nothing("notRunning"), failure: "the model is not running" };
    const together = fitting(claims);
    if (together < claims.length) return judge(claims.slice(0, together), isWanted);
    const [asked, wasThrifty] = [process, isThrifty];
    try {
      const { probabilities, refused, failure, ms } = await asked.judge(claims, batch);
      for (const reason of ["unfit", "failed", "noNumber"] as const) abstentions[reason] += refused[reason];
      const batches = Math.ceil(probabilities.length / batch);
      if (claims.length >= batch) {
        const now = ms / batches;
        pace =
          pace === Number.POSITIVE_INFINITY ? now : Math.max(now, PACE_KEPT * pace + (1 - PACE_KEPT) * now);
        paceSize = longestOf(claims.slice(0, probabilities.length));
      }
      stats.batches += batches;
      stats.claims += probabilities.length;
      stats.inferenceMs += ms;
      pause = FIRST_PAUSE_MS;
      return failure === undefined ? { probabilities } : { probabilities, failure };
    } catch (error) {
      if (!(error instanceof WorkerEndedError)) throw error;
      await asked.ended;
      // What ended it was the batch before: this one is for the next process.
      if (claims.length > batch) return { probabilities: new Float64Array(0) };
      if (!error.hasBegun) return judge(claims, isWanted);
      if (error.reason !== "took too much memory") return { probabilities: nothing("processEnded") };
      const data = { model: manifest.name, claims: claims.length, detail: error.detail };
      if (error.judged > 0) {
        // What the batches before left behind may have been too much. In the next process this one comes first.
        log.warn("memory ran out at a batch, judging it in a fresh process", data);
        return judge(claims, isWanted);
      }
      if (claims.length === 1) return { probabilities: nothing("processEnded") };
      if (!wasThrifty) {
        log.warn("a batch needs too much memory, judging it with less", data);
        return judge(claims, isWanted);
      }
      tooHeavy = Math.min(tooHeavy, weightOf(claims));
      log.warn("a batch needs too much memory, judging it in parts", data);
      return judgeHalves(claims, isWanted);
    }
  };

  /** How many of the first claims may cross together: of far longer ones than were judged before, one batch. */
  const fitting = (claims: readonly Claim[]): number => {
    const tooLong = claims.findIndex((claim) => sizeOf(claim) > SIZE_GROWTH * paceSize);
    if (claims.length <= batch || tooLong < 0) return claims.length;
    return Math.max(batch, tooLong - (tooLong % batch));
  };

  /** Small claims apart from large ones: a batch is as long as its longest. */
  const judgeHalves = async (claims: readonly Claim[], isWanted: () => boolean): Promise<Answers> => {
    const order = bySize(claims);
    const middle = claims.length >> 1;
    const probabilities = new Float64Array(claims.length);
    let failure: string | undefined;
    for (const half of [order.slice(0, middle), order.slice(middle)]) {
      const judged = await judge(
        half.map((i) => claims[i]!),
        isWanted,
      );
      for (const [at, i] of half.entries()) probabilities[i] = judged.probabilities[at]!;
      failure ??= judged.failure;
    }
    return failure === undefined ? { probabilities } : { probabilities, failure };
  };

  await start();
  return {
    async judge(claims, isWanted = () => true) {
      const { probabilities, failure } = await judge(claims, isWanted);
      if (failure !== undefined) log.warn("claims not judged", { model: manifest.name, reason: failure });
      return probabilities;
    },
    room() {
      if (Object.keys(ends).length > 0) return batch;
      const claims = Math.min(PARCEL_CLAIMS, batch * Math.floor(PARCEL_MS / pace));
      return Math.max(batch, claims - (claims % batch));
    },
    countLate(claims) {
      abstentions.outOfTime += claims;
      log.warn("claims not judged", { model: manifest.name, reason: "the request had no more time", claims });
    },
    stats: () => ({
      ...stats,
      abstained: Object.values(abstentions).reduce((sum, count) => sum + count, 0),
      abstentions: { ...abstentions },
      peakMb: peakMemoryOf(process?.pid),
      ends: { ...ends },
    }),
    isRunning: () => process !== undefined && comeback === undefined,
    pid: () => process?.pid,
    async stop() {
      stopping.abort();
      const last = process;
      last?.stop();
      await Promise.all([last?.ended, comeback]);
    },
  };
}
