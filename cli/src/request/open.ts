import { randomBytes } from "node:crypto";

import { encodePayload, hashPayload, putPayload } from "@assay/keeper";
import { assayAbi } from "@assay/published";
import { bytesToHex, parseEventLogs, type Abi, type Hex } from "viem";

import type { Connection } from "../chain/connection.ts";
import type { Domain } from "../chain/domains.ts";
import type { ClaimLine } from "../claims.ts";
import { CliError } from "../lib/errors.ts";
import { work } from "../lib/output.ts";
import { readPrice } from "./credits.ts";
import type { SecurityBound } from "./security.ts";
import type { Actor } from "./signer.ts";

/** Largest payload that travels in the request itself, bytes. Mirrors `Assay.MAX_PAYLOAD`. */
const MAX_INLINE = 65_536;

/** The claims of one request in their canonical bytes, and where keepers find them. */
export interface PreparedPayload {
  readonly claims: number;
  readonly hash: Hex;
  /** Empty if the payload travels inline. */
  readonly uri: string;
  readonly inline: Hex;
}

export interface OpenedRequest {
  readonly requestId: Hex;
  readonly claims: number;
  /** wei reserved for all seats */
  readonly fee: bigint;
  readonly payloadHash: Hex;
  readonly uri: string;
  readonly transaction: Hex;
}

/** Cuts claims into lists of at most `size`. */
export function inBatches(claims: readonly ClaimLine[], size: number): ClaimLine[][] {
  return Array.from({ length: Math.ceil(claims.length / size) }, (_, i) =>
    claims.slice(i * size, (i + 1) * size),
  );
}

/** Encodes claims without their truth and puts them where keepers find them: into the store, or inline. */
export async function preparePayload(
  domain: Domain,
  claims: readonly ClaimLine[],
  store: string | undefined,
): Promise<PreparedPayload> {
  const bytes = encodePayload({
    version: 1,
    domain: domain.name,
    claims: claims.map(({ truth: _truth, ...claim }) => claim),
  });
  const hash = hashPayload(bytes);
  if (store !== undefined) {
    const { uri } = await putPayload(store, bytes);
    return { claims: claims.length, hash, uri, inline: "0x" };
  }
  if (bytes.length <= MAX_INLINE) return { claims: claims.length, hash, uri: "", inline: bytesToHex(bytes) };
  throw new CliError(
    "PAYLOAD_TOO_BIG_TO_INLINE",
    "The payload is too big to travel in the request",
    { given: bytes.length, allowed: MAX_INLINE, claims: claims.length },
    "Name a payload store with --store, or ask fewer claims at once with --batch.",
  );
}

export interface RequestPlan {
  readonly domain: Domain;
  readonly payload: PreparedPayload;
  readonly seats: number;
  /** wei; undefined allows a tenth more than the price of now */
  readonly maxFee: bigint | undefined;
  /** Demanded of the contract as well: the quote may have changed since it was read. */
  readonly security: SecurityBound | undefined;
  /** What the request seals; a random word unless it is a canary. */
  readonly note?: Hex;
}

/** @throws CliError if a request with that many claims costs more than allowed */
export function requireAffordable(
  price: bigint,
  { claims, seats, maxFee }: { claims: number; seats: number; maxFee: bigint | undefined },
): void {
  const fee = price * BigInt(claims * seats);
  if (maxFee === undefined || fee <= maxFee) return;
  throw new CliError(
    "FEE_ABOVE_MAX",
    "A request costs more than allowed",
    { fee: work(fee), allowed: work(maxFee), claims },
    "Raise --max-fee, ask fewer claims at once with --batch, or wait: the price falls with time.",
  );
}

/** Opens one request. The nonce is a random word, and so is the note: that of a canary looks like any other. */
export async function openRequest(
  connection: Connection,
  actor: Actor,
  { domain, payload, seats, maxFee, security, note }: RequestPlan,
): Promise<OpenedRequest> {
  const price = await readPrice(connection, domain.id);
  requireAffordable(price, { claims: payload.claims, seats, maxFee });
  const now = price * BigInt(payload.claims * seats);
  const ask = {
    domain: domain.id,
    claims: payload.claims,
    nonce: BigInt(bytesToHex(randomBytes(32))),
    payloadHash: payload.hash,
    sealedNote: note ?? bytesToHex(randomBytes(32)),
    maxFee: maxFee ?? now + now / 10n,
    uri: payload.uri,
    payload: payload.inline,
  };
  const receipt =
    security === undefined
      ? await actor.send(connection.at.Assay, assayAbi as Abi, "request", [ask])
      : await actor.send(connection.at.Assay, assayAbi as Abi, "requestSecured", [
          ask,
          security.maxCapture,
          security.attackerShare,
        ]);
  const [opened] = parseEventLogs({
    abi: assayAbi,
    eventName: "Requested",
    logs: receipt.logs,
    strict: true,
  });
  if (opened === undefined) throw new Error(`transaction ${receipt.transactionHash} opened no request`);
  const { requestId, terms } = opened.args;
  return {
    requestId,
    claims: terms.claims,
    fee: terms.price * BigInt(terms.claims * seats),
    payloadHash: terms.payloadHash,
    uri: payload.uri === "" ? "inline" : payload.uri,
    transaction: receipt.transactionHash,
  };
}
