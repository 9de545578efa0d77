import type { Address } from "viem";

import type { ChainReads } from "../chain/reads.ts";
import type { WatchCalls } from "../chain/watchCalls.ts";
import type { WatchReads } from "../chain/watchReads.ts";
import type { Logger } from "../lib/logger.ts";

/** What every watch needs to look. */
export interface WatchDeps {
  readonly domain: number;
  /** The own operator, if there is one: nobody reports oneself. */
  readonly owner: Address | undefined;
  /** Who sends: rewards go there. */
  readonly sender: Address;
  readonly reads: ChainReads;
  readonly watchReads: WatchReads;
  readonly calls: WatchCalls;
  readonly roster: () => Promise<Address[]>;
  /** Unix seconds, and seconds. */
  readonly clock: { readonly genesis: number; readonly epochLength: number };
  readonly startBlock: bigint;
  readonly log: Logger;
}

export function epochAt({ genesis, epochLength }: WatchDeps["clock"], now: number): number {
  return Math.floor((now - genesis) / epochLength);
}
