import { z } from "zod";

import type { Claim } from "../payload/schema.ts";

/** Fields of a claim a template may quote. */
const FIELDS = ["text", "values", "answer"] as const;
const PLACEHOLDER = /\{\{(.*?)\}\}/g;

const answerSchema = z.strictObject({
  word: z
    .string()
    .regex(/^[A-Za-z0-9]{1,16}$/)
    .describe("What the model says, best one token; case and spaces around it do not count"),
  probability: z
    .number()
    .gt(0)
    .lt(1)
    .describe(
      "Share of true claims among those so answered; used where the server gives no log-probabilities",
    ),
});

/** What makes a chat model a judge: part of the model, hence of its hash. */
export const promptSchema = z.strictObject({
  system: z.string().min(1).max(16_384).describe("System message"),
  template: z
    .string()
    .max(16_384)
    .refine((template) => placeholdersOf(template).includes("answer"), {
      error: "does not ask about {{answer}}",
    })
    .refine((template) => placeholdersOf(template).every((name) => FIELDS.some((field) => field === name)), {
      error: `placeholders are ${FIELDS.map((name) => `{{${name}}}`).join(", ")}`,
    })
    .refine((template) => !["text", "values"].every((name) => placeholdersOf(template).includes(name)), {
      error: "a claim has a text or values, never both",
    })
    .describe("User message; {{text}}, {{values}}, {{answer}} become JSON without any < > [ ] in it"),
  answers: z
    .strictObject({ true: answerSchema, false: answerSchema })
    .refine((answers) => !areAlike(answers.true.word, answers.false.word), {
      error: "one word begins like the other",
    })
    .refine((answers) => answers.false.probability <= answers.true.probability, {
      error: "false must not stand for more than true",
    }),
});
export type Prompt = z.infer<typeof promptSchema>;

/** Fields of a claim that a template quotes. */
export function placeholdersOf(template: string): string[] {
  return [...template.matchAll(PLACEHOLDER)].map(([, name = ""]) => name);
}

function areAlike(a: string, b: string): boolean {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()];
  return x.startsWith(y) || y.startsWith(x);
}

export interface Message {
  readonly role: "system" | "user";
  readonly content: string;
}

/**
 * The conversation that asks about one claim. The template is gone through once, so a placeholder inside a claim stays
 * text.
 *
 * @throws Error if the claim lacks a field of the template
 */
export function renderPrompt({ system, template }: Prompt, claim: Claim): Message[] {
  const content = template.replaceAll(PLACEHOLDER, (_, name: string) => {
    const value = claim[name as (typeof FIELDS)[number]];
    if (value === undefined) throw new Error(`the claim has no ${name}`);
    return quote(value);
  });
  return [
    { role: "system", content: system },
    { role: "user", content },
  ];
}

/**
 * JSON in which nothing can end the quote, a delimiter of the template, or the user's turn: servers read marks such as
 * `<|im_start|>`, `</s>` or `[INST]` as what they stand for wherever they occur in a message. So brackets of both
 * kinds, and characters that cannot be seen, are written as \uXXXX, which JSON reads as the same text.
 */
export function quote(value: string | readonly number[]): string {
  const json = JSON.stringify(value);
  // The brackets of a list of numbers are ours.
  if (typeof value !== "string") return json;
  return json.replaceAll(/[<>[\]\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]/gu, (mark) =>
    Array.from(
      { length: mark.length },
      (_, i) => `\\u${mark.charCodeAt(i).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}
