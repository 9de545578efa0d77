import { printable } from "./printable.ts";
import type { Secret } from "./secret.ts";

/**
 * Shortest value that is scrubbed, in characters. Anything shorter would eat ordinary words of the log and is no
 * secret worth the name.
 */
export const SHORTEST_SCRUBBED = 6;

/** Replaces known secret values in finished text, whatever way they got there. */
export type Scrubber = {
  /** From now on this value is replaced, in every spelling of {@link spellingsOf}. */
  protect(secret: Secret<string> | Secret<Uint8Array>): void;
  scrub(text: string): string;
};

export function createScrubber(): Scrubber {
  const spellings = new Set<string>();
  let pattern: RegExp | undefined;

  return {
    protect(secret) {
      for (const spelling of spellingsOf(secret.reveal())) spellings.add(spelling);
      // Longest first, so that a secret which contains another is replaced whole.
      const ordered = [...spellings].sort((a, b) => b.length - a.length);
      if (ordered.length > 0) pattern = new RegExp(ordered.map(asPattern).join("|"), "gi");
    },
    scrub(text) {
      return pattern === undefined ? text : text.replace(pattern, "<secret>");
    },
  };
}

/** As given, as a JSON string, as our log prints it, percent-encoded, in base64, and, if it is hexadecimal, without 0x and as its bytes. */
function spellingsOf(value: string | Uint8Array): string[] {
  if (value instanceof Uint8Array) return bytesSpellings(value);
  const spellings = [
    value,
    jsonInner(value),
    printable(value, Infinity),
    jsonInner(printable(value, Infinity)),
    encodeURIComponent(value.toWellFormed()),
    ...base64Spellings(Buffer.from(value, "utf8")),
  ];
  const digits = /^(?:0x)?((?:[0-9a-f]{2})+)$/i.exec(value)?.[1];
  if (digits !== undefined) spellings.push(...bytesSpellings(Buffer.from(digits, "hex")));
  return spellings.filter((spelling) => spelling.length >= SHORTEST_SCRUBBED);
}

function bytesSpellings(bytes: Uint8Array): string[] {
  const buffer = Buffer.from(bytes);
  return [buffer.toString("hex"), [...bytes].join(","), ...base64Spellings(buffer)].filter(
    (spelling) => spelling.length >= SHORTEST_SCRUBBED,
  );
}

/** Without padding, because a longer text around the secret has none there. */
function base64Spellings(bytes: Buffer): string[] {
  return [bytes.toString("base64").replace(/=+$/, ""), bytes.toString("base64url")];
}

function jsonInner(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}

function asPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
