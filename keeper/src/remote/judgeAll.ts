import { setMaxListeners } from "node:events";

import { withDeadline } from "../lib/retry.ts";
import { mayBeOneClaim } from "./errors.ts";
import type { Limits } from "./http.ts";

export interface JudgeAllOptions {
  /** Items of one question. */
  readonly size: number;
  /** Time for all items together, milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Judged {
  /** One probability in [0, 1] or NaN per item, in order. */
  readonly values: number[];
  /** Why there is a NaN, one per question that failed. */
  readonly failures: readonly unknown[];
}

/**
 * Judges all items within the time: whatever is not answered by then, or not answered well, is NaN, and nothing one
 * item causes touches another. Of a batch that one item may have spoiled every item is asked alone.
 *
 * @param judge one number per item of a batch; throws if it cannot
 * @throws the reason of `signal`, and nothing else: who stops must not mistake that for an abstention
 */
export async function judgeAll<T>(
  items: readonly T[],
  judge: (batch: readonly T[], limits: Limits) => Promise<readonly number[]>,
  { size, timeoutMs, signal }: JudgeAllOptions,
): Promise<Judged> {
  const values = items.map(() => Number.NaN);
  const failures: unknown[] = [];
  const deadlineAt = performance.now() + timeoutMs;

  const judgeRange = async (from: number, to: number, inner: AbortSignal): Promise<void> => {
    try {
      const batch = await judge(items.slice(from, to), { signal: inner, deadlineAt });
      if (inner.aborted) return;
      for (let i = from; i < to; i++) values[i] = probability(batch[i - from]);
    } catch (error) {
      if (inner.aborted) return;
      failures.push(error);
      if (to - from === 1 || !mayBeOneClaim(error)) return;
      await Promise.all(range(from, to, 1).map((i) => judgeRange(i, i + 1, inner)));
    }
  };
  try {
    await withDeadline({ task: "remote inference", ms: timeoutMs, signal }, async (inner) => {
      // Every question listens to it.
      setMaxListeners(0, inner);
      await Promise.all(
        range(0, items.length, size).map((from) =>
          judgeRange(from, Math.min(items.length, from + size), inner),
        ),
      );
    });
  } catch (error) {
    signal?.throwIfAborted();
    failures.push(error);
  }
  return { values, failures };
}

function range(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => from + i * step);
}

/** What came over the wire may be anything: "0.9" is no probability either. */
function probability(value: unknown): number {
  return typeof value === "number" && value >= 0 && value <= 1 ? value : Number.NaN;
}
