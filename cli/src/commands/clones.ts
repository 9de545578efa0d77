import { printable } from "@assay/keeper";
import type { Command } from "commander";
import { isAddressEqual, type Address } from "viem";

import { connect } from "../chain/connection.ts";
import { findDomain } from "../chain/domains.ts";
import { findCase, readCases, type CloneCase } from "../clones/cases.ts";
import { closeCase, reverseCase } from "../clones/decide.ts";
import { readDefence, reply, type Defence } from "../clones/defence.ts";
import { addressArgument, chainOptions, integer, type ChainOptions } from "../lib/options.ts";
import { createOutput, table } from "../lib/output.ts";
import { actorFromEnvironment } from "../request/signer.ts";

interface DomainOptions extends ChainOptions {
  readonly domain: string;
}

interface LookOptions extends DomainOptions {
  readonly days: number;
}

interface CaseOptions extends DomainOptions {
  readonly of?: Address;
  readonly keyEnv: string;
}

/** `assay clones`: for whoever is reported as a clone, from the report to what becomes of it. */
export function clonesCommand(program: Command): void {
  const clones = program
    .command("clones")
    .description(
      "for operators that are reported as clones: look at the case, add requests to it, decide it",
    );
  status(clones);
  replyTo(clones);
  close(clones);
  reverse(clones);
}

function status(clones: Command): void {
  const command = domainOption(
    clones
      .command("status")
      .description(
        "reports that name an operator, and what can still be added to the open ones; needs no key",
      )
      .argument("<operator>", "owner address", addressArgument),
  );
  daysOption(command).action(async (operator: Address, options: LookOptions) => {
    const connection = await connect(options);
    const domain = await findDomain(connection, options.domain);
    const shown: { accusation: CloneCase; defence: Defence | undefined }[] = [];
    for (const accusation of await readCases(connection, domain, operator)) {
      const canReply = accusation.state === "OPEN" && accusation.secondsLeft > 0;
      const defence = canReply ? await readDefence(connection, domain, accusation, options.days) : undefined;
      shown.push({ accusation, defence });
    }
    createOutput(options).result(
      shown.map(({ accusation, defence }) => ({ ...plain(accusation), ...outlook(defence) })),
      shown.length === 0
        ? `${operator} was never reported in ${domain.name}, and nobody as its clone`
        : shown.map(({ accusation, defence }) => renderCase(operator, accusation, defence)).join("\n\n"),
    );
  });
}

function replyTo(clones: Command): void {
  const command = withCase(
    clones
      .command("reply")
      .description("add to an open case the requests in which the accused differs most; anybody may")
      .argument("<operator>", "owner address of the accused", addressArgument),
    "anybody",
  );
  daysOption(command).action(async (operator: Address, options: CaseOptions & LookOptions) => {
    const out = createOutput(options);
    const connection = await connect(options);
    const actor = actorFromEnvironment(connection, options.keyEnv);
    const domain = await findDomain(connection, options.domain);
    const accusation = await findCase(connection, domain, operator, "OPEN", options.of);
    const sent: { requests: number; transaction: string }[] = [];
    const defence = await reply(
      connection,
      actor,
      domain,
      accusation,
      options.days,
      (requests, transaction) => {
        sent.push({ requests, transaction });
        out.say(`added ${requests} requests in ${transaction}`);
      },
    );
    const now = (await readCases(connection, domain, operator)).find(
      ({ number }) => number === accusation.number,
    );
    const { correlation, isAlike } = now ?? accusation;
    out.result(
      { sent, correlation, isAlike, withAll: defence.withAll },
      `r is ${r(correlation)} now, ${isAlike ? "still alike" : "no longer alike"}; ${r(defence.withAll)} if whoever reported adds the rest`,
    );
  });
}

function close(clones: Command): void {
  const command = withCase(
    clones
      .command("close")
      .description("decide a case whose window is over; anybody may")
      .argument("<operator>", "owner address of the accused", addressArgument),
    "anybody",
  );
  command.action(async (operator: Address, options: CaseOptions) => {
    const connection = await connect(options);
    const actor = actorFromEnvironment(connection, options.keyEnv);
    const domain = await findDomain(connection, options.domain);
    const accusation = await findCase(connection, domain, operator, "OPEN", options.of);
    const decision = await closeCase(connection, actor, domain, accusation);
    const what =
      decision.family === undefined
        ? `dismissed: ${operator} stays where it is`
        : `${operator} counts in family slot ${decision.family} from the next epoch on; nothing else was taken`;
    createOutput(options).result(decision, `${what}; the bond went to ${decision.recipient}`);
  });
}

function reverse(clones: Command): void {
  const command = withCase(
    clones
      .command("reverse")
      .description("for domain owners: move a reclassified operator back, in public")
      .argument("<operator>", "owner address of the operator that was moved", addressArgument)
      .requiredOption("--reason <text>", "why; goes on the chain"),
    "the domain's owner",
  );
  command.action(async (operator: Address, options: CaseOptions & { readonly reason: string }) => {
    const connection = await connect(options);
    const actor = actorFromEnvironment(connection, options.keyEnv);
    const domain = await findDomain(connection, options.domain);
    const decided = await findCase(connection, domain, operator, "RECLASSIFIED", options.of);
    const done = await reverseCase(connection, actor, domain, decided, options.reason);
    const text = `${operator} counts in family slot ${done.family} again from the next epoch on: ${printable(options.reason, 200)}`;
    createOutput(options).result({ operator, ...done }, text);
  });
}

function domainOption(command: Command): Command {
  return chainOptions(command.requiredOption("--domain <name or number>", "domain of the operator"));
}

function daysOption(command: Command): Command {
  return command.option(
    "--days <number>",
    "days of votes that are looked through for requests to add",
    integer(1, 3_650),
    30,
  );
}

function withCase(command: Command, whose: string): Command {
  return domainOption(command)
    .option("--of <operator>", "the earlier operator, where several cases accuse one", addressArgument)
    .option("--key-env <name>", `environment variable with the private key of ${whose}`, "ASSAY_KEY");
}

/** What a program needs of a case. */
function plain({ sums, lineage: _lineage, ...accusation }: CloneCase) {
  return { ...accusation, claims: sums.claims };
}

function outlook(defence: Defence | undefined) {
  if (defence === undefined) return {};
  const { spare, chosen, withChosen, withAll, isAlike } = defence;
  return { reply: { spare: spare.length, chosen: chosen.length, withChosen, withAll, isAlike } };
}

function renderCase(operator: Address, accusation: CloneCase, defence: Defence | undefined): string {
  const { earlier, later, state, openUntil, secondsLeft, requests, sums, rule } = accusation;
  const isAccused = isAddressEqual(later, operator);
  return [
    isAccused ? `reported as a clone of ${earlier}` : `${later} was reported as a clone of this operator`,
    table(
      ["state", "number", "reporter", "requests", "uncertain claims", "r", "accused from"],
      [
        [
          state,
          accusation.number,
          accusation.reporter,
          requests,
          sums.claims,
          r(accusation.correlation),
          rule.correlation / 10_000,
        ],
      ],
    ),
    ...(state !== "OPEN"
      ? []
      : [
          secondsLeft > 0
            ? `requests can be added until ${new Date(openUntil * 1_000).toISOString()}, ${secondsLeft} s from now`
            : `nothing can be added any more; assay clones close ${later} decides it`,
        ]),
    ...(defence === undefined ? [] : [renderDefence(later, defence)]),
  ].join("\n");
}

function renderDefence(later: Address, { spare, chosen, withChosen, withAll, isAlike }: Defence): string {
  if (spare.length === 0) return "every request in which both voted is in evidence";
  const all = `with all ${spare.length} that could be added r is ${r(withAll)}`;
  if (isAlike) return `${all}; whatever is added, ${later} stays alike`;
  return `${all}; assay clones reply ${later} adds ${chosen.length}, with which it is ${r(withChosen)}, no longer alike`;
}

/** r with four decimals, cut off: never shown as more than it is. */
function r(correlation: number | undefined): string {
  return correlation === undefined ? "–" : (Math.floor(correlation * 10_000) / 10_000).toFixed(4);
}
