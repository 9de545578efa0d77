import { pino } from "pino";
import pretty from "pino-pretty";
import { AssayError } from "./errors.ts";
import { printable } from "./printable.ts";
import { createScrubber, type Scrubber } from "./scrubber.ts";
import { Secret } from "./secret.ts";

/**
 * - `error` a person must act, or money is being lost
 * - `warn` something was lost or refused, the keeper goes on by itself
 * - `info` the milestones of a journey: vote committed, vote revealed
 * - `debug` every step, for the desk
 */
export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type LogData = Readonly<Record<string, unknown>>;

/** A fixed sentence, then an object: `log.info("vote committed", { round, txHash })`. No values in the sentence. */
export type Logger = {
  error(sentence: string, data?: LogData): void;
  warn(sentence: string, data?: LogData): void;
  info(sentence: string, data?: LogData): void;
  debug(sentence: string, data?: LogData): void;
  /** A logger that adds `bindings` to every line. */
  child(bindings: LogData): Logger;
  /** From now on this value never appears in a line, not even inside another text. */
  protect(secret: Secret<string> | Secret<Uint8Array>): void;
  /** The same replacement for a text that goes elsewhere, such as the last words of a process on standard error. */
  scrub(text: string): string;
};

export type LoggerOptions = {
  /** Least important level that is written. */
  level?: LogLevel;
  /** `json`: one object a line, for machines. `pretty`: for a person at a terminal. */
  format?: "json" | "pretty";
  /** Known from the start; more with {@link Logger.protect}. */
  secrets?: readonly (Secret<string> | Secret<Uint8Array>)[];
  /** Receives finished lines, each with its line end. Default: standard output, synchronously (a crash loses none). */
  write?: (line: string) => void;
};

export function createLogger({
  level = "info",
  format = "json",
  secrets = [],
  write,
}: LoggerOptions = {}): Logger {
  const scrubber = createScrubber();
  for (const secret of secrets) scrubber.protect(secret);

  const output = write ?? standardOutput();
  const finish = { write: (line: string) => output(scrubber.scrub(line)) };
  const target = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    format === "json" ? finish : prettyOutput(finish, scrubber),
  );
  return wrap(target, scrubber);
}

/** A logger that writes nothing, for callers that want none. */
export const silentLogger: Logger = {
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
  child: () => silentLogger,
  protect: () => {},
  scrub: (text) => text,
};

function wrap(target: pino.Logger, scrubber: Scrubber): Logger {
  const { scrub } = scrubber;
  const line =
    (level: LogLevel) =>
    (sentence: string, data: LogData = {}): void => {
      if (target.isLevelEnabled(level))
        target[level](loggable(data, scrub) as object, scrub(printable(sentence)));
    };
  return {
    error: line("error"),
    warn: line("warn"),
    info: line("info"),
    debug: line("debug"),
    child: (bindings) => wrap(target.child(loggable(bindings, scrub) as pino.Bindings), scrubber),
    protect: (secret) => scrubber.protect(secret),
    scrub,
  };
}

function standardOutput(): (line: string) => void {
  const stdout = pino.destination({ fd: 1, sync: true });
  return (line) => stdout.write(line);
}

/** Scrubs before the line is made pretty too: colours could split a value that stands whole in the JSON. */
function prettyOutput(finish: { write(line: string): void }, scrubber: Scrubber): pino.DestinationStream {
  const prettify = pretty.prettyFactory({
    colorize: false,
    singleLine: true,
    // Errors are objects like others by now; as "error-like" they would be spread over many lines.
    errorLikeObjectKeys: [],
    translateTime: "SYS:HH:MM:ss.l",
  });
  return { write: (line: string) => finish.write(prettify(scrubber.scrub(line))) };
}

const DEEPEST = 6;
const LONGEST_LIST = 100;

/**
 * The same value in a form that JSON can hold, one line long and with no way to fake another line. Texts are
 * scrubbed before they are cut: half a secret would no longer be recognised.
 */
function loggable(value: unknown, scrub: (text: string) => string, depth = 0): unknown {
  const text = (given: string, maxLength?: number) => printable(scrub(given), maxLength);
  const inner = (item: unknown) => loggable(item, scrub, depth + 1);

  if (typeof value === "string") return text(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "function" || typeof value === "symbol") return `<${typeof value}>`;
  if (value === null || typeof value !== "object") return value;
  if (value instanceof Secret) return value.toString();
  if (value instanceof URL) return text(value.href);
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "<invalid date>" : value.toISOString();
  if (depth >= DEEPEST) return "<deeper>";
  if (value instanceof AssayError) {
    const { name, message, code, data, advice, cause } = value;
    return {
      name,
      message: text(message),
      code,
      data: inner(data),
      advice: text(advice),
      ...causeOf(cause, inner),
    };
  }
  if (value instanceof Error) {
    const { name, message, stack, cause } = value;
    const code = "code" in value ? { code: text(String(value.code), 60) } : {};
    // Where errors that nobody foresaw come from; ours say it by their code.
    const frames = (stack ?? "").split("\n").slice(1, 7);
    const shown = frames.map((frame) => text(frame.trim(), 200));
    return { name, message: text(message), ...code, stack: shown, ...causeOf(cause, inner) };
  }
  if (value instanceof Map || value instanceof Set) return loggable([...value], scrub, depth);
  if (Array.isArray(value)) {
    const shown = value.slice(0, LONGEST_LIST).map(inner);
    return value.length > LONGEST_LIST ? [...shown, `<${value.length - LONGEST_LIST} more>`] : shown;
  }
  const entries = Object.entries(value).slice(0, LONGEST_LIST);
  return Object.fromEntries(entries.map(([key, item]) => [text(key, 100), inner(item)]));
}

function causeOf(cause: unknown, show: (value: unknown) => unknown): object {
  return cause === undefined ? {} : { cause: show(cause) };
}
