import type { ServiceDeps } from "./deps.ts";

/** Most blocks asked for in one query. */
const BLOCK_RANGE = 2_000n;

export interface FollowOptions {
  /** Blocks a request must be deep before it is acted on. */
  readonly confirmations: number;
  /** First block ever looked at. */
  readonly startBlock: bigint;
}

/**
 * Reads new requests from the chain into the request table, from the cursor to the newest confirmed block.
 * When the block under the cursor was replaced, it goes back and reads again: requests are kept by id, so nothing doubles.
 *
 * @returns the newest block
 */
export async function followRequests(
  { reads, requests, cursor, me, log }: ServiceDeps,
  { confirmations, startBlock }: FollowOptions,
): Promise<{ number: bigint; timestamp: bigint }> {
  const head = await reads.head();
  const newest = head.number - BigInt(confirmations);
  let from = startBlock;
  const last = cursor.get();
  if (last !== undefined) {
    from = last.number + 1n;
    const known = last.number <= head.number ? await reads.blockHash(last.number) : undefined;
    if (known !== last.hash) {
      from = last.number > BLOCK_RANGE + startBlock ? last.number - BLOCK_RANGE : startBlock;
      log.warn("chain was reorganised, reading requests again", { from, cursor: last.number });
    }
  }
  while (from <= newest) {
    const to = from + BLOCK_RANGE - 1n < newest ? from + BLOCK_RANGE - 1n : newest;
    for (const request of await reads.requestsBetween(me.domain.id, from, to)) {
      requests.add(request);
      log.info("request seen", { requestId: request.requestId, claims: request.terms.claims });
    }
    cursor.set({ number: to, hash: to === head.number ? head.hash : await reads.blockHash(to) });
    from = to + 1n;
  }
  return head;
}
