import { AssayError } from "../lib/errors.ts";
import { printable } from "../lib/printable.ts";

export type RemoteErrorCode =
  /** No complete answer: connection, TLS, or time for one attempt over. */
  | "REMOTE_UNREACHABLE"
  /** Too many requests, or not ready: 429, 503. */
  | "REMOTE_BUSY"
  /** Any other 5xx, and 408. */
  | "REMOTE_FAILED"
  /** Any other status, redirects among them. */
  | "REMOTE_REFUSED"
  | "REMOTE_ANSWER_TOO_BIG"
  /** Not what the protocol says. */
  | "REMOTE_ANSWER_WRONG"
  /** The server's model is not the manifest's. */
  | "REMOTE_MODEL_WRONG";

const ADVICE: Record<RemoteErrorCode, string> = {
  REMOTE_UNREACHABLE: "Check that the inference server runs and that remote.url is right.",
  REMOTE_BUSY: "Give the server more capacity, or ask less at once (remote.maxConcurrent).",
  REMOTE_FAILED: "The server's own log says why.",
  REMOTE_REFUSED: "Check remote.url, remote.model and the token; redirects are not followed.",
  REMOTE_ANSWER_TOO_BIG: "Check that the server speaks the protocol of remote.kind.",
  REMOTE_ANSWER_WRONG: "Check that the server speaks the protocol of remote.kind.",
  REMOTE_MODEL_WRONG:
    "Serve the model the manifest describes, or write a manifest for the one that is served.",
};

const RETRYABLE: ReadonlySet<RemoteErrorCode> = new Set([
  "REMOTE_UNREACHABLE",
  "REMOTE_BUSY",
  "REMOTE_FAILED",
]);

export interface RemoteErrorData {
  /** Path asked for; never the headers, never a claim. */
  readonly path: string;
  readonly given: string;
  readonly allowed: string;
  readonly status?: number | undefined;
  /** What the server asked us to wait, milliseconds. */
  readonly retryAfterMs?: number | undefined;
  readonly [more: string]: unknown;
}

/** An inference server did not give what was asked for. */
export class RemoteError extends AssayError<RemoteErrorCode, RemoteErrorData> {
  constructor(code: RemoteErrorCode, data: RemoteErrorData, cause?: unknown) {
    super({
      code,
      message: "The inference server did not answer as it should",
      data: { ...data, given: printable(data.given, 300) },
      advice: ADVICE[code],
      retryable: RETRYABLE.has(code),
      cause,
    });
  }
}

/**
 * True if a single claim of a batch may have caused this: then the others are worth asking again without it. A server
 * that is away, full or refuses us altogether would only be asked more often.
 */
export function mayBeOneClaim(error: unknown): boolean {
  if (!(error instanceof RemoteError)) return false;
  const { code, data } = error;
  if (code === "REMOTE_ANSWER_WRONG" || code === "REMOTE_ANSWER_TOO_BIG") return true;
  return data.status !== undefined && [400, 413, 422, 500].includes(data.status);
}
