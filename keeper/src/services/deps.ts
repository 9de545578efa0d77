import type { Address, Hex } from "viem";

import type { ChainReads, OpenRequest } from "../chain/reads.ts";
import type { ChainWrites } from "../chain/writes.ts";
import type { Terms } from "../chain/types.ts";
import type { Cursor } from "../db/cursor.ts";
import type { RequestTable } from "../db/requests.ts";
import type { VoteGuard } from "../db/voteGuard.ts";
import type { Logger } from "../lib/logger.ts";
import type { Secret } from "../lib/secret.ts";
import type { Model } from "../model/session.ts";
import type { FetchedPayload } from "../payload/fetch.ts";

/** Moments of a vote's or a watch's life a test may want to stop at. */
export type Step =
  | "decided"
  | "commitSent"
  | "committed"
  | "revealSent"
  | "revealed"
  | "settleSent"
  | "settled"
  | "actSent"
  | "actNoted"
  | "acted";

/** Who votes, and where. */
export interface Seatholder {
  readonly chainId: number;
  readonly assay: Address;
  readonly owner: Address;
  readonly hotKey: Secret<Hex>;
  readonly domain: { readonly id: number; readonly name: string };
  /** Seconds over which keepers spread duties anyone may do. */
  readonly spread: number;
}

/** Everything the duties need; built once by app.ts, by hand in tests. */
export interface ServiceDeps {
  readonly me: Seatholder;
  readonly reads: ChainReads;
  readonly writes: ChainWrites;
  readonly guard: VoteGuard;
  readonly requests: RequestTable<Terms>;
  readonly cursor: Cursor;
  readonly model: Model;
  /** Within `mostMs`, where that is less than configured. */
  readonly fetchPayload: (
    request: OpenRequest,
    signal: AbortSignal,
    mostMs?: number,
  ) => Promise<FetchedPayload>;
  readonly log: Logger;
  /** Called after each step; a no-op outside tests. */
  readonly onStep: (step: Step) => void | Promise<void>;
}
