import { fetchPayload, hashPayload, type commitment } from "@assay/keeper";
import { assayAbi, assayLensAbi } from "@assay/published";
import { hexToBytes, parseEventLogs, toHex, type Address, type Hex } from "viem";

import type { Connection } from "../chain/connection.ts";
import { logsOf } from "../chain/logs.ts";
import { CliError } from "../lib/errors.ts";

/** A request whose operators can be asked. */
export interface AskedRequest {
  readonly requestId: Hex;
  readonly terms: commitment.Terms;
  /** Its canonical bytes. */
  readonly payload: Uint8Array;
  /** Its seed, widened to 32 bytes. */
  readonly seed: Hex;
  /** Votes by owner, as revealed in the request's own round. */
  readonly revealed: ReadonlyMap<Address, Hex>;
}

/**
 * A request with the bytes it asks about.
 *
 * @throws CliError if there is none; PayloadUnavailableError if nobody has its payload
 */
export async function readAskedRequest(
  connection: Connection,
  requestId: Hex,
  { allowPrivate }: { readonly allowPrivate: boolean },
): Promise<AskedRequest> {
  const { client, at, reads } = connection;
  const last = await client.getBlockNumber();
  const logs = await logsOf(connection, [at.Assay], [null, requestId], last);
  const [event] = parseEventLogs({ abi: assayAbi, eventName: "Requested", logs, strict: true });
  // The id is the hash of the terms: an endpoint that lies is noticed here.
  if (event === undefined || (await reads.idOf(event.args.terms)) !== requestId) {
    throw new CliError(
      "UNKNOWN_REQUEST",
      "There is no request with this id",
      { requestId, Assay: at.Assay, chainId: connection.chainId },
      "Check the id, --rpc and --deployment.",
    );
  }
  const { terms, uri, payload } = event.args;
  const lens = { address: at.AssayLens, abi: assayLensAbi, args: [requestId] } as const;
  const { seed } = await client.readContract({ ...lens, functionName: "roundOf" });
  const reveals = parseEventLogs({ abi: assayAbi, eventName: "Revealed", logs, strict: true });
  return {
    requestId,
    terms,
    payload: await bytesOf(terms.payloadHash, payload, uri, allowPrivate),
    seed: toHex(seed, { size: 32 }),
    revealed: new Map(reveals.map(({ args }) => [args.owner, args.votes])),
  };
}

async function bytesOf(hash: Hex, inline: Hex, uri: string, allowPrivate: boolean): Promise<Uint8Array> {
  if (inline === "0x") return (await fetchPayload({ uris: [uri], hash, policy: { allowPrivate } })).bytes;
  const bytes = hexToBytes(inline);
  if (hashPayload(bytes) === hash) return bytes;
  throw new CliError(
    "PAYLOAD_UNFIT",
    "The payload inside the request is not the one it names",
    { given: hashPayload(bytes), allowed: hash },
    "No operator can have voted on it; open another request.",
  );
}
