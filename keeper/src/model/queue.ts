/**
 * Judges one batch: one number per item, in order; of fewer numbers, the other items are asked again, in batches of the size of
 * then. `isWanted` tells whether anybody still waits for it.
 */
export type JudgeBatch<T> = (items: readonly T[], isWanted: () => boolean) => Promise<ArrayLike<number>>;

/**
 * Judges items of many callers, as many together as a batch holds. What is not judged in time is NaN.
 *
 * @param mostMs time of this call, where it is less than that of every call
 * @throws the reason of the signal, as soon as it fires; what has not begun by then is not judged
 */
export type Queue<T> = (items: readonly T[], signal?: AbortSignal, mostMs?: number) => Promise<number[]>;

export interface QueueOptions {
  /** Most batches that are under way: with two, one is sent while the other is judged. */
  readonly lanes?: number;
  /** Longest time for the items of a call, from when it waits, ms. */
  readonly mostMs?: number;
  /** Told how many items of a call were not judged in time. */
  readonly onLate?: (items: number) => void;
}

/** What one caller asked. */
interface Call<T> {
  /** Who came before goes before. */
  readonly turn: number;
  readonly items: readonly T[];
  readonly signal: AbortSignal | undefined;
  readonly results: number[];
  /** Items that have their answer. */
  done: number;
  /** It has its answer, or its time is over. */
  isOver: boolean;
  readonly finish: () => void;
}

const isWaiting = ({ isOver, signal }: Call<unknown>): boolean => !isOver && signal?.aborted !== true;

/** Neighbours of one call. */
interface Part<T> {
  readonly call: Call<T>;
  readonly from: number;
  readonly to: number;
}

/**
 * A few batches at a time; whoever asks meanwhile shares the next one. First come, first judged.
 *
 * @param sizeNow most items of the next batch
 */
export function createQueue<T>(
  sizeNow: () => number,
  judge: JudgeBatch<T>,
  { lanes = 1, mostMs = Infinity, onLate }: QueueOptions = {},
): Queue<T> {
  /** What is in no batch, in the order it is judged. */
  let waiting: Part<T>[] = [];
  let running = 0;
  let turns = 0;

  const take = (): Part<T>[] => {
    const parts: Part<T>[] = [];
    for (let room = sizeNow(); room > 0 && waiting.length > 0;) {
      const { call, from, to } = waiting.shift()!;
      const end = Math.min(to, from + room);
      parts.push({ call, from, to: end });
      if (end < to) waiting.unshift({ call, from: end, to });
      room -= end - from;
    }
    return parts;
  };

  const run = async (parts: readonly Part<T>[]): Promise<void> => {
    const items = parts.flatMap(({ call, from, to }) => call.items.slice(from, to));
    const isWanted = (): boolean => parts.some(({ call }) => isWaiting(call));
    const nothing = items.map(() => Number.NaN);
    let results = await judge(items, isWanted).catch(() => nothing);
    // Nothing of what would be asked in the same way again: there is no end to that.
    if (results.length === 0 && items.length <= sizeNow()) results = nothing;
    const again: Part<T>[] = [];
    let next = 0;
    for (const { call, from, to } of parts) {
      const judged = Math.min(to - from, results.length - next);
      for (let i = from; i < from + judged; i++) call.results[i] = results[next++] ?? Number.NaN;
      call.done += judged;
      if (from + judged < to) again.push({ call, from: from + judged, to });
      else if (call.done === call.items.length) call.finish();
    }
    waiting = [...again, ...waiting].sort((a, b) => a.call.turn - b.call.turn || a.from - b.from);
    running -= 1;
    start();
  };

  /** Beside a batch that is under way only full ones begin: who comes next may share what is not full yet. */
  const start = (): void => {
    waiting = waiting.filter(({ call }) => isWaiting(call));
    const left = (): number => waiting.reduce((sum, { from, to }) => sum + to - from, 0);
    while (running < lanes && left() > 0 && (running === 0 || left() >= sizeNow())) {
      running += 1;
      void run(take());
    }
  };

  return async (items, signal, ownMs = Infinity) => {
    signal?.throwIfAborted();
    if (items.length === 0) return [];
    const results = new Array<number>(items.length).fill(Number.NaN);
    let timer: NodeJS.Timeout | undefined;
    const answered = new Promise<number[]>((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        call.isOver = true;
        // A copy: a batch that comes in later writes its own.
        resolve([...results]);
      };
      const call: Call<T> = { turn: turns++, items, signal, results, done: 0, isOver: false, finish };
      waiting.push({ call, from: 0, to: items.length });
      const ms = Math.min(mostMs, ownMs);
      if (ms === Infinity) return;
      timer = setTimeout(() => {
        finish();
        onLate?.(items.length - call.done);
      }, ms);
    });
    // Whoever asks in this same moment comes along.
    void Promise.resolve().then(start);
    return raceAbort(answered, signal).finally(() => clearTimeout(timer));
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
