/**
 * Control characters, line separators and the marks that reverse the direction of text: everything by which a
 * text from outside could forge a second log line or rewrite the one it stands in.
 */

const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * A text from outside, fit for one line of a log: unprintable characters become `\uXXXX`, the rest is cut.
 *
 * @param maxLength UTF-16 code units kept before the cut
 */
export function printable(text: string, maxLength = 1_000): string {
  const kept = text.length > maxLength ? text.slice(0, maxLength) : text;
  const escaped = kept
    .toWellFormed()
    .replace(UNPRINTABLE, (mark) => "\\u" + mark.charCodeAt(0).toString(16).padStart(4, "0"));
  return text.length > maxLength ? `${escaped}… (${text.length} characters)` : escaped;
}
