import { Option, type Command } from "commander";
import { parseUnits } from "viem";

import { connect } from "../chain/connection.ts";
import { findDomain } from "../chain/domains.ts";
import { CliError } from "../lib/errors.ts";
import { chainOptions, integer, securityBound, share, type ChainOptions } from "../lib/options.ts";
import { createOutput, work } from "../lib/output.ts";
import { readMarket } from "../request/credits.ts";
import { isSecure, readQuote, renderBound, renderQuotes, type SecurityBound } from "../request/security.ts";

interface Options extends ChainOptions {
  readonly domain: string;
  readonly claims: number;
  readonly attackerShare?: bigint;
  readonly maxCapture?: SecurityBound;
}

/** Rings shown if nobody names one. */
const SHARES = ["0.1", "0.2", "0.33"].map((part) => parseUnits(part, 18));

/** `assay quote`: what a request costs and how secure it is, before it is opened. */
export function quoteCommand(program: Command): void {
  const quote = program
    .command("quote")
    .description("seats, fee and the probability that a ring captures a claim, for a request of now")
    .requiredOption("--domain <name or number>", "domain that would judge the claims")
    .requiredOption("--claims <number>", "claims of the request", integer(1, 256))
    .option("--attacker-share <share>", "share of the domain's stake the ring holds, such as 0.2", share)
    .addOption(
      new Option("--max-capture <probability@share>", "also say whether this bound is met, such as 0.01@0.2")
        .argParser(securityBound)
        .conflicts("attackerShare"),
    );
  chainOptions(quote).action(async (options: Options) => {
    const connection = await connect(options);
    const domain = await findDomain(connection, options.domain);
    const { maxClaims } = await readMarket(connection, domain.id);
    const { claims, maxCapture: bound } = options;
    if (claims > maxClaims) {
      throw new CliError(
        "TOO_MANY_CLAIMS",
        "The domain takes fewer claims at once",
        { given: claims, allowed: maxClaims },
        "Ask for a quote of fewer claims; assay request cuts a file into requests by itself.",
      );
    }
    const named = bound?.attackerShare ?? options.attackerShare;
    const quotes = [];
    for (const attackerShare of named === undefined ? SHARES : [named]) {
      const wanted = { maxCapture: bound?.maxCapture ?? 0n, attackerShare };
      quotes.push(await readQuote(connection, domain.id, claims, wanted));
    }
    const [first] = quotes;
    if (first === undefined) return;
    const { seats, fee, secureSeats } = first;
    const rows = quotes.map(({ attackerShare, capture, captureAppealed }) => ({
      attackerShare,
      capture,
      captureAppealed,
    }));
    const isMet = bound && { ...bound, isMet: isSecure(first), secureSeats };
    createOutput(options).result(
      { domain, claims, seats, fee, quotes: rows, ...(isMet && { bound: isMet }) },
      [
        `domain ${domain.name}: ${seats} expected seats, ${work(fee)} reserved for ${claims} claims`,
        renderQuotes(quotes),
        ...(bound === undefined ? [] : [renderBound(first)]),
      ].join("\n"),
    );
  });
}
