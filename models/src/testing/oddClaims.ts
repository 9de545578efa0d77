import type { KnownClaim } from "../domains/domain.ts";
import { below, pick, type Random } from "../rng.ts";

/** Strings that break careless code. */
export const ODD_STRINGS = [
  "",
  " ",
  "?",
  ".",
  "a",
  "\0",
  "before\0after",
  "\u2403 \u2403",
  "\n\t\r",
  "日本語のテキスト",
  "Émile n’est pas là, ÉCOLE",
  "👩‍🚀👩‍🚀 🇩🇪 e\u0301",
  "مرحبا بالعالم",
  "don't do n't cannot n't",
  "1,000.5 3.14 ٣٤ ½",
  "\ud800 lone surrogate",
  "word ".repeat(20_000),
  "x".repeat(50_000),
];

/** A claim that nobody would ask; `answers` are the labels of the domain, if it has any. */
export function oddClaim(random: Random, answers: readonly string[]): KnownClaim {
  const part = (): string =>
    random() < 0.6
      ? pick(random, ODD_STRINGS)
      : String.fromCodePoint(...Array.from({ length: below(random, 60) }, () => 1 + below(random, 0xd7fe)));
  const bright = pick(random, [0, 1, 255, 256]);
  return {
    text: part(),
    pixels: Uint8Array.from({ length: 28 * 28 }, () => below(random, bright + 1)),
    answer: answers.length === 0 ? part() : pick(random, answers),
    truth: false,
  };
}
