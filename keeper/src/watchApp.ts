import { setTimeout as sleep } from "node:timers/promises";

import type { Address } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import { connectReader, connectSigner, disconnect } from "./chain/client.ts";
import { preflightWatch } from "./chain/preflight.ts";
import { createReads, type ChainReads, type RequestedEvent } from "./chain/reads.ts";
import { createSender } from "./chain/sender.ts";
import { brief, ChainUnreachableError, isPassing } from "./chain/trouble.ts";
import { secretsOf, type WatchConfig } from "./config.ts";
import { DatabaseError } from "./db/errors.ts";
import { openDatabase } from "./db/open.ts";
import { AssayError } from "./lib/errors.ts";
import type { Logger } from "./lib/logger.ts";
import { readModelSource } from "./modelSource.ts";
import { createJudge } from "./services/decide.ts";
import { fetchOrRead } from "./services/fetchOrRead.ts";
import type { Opinion } from "./watches/appeals.ts";
import { createWatchers, switchedOn } from "./watches/build.ts";
import type { Outcome, Watcher, WatcherDeps, WatchStats } from "./watches/runner.ts";
import type { WatchName } from "./watches/watch.ts";

/** Watches that were asked for and are not switched on. */
export class WatchOffError extends AssayError<"WATCH_OFF", { given: string; on: string }> {
  constructor(given: readonly WatchName[], on: readonly WatchName[]) {
    super({
      code: "WATCH_OFF",
      message: "A watch is not switched on",
      data: { given: given.join(", "), on: on.join(", ") },
      advice: 'Switch it on in the configuration: "watches": { "NAME": { "on": true } }.',
      retryable: false,
    });
  }
}

export interface WatchOptions {
  readonly config: WatchConfig;
  /** Only these; all that are switched on unless told. */
  readonly only?: readonly WatchName[];
  readonly log: Logger;
  readonly onStep?: WatcherDeps["onStep"];
}

export interface WatchApp {
  readonly watchers: readonly Watcher[];
  /** Looks once with every watch; a watch that fails fails the call after the others had their turn. */
  once(): Promise<{ outcomes: Outcome[]; stats: WatchStats[] }>;
  /** Looks again and again until `signal` fires. */
  run(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Appeals need an opinion. */
export class WatchModelError extends AssayError<"WATCH_MODEL_MISSING", { watch: WatchName }> {
  constructor() {
    super({
      code: "WATCH_MODEL_MISSING",
      message: "The watch appeals needs a model",
      data: { watch: "appeals" },
      advice: "Name its manifest as `model` in the configuration, or switch the watch off.",
      retryable: false,
    });
  }
}

/** Builds watches without a keeper: they vote on nothing. */
export async function buildWatches({
  config,
  only,
  log,
  onStep = () => {},
}: WatchOptions): Promise<WatchApp> {
  for (const secret of secretsOf(config)) log.protect(secret);
  const on = switchedOn(config.watches);
  const off = (only ?? []).filter((name) => !on.includes(name));
  if (off.length > 0 || on.length === 0) throw new WatchOffError(off, on);
  const names = only ?? on;
  if (names.includes("appeals") && config.model === undefined) throw new WatchModelError();
  const account = privateKeyToAccount(config.hotKey.reveal());
  // Closed in reverse, when the watches stop and when their start fails.
  await using opened = new AsyncDisposableStack();
  const reader = connectReader(config);
  opened.defer(() => disconnect(config));
  const reads = createReads(reader, config.contracts, BigInt(config.blockRange));
  const clock = await askWorld(config, reads, account.address);
  const stop = new AbortController();
  const opinion = await openOpinion(config, names, log, opened, stop.signal);
  const database = openDatabase({
    path: config.database,
    identity: {
      chainId: config.chainId,
      contract: config.contracts.Assay,
      operator: config.owner ?? account.address,
    },
  });
  opened.defer(() => database.close());
  const watchers = createWatchers({
    ...config,
    owner: config.owner,
    settings: config.watches,
    only: names,
    startBlock: BigInt(config.startBlock),
    blockRange: BigInt(config.blockRange),
    clock,
    patience: 0,
    reader,
    reads,
    sender: createSender(reader, connectSigner(config, account), log, { signal: stop.signal }),
    database,
    log,
    opinion,
    onStep,
  });
  opened.defer(() => stop.abort(new Error("the watches stop")));
  const all = opened.move();
  const look = async (onError: (watcher: Watcher, error: unknown) => void): Promise<Outcome[]> => {
    const now = Number((await reads.head()).timestamp);
    // Side by side: one that waits for a payload must not keep the others from their deadlines.
    const looks = watchers.map(async (watcher) =>
      watcher.look(now).catch((error: unknown) => {
        onError(watcher, error);
        return [];
      }),
    );
    return (await Promise.all(looks)).flat();
  };
  return {
    watchers,
    async once() {
      const errors: unknown[] = [];
      const outcomes = await look((_, error) => errors.push(error));
      if (errors.length > 0) throw errors[0];
      return { outcomes, stats: watchers.map(({ stats }) => stats()) };
    },
    async run(signal) {
      const onStop = (): void => stop.abort(new Error("the watches stop"));
      signal.addEventListener("abort", onStop, { once: true });
      while (!signal.aborted) {
        await look((watcher, error) => {
          if (error instanceof DatabaseError && !error.retryable) throw error;
          if (!signal.aborted) log.warn("a watch failed", { watch: watcher.name, error: brief(error) });
        }).catch((error: unknown) => {
          if (error instanceof DatabaseError) throw error;
          if (!signal.aborted) log.warn("the chain could not be looked at", { error: brief(error) });
        });
        await sleep(config.pollMs, undefined, { signal }).catch(() => undefined);
      }
    },
    close: () => all.disposeAsync(),
  };
}

/** The checks before a start; an endpoint that does not answer is told as such. */
async function askWorld(
  config: WatchConfig,
  reads: ChainReads,
  key: Address,
): ReturnType<ChainReads["clock"]> {
  try {
    await preflightWatch(config, reads, key);
    return await reads.clock();
  } catch (error) {
    throw !(error instanceof AssayError) && isPassing(error) ? new ChainUnreachableError(error) : error;
  }
}

/** A model of one's own, opened only where a watch asks it. */
async function openOpinion(
  config: WatchConfig,
  names: readonly WatchName[],
  log: Logger,
  opened: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<Opinion> {
  const { model: manifest } = config;
  if (!names.includes("appeals") || manifest === undefined)
    return async () => Promise.reject(new WatchModelError());
  const model = await readModelSource({ ...config, model: manifest }).open(log);
  opened.defer(() => model.close());
  const judge = createJudge<RequestedEvent>({
    me: { chainId: config.chainId, assay: config.contracts.Assay, domain: config.domain },
    model,
    fetchPayload: (request, stop) => fetchOrRead(config, request, stop, log),
    log,
  });
  return async (request) => (await judge(request, signal)).votes;
}
