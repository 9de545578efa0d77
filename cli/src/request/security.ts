import { assayAbi, securityQuoteAbi } from "@assay/published";

import type { Connection } from "../chain/connection.ts";
import { CliError } from "../lib/errors.ts";
import { probability, table, wad, work } from "../lib/output.ts";

/** How likely a ring with `attackerShare` of the stake may decide a claim alone; both WAD. */
export interface SecurityBound {
  readonly maxCapture: bigint;
  readonly attackerShare: bigint;
}

/** What a request would cost, and how likely a ring of one size captures it. */
export interface SecurityQuote extends SecurityBound {
  /** expected seats of the request's own round */
  readonly seats: number;
  /** wei of WORK a request with that many claims reserves now */
  readonly fee: bigint;
  /** WAD, in the request's own round and in the largest one appeals lead to */
  readonly capture: bigint;
  readonly captureAppealed: bigint;
  /** Seats of the first round, appeals included, that meets the bound; 0 if none does. */
  readonly secureSeats: number;
}

/** The contract's quote for a request of now. */
export async function readQuote(
  { client, at }: Connection,
  domain: number,
  claims: number,
  bound: SecurityBound,
): Promise<SecurityQuote> {
  const security = await client.readContract({ address: at.Assay, abi: assayAbi, functionName: "SECURITY" });
  const { seats, fee, capture, captureAppealed, secureSeats } = await client.readContract({
    address: security,
    abi: securityQuoteAbi,
    functionName: "quote",
    args: [domain, BigInt(claims), bound.maxCapture, bound.attackerShare],
  });
  const { maxCapture, attackerShare } = bound;
  return {
    maxCapture,
    attackerShare,
    seats: Number(seats),
    fee,
    capture,
    captureAppealed,
    secureSeats: Number(secureSeats),
  };
}

export function isSecure({ capture, maxCapture }: SecurityQuote): boolean {
  return capture <= maxCapture;
}

/** @throws CliError if the request's own round is captured more often than allowed */
export function requireSecure(quote: SecurityQuote): void {
  if (isSecure(quote)) return;
  throw new CliError(
    "INSUFFICIENT_SECURITY",
    "A ring would capture a claim of the request more often than allowed",
    {
      allowed: wad(quote.maxCapture),
      available: probability(quote.capture),
      attackerShare: wad(quote.attackerShare),
      seats: quote.seats,
    },
    cureOf(quote),
  );
}

/** What somebody can do whose bound is not met. */
function cureOf({ seats, secureSeats, capture, attackerShare }: SecurityQuote): string {
  const allow = `Allow --max-capture ${probability(capture)}@${wad(attackerShare)}, or ask in a domain with more than ${seats} seats`;
  if (secureSeats === 0) return `${allow}; here not even an appeal's committee would do.`;
  return `${allow}, or leave the bound out and appeal: a committee of ${secureSeats} seats meets it.`;
}

/** One line for people. */
export function renderQuote(quote: SecurityQuote, claims: number): string {
  return `${quote.seats} seats, ${work(quote.fee)} for ${claims} claims; a ring with ${wad(quote.attackerShare)} of the stake captures a claim with probability ${probability(quote.capture)} (allowed ${wad(quote.maxCapture)})`;
}

/** Whether the bound is met, and else what to do. */
export function renderBound(quote: SecurityQuote): string {
  const bound = `${wad(quote.maxCapture)}@${wad(quote.attackerShare)}`;
  return isSecure(quote) ? `${bound} is met` : `${bound} is not met. ${cureOf(quote)}`;
}

export function renderQuotes(quotes: readonly SecurityQuote[]): string {
  return table(
    ["ring's share of the stake", "captures a claim, at most", "after all appeals"],
    quotes.map(({ attackerShare, capture, captureAppealed }) => [
      wad(attackerShare),
      probability(capture),
      probability(captureAppealed),
    ]),
  );
}
