import type { Address } from "viem";

import type { ChainReads, RequestedEvent } from "../chain/reads.ts";
import type { WatchReads } from "../chain/watchReads.ts";

/** Blocks read again with each look: a reorganisation no deeper loses nothing. */
const LOOK_BACK = 64n;

const after = (done: bigint | undefined, from: bigint): bigint =>
  done === undefined || done - LOOK_BACK < from ? from : done - LOOK_BACK;

/** Everybody who ever registered in a domain. In memory: after a start the events are read again. */
export function createRoster(
  reads: ChainReads,
  watchReads: WatchReads,
  domain: number,
  startBlock: bigint,
): () => Promise<Address[]> {
  const owners = new Set<Address>();
  let done: bigint | undefined;
  return async () => {
    const { number } = await reads.head();
    for (const owner of await watchReads.registered(domain, after(done, startBlock), number))
      owners.add(owner);
    done = number;
    return [...owners];
  };
}

/** Requests of a domain opened at or after a moment, the oldest first; the moment must never go back. */
export function createRequestLog(
  reads: ChainReads,
  watchReads: WatchReads,
  domain: number,
  startBlock: bigint,
): (since: number) => Promise<RequestedEvent[]> {
  const requests = new Map<string, RequestedEvent>();
  let first = { since: -1, block: startBlock };
  let done: bigint | undefined;
  return async (since) => {
    const { number } = await reads.head();
    if (since !== first.since) first = { since, block: await reads.blockAt(since, first.block) };
    for (const [id, { block }] of requests) if (block < first.block) requests.delete(id);
    for (const request of await watchReads.requests(domain, after(done, first.block), number))
      requests.set(request.requestId, request);
    done = number;
    return [...requests.values()];
  };
}
