import type { Command } from "commander";

import { connect } from "../chain/connection.ts";
import { findDomain, readDomains } from "../chain/domains.ts";
import { chainOptions, type ChainOptions } from "../lib/options.ts";
import { createOutput } from "../lib/output.ts";
import { renderVerification, verifyReputation } from "../reputation/verify.ts";

/** `assay reputation verify`: every R from events alone; exit code 1 on any mismatch. */
export function reputationCommand(program: Command): void {
  const verify = program
    .command("reputation")
    .description("the reputations of operators")
    .command("verify")
    .description("replay every outcome from events and compare every reputation with the chain, bit for bit")
    .option("--domain <name or number>", "only this domain (default: all)");
  chainOptions(verify).action(async (options: ChainOptions & { domain?: string }) => {
    const connection = await connect(options);
    const domains =
      options.domain === undefined
        ? await readDomains(connection)
        : [await findDomain(connection, options.domain)];
    const results = [];
    for (const domain of domains) results.push(await verifyReputation(connection, domain));
    createOutput(options).result(results, results.map(renderVerification).join("\n\n"));
    if (results.some(({ mismatches }) => mismatches.length > 0)) process.exitCode = 1;
  });
}
