import { printable } from "@assay/keeper";
import Table from "cli-table3";
import { formatUnits } from "viem";

/** JSON for programs: amounts as decimal strings of wei, bytes in hexadecimal. */
export function toJson(value: unknown): string {
  return JSON.stringify(
    value,
    (_key, inner: unknown) => (typeof inner === "bigint" ? inner.toString() : inner),
    2,
  );
}

/** Where a command writes: lines for people, or one JSON document for programs, never both. */
export interface Output {
  /** A line for people; nothing under --json. */
  say(line?: string): void;
  /** The result: `value` under --json, else `text`. */
  result(value: unknown, text: string): void;
  /** What was done, under --json only: people were told step by step. */
  done(value: unknown): void;
}

export function createOutput({ json = false }: { json?: boolean | undefined }): Output {
  return {
    say: (line = "") => {
      if (!json) console.log(line);
    },
    result: (value, text) => console.log(json ? toJson(value) : text),
    done: (value) => {
      if (json) console.log(toJson(value));
    },
  };
}

/** A table without colours, so that a pipe gets the same text as a terminal. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number | bigint)[])[],
): string {
  const drawn = new Table({ head: [...head], style: { head: [], border: [], compact: true } });
  for (const row of rows) drawn.push(row.map((cell) => printable(String(cell), 120)));
  return drawn.toString();
}

/** An amount for people, exact: `12.5 WORK`. */
export function work(wei: bigint): string {
  return `${formatUnits(wei, 18)} WORK`;
}

/** A WAD number for people, exact. */
export function wad(value: bigint): string {
  return formatUnits(value, 18);
}

/** A probability for people: six decimals, rounded up, so that it never looks smaller than it is. */
export function probability(value: bigint): string {
  const millionths = (value + 10n ** 12n - 1n) / 10n ** 12n;
  return formatUnits(millionths, 6);
}

/** A share of 255 or of any other whole, with three decimals. */
export function ratio(part: bigint, whole: bigint): string {
  return whole === 0n ? "–" : (Number((part * 1_000_000n) / whole) / 1_000_000).toFixed(3);
}
