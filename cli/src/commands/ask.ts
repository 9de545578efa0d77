import { EXIT_START_AGAIN, verdictMath } from "@assay/keeper";
import { assayAbi } from "@assay/published";
import { Option, type Command } from "commander";
import type { Hex } from "viem";

import {
  askAboutClaims,
  askAboutRequest,
  renderAnswers,
  type AskChoices,
  type AskResult,
} from "../ask/ask.ts";
import { readEndpoints } from "../ask/endpoints.ts";
import { measureRequest } from "../ask/measure.ts";
import { readAskedRequest } from "../ask/subject.ts";
import { connect, type Connection } from "../chain/connection.ts";
import { findDomain } from "../chain/domains.ts";
import { readClaims } from "../claims.ts";
import { CliError } from "../lib/errors.ts";
import { chainOptions, integer, requestIdArgument, type ChainOptions } from "../lib/options.ts";
import { createOutput } from "../lib/output.ts";
import type { SavedReceipt } from "../performance/receipts.ts";
import { actorFromEnvironment } from "../request/signer.ts";

interface Options extends ChainOptions {
  readonly request?: Hex;
  readonly domain?: string;
  readonly file?: string;
  readonly endpoints: string;
  readonly answers: number;
  readonly deadline: number;
  readonly allowPrivate?: boolean;
  readonly receipts?: string;
  readonly keyEnv: string;
}

/** `assay ask`: operators answer directly, one by one in the order of rank; a measurement, not a verdict. */
export function askCommand(program: Command): void {
  const ask = program
    .command("ask")
    .description(
      "ask operators directly, the first of their rank first: an answer of one operator, not a verdict",
    )
    .option("--request <id>", "a request they revealed in", requestIdArgument)
    .addOption(
      new Option("--domain <name or number>", "or claims of no request, in this domain").conflicts("request"),
    )
    .addOption(new Option("--file <claims.jsonl>", "the claims").conflicts("request"))
    .requiredOption("--endpoints <file>", "JSON object of owner addresses and URLs")
    .option(
      "--answers <number>",
      "answers wanted; who fails is replaced by the next of the rank",
      integer(1, 64),
      1,
    )
    .option("--deadline <ms>", "most milliseconds for one answer", integer(100, 600_000), 20_000)
    .option("--allow-private", "also ask at private addresses, such as your own network's")
    .addOption(
      new Option("--receipts <file>", "sign what was measured and append it to this file").conflicts(
        "domain",
      ),
    )
    .option(
      "--key-env <name>",
      "environment variable with the private key that opened the request",
      "ASSAY_KEY",
    );
  chainOptions(ask).action(async (options: Options) => {
    const choices: AskChoices = {
      endpoints: readEndpoints(options.endpoints),
      wanted: options.answers,
      deadlineMs: options.deadline,
      allowPrivate: options.allowPrivate === true,
    };
    const connection = await connect(options);
    const { result, receipts } = await askWhatIsAsked(connection, options, choices);
    const saved = receipts === undefined ? [] : [`${receipts.length} receipts in ${options.receipts ?? ""}`];
    createOutput(options).result(
      { ...result, ...(receipts && { receipts }) },
      [renderAnswers(result), ...saved].join("\n"),
    );
    if (result.answers.length < choices.wanted) process.exitCode = EXIT_START_AGAIN;
  });
}

async function askWhatIsAsked(
  connection: Connection,
  options: Options,
  choices: AskChoices,
): Promise<{ result: AskResult; receipts?: SavedReceipt[] }> {
  const { request: requestId, domain: wanted, file, receipts: receiptFile } = options;
  if (requestId !== undefined) {
    const request = await readAskedRequest(connection, requestId, choices);
    if (receiptFile === undefined) return { result: await askAboutRequest(connection, request, choices) };
    const actor = actorFromEnvironment(connection, options.keyEnv);
    return measureRequest(connection, actor, request, choices, receiptFile);
  }
  if (wanted === undefined || file === undefined) {
    throw new CliError(
      "NOTHING_TO_ASK",
      "It is not said what to ask",
      { allowed: "--request ID, or --domain NAME with --file CLAIMS" },
      "Name a request, or a domain and a file of claims.",
    );
  }
  const domain = await findDomain(connection, wanted);
  const claims = readClaims(file);
  const [mean] = await connection.client.readContract({
    address: connection.at.Assay,
    abi: assayAbi,
    functionName: "meansOf",
    args: [domain.id],
  });
  return {
    result: await askAboutClaims(connection, domain, claims, Number(verdictMath.rateByte(mean)), choices),
  };
}
