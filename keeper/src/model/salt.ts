import { createHmac } from "node:crypto";

import { concatHex, hexToBytes, numberToHex, type Address, type Hex } from "viem";

import { Secret } from "../lib/secret.ts";

export interface SaltContext {
  readonly chainId: number;
  readonly contract: Address;
  readonly owner: Address;
  readonly requestId: Hex;
  readonly round: number;
}

/**
 * The salt of a vote, derived from the hot key and the request: a lost disk never loses a reveal, and nobody without
 * the key can guess it. HMAC-SHA-256 over fixed-width fields, under a key of its own.
 */
export function deriveSalt(hotKey: Secret<Hex>, context: SaltContext): Secret<Hex> {
  const key = createHmac("sha256", hexToBytes(hotKey.reveal())).update("assay salt v1").digest();
  const message = concatHex([
    numberToHex(context.chainId, { size: 32 }),
    context.contract,
    context.owner,
    context.requestId,
    numberToHex(context.round, { size: 32 }),
  ]);
  return new Secret(`0x${createHmac("sha256", key).update(hexToBytes(message)).digest("hex")}` as Hex);
}
