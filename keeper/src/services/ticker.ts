import { setTimeout as sleep } from "node:timers/promises";

import type { Hex } from "viem";

import type { RequestedEvent } from "../chain/reads.ts";
import { RefusedError } from "../chain/sender.ts";
import { isRetryable } from "../lib/errors.ts";
import type { Bookkeeper } from "./bookkeeper.ts";
import type { Closer } from "./closer.ts";
import type { ServiceDeps } from "./deps.ts";
import { followRequests, type FollowOptions } from "./follower.ts";
import type { Voter } from "./voter.ts";

export interface TickerOptions {
  readonly deps: ServiceDeps;
  readonly voter: Voter;
  readonly closer: Closer;
  readonly bookkeeper: Bookkeeper;
  readonly follow: FollowOptions;
  /** milliseconds between two looks at the chain */
  readonly pollMs: number;
}

export type Ticker = {
  /** Looks once: new requests, then the duties of every open one. Work of an earlier look that still runs is not doubled. */
  tick(): Promise<void>;
  /** Looks again and again until `signal` is aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** Waits for the work under way. */
  stop(): Promise<void>;
};

/** The heart beat: what is due is always asked of the chain, so a restart at any moment resumes. */
export function createTicker({ deps, voter, closer, bookkeeper, follow, pollMs }: TickerOptions): Ticker {
  const { me, reads, log } = deps;
  const running = new Map<string, Promise<void>>();
  const stopping = new AbortController();

  /** Starts work under a name unless it is running; a failure is told and tried again with the next look. */
  const start = (name: string, data: Record<string, unknown>, work: () => Promise<void>): void => {
    if (running.has(name)) return;
    const task = work()
      .catch((error: unknown) => {
        if (error instanceof RefusedError)
          log.debug("the contract refused a duty", { ...data, error: error.message });
        else if (isRetryable(error))
          log.warn("a duty failed, trying again", { ...data, error: String(error) });
        else log.error("a duty failed", { ...data, error: String(error) });
      })
      .finally(() => running.delete(name));
    running.set(name, task);
  };

  const attend = async (request: RequestedEvent, block: bigint, now: number): Promise<void> => {
    const { requestId } = request;
    const state = await reads.requestState(requestId, me.owner);
    if (state.phase === "REVEAL") await voter.reveal(request, state, stopping.signal);
    else if (state.phase === "COMMIT") await voter.commit(request, state, state.round.seed, stopping.signal);
    else if (state.phase === "REQUESTED" && block > state.round.seed && now <= state.round.clock) {
      const seed = await reads.seedOf(state.round.seed);
      if (seed !== undefined) await voter.commit(request, state, seed, stopping.signal);
    } else await closer.close(request, state, now);
  };

  const tick = async (): Promise<void> => {
    const { number, timestamp } = await followRequests(deps, follow);
    const now = Number(timestamp);
    for (const request of deps.requests.open()) {
      const id: Hex = request.requestId;
      start(id, { requestId: id }, () => attend(request, number, now));
    }
    start("books", {}, () => bookkeeper.keepBooks(now));
  };

  return {
    tick,
    async run(signal) {
      while (!signal.aborted) {
        try {
          await tick();
        } catch (error) {
          log.warn("the chain did not answer, trying again", { error: String(error) });
        }
        await sleep(pollMs, undefined, { signal }).catch(() => undefined);
      }
    },
    async stop() {
      stopping.abort();
      await Promise.allSettled(running.values());
    },
  };
}
