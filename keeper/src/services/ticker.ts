import { setTimeout as sleep } from "node:timers/promises";

import type { Duty, OpenRequest, RoundState } from "../chain/reads.ts";
import { RefusedError } from "../chain/sender.ts";
import { brief, isPassing } from "../chain/trouble.ts";
import { ROUND_APPEALED } from "../chain/types.ts";
import { DatabaseError } from "../db/errors.ts";
import { createRecent } from "../lib/recent.ts";
import { MAX_APPEALS, roundIdOf } from "../mirror/commitment.ts";
import type { Accused } from "./accused.ts";
import type { Bookkeeper } from "./bookkeeper.ts";
import type { Closer } from "./closer.ts";
import type { ServiceDeps } from "./deps.ts";
import { followRequests, type FollowOptions } from "./follower.ts";
import { isDoneByOthers } from "./others.ts";
import type { Voter } from "./voter.ts";
import type { Watcher } from "../watches/runner.ts";

/** Blocks after which a request the chain does not know counts as gone; a node that lags must not make us forget. */
export const GONE_AFTER = 64n;

/** Milliseconds work under way has to end when the keeper stops. Whatever it leaves undone is found on the chain. */
const GRACE_MS = 1_000;

export interface TickerOptions {
  readonly deps: ServiceDeps;
  readonly voter: Voter;
  readonly closer: Closer;
  readonly bookkeeper: Bookkeeper;
  readonly watchers?: readonly Watcher[];
  /** undefined where no registry of clones is configured */
  readonly accused?: Accused | undefined;
  readonly follow: FollowOptions;
  /** milliseconds between two looks at the chain */
  readonly pollMs: number;
}

export type Ticker = {
  /** Milliseconds since 1970 when new requests were last read from the chain; undefined before the first time. */
  lastLook(): number | undefined;
  /** Looks once: new requests, then the duties of every open one. Work of an earlier look that still runs is not doubled. */
  tick(): Promise<void>;
  /**
   * Looks again and again until `signal` is aborted.
   *
   * @throws DatabaseError if the database cannot be used any more: without its memory a keeper must not vote
   */
  run(signal: AbortSignal): Promise<void>;
  /** Stops the work under way and waits a moment for it; true if all of it ended. */
  stop(): Promise<boolean>;
};

/** The heart beat: what is due is always asked of the chain, so a restart at any moment resumes. */
export function createTicker({
  deps,
  voter,
  closer,
  bookkeeper,
  watchers = [],
  accused,
  follow,
  pollMs,
}: TickerOptions): Ticker {
  const { me, reads, requests, guard, log } = deps;
  const running = new Map<string, Promise<void>>();
  const told = createRecent<string>();
  const stopping = new AbortController();
  const broken = new AbortController();
  let lookedAt: number | undefined;
  /** The newest block's time, and when it was first seen. */
  let newest = { timestamp: 0n, seenAt: 0 };

  /** Unix seconds of the chain at this moment: blocks may be far apart. */
  const time = (): number => Number(newest.timestamp) + (performance.now() - newest.seenAt) / 1_000;

  const tell = (name: string, data: Record<string, unknown>, error: unknown): void => {
    if (stopping.signal.aborted) return;
    if (error instanceof DatabaseError && !error.retryable) broken.abort(error);
    const text = brief(error);
    const isNews = told.get(name) !== text;
    told.set(name, text);
    const more = { ...data, error: text };
    if (!isNews || isDoneByOthers(error)) log.debug("a duty failed, looking again", more);
    else if (error instanceof RefusedError || isPassing(error))
      log.warn("a duty failed, looking again", more);
    else log.error("a duty failed, looking again", more);
  };

  /** Starts work under a name unless it is running; a failure is told and tried again with the next look. */
  const start = (name: string, data: Record<string, unknown>, work: () => Promise<void>): void => {
    if (running.has(name) || stopping.signal.aborted) return;
    const task = work()
      .then(() => told.delete(name))
      .catch((error: unknown) => tell(name, data, error))
      .finally(() => running.delete(name));
    running.set(name, task);
  };

  /** The round whose verdicts are still open: the request's own, or the one its latest appeal opened. */
  const latestRound = async (request: OpenRequest): Promise<{ duty: Duty; state: RoundState }> => {
    for (let index = 0; ; index++) {
      const duty = { ...request, index, roundId: roundIdOf(request.requestId, index) };
      const state = await reads.roundState(duty.roundId, me.owner);
      if ((state.round.flags & ROUND_APPEALED) === 0) return { duty, state };
    }
  };

  const attend = async (request: OpenRequest, block: bigint, now: number): Promise<void> => {
    const { duty, state } = await latestRound(request);
    const { phase, round } = state;
    if (phase === "NONE") {
      // An appeal that one node tells of and the next one does not know yet: only the request's own round can be gone.
      if (duty.index === 0 && block > request.block + GONE_AFTER) drop(request);
      return;
    }
    if (phase === "COMMIT") return voter.commit(duty, state, round.seed, time, stopping.signal);
    if (phase === "REQUESTED" && now <= round.clock) {
      const seed = block > round.seed ? await reads.seedOf(round.seed) : undefined;
      if (seed !== undefined) await voter.commit(duty, state, seed, time, stopping.signal);
      return;
    }
    if (phase !== "REQUESTED" && phase !== "EXTENSION") voter.closeWindow(duty, state);
    if (phase === "REVEAL") return voter.reveal(duty, state, stopping.signal);
    await closer.close(duty, state, now);
  };

  /** A reorganisation took the request away. Should it come back, its event is read again. */
  const drop = ({ requestId }: OpenRequest): void => {
    const reason = "the chain does not have the request any more";
    for (let round = 0; round <= MAX_APPEALS; round++) {
      const state = guard.getVote({ requestId, round })?.state;
      if (state !== undefined && state !== "settled" && state !== "abandoned")
        guard.markAbandoned({ requestId, round, reason });
    }
    requests.close(requestId);
    log.warn("request dropped", { requestId, reason });
  };

  const tick = async (): Promise<void> => {
    const { number, timestamp } = await followRequests(deps, follow);
    lookedAt = Date.now();
    if (timestamp !== newest.timestamp) newest = { timestamp, seenAt: performance.now() };
    const now = Number(timestamp);
    for (const request of requests.open()) {
      const { requestId } = request;
      start(requestId, { requestId }, () => attend(request, number, now));
    }
    start("books", {}, () => bookkeeper.keepBooks(now));
    if (accused !== undefined) start("reports of clones", {}, () => accused.look());
    for (const { name, look } of watchers)
      start(`watch ${name}`, { watch: name }, async () => void (await look(now)));
  };

  return {
    lastLook: () => lookedAt,
    tick,
    async run(signal) {
      const over = AbortSignal.any([signal, broken.signal]);
      const ended = new Promise<void>((resolve) => {
        if (over.aborted) resolve();
        over.addEventListener("abort", () => resolve(), { once: true });
      });
      while (!over.aborted) {
        const look = tick().then(
          () => told.delete("look"),
          (error: unknown) => tell("look", {}, error),
        );
        // Whoever stops does not wait for an endpoint that hangs.
        await Promise.race([look, ended]);
        await sleep(pollMs, undefined, { signal: over }).catch(() => undefined);
      }
      if (broken.signal.aborted) throw broken.signal.reason;
    },
    async stop() {
      stopping.abort();
      const timer = new AbortController();
      const all = Promise.allSettled(running.values()).then(() => true);
      const late = sleep(GRACE_MS, false, { signal: timer.signal }).catch(() => false);
      const isAll = await Promise.race([all, late]);
      timer.abort();
      return isAll;
    },
  };
}
