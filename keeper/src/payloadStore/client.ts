import { request } from "undici";
import type { Hex } from "viem";
import { z } from "zod";
import { AssayError } from "../lib/errors.ts";
import { printable } from "../lib/printable.ts";
import { retry } from "../lib/retry.ts";
import { hashPayload } from "../payload/schema.ts";

/** A payload store that did not take the payload. */
export class PayloadStoreError extends AssayError<
  "STORE_REFUSED" | "STORE_UNREACHABLE" | "STORE_ANSWER_WRONG",
  { store: string; given: string | number; allowed: string | number }
> {}

export type PutPayloadOptions = {
  signal?: AbortSignal;
  /** Time for everything, repetitions included, in milliseconds. */
  deadlineMs?: number;
  /** Most attempts, first one included. Repeating is safe: the same bytes have the same name. */
  attempts?: number;
};

const answerSchema = z.object({ hash: z.string(), uri: z.string().min(1).max(1_024) });

/** No answer of a store is longer than this; in bytes. */
const MAX_ANSWER_BYTES = 16_384;

/**
 * Stores the bytes and gives their hash and where others find them. The hash is our own; a store that names another
 * is refused.
 *
 * @param storeUrl base URL of a store that the operator chose; the address guard does not apply to it
 * @throws PayloadStoreError
 */
export async function putPayload(
  storeUrl: string,
  bytes: Uint8Array,
  { signal, deadlineMs = 30_000, attempts = 4 }: PutPayloadOptions = {},
): Promise<{ hash: Hex; uri: string }> {
  const hash = hashPayload(bytes);
  return retry(async ({ signal }) => ({ hash, uri: await putOnce(storeUrl, { bytes, hash, signal }) }), {
    task: "store payload",
    attempts,
    deadlineMs,
    signal,
  });
}

async function putOnce(
  storeUrl: string,
  { bytes, hash, signal }: { bytes: Uint8Array; hash: Hex; signal: AbortSignal },
): Promise<string> {
  const store = printable(storeUrl, 200);
  let status: number;
  let text: string;
  try {
    const response = await request(`${storeUrl.replace(/\/+$/, "")}/`, {
      method: "PUT",
      body: bytes,
      signal,
      headers: { "content-type": "application/octet-stream" },
    });
    status = response.statusCode;
    text = await readText(response.body);
  } catch (cause) {
    signal.throwIfAborted();
    throw new PayloadStoreError({
      code: "STORE_UNREACHABLE",
      message: "The payload store could not be reached",
      data: {
        store,
        given: cause instanceof Error ? printable(cause.message, 200) : "no answer",
        allowed: "an answer",
      },
      advice: "Check that the store runs (assay store serve) and that its URL is right.",
      retryable: true,
      cause,
    });
  }
  if (status !== 200 && status !== 201) {
    throw new PayloadStoreError({
      code: "STORE_REFUSED",
      message: "The payload store refused the payload",
      data: { store, given: `${status} ${printable(text, 300)}`, allowed: "200 or 201" },
      advice: "Its answer says why; 413 means too big, 429 too many, 507 full.",
      retryable: status === 408 || status === 429 || status >= 500,
    });
  }
  const answer = answerSchema.safeParse(parseJson(text));
  if (!answer.success || answer.data.hash !== hash) {
    throw new PayloadStoreError({
      code: "STORE_ANSWER_WRONG",
      message: "The payload store answered something else than the hash of the payload",
      data: { store, given: printable(text, 200), allowed: hash },
      advice: "Check that the URL is that of an Assay payload store.",
      retryable: false,
    });
  }
  return answer.data.uri;
}

async function readText(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
