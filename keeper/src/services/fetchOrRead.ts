import { hexToBytes } from "viem";

import type { RequestedEvent } from "../chain/reads.ts";
import type { Config } from "../config.ts";
import type { Logger } from "../lib/logger.ts";
import { fetchPayload, type FetchedPayload } from "../payload/fetch.ts";
import { hashPayload, parsePayload } from "../payload/schema.ts";
import { UnfitPayloadError } from "./decide.ts";

/** The payload of a request: from its event if it travelled there, else from its URI or a mirror, by its hash. */
export async function fetchOrRead(
  { payload: options }: Pick<Config, "payload">,
  { payload, uri, terms }: RequestedEvent,
  signal: AbortSignal,
  log: Logger,
): Promise<FetchedPayload> {
  if (payload !== "0x") {
    const bytes = hexToBytes(payload);
    const hash = hashPayload(bytes);
    if (hash !== terms.payloadHash) throw new UnfitPayloadError(`hash ${hash}`, `hash ${terms.payloadHash}`);
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
