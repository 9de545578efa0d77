import { Agent, request, type Dispatcher } from "undici";

import { isRetryable } from "../lib/errors.ts";
import { retry, withDeadline } from "../lib/retry.ts";
import type { Secret } from "../lib/secret.ts";
import { RemoteError } from "./errors.ts";
import { createSlots } from "./slots.ts";

/** No answer to a batch or a question is longer, bytes. */
export const MAX_ANSWER_BYTES = 1_048_576;

/** Of an answer that is an error, this much is read for the log, bytes. */
const MAX_ERROR_BYTES = 2_048;

export interface HttpOptions {
  /** Base of the server, chosen by the operator; paths are put behind it. */
  readonly url: string;
  /** Time for one attempt, milliseconds. */
  readonly attemptMs: number;
  /** Most repetitions after trouble that may pass. */
  readonly retries: number;
  /** Most requests at once. */
  readonly maxConcurrent: number;
  /** Sent as `Authorization: Bearer`. */
  readonly token?: Secret<string> | undefined;
}

export interface Question {
  readonly method: "GET" | "POST";
  /** Begins with a slash. */
  readonly path: string;
  readonly body?: unknown;
}

export interface Limits {
  readonly signal: AbortSignal;
  /** Moment of performance.now() after which no attempt begins. */
  readonly deadlineAt: number;
}

export interface Http {
  /**
   * The JSON of a complete answer with status 200. Repeats what may pass (429, 5xx, lost connections, slow attempts),
   * never what will not; asking is free of effects, so repeating is safe.
   *
   * @throws RemoteError, or the reason of the signal
   */
  ask(question: Question, limits: Limits): Promise<unknown>;
  close(): Promise<void>;
}

/** HTTP to one inference server: a few connections, no redirects, bounded answers, bounded time. */
export function createHttp(options: HttpOptions): Http {
  const base = options.url.replace(/\/+$/, "");
  const agent = new Agent({ connections: options.maxConcurrent, pipelining: 1 });
  const slots = createSlots(options.maxConcurrent);

  const askOnce = async (question: Question, signal: AbortSignal): Promise<unknown> => {
    const ms = options.attemptMs;
    const { path } = question;
    try {
      return await withDeadline({ task: "remote inference", ms, signal }, async (inner) => {
        const response = await request(base + path, {
          dispatcher: agent,
          method: question.method,
          signal: inner,
          headers: headers(question, options.token),
          body: question.body === undefined ? null : JSON.stringify(question.body),
        });
        return readAnswer(response, path);
      });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof RemoteError) throw error;
      // undici's own words name host and port at most.
      throw new RemoteError(
        "REMOTE_UNREACHABLE",
        { path, given: String(error), allowed: `an answer within ${ms} ms` },
        error,
      );
    }
  };

  return {
    ask: (question, { signal, deadlineAt }) =>
      retry(({ signal: inner }) => slots.run(inner, () => askOnce(question, inner)), {
        task: "remote inference",
        attempts: 1 + options.retries,
        firstDelayMs: 200,
        maxDelayMs: 2_000,
        signal,
        askedDelayMs,
        // A wait that ends after the deadline would only hold up the claims that have their answer.
        shouldRetry: (error) => isRetryable(error) && performance.now() + askedDelayMs(error) < deadlineAt,
      }),
    close: () => agent.destroy(),
  };
}

/**
 * Asks before the first request.
 *
 * @throws DeadlineError, which is retryable, after `ms` milliseconds
 */
export function withinTime<T>(ms: number, ask: (limits: Limits) => Promise<T>): Promise<T> {
  const deadlineAt = performance.now() + ms;
  return withDeadline({ task: "reach the inference server", ms }, (signal) => ask({ signal, deadlineAt }));
}

function headers({ body }: Question, token: Secret<string> | undefined): Record<string, string> {
  return {
    accept: "application/json",
    "accept-encoding": "identity",
    "user-agent": "assay-keeper",
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` }),
  };
}

function askedDelayMs(error: unknown): number {
  return error instanceof RemoteError ? (error.data.retryAfterMs ?? 0) : 0;
}

async function readAnswer(response: Dispatcher.ResponseData, path: string): Promise<unknown> {
  const { statusCode: status, body } = response;
  // What is wrong with the body is thrown below; a late error after that has no other listener.
  body.on("error", () => {});
  if (status !== 200) {
    const given = `${status} ${await readText(body, path, MAX_ERROR_BYTES).catch(() => "")}`;
    const retryAfterMs = parseRetryAfter(response.headers["retry-after"]);
    const about = { path, given, allowed: "status 200", status };
    if (status === 429 || status === 503) throw new RemoteError("REMOTE_BUSY", { ...about, retryAfterMs });
    throw new RemoteError(status >= 500 || status === 408 ? "REMOTE_FAILED" : "REMOTE_REFUSED", about);
  }
  const text = await readText(body, path, MAX_ANSWER_BYTES);
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch (cause) {
    throw new RemoteError("REMOTE_ANSWER_WRONG", { path, given: text, allowed: "JSON" }, cause);
  }
}

/** Counts while it reads: never holds more than `maxBytes` and one chunk, and an endless body stops here. */
async function readText(
  body: Dispatcher.ResponseData["body"],
  path: string,
  maxBytes: number,
): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) {
      const given = `more than ${maxBytes} bytes`;
      throw new RemoteError("REMOTE_ANSWER_TOO_BIG", { path, given, allowed: `${maxBytes} bytes` });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length).toString("utf8");
}

/** Seconds or a date (RFC 9110, 10.2.3), in milliseconds from now; undefined if it is neither. */
export function parseRetryAfter(value: string | string[] | undefined, now = Date.now()): number | undefined {
  if (typeof value !== "string") return undefined;
  if (/^\s*\d{1,9}\s*$/.test(value)) return Number(value) * 1_000;
  const moment = Date.parse(value);
  return Number.isNaN(moment) ? undefined : Math.max(0, moment - now);
}
