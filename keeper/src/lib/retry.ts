import { setTimeout as wait } from "node:timers/promises";
import { AssayError, isRetryable } from "./errors.ts";

/** Time ran out. Always retryable: it says nothing about whether the work can be done. */
export class DeadlineError extends AssayError<"DEADLINE_PASSED", { task: string; allowedMs: number }> {
  constructor(task: string, allowedMs: number, cause?: unknown) {
    super({
      code: "DEADLINE_PASSED",
      message: "The time allowed for this task is over",
      data: { task, allowedMs },
      advice: "Try again, or allow more time if the other side is known to be slow.",
      retryable: true,
      cause,
    });
  }
}

/**
 * Runs a task for at most `ms` milliseconds. The task's signal fires at the deadline or with `signal`; the promise
 * is rejected at that moment even if the task ignores its signal.
 *
 * @param task name of the task, for the error
 * @throws DeadlineError at the deadline, or the reason of `signal`
 */
export async function withDeadline<T>(
  { task, ms, signal }: { task: string; ms: number; signal?: AbortSignal | undefined },
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const forward = () => controller.abort(signal?.reason);
  signal?.addEventListener("abort", forward, { once: true });
  const timer = setTimeout(() => controller.abort(new DeadlineError(task, ms)), ms);

  const over = new Promise<never>((_resolve, reject) => {
    controller.signal.addEventListener("abort", () => reject(controller.signal.reason), { once: true });
  });
  const running = (async () => run(controller.signal))();
  // Whichever loses the race may still be rejected later, when nobody listens any more.
  running.catch(() => {});
  over.catch(() => {});
  try {
    return await Promise.race([over, running]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", forward);
  }
}

export type RetryOptions = {
  /** Name of the task, for the error and the log. */
  task: string;
  /** Most calls in all, first one included. */
  attempts?: number;
  /** Longest wait after the first failure, in milliseconds; doubles with every failure. */
  firstDelayMs?: number;
  /** The wait never gets longer than this, in milliseconds. */
  maxDelayMs?: number;
  /** Time for all attempts and waits together, in milliseconds. */
  deadlineMs?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Default: the family of the error decides. */
  shouldRetry?: (error: unknown) => boolean;
  /** Time the other side asked for after this failure, in milliseconds; the own wait comes on top. */
  askedDelayMs?: (error: unknown) => number;
  /** Told of every failure that is followed by another attempt. */
  onRetry?: (failure: { error: unknown; attempt: number; delayMs: number }) => void;
  /** Uniform in [0, 1). */
  random?: () => number;
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
};

/**
 * Calls `run` until it succeeds, fails for good, has used its attempts or its time. Waits between attempts double;
 * each is drawn from its upper half, so that many keepers who failed together do not come back together.
 *
 * @throws the last error, or DeadlineError with the last error as its cause
 */
export async function retry<T>(
  run: (context: { signal: AbortSignal; attempt: number }) => Promise<T>,
  options: RetryOptions,
): Promise<T> {
  const { task, deadlineMs, signal } = options;
  if (deadlineMs === undefined) {
    signal?.throwIfAborted();
    return attemptAll(run, options, signal ?? new AbortController().signal, () => {});
  }
  let lastError: unknown;
  try {
    return await withDeadline({ task, ms: deadlineMs, signal }, (limited) =>
      attemptAll(run, options, limited, (error) => (lastError = error)),
    );
  } catch (error) {
    const isOurs =
      error instanceof DeadlineError && error.data.task === task && error.data.allowedMs === deadlineMs;
    throw isOurs && lastError !== undefined ? new DeadlineError(task, deadlineMs, lastError) : error;
  }
}

async function attemptAll<T>(
  run: (context: { signal: AbortSignal; attempt: number }) => Promise<T>,
  options: RetryOptions,
  signal: AbortSignal,
  remember: (error: unknown) => void,
): Promise<T> {
  const {
    attempts = 5,
    firstDelayMs = 200,
    maxDelayMs = 10_000,
    shouldRetry = isRetryable,
    askedDelayMs = () => 0,
    onRetry,
  } = options;
  const { random = Math.random, sleep = (ms, stop) => wait(ms, undefined, { signal: stop }) } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      return await run({ signal, attempt });
    } catch (error) {
      signal.throwIfAborted();
      if (attempt >= attempts || !shouldRetry(error)) throw error;
      remember(error);
      const ceiling = Math.min(maxDelayMs, firstDelayMs * 2 ** (attempt - 1));
      const delayMs = askedDelayMs(error) + Math.round(ceiling * (0.5 + random() / 2));
      onRetry?.({ error, attempt, delayMs });
      await sleep(delayMs, signal).catch((failure: unknown) => {
        signal.throwIfAborted();
        throw failure;
      });
    }
  }
}
