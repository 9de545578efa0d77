import { readFileSync } from "node:fs";
import { join } from "node:path";

import { below, seededRandom, shuffled } from "../../rng.ts";

/** A piece of a sentence and the code of its language. */
export interface LanguageRow {
  readonly text: string;
  readonly language: string;
}

export interface LanguageData {
  readonly training: readonly LanguageRow[];
  readonly heldOut: readonly LanguageRow[];
}

/** ISO 639-1 codes, in the order of the classes. */
export const LANGUAGES = [
  ...["ar", "cs", "de", "el", "en", "es", "fi", "fr", "hi", "id"],
  ...["it", "ja", "ko", "nl", "pl", "pt", "ru", "sv", "tr", "uk"],
] as const;

/** Below the data directory. */
export const LANGUAGE_FILE = "language-id/sentences-20x250.tsv";
const SEED = 31;
/** Share of each language's sentences that is only measured on. */
const HELD_OUT = 0.3;
/** Shortest piece, characters. */
export const SHORTEST = 16;

/** Reads `lang<TAB>text` lines, splits them by row within each language, and cuts every sentence to a piece. */
export function readLanguageData(directory: string): LanguageData {
  const rows = readFileSync(join(directory, LANGUAGE_FILE), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t"))
    .map(([language = "", text = ""]) => ({ language, text }));
  return splitRows(rows);
}

/** Every language gives the same share to both parts; both parts are cut the same way. */
export function splitRows(rows: readonly LanguageRow[]): LanguageData {
  const random = seededRandom(SEED);
  const training: LanguageRow[] = [];
  const heldOut: LanguageRow[] = [];
  for (const language of LANGUAGES) {
    const own = shuffled(
      random,
      rows.filter((row) => row.language === language),
    );
    const border = Math.round(own.length * HELD_OUT);
    const pieces = own.map(({ text }) => ({ language, text: piece(text, random) }));
    heldOut.push(...pieces.slice(0, border));
    training.push(...pieces.slice(border));
  }
  return { training: shuffled(random, training), heldOut };
}

/**
 * A run of characters of the sentence, from sixteen to all of them, short ones as frequent as long ones (evenly on a logarithmic
 * scale): whole sentences are too easy to tell models apart.
 */
function piece(text: string, random: () => number): string {
  const characters = [...text];
  const longest = Math.max(SHORTEST, characters.length);
  const length = Math.min(characters.length, Math.round(SHORTEST * (longest / SHORTEST) ** random()));
  const start = below(random, characters.length - length + 1);
  return characters.slice(start, start + length).join("");
}
