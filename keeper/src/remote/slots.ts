/** Lets at most `count` tasks run at once; the others wait in the order they came. */
export interface Slots {
  /** @throws the reason of `signal` if it fires while waiting */
  run<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T>;
}

export function createSlots(count: number): Slots {
  let free = count;
  const waiting: (() => void)[] = [];

  const take = async (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    if (free > 0) {
      free -= 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        waiting.splice(waiting.indexOf(go), 1);
        reject(signal.reason as Error);
      };
      const go = (): void => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      waiting.push(go);
      signal.addEventListener("abort", leave, { once: true });
    });
  };
  const give = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };

  return {
    async run(signal, task) {
      await take(signal);
      try {
        return await task();
      } finally {
        give();
      }
    },
  };
}
