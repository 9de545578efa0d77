import type { Example } from "../../pairs/family.ts";
import { below, pick, type Random, seededRandom } from "../../rng.ts";

/** The ways in which an attributable answer is made false. */
export const EDIT_KINDS = ["negation", "number", "wordSwap"] as const;
export type EditKind = (typeof EDIT_KINDS)[number];

const AUXILIARY = /\b(is|are|was|were|has|have|had|can|could|will|would|may|might|must|does|did)\b/gi;
const NUMBERS = /\d+(?:[.,]\d+)*/g;
const NUMBER_WORDS = "two three four five six seven eight nine ten eleven twelve".split(" ");
const CONTENT_WORD = /\b[\p{L}]{4,}\b/gu;
const NOT_CONTENT = new Set(
  "that this with from have were been they them their which when where what will would could into over also than then".split(
    " ",
  ),
);

const TRAINING_SEED = 101;

/** For each example the edited copies of its answer that join the training, if the answer is true. */
export function trainingCopies(examples: readonly Example[]): Example[][] {
  const random = seededRandom(TRAINING_SEED);
  const vocabulary = vocabularyOf(examples.map(({ text }) => text));
  return examples.map((example) =>
    example.truth ? EDIT_KINDS.flatMap((kind) => edited(example, kind, vocabulary, random) ?? []) : [],
  );
}

/** Content words of many texts: what a swapped word is replaced by. */
export function vocabularyOf(texts: readonly string[]): string[] {
  return texts.flatMap((text) => contentWords(text).map(({ word }) => word));
}

/**
 * `example` with its answer edited so that the text no longer says it, or undefined where this kind of edit has no hold (no number
 * to change, no verb to negate).
 */
export function edited(
  example: Example,
  kind: EditKind,
  vocabulary: readonly string[],
  random: Random,
): Example | undefined {
  const answer = {
    negation: () => negate(example.answer, random),
    number: () => changeNumber(example.answer, random),
    wordSwap: () => swapWord(example, vocabulary, random),
  }[kind]();
  return answer === undefined || answer === example.answer ? undefined : { ...example, answer, truth: false };
}

function negate(answer: string, random: Random): string | undefined {
  const auxiliaries = [...answer.matchAll(AUXILIARY)];
  if (auxiliaries.length > 0) {
    const verb = pick(random, auxiliaries);
    const end = verb.index + verb[0].length;
    const not = /^ not\b/i.exec(answer.slice(end));
    if (not !== null) return answer.slice(0, end) + answer.slice(end + not[0].length);
    const negation =
      random() < 0.3 && /^(is|are|was|were|has|have|had|could|would|does|did)$/i.test(verb[0])
        ? "n't"
        : pick(random, [" not", " not", " never"]);
    return answer.slice(0, end) + negation + answer.slice(end);
  }
  const verbs = [...answer.matchAll(/\b\p{L}{3,}(?:ed|es)\b/gu)];
  if (verbs.length === 0) return undefined;
  const verb = pick(random, verbs);
  return `${answer.slice(0, verb.index)}${pick(random, ["not", "never"])} ${answer.slice(verb.index)}`;
}

function changeNumber(answer: string, random: Random): string | undefined {
  const digits = [...answer.matchAll(NUMBERS)];
  if (digits.length > 0) {
    const number = pick(random, digits);
    const at = below(random, number[0].length);
    const position = /\d/.test(number[0][at] ?? "") ? at : 0;
    const digit = (Number(number[0][position]) + 1 + below(random, 8)) % 10;
    const changed = number[0].slice(0, position) + String(digit) + number[0].slice(position + 1);
    return answer.slice(0, number.index) + changed + answer.slice(number.index + number[0].length);
  }
  const written = [...answer.matchAll(new RegExp(`\\b(${NUMBER_WORDS.join("|")})\\b`, "gi"))];
  if (written.length === 0) return undefined;
  const word = pick(random, written);
  const other = pick(
    random,
    NUMBER_WORDS.filter((name) => name !== word[0].toLowerCase()),
  );
  return answer.slice(0, word.index) + other + answer.slice(word.index + word[0].length);
}

/** Half of the time a word from elsewhere, half of the time another word of the same text ("A beat B" → "B beat B"). */
function swapWord(
  { text, answer }: Example,
  vocabulary: readonly string[],
  random: Random,
): string | undefined {
  const candidates = contentWords(answer);
  if (candidates.length === 0) return undefined;
  const old = pick(random, candidates);
  const sameText = contentWords(text).map(({ word }) => word);
  const pool = random() < 0.5 && sameText.length > 0 ? sameText : vocabulary;
  const others = pool.filter((word) => word.toLowerCase() !== old.word.toLowerCase());
  if (others.length === 0) return undefined;
  const replacement = pick(random, others);
  const cased = /^\p{Lu}/u.test(old.word) ? replacement : replacement.toLowerCase();
  return answer.slice(0, old.index) + cased + answer.slice(old.index + old.word.length);
}

function contentWords(text: string): { word: string; index: number }[] {
  return [...text.matchAll(CONTENT_WORD)]
    .map((match) => ({ word: match[0], index: match.index }))
    .filter(({ word }) => !NOT_CONTENT.has(word.toLowerCase()));
}
