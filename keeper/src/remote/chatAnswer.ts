import { z } from "zod";

import { RemoteError } from "./errors.ts";
import type { Prompt } from "./chatPrompt.ts";

/** How a server is made to say nothing but an allowed answer. */
export const CONSTRAINTS = ["json-schema", "structured-outputs", "guided-choice", "grammar", "none"] as const;
export type Constraint = (typeof CONSTRAINTS)[number];

/** Key of the answer where the constraint is a JSON schema. */
export const ANSWER_KEY = "answer";

/** Least probability of both answers together: below, the model would rather say something else. */
export const MIN_MASS = 0.5;

/** Rounding of a server's own sums. */
const TOLERANCE = 1e-3;

const tokenSchema = z.object({ token: z.string(), logprob: z.number().max(TOLERANCE) });
const positionSchema = tokenSchema.extend({ top_logprobs: z.array(tokenSchema).max(1_024).nullish() });
type Position = z.infer<typeof positionSchema>;

/** What is read of a chat completion; the rest is ignored. */
const completionSchema = z.object({
  choices: z.tuple([
    z.object({
      message: z.object({ content: z.string().nullish() }),
      logprobs: z.object({ content: z.array(positionSchema).nullish() }).nullish(),
    }),
  ]),
});

export interface AnswerRules {
  readonly answers: Prompt["answers"];
  readonly constraint: Constraint;
  /** For a probability read from log-probabilities; those of bare answers are measured as they are. */
  readonly calibrate: (p: number) => number;
  /** Path asked, for the error. */
  readonly path: string;
  /** Told if the answer came without log-probabilities. */
  readonly onBareAnswer?: (word: "true" | "false") => void;
}

/**
 * The probability that the claim is true, out of a chat completion: from the log-probabilities at the one place where
 * the answer stands if they are given, else what the bare answer stands for. A claim may talk the model into anything,
 * but only two answers are read; all others are NaN.
 *
 * @throws RemoteError if it is no chat completion
 */
export function readChatAnswer(completion: unknown, rules: AnswerRules): number {
  const parsed = completionSchema.safeParse(completion);
  if (!parsed.success) {
    const given = z.prettifyError(parsed.error).replaceAll("\n", " ");
    throw new RemoteError("REMOTE_ANSWER_WRONG", { path: rules.path, given, allowed: "a chat completion" });
  }
  const [{ message, logprobs }] = parsed.data.choices;
  const said = wordOf(message.content ?? "", rules);
  if (said === undefined) return Number.NaN;
  const position = answerPosition(logprobs?.content ?? [], rules.constraint);
  if (position === undefined) {
    rules.onBareAnswer?.(said);
    return rules.answers[said].probability;
  }
  const p = fromLogprobs(position, rules.answers);
  return Number.isNaN(p) ? p : rules.calibrate(p);
}

function wordOf(content: string, { answers, constraint }: AnswerRules): "true" | "false" | undefined {
  const word = constraint === "json-schema" ? jsonWord(content) : content;
  if (word === undefined) return undefined;
  if (isWord(word, answers.true.word)) return "true";
  return isWord(word, answers.false.word) ? "false" : undefined;
}

function jsonWord(content: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    return undefined;
  }
  const parsed = z.strictObject({ [ANSWER_KEY]: z.string() }).safeParse(value);
  return parsed.success ? parsed.data[ANSWER_KEY] : undefined;
}

/** A token or an answer, but for its case, the spaces around it and the quotes of JSON. ASCII only: no look-alikes. */
function isWord(text: string, word: string): boolean {
  return new RegExp(`^[ \\t\\r\\n"]*${word}[ \\t\\r\\n"]*$`, "i").test(text);
}

/** Where the answer's first token stands: first of all, or behind the key of the JSON object. */
function answerPosition(positions: readonly Position[], constraint: Constraint): Position | undefined {
  if (constraint !== "json-schema") return positions[0];
  const text = positions.map(({ token }) => token).join("");
  const start = new RegExp(`^\\s*\\{\\s*"${ANSWER_KEY}"\\s*:\\s*"`).exec(text)?.[0].length;
  if (start === undefined) return undefined;
  let end = 0;
  return positions.find(({ token }) => (end += token.length) > start);
}

/**
 * P(true) / (P(true) + P(false)), each summed over the spellings of its word. An answer that is not among the listed
 * tokens has at most what these leave over, and no more than the least of them.
 */
function fromLogprobs({ top_logprobs: top, ...sampled }: Position, answers: Prompt["answers"]): number {
  const listed = [...(top ?? [])];
  if (listed.every(({ token }) => token !== sampled.token)) listed.push(sampled);
  const chances = listed.map(({ token, logprob }) => ({ token, p: Math.exp(logprob) }));
  const sum = (items: typeof chances): number => items.reduce((total, { p }) => total + p, 0);
  const all = sum(chances);
  if (all > 1 + TOLERANCE) return Number.NaN;
  const left = Math.max(0, Math.min(1 - all, ...chances.map(({ p }) => p)));
  const massOf = (word: string): { listed: number; p: number } => {
    const spellings = chances.filter(({ token }) => isWord(token, word));
    const mass = sum(spellings);
    return { listed: mass, p: spellings.length === 0 ? left : mass };
  };
  const yes = massOf(answers.true.word);
  const no = massOf(answers.false.word);
  if (yes.listed + no.listed < MIN_MASS) return Number.NaN;
  return yes.p / (yes.p + no.p);
}
