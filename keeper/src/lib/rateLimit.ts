import { isIPv6 } from "node:net";

export type RateLimitOptions = {
  /** Calls a client may make at once. */
  burst: number;
  /** Calls a client gets back per second. */
  perSecond: number;
  /** Milliseconds, never going back. */
  now?: () => number;
};

/** Token buckets, one per client. */
export type RateLimit = {
  /** Takes one token. @returns 0 if there was one, else the whole seconds to wait for the next, at least 1 */
  take(client: string): number;
};

/** Clients remembered. Whoever is forgotten begins with a full bucket, which costs us one burst. */
const MOST_CLIENTS = 10_000;

export function createRateLimit({
  burst,
  perSecond,
  now = () => performance.now(),
}: RateLimitOptions): RateLimit {
  /** Ordered by last use, oldest first. */
  const buckets = new Map<string, { tokens: number; at: number }>();

  return {
    take(client) {
      const key = clientKey(client);
      const at = now();
      const known = buckets.get(key);
      const tokens =
        known === undefined ? burst : Math.min(burst, known.tokens + ((at - known.at) / 1000) * perSecond);
      const isServed = tokens >= 1;
      buckets.delete(key);
      buckets.set(key, { tokens: isServed ? tokens - 1 : tokens, at });
      if (buckets.size > MOST_CLIENTS) buckets.delete(buckets.keys().next().value as string);
      return isServed ? 0 : Math.max(1, Math.ceil((1 - tokens) / perSecond));
    },
  };
}

/** An IPv6 client owns a whole /64, so the /64 is the client. IPv4 inside IPv6 counts as the IPv4 address. */
function clientKey(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = "", tail] = (address.split("%")[0] as string).split("::");
  const groups = head === "" ? [] : head.split(":");
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === "" ? 0 : tail.split(":").length);
  return [...groups, ...Array<string>(Math.max(0, missing)).fill("0"), ...(tail ?? "").split(":")]
    .slice(0, 4)
    .join(":");
}
