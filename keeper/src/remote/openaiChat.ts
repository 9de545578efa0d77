import type { Claim } from "../payload/schema.ts";
import { ANSWER_KEY, readChatAnswer, type Constraint } from "./chatAnswer.ts";
import { renderPrompt, type Prompt } from "./chatPrompt.ts";
import type { Http, Limits } from "./http.ts";

export interface OpenaiChatOptions {
  readonly prompt: Prompt;
  readonly calibrate: (p: number) => number;
  /** Name of the model at the server. */
  readonly model: string;
  readonly constraint: Constraint;
  /** Whether log-probabilities are asked for; some servers refuse a request that does. */
  readonly logprobs: boolean;
  /** Further fields of the request, for one server's own switches. */
  readonly extra: Readonly<Record<string, unknown>>;
  /** Told of every answer that came without log-probabilities. */
  readonly onBareAnswer?: (claim: Claim, word: "true" | "false") => void;
}

/** Behind the base address, which by custom ends with /v1. */
const PATH = "/chat/completions";

/** The most alternatives all known servers give. */
const TOP_LOGPROBS = 20;

/**
 * Judges one claim with an OpenAI-compatible chat endpoint: a conversation of its own for each claim, greedy, a few
 * tokens at most.
 *
 * @returns the probability, or NaN if the model did not say one of the two answers
 * @throws RemoteError, or the reason of the signal
 */
export async function askChat(
  http: Http,
  claim: Claim,
  options: OpenaiChatOptions,
  limits: Limits,
): Promise<number> {
  const { prompt, constraint, calibrate, onBareAnswer } = options;
  const body = chatRequest(claim, options);
  const completion = await http.ask({ method: "POST", path: PATH, body }, limits);
  return readChatAnswer(completion, {
    answers: prompt.answers,
    constraint,
    calibrate,
    path: PATH,
    ...(onBareAnswer && { onBareAnswer: (word) => onBareAnswer(claim, word) }),
  });
}

function chatRequest(claim: Claim, options: OpenaiChatOptions): object {
  const { model, prompt, constraint, logprobs, extra } = options;
  return {
    ...extra,
    model,
    messages: renderPrompt(prompt, claim),
    temperature: 0,
    seed: 0,
    stream: false,
    max_tokens: maxTokens(constraint, logprobs),
    ...(logprobs ? { logprobs: true, top_logprobs: TOP_LOGPROBS } : {}),
    ...constraintFields(constraint, [prompt.answers.true.word, prompt.answers.false.word]),
  };
}

function maxTokens(constraint: Constraint, logprobs: boolean): number {
  if (constraint === "json-schema") return 32;
  // Without a constraint the first token is the answer or there is none.
  return constraint === "none" && logprobs ? 1 : 8;
}

function constraintFields(constraint: Constraint, words: readonly string[]): object {
  switch (constraint) {
    case "json-schema": {
      const schema = {
        type: "object",
        properties: { [ANSWER_KEY]: { type: "string", enum: words } },
        required: [ANSWER_KEY],
        additionalProperties: false,
      };
      return {
        response_format: { type: "json_schema", json_schema: { name: "vote", strict: true, schema } },
      };
    }
    case "structured-outputs":
      return { structured_outputs: { choice: words } };
    case "guided-choice":
      return { guided_choice: words };
    case "grammar":
      return { grammar: `root ::= ${words.map((word) => `"${word}"`).join(" | ")}` };
    case "none":
      return {};
  }
}
