import type { Command } from "commander";
import type { Address } from "viem";

import { connect } from "../chain/connection.ts";
import { findDomain } from "../chain/domains.ts";
import { addressArgument, chainOptions, type ChainOptions } from "../lib/options.ts";
import { createOutput } from "../lib/output.ts";
import { postMetrics, renderPosted, withdrawBond } from "../performance/metrics.ts";
import { readReceipts, recordReceipts } from "../performance/receipts.ts";
import { actorFromEnvironment } from "../request/signer.ts";

interface RecordOptions extends ChainOptions {
  readonly file: string;
  readonly keyEnv: string;
}

interface MetricsOptions extends ChainOptions {
  readonly domain: string;
  readonly keyEnv: string;
}

/** `assay receipts record` and `assay metrics`: what was measured goes on the chain, and what follows from it. */
export function performanceCommands(program: Command): void {
  const record = program
    .command("receipts")
    .description("receipts of measured performance")
    .command("record")
    .description("record signed receipts on the chain, up to fifty of a model in a transaction; anybody may")
    .requiredOption("--file <receipts.jsonl>", "receipts, as assay ask and assay request write them")
    .option("--key-env <name>", "environment variable with the private key that pays", "ASSAY_KEY");
  chainOptions(record).action(async (options: RecordOptions) => {
    const connection = await connect(options);
    const actor = actorFromEnvironment(connection, options.keyEnv);
    const receipts = readReceipts(options.file, connection);
    const done = await recordReceipts(connection, actor, receipts);
    createOutput(options).result(
      done,
      [
        ...done.recorded.map(
          ({ receipts: count, domain, modelHash }) =>
            `recorded ${count} receipts of model ${modelHash}, domain ${domain}`,
        ),
        ...done.passedOver.map(
          ({ requestId, operator, reason }) => `passed over ${operator} in ${requestId}: ${reason}`,
        ),
      ].join("\n"),
    );
  });

  const metrics = program.command("metrics").description("S, F, B, I and R_r of operators");
  const post = metrics
    .command("post")
    .description("post what an operator's newest receipts give, under a bond that a false post loses")
    .argument("<operator>", "owner address", addressArgument)
    .requiredOption("--domain <name or number>", "domain of the operator")
    .option("--key-env <name>", "environment variable with the poster's private key", "ASSAY_KEY");
  chainOptions(post).action(async (operator: Address, options: MetricsOptions) => {
    const connection = await connect(options);
    const actor = actorFromEnvironment(connection, options.keyEnv);
    const domain = await findDomain(connection, options.domain);
    const posted = await postMetrics(connection, actor, domain.id, operator);
    createOutput(options).result(posted, renderPosted(posted));
  });

  const withdraw = metrics
    .command("withdraw")
    .description("return the bond of a post that nobody can challenge any more to its poster")
    .argument("<operator>", "owner address", addressArgument)
    .requiredOption("--domain <name or number>", "domain of the operator")
    .option("--key-env <name>", "environment variable with the private key that pays", "ASSAY_KEY");
  chainOptions(withdraw).action(async (operator: Address, options: MetricsOptions) => {
    const connection = await connect(options);
    const actor = actorFromEnvironment(connection, options.keyEnv);
    const domain = await findDomain(connection, options.domain);
    const transaction = await withdrawBond(connection, actor, domain.id, operator);
    createOutput(options).result({ operator, transaction }, `${operator}: the bond went back to its poster`);
  });
}
