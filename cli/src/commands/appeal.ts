import { InvalidArgumentError, Option, type Command } from "commander";
import type { Hex } from "viem";

import {
  claimBonds,
  fundAppeal,
  openAppeal,
  readNextAppeal,
  renderDone,
  renderNextAppeal,
  type Done,
} from "../appeal/appeal.ts";
import { connect } from "../chain/connection.ts";
import { chainOptions, requestIdArgument, workAmount, type ChainOptions } from "../lib/options.ts";
import { createOutput } from "../lib/output.ts";
import { actorFromEnvironment } from "../request/signer.ts";
import { readVerdictAndRequest } from "../verdict/verdict.ts";

interface Options extends ChainOptions {
  readonly fund?: bigint;
  readonly claim?: boolean;
  readonly show?: boolean;
  readonly keyEnv: string;
}

/** `assay appeal`: a larger committee for verdicts somebody doubts, against a bond. */
export function appealCommand(program: Command): void {
  const appeal = program
    .command("appeal")
    .description("appeal against the verdicts of a request: shows the bond and the time left, and opens it")
    .argument("<request id>", "id printed by assay request", requestIdArgument)
    .addOption(
      new Option("--fund <work>", "put in a part of the bond and leave the rest to others")
        .argParser(positiveAmount)
        .conflicts(["claim", "show"]),
    )
    .addOption(
      new Option(
        "--claim",
        "resolve the bonds of the request's appeals and take back what is yours",
      ).conflicts("show"),
    )
    .option("--show", "only show bond, time left and verdicts; needs no key")
    .option("--key-env <name>", "environment variable with the appellant's private key", "ASSAY_KEY");
  chainOptions(appeal).action(async (requestId: Hex, options: Options) => {
    const out = createOutput(options);
    const connection = await connect(options);
    const actor = options.show === true ? undefined : actorFromEnvironment(connection, options.keyEnv);
    const { verdict, request } = await readVerdictAndRequest(connection, requestId);
    const { terms } = request;
    if (actor !== undefined && options.claim === true) {
      const done: Done[] = [];
      const onDone = (one: Done): void => {
        done.push(one);
        out.say(renderDone(one));
      };
      // What came back is told even if a later step fails.
      return claimBonds(connection, actor, terms, verdict, onDone).finally(() => {
        if (done.length > 0) out.done({ requestId, done });
      });
    }
    const seats = Number((request.rounds.at(-1) ?? request).seats);
    const next = await readNextAppeal(connection, terms, seats, verdict);
    if (actor === undefined) return out.result({ next }, renderNextAppeal(next));
    out.say(renderNextAppeal(next));
    const done =
      options.fund === undefined
        ? await openAppeal(connection, actor, next)
        : await fundAppeal(connection, actor, next, options.fund);
    out.result({ next, done }, renderDone(done));
  });
}

function positiveAmount(text: string): bigint {
  const amount = workAmount(text);
  if (amount > 0n) return amount;
  throw new InvalidArgumentError("It must be more than zero.");
}
