import { createLogger, type Logger } from "../lib/logger.ts";
import type { Model } from "../model/session.ts";
import type { Claim } from "../payload/schema.ts";
import type { RemoteErrorCode } from "../remote/errors.ts";
import type { Misbehaviour } from "./misbehaviour.ts";

/** Whatever the protocol, each of these ends in abstentions and is told by this name. */
export const FAILURES: Readonly<Record<Misbehaviour, RemoteErrorCode | "DEADLINE_PASSED">> = {
  slow: "DEADLINE_PASSED",
  hang: "DEADLINE_PASSED",
  reset: "REMOTE_UNREACHABLE",
  drip: "DEADLINE_PASSED",
  "status-429": "REMOTE_BUSY",
  "status-429-long": "REMOTE_BUSY",
  "status-503": "REMOTE_BUSY",
  "status-500": "REMOTE_FAILED",
  "status-401": "REMOTE_REFUSED",
  redirect: "REMOTE_REFUSED",
  "not-json": "REMOTE_ANSWER_WRONG",
  "cut-json": "REMOTE_ANSWER_WRONG",
  nan: "REMOTE_ANSWER_WRONG",
  empty: "REMOTE_ANSWER_WRONG",
  "wrong-shape": "REMOTE_ANSWER_WRONG",
  endless: "REMOTE_ANSWER_TOO_BIG",
};

/** Judges, within `mostMs` where it is given, and takes the time in milliseconds. */
export async function judgeTimed(
  model: Model,
  claims: readonly Claim[],
  mostMs?: number,
): Promise<{ votes: number[]; ms: number }> {
  const started = performance.now();
  const votes = await model.judge(claims, undefined, mostMs);
  return { votes, ms: performance.now() - started };
}

/** A logger and what it wrote. */
export function listen(): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  return { log: createLogger({ write: (line) => lines.push(line) }), lines };
}
