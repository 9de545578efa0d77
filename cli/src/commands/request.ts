import { AssayError, EXIT_START_AGAIN, renderError } from "@assay/keeper";
import type { Command } from "commander";
import type { Address, Hex } from "viem";

import {
  conditions,
  CONDITIONS,
  createAppellant,
  requireAppealOptions,
  type Condition,
} from "../appeal/policy.ts";
import type { OperatorAnswer } from "../ask/ask.ts";
import { readEndpoints } from "../ask/endpoints.ts";
import { measureRequest } from "../ask/measure.ts";
import { readAskedRequest } from "../ask/subject.ts";
import { connect, type Connection } from "../chain/connection.ts";
import { findDomain } from "../chain/domains.ts";
import { readClaims } from "../claims.ts";
import { chainOptions, integer, securityBound, workAmount, type ChainOptions } from "../lib/options.ts";
import { CliError } from "../lib/errors.ts";
import { createOutput, work } from "../lib/output.ts";
import { ensureCredits, estimateFees, readMarket, readPrice } from "../request/credits.ts";
import {
  inBatches,
  openRequest,
  preparePayload,
  requireAffordable,
  type OpenedRequest,
} from "../request/open.ts";
import { readQuote, renderQuote, requireSecure, type SecurityBound } from "../request/security.ts";
import { actorFromEnvironment, type Actor } from "../request/signer.ts";
import { waitForVerdicts } from "../request/wait.ts";
import { readVerdict, renderVerdict, type Verdict } from "../verdict/verdict.ts";

interface Options extends ChainOptions {
  readonly domain: string;
  readonly file: string;
  readonly batch?: number;
  readonly store?: string;
  readonly maxFee?: bigint;
  readonly maxCapture?: SecurityBound;
  readonly buy?: boolean;
  readonly wait?: boolean;
  readonly timeout: number;
  readonly appealIf?: readonly Condition[];
  readonly maxBond?: bigint;
  readonly receipts?: string;
  readonly endpoints?: string;
  readonly allowPrivate?: boolean;
  readonly keyEnv: string;
}

/** `assay request`: claims from a file become requests. */
export function requestCommand(program: Command): void {
  const request = program
    .command("request")
    .description("ask a committee: opens one request for every batch of claims and prints its id")
    .requiredOption("--domain <name or number>", "domain that judges the claims")
    .requiredOption(
      "--file <claims.jsonl>",
      "claims, one object a line: text, answer, optionally id; a truth is not sent",
    )
    .option("--batch <number>", "claims per request (default: as many as the domain allows)", integer(1, 256))
    .option("--store <url>", "payload store to put the claims into (default: inside the request)")
    .option("--max-fee <work>", "most WORK one request may cost (default: a tenth more than now)", workAmount)
    .option(
      "--max-capture <probability@share>",
      "refuse unless a ring with that share of the stake captures a claim with at most that probability, such as 0.01@0.2",
      securityBound,
    )
    .option("--buy", "burn WORK for credits if there are too few")
    .option(
      "--wait",
      "wait until every verdict is final and print them; leaves with 75 if one is not or is void",
    )
    .option("--timeout <seconds>", "how long --wait waits", integer(1, 1_000_000), 3_600)
    .option(
      "--appeal-if <conditions>",
      `while waiting, appeal verdicts that are ${CONDITIONS.join(", ")} (wrong: against the truth in the file)`,
      conditions,
    )
    .option("--max-bond <work>", "most WORK the bonds of all these appeals together may take", workAmount)
    .option("--receipts <file>", "after the verdicts, ask who voted and append a signed receipt for each")
    .option("--endpoints <file>", "for --receipts: JSON object of owner addresses and URLs")
    .option("--allow-private", "for --receipts: also ask at private addresses, such as your own network's")
    .option("--key-env <name>", "environment variable with the requester's private key", "ASSAY_KEY");
  chainOptions(request).action(async (options: Options) => {
    const out = createOutput(options);
    const claims = readClaims(options.file);
    requireAppealOptions({ ...options, hasTruth: claims.some(({ truth }) => truth !== undefined) });
    const endpoints = readReceiptOptions(options);
    const connection = await connect(options);
    const actor = actorFromEnvironment(connection, options.keyEnv);
    const domain = await findDomain(connection, options.domain);
    const market = await readMarket(connection, domain.id);
    const batches = inBatches(claims, Math.min(options.batch ?? market.maxClaims, market.maxClaims));
    // Everything that can be refused for its content is, before anything is paid for.
    const payloads = [];
    for (const batch of batches) payloads.push(await preparePayload(domain, batch, options.store));
    const sizes = batches.map((batch) => batch.length);
    const largest = Math.max(...sizes);
    const price = await readPrice(connection, domain.id);
    requireAffordable(price, { claims: largest, seats: market.seats, maxFee: options.maxFee });
    const bound = options.maxCapture;
    const quote = bound && (await readQuote(connection, domain.id, largest, bound));
    if (quote !== undefined) {
      out.say(renderQuote(quote, largest));
      requireSecure(quote);
    }
    const needed = estimateFees(sizes, price, market);
    const bought = await ensureCredits(connection, actor, needed, options.buy === true);
    if (bought > 0n) out.say(`bought credits for ${work(bought)}`);

    const opened: OpenedRequest[] = [];
    const result = { bought, ...(quote && { quote }), requests: opened };
    try {
      for (const payload of payloads) {
        const { seats } = market;
        const plan = { domain, payload, seats, maxFee: options.maxFee, security: bound };
        const request = await openRequest(connection, actor, plan);
        opened.push(request);
        out.say(`${request.requestId}  ${request.claims} claims, ${work(request.fee)} reserved`);
      }
      if (options.wait !== true) {
        out.done(result);
        return;
      }
      const ids = opened.map(({ requestId }) => requestId);
      const { appealIf, maxBond } = options;
      const expected = new Map<Hex, (boolean | undefined)[]>();
      for (const [i, id] of ids.entries())
        expected.set(
          id,
          (batches[i] ?? []).map(({ truth }) => truth),
        );
      const appellant =
        appealIf !== undefined && maxBond !== undefined
          ? createAppellant(connection, actor, { conditions: appealIf, maxBond, expected }, out.say)
          : undefined;
      await waitForVerdicts(connection, ids, options.timeout, {
        onPhase: (id, phase) => out.say(`${id}  ${phase}`),
        onLook: appellant?.look,
      });
      const verdicts = [];
      for (const id of ids) verdicts.push(await readVerdict(connection, id));
      const appeals = appellant?.outcomes();
      const measured =
        options.receipts === undefined || endpoints === undefined
          ? undefined
          : await measureAll(connection, actor, ids, {
              endpoints,
              file: options.receipts,
              allowPrivate: options.allowPrivate === true,
            });
      for (const { answers, problems } of measured ?? []) {
        out.say([`${answers.length} receipts in ${options.receipts ?? ""}`, ...problems].join("\n"));
      }
      out.result(
        { ...result, verdicts, ...(appeals && { appeals }), ...(measured && { measured }) },
        verdicts.map(renderVerdict).join("\n\n"),
      );
      process.exitCode = exitCodeOf(verdicts);
    } catch (error) {
      // What was paid for is told whatever fails after it.
      if (opened.length > 0) out.done(result);
      throw error;
    }
  });
}

/** Milliseconds for one answer. */
const ANSWER_MS = 20_000;

/** Asks everybody who revealed and has an endpoint. A verdict counts without receipts: what fails is told only. */
async function measureAll(
  connection: Connection,
  actor: Actor,
  requestIds: readonly Hex[],
  {
    endpoints,
    file,
    allowPrivate,
  }: { endpoints: ReadonlyMap<Address, string>; file: string; allowPrivate: boolean },
): Promise<Measured[]> {
  const choices = { endpoints, wanted: endpoints.size, deadlineMs: ANSWER_MS, allowPrivate };
  const measured: Measured[] = [];
  for (const requestId of requestIds) {
    try {
      const request = await readAskedRequest(connection, requestId, choices);
      const { answers, failures } = (await measureRequest(connection, actor, request, choices, file)).result;
      const problems = failures.map(({ operator, error }) => `${operator} gave no answer: ${error}`);
      measured.push({ requestId, answers, problems });
    } catch (error) {
      if (!(error instanceof AssayError)) throw error;
      measured.push({ requestId, answers: [], problems: [renderError(error)] });
    }
  }
  return measured;
}

interface Measured {
  readonly requestId: Hex;
  readonly answers: readonly OperatorAnswer[];
  /** Why there are not more. */
  readonly problems: readonly string[];
}

/** @throws CliError if the options for receipts do not fit each other */
function readReceiptOptions({
  receipts,
  endpoints,
  wait,
}: Pick<Options, "receipts" | "endpoints" | "wait">): ReadonlyMap<Address, string> | undefined {
  if (receipts === undefined && endpoints === undefined) return undefined;
  if (receipts !== undefined && endpoints !== undefined && wait === true) return readEndpoints(endpoints);
  throw new CliError(
    "RECEIPT_OPTIONS_NOT_VALID",
    "Measuring after the verdicts needs --wait, --receipts and --endpoints together",
    { receipts, endpoints, wait: wait === true },
    "Give all three, or ask later with assay ask --request ID --receipts FILE.",
  );
}

/** 0 with a final verdict on everything; 75 if a request is void, so that it may be asked again. */
function exitCodeOf(verdicts: readonly Verdict[]): number {
  if (verdicts.some(({ differences }) => differences.length > 0)) return 1;
  return verdicts.every(({ isFinal }) => isFinal) ? 0 : EXIT_START_AGAIN;
}
