/** Judges one batch: one number per item, in order. Never throws. */
export type JudgeBatch<T> = (items: readonly T[]) => Promise<ArrayLike<number>>;

/**
 * Judges items of many callers, as many together as a batch holds.
 *
 * @throws the reason of the signal, as soon as it fires; what has not begun by then is not judged
 */
export type Queue<T> = (items: readonly T[], signal?: AbortSignal) => Promise<number[]>;

/** What one caller asked. */
interface Call<T> {
  readonly items: readonly T[];
  readonly signal: AbortSignal | undefined;
  readonly results: number[];
  /** Items that are in a batch, and items that have their answer. */
  taken: number;
  done: number;
  readonly finish: () => void;
}

/** Neighbours of one call in one batch. */
interface Part<T> {
  readonly call: Call<T>;
  readonly from: number;
  readonly to: number;
}

/**
 * A few batches at a time; whoever asks meanwhile shares the next one. First come, first judged.
 *
 * @param size most items of a batch
 * @param lanes most batches that are under way: with two, one is sent while the other is judged
 */
export function createQueue<T>(size: number, judge: JudgeBatch<T>, lanes = 1): Queue<T> {
  let calls: Call<T>[] = [];
  let running = 0;

  const take = (): Part<T>[] => {
    const parts: Part<T>[] = [];
    let room = size;
    for (const call of calls) {
      const from = call.taken;
      call.taken = Math.min(call.items.length, from + room);
      room -= call.taken - from;
      parts.push({ call, from, to: call.taken });
      if (room === 0) break;
    }
    calls = calls.filter(({ items, taken }) => taken < items.length);
    return parts;
  };

  const run = async (parts: readonly Part<T>[]): Promise<void> => {
    const items = parts.flatMap(({ call, from, to }) => call.items.slice(from, to));
    const results = await judge(items).catch(() => []);
    let next = 0;
    for (const { call, from, to } of parts) {
      for (let i = from; i < to; i++) call.results[i] = results[next++] ?? Number.NaN;
      call.done += to - from;
      if (call.done === call.items.length) call.finish();
    }
    running -= 1;
    start();
  };

  /** Beside a batch that is under way only full ones begin: who comes next may share what is not full yet. */
  const start = (): void => {
    calls = calls.filter(({ signal }) => signal?.aborted !== true);
    const waiting = (): number => calls.reduce((sum, { items, taken }) => sum + items.length - taken, 0);
    for (
      let left = waiting();
      running < lanes && left > 0 && (running === 0 || left >= size);
      left = waiting()
    ) {
      running += 1;
      void run(take());
    }
  };

  return async (items, signal) => {
    signal?.throwIfAborted();
    if (items.length === 0) return [];
    const results = new Array<number>(items.length).fill(Number.NaN);
    const answered = new Promise<number[]>((resolve) => {
      calls.push({ items, signal, results, taken: 0, done: 0, finish: () => resolve(results) });
    });
    // Whoever asks in this same moment comes along.
    void Promise.resolve().then(start);
    return raceAbort(answered, signal);
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
