import { keccak256, type Hex } from "viem";
import { z } from "zod";
import { canonicalJson } from "../lib/canonicalJson.ts";
import { AssayError } from "../lib/errors.ts";

/** The bounds of a payload. Whoever asks and whoever votes must agree on them: see docs/payload.md. */
export const PAYLOAD_LIMITS = {
  /** Bytes of the whole encoded payload. */
  bytes: 1_048_576,
  /** Claims, as in the contract. */
  claims: 256,
  /** UTF-8 bytes of one claim's text. */
  textBytes: 32_768,
  /** Characters of one claim's image: base64 of a PNG file of at most 196,608 bytes. */
  imageCharacters: 262_144,
  /** Numbers of one claim. */
  values: 4_096,
  /** UTF-8 bytes of one claim's answer. */
  answerBytes: 8_192,
  /** UTF-8 bytes of one claim's id. */
  idBytes: 64,
  /** Characters of the domain's name. */
  domainLength: 64,
  /** Nested brackets: the payload, its claims, a claim, its values. */
  depth: 4,
} as const;

/**
 * One question: is `answer` true, judged by the text, the image or the values? What exactly that means is fixed by the
 * domain.
 */
export type Claim = z.infer<typeof claimSchema>;

/** What a request asks, in the order of the votes: byte i of a vote answers `claims[i]`. */
export type Payload = {
  readonly version: 1;
  /** Name of the domain, e.g. `grounded`. */
  readonly domain: string;
  readonly claims: readonly Claim[];
};

export type PayloadErrorCode =
  | "PAYLOAD_TOO_BIG"
  | "PAYLOAD_NOT_UTF8"
  | "PAYLOAD_TOO_DEEP"
  | "PAYLOAD_NOT_JSON"
  | "PAYLOAD_NOT_VALID"
  | "PAYLOAD_NOT_CANONICAL";

/** These bytes are not a payload and never will be: no other mirror and no later attempt helps. */
export class PayloadError extends AssayError<PayloadErrorCode, { given: unknown; allowed: unknown }> {
  constructor(
    code: PayloadErrorCode,
    message: string,
    { given, allowed, cause }: { given: unknown; allowed: unknown; cause?: unknown },
  ) {
    super({
      code,
      message,
      data: { given, allowed },
      advice: "Build the payload with encodePayload and open a new request; this one cannot be judged.",
      retryable: false,
      cause,
    });
  }
}

/** Text of at least one character, without halves of surrogate pairs (they have no UTF-8 form), at most `maxBytes`. */
const text = (maxBytes: number) =>
  z
    .string()
    .min(1)
    .refine((value) => value.isWellFormed(), { error: "holds half of a surrogate pair" })
    .refine((value) => Buffer.byteLength(value, "utf8") <= maxBytes, {
      error: `longer than ${maxBytes} UTF-8 bytes`,
    });

/** Base64 of the eight bytes every PNG file begins with; the twelfth character holds the next byte as well. */
const PNG_START = "iVBORw0KGgo";

/** Lossless, because lossy formats decode to other pixels from machine to machine. Keepers look inside when they judge. */
const image = z
  .string()
  .max(PAYLOAD_LIMITS.imageCharacters)
  .refine((value) => value.startsWith(PNG_START), { error: "is not the base64 of a PNG file" })
  .refine((value) => Buffer.from(value, "base64").toString("base64") === value, { error: "is not base64" });

/** What a claim can be judged by; a claim has exactly one of them. */
export const CLAIM_SUBJECTS = ["text", "image", "values"] as const;

export const claimSchema = z
  .strictObject({
    text: text(PAYLOAD_LIMITS.textBytes).exactOptional(),
    image: image.exactOptional(),
    values: z.array(z.number()).min(1).max(PAYLOAD_LIMITS.values).exactOptional(),
    answer: text(PAYLOAD_LIMITS.answerBytes),
    /** The requester's own name for the claim; keepers ignore it. */
    id: text(PAYLOAD_LIMITS.idBytes).exactOptional(),
  })
  .refine((claim) => CLAIM_SUBJECTS.filter((subject) => claim[subject] !== undefined).length === 1, {
    error: `needs exactly one of ${CLAIM_SUBJECTS.join(", ")}`,
  });

/** The shape and the bounds; unknown keys are refused, because a keeper that ignores them judges something else. */
export const payloadSchema = z.strictObject({
  version: z.literal(1),
  domain: z
    .string()
    .max(PAYLOAD_LIMITS.domainLength)
    .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, { error: "only a-z, 0-9 and single inner hyphens" }),
  claims: z.array(claimSchema).min(1).max(PAYLOAD_LIMITS.claims),
});

/**
 * The one byte form of a payload: UTF-8 JSON, keys sorted, no white space, strings exactly as given.
 *
 * @throws PayloadError if the payload breaks a bound
 */
export function encodePayload(payload: Payload): Uint8Array {
  const bytes = new TextEncoder().encode(canonicalJson(checkShape(payload)));
  checkSize(bytes);
  return bytes;
}

/** keccak256 of the encoded bytes: what a request carries on the chain. */
export function hashPayload(bytes: Uint8Array): Hex {
  return keccak256(bytes);
}

/**
 * Reads bytes that {@link encodePayload} could have written, and refuses all others, so that two keepers can never
 * read two payloads out of the same bytes.
 *
 * @throws PayloadError
 */
export function parsePayload(bytes: Uint8Array): Payload {
  checkSize(bytes);
  const json = decodeUtf8(bytes);
  checkDepth(json);
  const payload = checkShape(parseJson(json));
  const canonical = new TextEncoder().encode(canonicalJson(payload));
  if (Buffer.compare(bytes, canonical) !== 0) {
    throw new PayloadError("PAYLOAD_NOT_CANONICAL", "The payload is not in its canonical form", {
      given: `${bytes.length} bytes, hash ${hashPayload(bytes)}`,
      allowed: `${canonical.length} bytes, hash ${hashPayload(canonical)}`,
    });
  }
  return payload;
}

function checkSize(bytes: Uint8Array): void {
  if (bytes.length > PAYLOAD_LIMITS.bytes) {
    throw new PayloadError("PAYLOAD_TOO_BIG", "The payload has more bytes than allowed", {
      given: bytes.length,
      allowed: PAYLOAD_LIMITS.bytes,
    });
  }
}

/** Keeps a byte order mark as a character, so that it is refused as JSON and not silently dropped. */
function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new PayloadError("PAYLOAD_NOT_UTF8", "The payload is not valid UTF-8", {
      given: `${bytes.length} bytes`,
      allowed: "UTF-8",
      cause,
    });
  }
}

/** Before parsing: a megabyte of brackets is cheap to send and dear to build. */
function checkDepth(json: string): void {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < json.length; i++) {
    const char = json[i];
    if (inString) {
      if (char === "\\") i++;
      else if (char === '"') inString = false;
    } else if (char === '"') {
      inString = true;
    } else if (char === "{" || char === "[") {
      depth++;
      if (depth > PAYLOAD_LIMITS.depth) {
        throw new PayloadError("PAYLOAD_TOO_DEEP", "The payload is nested deeper than allowed", {
          given: `more than ${PAYLOAD_LIMITS.depth}`,
          allowed: PAYLOAD_LIMITS.depth,
        });
      }
    } else if (char === "}" || char === "]") {
      depth--;
    }
  }
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new PayloadError("PAYLOAD_NOT_JSON", "The payload is not JSON", {
      given: json.slice(0, 40),
      allowed: "JSON",
      cause,
    });
  }
}

function checkShape(value: unknown): Payload {
  const result = payloadSchema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.map(String).join(".") || "payload"}: ${message}`);
  throw new PayloadError("PAYLOAD_NOT_VALID", "The payload has the wrong shape", {
    given: problems.join("; "),
    allowed: "docs/payload.md",
  });
}
