import type { ServiceDeps } from "./deps.ts";

/**
 * Blocks the endpoint may be behind what was read already before the chain counts as another one. Behind a balancer
 * some nodes always lag a little.
 */
const LAG = 64n;

/**
 * Blocks read again with every look: behind a balancer their hash may have come from a node that knew them and their
 * events from one that did not.
 */
const OVERLAP = 16n;

/** Blocks read again after a reorganisation: deeper ones do not happen. */
const LOOK_BACK = 2_000n;

export interface FollowOptions {
  /** Blocks a request must be deep before it is acted on. */
  readonly confirmations: number;
  /** First block ever looked at. */
  readonly startBlock: bigint;
}

/**
 * Reads new requests from the chain into the request table, from shortly before the cursor to the newest confirmed
 * block. When the block under the cursor was replaced, it goes back and reads again: a request is kept by its id, with
 * what its newest event says. One that the chain no longer has is dropped by the ticker.
 *
 * @returns the newest block
 */
export async function followRequests(
  { reads, requests, cursor, me, log }: Pick<ServiceDeps, "reads" | "requests" | "cursor" | "me" | "log">,
  { confirmations, startBlock }: FollowOptions,
): Promise<{ number: bigint; timestamp: bigint }> {
  const head = await reads.head();
  const newest = head.number - BigInt(confirmations);
  const back = (block: bigint, blocks: bigint): bigint =>
    block > startBlock + blocks ? block - blocks : startBlock;
  let from = startBlock;
  let isReorganised = false;
  const last = cursor.get();
  if (last !== undefined) {
    isReorganised = !(await isKnown(last, head.number));
    from = back(last.number + 1n, OVERLAP);
    if (isReorganised) {
      from = back(last.number < head.number ? last.number : head.number, LOOK_BACK);
      log.warn("chain was reorganised, reading requests again", { from, cursor: last.number });
    }
  }
  /** Whether a block was read before, in this same chain. */
  const isRead = (block: bigint): boolean => !isReorganised && last !== undefined && block <= last.number;
  while (from <= newest) {
    const to = from + reads.blockRange - 1n < newest ? from + reads.blockRange - 1n : newest;
    // Before the events: if the block is replaced between the two questions, the next look sees it.
    const hash = isRead(to) ? undefined : to === head.number ? head.hash : await reads.blockHash(to);
    for (const request of await reads.requestsBetween(me.domain.id, from, to)) {
      const isNews = isRead(request.block) ? requests.addUnknown(request) : requests.add(request);
      if (isNews) log.info("request seen", { requestId: request.requestId, claims: request.terms.claims });
    }
    if (hash !== undefined) cursor.set({ number: to, hash });
    from = to + 1n;
  }
  return head;

  async function isKnown(last: { number: bigint; hash: string }, newestNumber: bigint): Promise<boolean> {
    if (last.number > newestNumber) return last.number <= newestNumber + LAG;
    return (await reads.blockHash(last.number)) === last.hash;
  }
}
