import { AssayError } from "../lib/errors.ts";
import {
  answerJson,
  drain,
  readBody,
  Refusal,
  serveHttp,
  takeToken,
  type HttpServer,
} from "../lib/httpServer.ts";
import { silentLogger, type Logger } from "../lib/logger.ts";
import { createRateLimit } from "../lib/rateLimit.ts";
import { DeadlineError, withDeadline } from "../lib/retry.ts";
import type { Answerer } from "./answerer.ts";
import { hashQuestion, MAX_QUESTION_BYTES, questionSchema, type Question } from "./question.ts";

export interface AskLimits {
  /** Most bytes of a question; more is answered with 413. */
  readonly questionBytes: number;
  /** Questions a client may send at once, and how many it gets back per second; more is answered with 429. */
  readonly burst: number;
  readonly perSecond: number;
  /** Questions under way of all clients together; more is answered with 503. */
  readonly atOnce: number;
  /** Time to answer, in milliseconds; later is answered with 504. */
  readonly deadlineMs: number;
  /** Open connections of all clients together. */
  readonly connections: number;
  /** Time for a whole question to come in, in milliseconds. */
  readonly requestMs: number;
}

export const DEFAULT_ASK_LIMITS: AskLimits = {
  questionBytes: MAX_QUESTION_BYTES,
  burst: 20,
  perSecond: 1,
  atOnce: 2,
  deadlineMs: 20_000,
  connections: 64,
  requestMs: 15_000,
};

export interface AskServerOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly answerer: Answerer;
  readonly limits?: Partial<AskLimits>;
  readonly log?: Logger;
  /** Milliseconds, never going back; for the rate limit. */
  readonly now?: () => number;
}

/** The address cannot be listened on. */
export class AskServerError extends AssayError<"ASK_UNAVAILABLE", { host: string; port: number }> {
  constructor(host: string, port: number, cause: unknown) {
    super({
      code: "ASK_UNAVAILABLE",
      message: "Questions cannot be listened for",
      data: { host, port },
      advice: "Choose another ask.host or ask.port in keeper.json, or leave `ask` out.",
      retryable: false,
      cause,
    });
  }
}

/**
 * Serves `POST /ask` and `GET /health` to whoever reaches the address.
 *
 * @throws AskServerError
 */
export async function serveAsk(options: AskServerOptions): Promise<HttpServer> {
  const { host, port, answerer, log = silentLogger, now } = options;
  const limits = { ...DEFAULT_ASK_LIMITS, ...options.limits };
  const rate = createRateLimit({
    burst: limits.burst,
    perSecond: limits.perSecond,
    ...(now === undefined ? {} : { now }),
  });
  const stopping = new AbortController();
  let underWay = 0;

  const answer = async (question: Question, body: Buffer) => {
    if (underWay >= limits.atOnce) {
      throw new Refusal(503, "BUSY", "other questions are being answered", {
        headers: { "retry-after": "1" },
        given: underWay,
        allowed: limits.atOnce,
      });
    }
    underWay += 1;
    try {
      return await withDeadline(
        { task: "answer a question", ms: limits.deadlineMs, signal: stopping.signal },
        (signal) => answerer.answer(question, hashQuestion(body), signal),
      );
    } catch (error) {
      if (stopping.signal.aborted) throw new Refusal(503, "STOPPING", "the keeper stops");
      if (!(error instanceof DeadlineError)) throw error;
      throw new Refusal(504, "TOO_SLOW", "the answer took too long", { allowed: limits.deadlineMs });
    } finally {
      underWay -= 1;
    }
  };

  const opened = serveHttp({
    host,
    port,
    connections: limits.connections,
    requestMs: limits.requestMs,
    serve: async (request, response) => {
      const { method = "", url = "" } = request;
      if (url === "/health" && (method === "GET" || method === "HEAD")) {
        return answerJson(response, 200, { status: "ok" });
      }
      if (url !== "/ask") throw new Refusal(404, "NOT_FOUND", "POST /ask asks, GET /health tells");
      if (method !== "POST") {
        throw new Refusal(405, "METHOD_NOT_ALLOWED", "POST /ask asks", { headers: { allow: "POST" } });
      }
      let body: Buffer;
      try {
        takeToken(rate, request);
        body = await readBody(request, limits.questionBytes, "question");
      } catch (error) {
        // A client that is still sending often misses the answer; let it finish, within reason.
        if (error instanceof Refusal) await drain(request, limits.questionBytes);
        throw error;
      }
      answerJson(response, 200, await answer(readQuestion(body), body));
    },
    onFailure: (_, error) => {
      log.error("a question could not be answered", { error });
      return new Refusal(500, "ANSWER_FAILED", "the keeper failed; its log says why");
    },
  });
  const server = await opened.catch((error: unknown) => {
    throw new AskServerError(host, port, error);
  });
  log.info("answering questions", { url: server.url });
  return {
    ...server,
    close: (graceMs) => {
      stopping.abort(new Error("the keeper stops"));
      return server.close(graceMs);
    },
  };
}

function readQuestion(body: Buffer): Question {
  let json: unknown;
  try {
    json = JSON.parse(body.toString("utf8"));
  } catch {
    throw new Refusal(400, "QUESTION_NOT_JSON", "the question is not JSON");
  }
  const parsed = questionSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new Refusal(400, "QUESTION_NOT_VALID", problems.join("; "));
}
