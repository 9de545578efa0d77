/**
 * What an operator is asked directly, over HTTP and beside the protocol, and how it signs its answer. Whoever shows the
 * bytes of a question and the signed answer shows what that operator said.
 */
import { isHex, keccak256, type Address, type Hex } from "viem";
import { z } from "zod";

import { addressSchema } from "../chain/addresses.ts";
import type { Terms } from "../mirror/commitment.ts";
import { PAYLOAD_LIMITS } from "../payload/schema.ts";

/** Base64 of the largest payload, and the rest of a question. */
export const MAX_QUESTION_BYTES = 4 * Math.ceil(PAYLOAD_LIMITS.bytes / 3) + 4_096;
/** Votes of the largest payload in hexadecimal, and the rest of an answer. */
export const MAX_ANSWER_BYTES = 2 * PAYLOAD_LIMITS.claims + 4_096;
/** Base rates a domain can have, bytes: 0.05 … 0.95. */
const [LOWEST_RATE, HIGHEST_RATE] = [13, 242];

const bytes32 = z.custom<Hex>((value) => isHex(value) && value.length === 66, {
  error: "0x and 64 hexadecimal digits",
});
const uint = (bits: number) =>
  z
    .int()
    .min(0)
    .max(2 ** bits - 1);
const amount = (bits: bigint) =>
  z
    .string()
    .regex(/^\d{1,78}$/, { error: "a whole number as text" })
    .transform(BigInt)
    .refine((value) => value < 1n << bits, { error: `not below 2^${bits}` });

/** Terms of a request as JSON, amounts as decimal text. */
export const termsSchema = z.strictObject({
  requester: addressSchema,
  nonce: amount(256n),
  domain: uint(16),
  version: uint(16),
  epoch: uint(24),
  claims: uint(16),
  baseRate: uint(8),
  price: amount(88n),
  payloadHash: bytes32,
  sealedNote: bytes32,
});

const common = {
  version: z.literal(1),
  /** Chosen anew for every question: an answer to an earlier one does not fit. */
  nonce: bytes32,
  /** The canonical bytes of the payload. */
  payload: z.base64().min(1),
};

/** About a request that was opened, or about claims that stand for themselves. */
export const questionSchema = z.union([
  z.strictObject({ ...common, terms: termsSchema }),
  z.strictObject({ ...common, baseRate: z.int().min(LOWEST_RATE).max(HIGHEST_RATE) }),
]);
export type Question = z.infer<typeof questionSchema>;

/** A question as it is sent. */
export interface PreparedQuestion {
  readonly body: string;
  /** What the answer names. */
  readonly hash: Hex;
  readonly payloadHash: Hex;
  readonly domain: number;
  /** Zero if the claims stand for themselves. */
  readonly requestId: Hex;
  readonly baseRate: number;
  readonly claims: number;
}

export const NO_REQUEST: Hex = `0x${"0".repeat(64)}`;

/** Writes a question about a request. */
export function questionAbout(
  { requestId, terms }: { readonly requestId: Hex; readonly terms: Terms },
  payload: Uint8Array,
  nonce: Hex,
): PreparedQuestion {
  const { baseRate, claims, domain } = terms;
  const asked = { ...terms, nonce: terms.nonce.toString(), price: terms.price.toString() };
  return prepare({ nonce, terms: asked }, payload, { domain, requestId, baseRate, claims });
}

/** Writes a question about claims that belong to no request. */
export function questionOf(
  { domain, baseRate, claims }: Pick<PreparedQuestion, "domain" | "baseRate" | "claims">,
  payload: Uint8Array,
  nonce: Hex,
): PreparedQuestion {
  return prepare({ nonce, baseRate }, payload, { domain, requestId: NO_REQUEST, baseRate, claims });
}

function prepare(
  fields: object,
  payload: Uint8Array,
  about: Pick<PreparedQuestion, "domain" | "requestId" | "baseRate" | "claims">,
): PreparedQuestion {
  const text = Buffer.from(payload).toString("base64");
  const body = JSON.stringify({ version: 1, ...fields, payload: text });
  return { ...about, body, hash: hashQuestion(Buffer.from(body)), payloadHash: keccak256(payload) };
}

/** What an answer names its question by. */
export function hashQuestion(body: Uint8Array): Hex {
  return keccak256(body);
}

/** What an operator says, and signs with its hot key. */
export interface Answer {
  readonly question: Hex;
  readonly domain: number;
  /** Owner address of the operator. */
  readonly operator: Address;
  readonly requestId: Hex;
  readonly payloadHash: Hex;
  readonly modelHash: Hex;
  /** The base rate the votes were moved to. */
  readonly baseRate: number;
  /** One byte a claim, as in a vote. */
  readonly votes: Hex;
  /** ms it took to load the model for this answer, and to run it. */
  readonly loadMs: number;
  readonly inferMs: number;
}

export const ANSWER_TYPES = {
  Answer: [
    { name: "question", type: "bytes32" },
    { name: "domain", type: "uint16" },
    { name: "operator", type: "address" },
    { name: "requestId", type: "bytes32" },
    { name: "payloadHash", type: "bytes32" },
    { name: "modelHash", type: "bytes32" },
    { name: "baseRate", type: "uint8" },
    { name: "votes", type: "bytes" },
    { name: "loadMs", type: "uint32" },
    { name: "inferMs", type: "uint32" },
  ],
} as const;

/** The answer as EIP-712 typed data, for the deployment it belongs to. */
export function typedAnswer({ chainId, assay }: { chainId: number; assay: Address }, message: Answer) {
  return {
    domain: { name: "Assay Answer", version: "1", chainId, verifyingContract: assay },
    types: ANSWER_TYPES,
    primaryType: "Answer" as const,
    message,
  };
}

const hex = z.custom<Hex>((value) => isHex(value) && value.length % 2 === 0, { error: "hexadecimal bytes" });

/** An answer as it is sent. */
export const signedAnswerSchema = z.strictObject({
  version: z.literal(1),
  answer: z.strictObject({
    question: bytes32,
    domain: uint(16),
    operator: addressSchema,
    requestId: bytes32,
    payloadHash: bytes32,
    modelHash: bytes32,
    baseRate: uint(8),
    votes: hex,
    loadMs: uint(32),
    inferMs: uint(32).min(1),
  }),
  signature: hex,
});
export type SignedAnswer = z.infer<typeof signedAnswerSchema>;
