import type { Command } from "commander";
import type { Address, Hex } from "viem";

import { connect } from "../chain/connection.ts";
import { explainParty, type Bystander, type Explanation } from "../explain/explain.ts";
import { renderBystander, renderExplanation } from "../explain/render.ts";
import { addressArgument, chainOptions, requestIdArgument, type ChainOptions } from "../lib/options.ts";
import { createOutput } from "../lib/output.ts";

/** `assay explain`: why this score, these points, this penalty; exit code 1 if the chain says otherwise. */
export function explainCommand(program: Command): void {
  const explain = program
    .command("explain")
    .description(
      "why an operator, or whoever put up a bond, earned or lost what it did, recomputed wei by wei from chain data",
    )
    .argument("<request id>", "id printed by assay request", requestIdArgument)
    .argument(
      "<operator>",
      "owner address of the operator; or who appealed, reported, posted, challenged, inspected",
      addressArgument,
    );
  chainOptions(explain).action(async (requestId: Hex, operator: Address, options: ChainOptions) => {
    const explanation = await explainParty(await connect(options), requestId, operator);
    const { result } = createOutput(options);
    if ("party" in explanation) result(ofBystander(explanation), renderBystander(explanation));
    else result(summary(explanation), renderExplanation(explanation));
    if (explanation.differences.length > 0) process.exitCode = 1;
  });
}

function ofBystander({ checks: _checks, ...rest }: Bystander) {
  return { ...rest, matches: rest.differences.length === 0 };
}

/** The explanation without what only its makers need. */
function summary({ appeals, ...first }: Explanation) {
  return { ...summaryOfRound(first), appeals: appeals.map(summaryOfRound) };
}

function summaryOfRound({ request, seat, lot, ...rest }: Omit<Explanation, "appeals">) {
  const { terms, threshold, bond, weight, extended } = request;
  const shown = seat.kind === "scored" ? { ...seat, account: undefined } : seat;
  return {
    ...rest,
    terms,
    threshold,
    bond,
    weight,
    extended,
    lot,
    seat: { ...shown, checks: undefined },
    matches: rest.differences.length === 0,
  };
}
