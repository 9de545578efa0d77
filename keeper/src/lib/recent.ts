/** The newest `capacity` keys and what belongs to them; older ones are forgotten, so a long run cannot fill the memory. */
export type Recent<T> = {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
  delete(key: string): void;
  readonly size: number;
};

export function createRecent<T>(capacity = 4_096): Recent<T> {
  const items = new Map<string, T>();
  return {
    get: (key) => items.get(key),
    set(key, value) {
      items.delete(key);
      items.set(key, value);
      if (items.size > capacity) items.delete(items.keys().next().value as string);
    },
    delete: (key) => void items.delete(key),
    get size() {
      return items.size;
    },
  };
}
