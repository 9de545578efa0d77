import { printable } from "./printable.ts";

/** Exit code "fix me": starting again would meet the same refusal, a person has to change something. */
export const EXIT_FIX_ME = 1;

/** Exit code "start me again" (EX_TEMPFAIL): the world was not ready, a supervisor may restart the process. */
export const EXIT_START_AGAIN = 75;

/** What was given and what was allowed, by name. Never holds a secret: it is logged as it is. */
export type ErrorData = Readonly<Record<string, unknown>>;

export type AssayErrorOptions<Code extends string, Data extends ErrorData> = {
  /** Stable upper-case name that programs compare, e.g. `PAYLOAD_TOO_BIG`. */
  code: Code;
  /** One fixed sentence without values; the values go into `data`. */
  message: string;
  data: Data;
  /** What a person can do about it, as one sentence. */
  advice: string;
  /** The family: true = the same call may succeed later, false = stop and tell. */
  retryable: boolean;
  cause?: unknown;
};

/**
 * Every error we throw on purpose. There are two families and they decide what happens: retry, or stop and tell.
 */
export class AssayError<Code extends string = string, Data extends ErrorData = ErrorData> extends Error {
  readonly code: Code;
  readonly data: Data;
  readonly advice: string;
  readonly retryable: boolean;

  constructor({ code, message, data, advice, retryable, cause }: AssayErrorOptions<Code, Data>) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    this.data = data;
    this.advice = advice;
    this.retryable = retryable;
  }
}

/** Codes of Node and undici that tell of a network in trouble, not of a mistake. */
const PASSING_TROUBLE = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "EPIPE",
  "ETIMEDOUT",
  "EAI_AGAIN",
  "ENOTFOUND",
  "UND_ERR_BODY_TIMEOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_SOCKET",
]);

/** True if the same call may succeed later. Errors that nobody foresaw are not retried: they are bugs to be told. */
export function isRetryable(error: unknown): boolean {
  if (error instanceof AssayError) return error.retryable;
  return error instanceof Error && "code" in error && PASSING_TROUBLE.has(String(error.code));
}

/** The code a process leaves with because of this error. */
export function exitCodeOf(error: unknown): number {
  return isRetryable(error) ? EXIT_START_AGAIN : EXIT_FIX_ME;
}

/**
 * One clear line for a person: what went wrong, with which values, what to do, and what caused it.
 *
 * @example "The payload is bigger than allowed (given: 70000, allowed: 65536) [PAYLOAD_TOO_BIG]. Split the request."
 */
export function renderError(error: unknown): string {
  const parts: string[] = [];
  let current: unknown = error;
  for (let depth = 0; current !== undefined && depth < 4; depth++) {
    parts.push((depth === 0 ? "" : "Caused by: ") + renderOne(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join(" ");
}

function renderOne(error: unknown): string {
  if (!(error instanceof Error)) return sentence(printable(String(error), 500));
  if (!(error instanceof AssayError)) {
    const code = "code" in error ? ` [${printable(String(error.code), 60)}]` : "";
    return sentence(printable(`${error.name}: ${error.message}`, 500) + code);
  }
  const values = Object.entries(error.data)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${printable(renderValue(value), 300)}`)
    .join(", ");
  const what = error.message.replace(/\.$/, "") + (values === "" ? "" : ` (${values})`) + ` [${error.code}]`;
  return `${sentence(what)} ${sentence(error.advice)}`;
}

function renderValue(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return (
    JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "bigint" ? inner.toString() : inner)) ??
    String(value)
  );
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
