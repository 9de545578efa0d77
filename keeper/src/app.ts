import { hexToBytes, type Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import { connectReader, connectSigner } from "./chain/client.ts";
import { preflight } from "./chain/preflight.ts";
import { createReads, type RequestedEvent } from "./chain/reads.ts";
import { createSender } from "./chain/sender.ts";
import { createWrites } from "./chain/writes.ts";
import type { Config } from "./config.ts";
import { createCursor } from "./db/cursor.ts";
import { openDatabase } from "./db/open.ts";
import { createRequestTable } from "./db/requests.ts";
import { createVoteGuard } from "./db/voteGuard.ts";
import type { Logger } from "./lib/logger.ts";
import { readModel } from "./model/manifest.ts";
import { loadModel } from "./model/session.ts";
import { fetchPayload } from "./payload/fetch.ts";
import { parsePayload, hashPayload } from "./payload/schema.ts";
import { createBookkeeper } from "./services/bookkeeper.ts";
import { createCloser } from "./services/closer.ts";
import type { ServiceDeps, Step } from "./services/deps.ts";
import { createTicker, type Ticker } from "./services/ticker.ts";
import { createVoter } from "./services/voter.ts";
import { decodeTerms, encodeTerms } from "./chain/terms.ts";

export interface AppOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Called after each step of a vote; tests stop the process there. */
  readonly onStep?: (step: Step) => void | Promise<void>;
}

export type App = Ticker & { close(): Promise<void> };

/** Builds a keeper top to bottom and asks the world whether it may start. */
export async function buildApp({ config, log, onStep = () => {} }: AppOptions): Promise<App> {
  log.protect(config.hotKey);
  const file = readModel(config.model);
  const account = privateKeyToAccount(config.hotKey.reveal());
  const reader = connectReader(config);
  const signer = connectSigner(config, account);
  const reads = createReads(reader, config.contracts);
  await preflight({ config, reads, hotKey: account.address, model: file.manifest, log });
  const model = await loadModel(file);

  const database = openDatabase({
    path: config.database,
    identity: { chainId: config.chainId, contract: config.contracts.Assay, operator: config.owner },
  });
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
    writes: createWrites(createSender(reader, signer, log), config.contracts),
    guard: createVoteGuard(database),
    requests: createRequestTable(database, encodeTerms, decodeTerms),
    cursor: createCursor(database),
    model,
    fetchPayload: (request, signal) => fetchOrRead(config, request, signal, log),
    log,
    onStep,
  };
  const startBlock = BigInt(config.startBlock);
  const ticker = createTicker({
    deps,
    voter: createVoter(deps),
    closer: createCloser(deps),
    bookkeeper: createBookkeeper(deps, {
      minOutcomes: config.minOutcomes,
      clock: await reads.clock(),
      startBlock,
    }),
    follow: { confirmations: config.confirmations, startBlock },
    pollMs: config.pollMs,
  });
  return {
    ...ticker,
    async close() {
      await ticker.stop();
      database.close();
      await model.close();
    },
  };
}

/** The payload of a request: from its event if it travelled there, else from its URI or a mirror, by its hash. */
async function fetchOrRead(
  { payload: options }: Config,
  { payload, uri, terms }: RequestedEvent,
  signal: AbortSignal,
  log: Logger,
) {
  if (payload !== "0x") {
    const bytes = hexToBytes(payload);
    const hash: Hex = hashPayload(bytes);
    if (hash !== terms.payloadHash) throw new Error(`the inline payload hashes to ${hash}`);
    return { payload: parsePayload(bytes), bytes, uri: "inline" };
  }
  const mirrors = options.mirrors.map((mirror) => `${mirror.replace(/\/$/, "")}/${terms.payloadHash}`);
  return fetchPayload({
    uris: [uri, ...mirrors].filter((candidate) => candidate !== ""),
    hash: terms.payloadHash,
    limits: { deadlineMs: options.deadlineMs },
    policy: options,
    signal,
    log,
  });
}
