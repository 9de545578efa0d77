/** Judges one batch: one number per item, in order. Never throws. */
export type JudgeBatch<T> = (items: readonly T[]) => Promise<readonly number[]>;

/**
 * Judges items of many callers, as many together as a batch holds.
 *
 * @throws the reason of the signal, as soon as it fires; what has not begun by then is not judged
 */
export type Queue<T> = (items: readonly T[], signal?: AbortSignal) => Promise<number[]>;

interface Waiting<T> {
  readonly item: T;
  readonly signal: AbortSignal | undefined;
  readonly done: (result: number) => void;
}

/**
 * One batch at a time; whoever asks meanwhile shares the next one. First come, first judged.
 *
 * @param size most items of a batch
 */
export function createQueue<T>(size: number, judge: JudgeBatch<T>): Queue<T> {
  const waiting: Waiting<T>[] = [];
  let isRunning = false;

  const run = async (): Promise<void> => {
    // Whoever asks in this same moment comes along.
    await Promise.resolve();
    while (waiting.length > 0) {
      const batch = waiting.splice(0, size).filter(({ signal }) => signal?.aborted !== true);
      if (batch.length === 0) continue;
      const results = await judge(batch.map(({ item }) => item)).catch(() => []);
      for (const [i, { done }] of batch.entries()) done(results[i] ?? Number.NaN);
    }
    isRunning = false;
  };

  return async (items, signal) => {
    signal?.throwIfAborted();
    const results = items.map((item) => new Promise<number>((done) => waiting.push({ item, signal, done })));
    if (!isRunning && waiting.length > 0) {
      isRunning = true;
      void run();
    }
    return raceAbort(Promise.all(results), signal);
  };
}

async function raceAbort<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
