import { hexToBytes } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import { connectReader, connectSigner, disconnect, type Reader } from "./chain/client.ts";
import { createCloneReads } from "./chain/cloneReads.ts";
import { preflight } from "./chain/preflight.ts";
import { createReads, type ChainReads, type RequestedEvent } from "./chain/reads.ts";
import { createSender } from "./chain/sender.ts";
import { decodeTerms, encodeTerms } from "./chain/terms.ts";
import { ChainUnreachableError, isPassing } from "./chain/trouble.ts";
import { createWrites } from "./chain/writes.ts";
import { secretsOf, type Config } from "./config.ts";
import { createCursor } from "./db/cursor.ts";
import { openDatabase } from "./db/open.ts";
import { createRequestTable } from "./db/requests.ts";
import { createVoteGuard } from "./db/voteGuard.ts";
import { AssayError } from "./lib/errors.ts";
import type { HttpServer } from "./lib/httpServer.ts";
import type { Logger } from "./lib/logger.ts";
import type { MetricsServer } from "./metrics/server.ts";
import { readModelSource } from "./modelSource.ts";
import { createAccused, type Accused } from "./services/accused.ts";
import { createBookkeeper } from "./services/bookkeeper.ts";
import { createCloser } from "./services/closer.ts";
import type { ServiceDeps, Step } from "./services/deps.ts";
import { createJudge } from "./services/decide.ts";
import { fetchOrRead } from "./services/fetchOrRead.ts";
import { createTicker, type Ticker } from "./services/ticker.ts";
import { createVoter } from "./services/voter.ts";
import type { Opinion } from "./watches/appeals.ts";
import { createWatchers } from "./watches/build.ts";
import type { Watcher } from "./watches/runner.ts";

export interface AppOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Ends the start. */
  readonly signal?: AbortSignal;
  /** Called after each step of a vote; tests stop the process there. */
  readonly onStep?: (step: Step) => void | Promise<void>;
}

export type App = Ticker & {
  /** Stops, and lets go of everything. Whatever was under way is found on the chain by the next start. */
  close(): Promise<void>;
};

/**
 * Builds a keeper top to bottom and asks the world whether it may start. Whatever fails or stops it, nothing stays open.
 *
 * @throws the reason of `signal` if it fires meanwhile
 */
export async function buildApp({ config, log, signal, onStep = () => {} }: AppOptions): Promise<App> {
  for (const secret of secretsOf(config)) log.protect(secret);
  const source = readModelSource(config);
  const account = privateKeyToAccount(config.hotKey.reveal());
  // Closed in reverse, when the keeper stops and when its start fails.
  await using opened = new AsyncDisposableStack();
  const reader = connectReader(config);
  opened.defer(() => disconnect(config));
  const reads = createReads(reader, config.contracts, BigInt(config.blockRange));
  const clock = await askWorld({ config, reads, hotKey: account.address, model: source.identity, log });
  signal?.throwIfAborted();
  const model = await source.open(log);
  opened.defer(() => model.close());
  signal?.throwIfAborted();
  const database = openDatabase({
    path: config.database,
    identity: { chainId: config.chainId, contract: config.contracts.Assay, operator: config.owner },
  });
  opened.defer(() => database.close());
  const stopSending = new AbortController();
  const sender = createSender(reader, connectSigner(config, account), log, { signal: stopSending.signal });
  const requests = createRequestTable(database, encodeTerms, decodeTerms);
  const deps: ServiceDeps = {
    me: {
      chainId: config.chainId,
      assay: config.contracts.Assay,
      owner: config.owner,
      hotKey: config.hotKey,
      domain: config.domain,
      spread: config.spread,
    },
    reads,
    writes: createWrites(sender, config.contracts),
    guard: createVoteGuard(database),
    requests,
    cursor: createCursor(database),
    model,
    fetchPayload: (request, stop, mostMs) =>
      fetchOrRead(config, { ...request, payload: requests.payloadOf(request.requestId) }, stop, log, mostMs),
    log,
    onStep,
  };
  const startBlock = BigInt(config.startBlock);
  const watchers = createWatchers({
    ...config,
    settings: config.watches,
    startBlock,
    blockRange: BigInt(config.blockRange),
    clock,
    patience: Math.ceil(Math.min(config.spread, clock.epochLength / 4)) + BOOKS_SECONDS,
    reader,
    reads,
    sender,
    database,
    log,
    opinion: opinionOf(deps, stopSending.signal),
    onStep,
  });
  const ticker = createTicker({
    deps,
    voter: createVoter(deps),
    closer: createCloser(deps),
    bookkeeper: createBookkeeper(deps, { minOutcomes: config.minOutcomes, clock, startBlock }),
    watchers,
    accused: accusedOf(config, deps, reader),
    follow: { confirmations: config.confirmations, startBlock },
    pollMs: config.pollMs,
  });
  opened.defer(async () => void (await ticker.stop()));
  const metrics = await startMetrics(config, deps, ticker, watchers);
  opened.defer(() => metrics?.close());
  const ask = await startAsk(config, deps);
  opened.defer(() => ask?.close(500));
  // Before anything is waited for.
  opened.defer(() => stopSending.abort(new Error("the keeper stops")));
  signal?.throwIfAborted();
  const all = opened.move();
  return { ...ticker, close: () => all.disposeAsync() };
}

/** Who looks for reports of the own operator as a clone; nobody where the configuration names no registry. */
function accusedOf(
  { contracts, startBlock, blockRange, watches }: Config,
  deps: ServiceDeps,
  reader: Reader,
): Accused | undefined {
  const { CloneRegistry } = contracts;
  if (CloneRegistry === undefined) return undefined;
  const clones = createCloneReads(reader, { ...contracts, CloneRegistry }, BigInt(blockRange));
  return createAccused(deps, clones, { startBlock: BigInt(startBlock), lookMs: watches.lookMs });
}

/** What the own model says of a request: its vote if there is one, which is what was judged in time. */
function opinionOf({ me, model, guard, fetchPayload, log }: ServiceDeps, signal: AbortSignal): Opinion {
  const judge = createJudge<RequestedEvent>({ me, model, fetchPayload, log });
  return async (request) => {
    const vote = guard.getVote({ requestId: request.requestId, round: 0 });
    return vote === undefined ? (await judge(request, signal)).votes : hexToBytes(vote.votes);
  };
}

/** The checks before a start; an endpoint that does not answer is told as such. */
async function askWorld(world: Parameters<typeof preflight>[0]): ReturnType<ChainReads["clock"]> {
  try {
    await preflight(world);
    return await world.reads.clock();
  } catch (error) {
    throw !(error instanceof AssayError) && isPassing(error) ? new ChainUnreachableError(error) : error;
  }
}

/** Seconds an epoch's debts are left to the books after their turn. */
const BOOKS_SECONDS = 60;

/** Looks at the chain that may fail before the keeper counts as unwell, and the least time for them, ms. */
const MISSED_LOOKS = 5;
const LEAST_MISSED_MS = 30_000;

/** The endpoint for Prometheus, if it is wanted; what is not wanted is not even loaded. */
async function startMetrics(
  { metrics: address, pollMs }: Config,
  { model, cursor, requests, log }: ServiceDeps,
  { lastLook }: Ticker,
  watchers: readonly Watcher[],
): Promise<MetricsServer | undefined> {
  if (address === undefined) return undefined;
  const [{ createMetrics }, { serveMetrics }] = await Promise.all([
    import("./metrics/registry.ts"),
    import("./metrics/server.ts"),
  ]);
  const registry = createMetrics({
    stats: model.stats,
    lastBlock: () => cursor.get()?.number,
    openRequests: () => requests.countOpen(),
    lastLook,
    watches: () => watchers.map(({ stats }) => stats()),
  });
  const startedAt = Date.now();
  const problems = (): string[] => {
    const silentMs = Date.now() - (lastLook() ?? startedAt);
    const isSilent = silentMs > Math.max(LEAST_MISSED_MS, MISSED_LOOKS * pollMs);
    return [
      ...(isSilent ? [`no look at the chain succeeded for ${Math.round(silentMs / 1_000)} s`] : []),
      ...(model.isRunning?.() === false ? ["the model is not running"] : []),
    ];
  };
  return serveMetrics({ ...address, registry, problems, log });
}

/** The endpoint for questions, if it is wanted. */
async function startAsk({ ask }: Config, deps: ServiceDeps): Promise<HttpServer | undefined> {
  if (ask === undefined) return undefined;
  const [{ createAnswerer }, { serveAsk }] = await Promise.all([
    import("./ask/answerer.ts"),
    import("./ask/server.ts"),
  ]);
  const { host, port, anyClaims, deadlineMs } = ask;
  const answerer = createAnswerer(deps, { anyClaims });
  return serveAsk({ host, port, answerer, limits: { deadlineMs }, log: deps.log });
}
