import { z } from "zod";

import type { Terms } from "./types.ts";

const hex = z.templateLiteral(["0x", z.string()]);
const schema = z.strictObject({
  requester: hex,
  nonce: z.string().transform(BigInt),
  domain: z.int(),
  version: z.int(),
  epoch: z.int(),
  claims: z.int(),
  baseRate: z.int(),
  price: z.string().transform(BigInt),
  payloadHash: hex,
  sealedNote: hex,
});

/** Terms as JSON text, amounts as decimal strings. */
export function encodeTerms({ nonce, price, ...rest }: Terms): string {
  return JSON.stringify({ ...rest, nonce: nonce.toString(), price: price.toString() });
}

/** Terms from {@link encodeTerms}; throws on anything else. */
export function decodeTerms(text: string): Terms {
  return schema.parse(JSON.parse(text));
}
