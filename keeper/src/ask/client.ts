import { Agent, request } from "undici";
import { recoverTypedDataAddress, size, type Address, type Hex } from "viem";

import { AssayError } from "../lib/errors.ts";
import { printable } from "../lib/printable.ts";
import { DeadlineError, withDeadline } from "../lib/retry.ts";
import { checkTarget, type AddressPolicy, type Lookup } from "../payload/addressGuard.ts";
import { directConnector, pinned, type Connector } from "../payload/pinned.ts";
import {
  MAX_ANSWER_BYTES,
  signedAnswerSchema,
  typedAnswer,
  type Answer,
  type PreparedQuestion,
} from "./question.ts";

export type AskErrorCode =
  | "OPERATOR_UNREACHABLE"
  | "OPERATOR_TOO_SLOW"
  | "OPERATOR_REFUSED"
  | "ANSWER_TOO_BIG"
  | "ANSWER_NOT_VALID"
  | "ANSWER_OF_ANOTHER"
  | "ANSWER_FORGED"
  | "TIMES_NOT_POSSIBLE";

/** Why an operator gave no answer that counts. Retryable where asking it once more may help. */
export class AskError extends AssayError<
  AskErrorCode,
  { operator: Address; given: string | number; allowed: string | number }
> {
  constructor(
    code: AskErrorCode,
    message: string,
    data: { operator: Address; given: string | number; allowed: string | number },
    { retryable = false, cause }: { retryable?: boolean; cause?: unknown } = {},
  ) {
    const advice = retryable ? "Ask again, or ask the next operator." : "Ask the next operator.";
    super({ code, message, data, advice, retryable, cause });
  }
}

/** An operator as the chain tells it, and where it answers. */
export interface AskedOperator {
  readonly url: string;
  /** Owner address. */
  readonly operator: Address;
  /** Signs its answers. */
  readonly hotKey: Address;
  /** The model it is registered with. */
  readonly modelHash: Hex;
}

export interface AskOptions {
  /** Where the answer's signature belongs. */
  readonly deployment: { readonly chainId: number; readonly assay: Address };
  readonly policy?: Partial<AddressPolicy>;
  /** Milliseconds for the whole answer. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal | undefined;
  readonly lookup?: Lookup;
  readonly connector?: Connector;
}

/** An answer that is its operator's, and how long it took to come. */
export interface Answered {
  readonly answer: Answer;
  readonly signature: Hex;
  /** From the question to the answer, connecting included, ms. */
  readonly roundTripMs: number;
}

const NO_PRIVATE: AddressPolicy = { allowPrivate: false, allowedHosts: [] };

/**
 * Asks one operator once. Its URL is a stranger's word: see {@link checkTarget} for where we go. No redirect is
 * followed, no compressed answer taken, nothing longer than an answer is read.
 *
 * @throws AskError, or GuardError for a URL we do not go to
 */
export async function askOperator(
  asked: AskedOperator,
  question: PreparedQuestion,
  { deployment, policy, deadlineMs = 20_000, signal, lookup, connector = directConnector }: AskOptions,
): Promise<Answered> {
  const { operator } = asked;
  const url = `${asked.url.replace(/\/+$/, "")}/ask`;
  const target = await checkTarget(url, { policy: { ...NO_PRIVATE, ...policy }, lookup });
  const startedAt = performance.now();
  let text: string;
  try {
    text = await withDeadline({ task: "ask an operator", ms: deadlineMs, signal }, async (limited) => {
      const agent = new Agent({ connect: pinned(target, connector, limited), connections: 1, pipelining: 0 });
      try {
        return await post(agent, target.url, { operator, body: question.body, signal: limited });
      } finally {
        // Ends the connection, finished or not.
        await agent.destroy();
      }
    });
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof AskError) throw cause;
    if (cause instanceof DeadlineError) {
      const data = { operator, given: `not finished after ${deadlineMs} ms`, allowed: `${deadlineMs} ms` };
      throw new AskError("OPERATOR_TOO_SLOW", "The operator did not answer in time", data, { cause });
    }
    const given = cause instanceof Error ? printable(cause.message, 200) : "no answer";
    throw new AskError(
      "OPERATOR_UNREACHABLE",
      "The operator could not be reached",
      { operator, given, allowed: "a complete answer" },
      { retryable: true, cause },
    );
  }
  const roundTripMs = Math.ceil(performance.now() - startedAt);
  return { ...(await readAnswer(text, asked, question, deployment, roundTripMs)), roundTripMs };
}

async function post(
  dispatcher: Agent,
  url: URL,
  { operator, body, signal }: { operator: Address; body: string; signal: AbortSignal },
): Promise<string> {
  const response = await request(url, {
    method: "POST",
    dispatcher,
    signal,
    body,
    headers: {
      "content-type": "application/json",
      accept: "application/json",
      "accept-encoding": "identity",
      "user-agent": "assay-requester",
    },
  });
  // The loop below throws whatever is wrong with the body; a late error after that has no other listener.
  response.body.on("error", () => {});
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) {
      const data = { operator, given: `more than ${MAX_ANSWER_BYTES}`, allowed: MAX_ANSWER_BYTES };
      throw new AskError("ANSWER_TOO_BIG", "The operator sent more bytes than an answer has", data);
    }
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks, length).toString("utf8");
  const { statusCode } = response;
  if (statusCode === 200) return text;
  throw new AskError(
    "OPERATOR_REFUSED",
    "The operator refused the question",
    { operator, given: `${statusCode} ${printable(text, 200)}`, allowed: 200 },
    { retryable: statusCode === 408 || statusCode === 429 || statusCode >= 500 },
  );
}

async function readAnswer(
  text: string,
  { operator, hotKey, modelHash }: AskedOperator,
  question: PreparedQuestion,
  deployment: AskOptions["deployment"],
  roundTripMs: number,
): Promise<Pick<Answered, "answer" | "signature">> {
  const parsed = signedAnswerSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    const given = printable(text, 200);
    throw new AskError("ANSWER_NOT_VALID", "The operator sent something else than an answer", {
      operator,
      given,
      allowed: "a signed answer",
    });
  }
  const { answer, signature } = parsed.data;
  const expected: Partial<Answer> = {
    question: question.hash,
    domain: question.domain,
    operator,
    requestId: question.requestId,
    payloadHash: question.payloadHash,
    modelHash,
    baseRate: question.baseRate,
  };
  for (const [field, allowed] of Object.entries(expected)) {
    const given = answer[field as keyof Answer];
    if (String(given).toLowerCase() !== String(allowed).toLowerCase()) {
      const data = { operator, given: `${field} ${given}`, allowed: String(allowed) };
      throw new AskError("ANSWER_OF_ANOTHER", "The answer does not belong to the question", data);
    }
  }
  if (size(answer.votes) !== question.claims) {
    const data = { operator, given: size(answer.votes), allowed: question.claims };
    throw new AskError("ANSWER_NOT_VALID", "The answer has another number of votes than claims", data);
  }
  const signer = await recoverTypedDataAddress({ ...typedAnswer(deployment, answer), signature }).catch(
    () => "nobody",
  );
  if (signer !== hotKey) {
    const data = { operator, given: signer, allowed: hotKey };
    throw new AskError("ANSWER_FORGED", "The answer is not signed by the operator's hot key", data);
  }
  const { loadMs, inferMs } = answer;
  if (loadMs + inferMs > roundTripMs) {
    const data = { operator, given: loadMs + inferMs, allowed: roundTripMs };
    throw new AskError("TIMES_NOT_POSSIBLE", "The operator claims more time than the answer took", data);
  }
  return { answer, signature };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
