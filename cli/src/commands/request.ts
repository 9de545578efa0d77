import type { Command } from "commander";

import { connect } from "../chain/connection.ts";
import { findDomain } from "../chain/domains.ts";
import { readClaims } from "../claims.ts";
import { chainOptions, integer, workAmount, type ChainOptions } from "../lib/options.ts";
import { createOutput, work } from "../lib/output.ts";
import { ensureCredits, estimateFees, readMarket, readPrice } from "../request/credits.ts";
import {
  inBatches,
  openRequest,
  preparePayload,
  requireAffordable,
  type OpenedRequest,
} from "../request/open.ts";
import { actorFromEnvironment } from "../request/signer.ts";
import { waitForVerdicts } from "../request/wait.ts";
import { readVerdict, renderVerdict } from "../verdict/verdict.ts";

interface Options extends ChainOptions {
  readonly domain: string;
  readonly file: string;
  readonly batch?: number;
  readonly store?: string;
  readonly maxFee?: bigint;
  readonly buy?: boolean;
  readonly wait?: boolean;
  readonly timeout: number;
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
    .option("--buy", "burn WORK for credits if there are too few")
    .option("--wait", "wait for the verdicts and print them")
    .option("--timeout <seconds>", "how long --wait waits", integer(1, 1_000_000), 3_600)
    .option("--key-env <name>", "environment variable with the requester's private key", "ASSAY_KEY");
  chainOptions(request).action(async (options: Options) => {
    const out = createOutput(options);
    const claims = readClaims(options.file);
    const connection = await connect(options);
    const actor = actorFromEnvironment(connection, options.keyEnv);
    const domain = await findDomain(connection, options.domain);
    const market = await readMarket(connection, domain.id);
    const batches = inBatches(claims, Math.min(options.batch ?? market.maxClaims, market.maxClaims));
    // Everything that can be refused for its content is, before anything is paid for.
    const payloads = [];
    for (const batch of batches) payloads.push(await preparePayload(domain, batch, options.store));
    const sizes = batches.map((batch) => batch.length);
    const price = await readPrice(connection, domain.id);
    requireAffordable(price, {
      claims: Math.max(...sizes),
      seats: market.seats,
      maxFee: options.maxFee,
    });
    const needed = estimateFees(sizes, price, market);
    const bought = await ensureCredits(connection, actor, needed, options.buy === true);
    if (bought > 0n) out.say(`bought credits for ${work(bought)}`);

    const opened: OpenedRequest[] = [];
    for (const payload of payloads) {
      const plan = { domain, payload, seats: market.seats, maxFee: options.maxFee };
      const request = await openRequest(connection, actor, plan);
      opened.push(request);
      out.say(`${request.requestId}  ${request.claims} claims, ${work(request.fee)} reserved`);
    }
    if (options.wait !== true) {
      if (options.json === true) out.result({ bought, requests: opened }, "");
      return;
    }
    const ids = opened.map(({ requestId }) => requestId);
    await waitForVerdicts(connection, ids, options.timeout, (id, phase) => out.say(`${id}  ${phase}`));
    const verdicts = [];
    for (const id of ids) verdicts.push(await readVerdict(connection, id));
    out.result({ bought, requests: opened, verdicts }, verdicts.map(renderVerdict).join("\n\n"));
  });
}
