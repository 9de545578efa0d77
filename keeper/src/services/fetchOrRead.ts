import { hexToBytes } from "viem";

import type { RequestedEvent } from "../chain/reads.ts";
import type { Config } from "../config.ts";
import type { Logger } from "../lib/logger.ts";
import { DEFAULT_FETCH_LIMITS, fetchPayload, type FetchedPayload } from "../payload/fetch.ts";
import { hashPayload, parsePayload } from "../payload/schema.ts";
import { UnfitPayloadError } from "./decide.ts";

/**
 * The payload of a request: from its event if it travelled there, else from its URI or a mirror, by its hash.
 *
 * @param mostMs time for all mirrors, where it is less than configured
 */
export async function fetchOrRead(
  { payload: options }: Pick<Config, "payload">,
  { payload, uri, terms }: RequestedEvent,
  signal: AbortSignal,
  log: Logger,
  mostMs = Infinity,
): Promise<FetchedPayload> {
  if (payload !== "0x") {
    const bytes = hexToBytes(payload);
    const hash = hashPayload(bytes);
    if (hash !== terms.payloadHash) throw new UnfitPayloadError(`hash ${hash}`, `hash ${terms.payloadHash}`);
    return { payload: parsePayload(bytes), bytes, uri: "inline" };
  }
  const deadlineMs = Math.min(options.deadlineMs, mostMs);
  const mirrors = options.mirrors.map((mirror) => `${mirror.replace(/\/$/, "")}/${terms.payloadHash}`);
  return fetchPayload({
    uris: [uri, ...mirrors].filter((candidate) => candidate !== ""),
    hash: terms.payloadHash,
    // One mirror that hangs must leave time for another.
    limits: { deadlineMs, attemptMs: Math.min(DEFAULT_FETCH_LIMITS.attemptMs, deadlineMs / 2) },
    policy: options,
    signal,
    log,
  });
}
