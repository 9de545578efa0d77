import { createInterface } from "node:readline/promises";

import { printable } from "@assay/keeper";

import { CliError } from "../../lib/errors.ts";

/** Something only the operator knows. */
export interface Question<T> {
  /** Name of the option that answers it, without dashes. */
  readonly flag: string;
  /** The input of the graph it is about: its answer can be given as `--flag INPUT=VALUE`. */
  readonly about?: string;
  readonly text: string;
  /** What is taken if nothing is said at a terminal, or with --yes. */
  readonly proposal?: string | undefined;
  /** Throws an Error that says what is allowed. */
  readonly parse: (answer: string) => T;
}

/** Values of options, as often as they were given. */
export type Flags = Readonly<Record<string, string | readonly string[] | boolean | undefined>>;

/** Where questions are put when no option answers them; undefined if nobody is there to ask. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/** Answers from options, from proposals that were accepted unseen, or from a person. */
export interface Interview {
  /**
   * The answer, or undefined if nobody gave one; {@link Interview.check} then refuses, with all that is missing.
   *
   * @throws CliError if an option's value is not allowed
   */
  ask<T>(question: Question<T>): Promise<T | undefined>;
  /** The answer if an option gives it; nobody is asked. */
  given<T>(question: Pick<Question<T>, "flag" | "about" | "parse">): T | undefined;
  /** @throws CliError naming every option without which there is no answer */
  check(): void;
  /** Lets go of the terminal. */
  close(): void;
}

/**
 * @param flags options of the command; `yes` accepts every proposal
 * @param terminal who answers what the options leave open
 */
export function createInterview(flags: Flags, terminal: Terminal | undefined): Interview {
  const missing: Question<unknown>[] = [];
  const lines = terminal && createInterface({ ...terminal, terminal: false });
  // Read ahead: lines that come before they are asked for, from a paste, are answers as well.
  const answers = lines?.[Symbol.asyncIterator]();

  async function ofPerson<T>(question: Question<T>): Promise<T | undefined> {
    for (;;) {
      const proposed = question.proposal === undefined ? "" : ` [${question.proposal}]`;
      terminal?.output.write(`${named(question)}${proposed}: `);
      const line = await answers?.next();
      if (line === undefined || line.done === true) return undefined;
      const given = line.value.trim() || question.proposal;
      if (given === undefined) continue;
      try {
        return question.parse(given);
      } catch (error) {
        terminal?.output.write(`  ${(error as Error).message}\n`);
      }
    }
  }

  return {
    async ask(question) {
      const given = flagOf(flags, question) ?? (flags["yes"] === true ? question.proposal : undefined);
      if (given !== undefined) return parsed(question, given);
      const answer = terminal === undefined ? undefined : await ofPerson(question);
      if (answer === undefined) missing.push(question);
      return answer;
    },
    given(asked) {
      const question = { ...asked, text: asked.flag };
      const value = flagOf(flags, question);
      return value === undefined ? undefined : parsed(question, value);
    },
    close: () => lines?.close(),
    check() {
      if (missing.length === 0) return;
      const wanted = missing.map((question) => `${option(question)} (${question.text}${hint(question)})`);
      const acceptable = missing.every(({ proposal }) => proposal !== undefined);
      throw new CliError(
        "ANSWERS_MISSING",
        "Some of what a manifest needs only you know",
        { missing: missing.length },
        // Names of the graph are in it, a stranger's texts.
        printable(
          `Give ${wanted.join("; ")}${acceptable ? "; or --yes to take what is proposed" : ""}; or run the command at a terminal to be asked.`,
          4_000,
        ),
      );
    },
  };
}

function flagOf(flags: Flags, { flag, about }: Question<unknown>): string | undefined {
  const key = flag.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const value = flags[key];
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return undefined;
  const given = value as readonly string[];
  const own = given.findLast((text) => text.startsWith(`${about}=`));
  return own?.slice(`${about}=`.length) ?? given.findLast((text) => !text.includes("="));
}

function parsed<T>(question: Question<T>, given: string): T {
  try {
    return question.parse(given);
  } catch (error) {
    throw new CliError(
      "ANSWER_REFUSED",
      "An answer is not possible",
      { option: option(question), given },
      printable(`${(error as Error).message}.`),
    );
  }
}

function named({ about, text }: Question<unknown>): string {
  return about === undefined ? text : `${about}: ${text}`;
}

function option({ flag, about }: Question<unknown>): string {
  return about === undefined ? `--${flag}` : `--${flag} ${about}=…`;
}

function hint({ proposal }: Question<unknown>): string {
  return proposal === undefined ? "" : `; proposed: ${proposal}`;
}
