import { BOND_STATES, commitment, sortition, type BondState, type Phase } from "@assay/keeper";
import { appealsAbi, assayAbi, workTokenAbi } from "@assay/published";
import { parseEventLogs, type Abi, type Address, type Hex } from "viem";

import type { Connection } from "../chain/connection.ts";
import { CliError } from "../lib/errors.ts";
import { table, work } from "../lib/output.ts";
import type { Actor } from "../request/signer.ts";
import type { ClaimVerdict, Verdict } from "../verdict/verdict.ts";

/** The appeal that could be opened next. */
export interface NextAppeal {
  readonly requestId: Hex;
  readonly terms: commitment.Terms;
  readonly phase: Phase;
  /** From 1; the round the appeal opens. */
  readonly round: number;
  readonly roundId: Hex;
  readonly seats: number;
  /** wei of WORK */
  readonly bond: bigint;
  /** wei put up so far */
  readonly funded: bigint;
  /** Seconds left to appeal, by the clock of the chain; 0 if it is too late or too early. */
  readonly secondsLeft: number;
  /** The verdicts that count now. */
  readonly claims: readonly ClaimVerdict[];
}

/** What was done about an appeal. */
export interface Done {
  readonly what: "appealed" | "funded" | "claimed" | "burned";
  readonly roundId: Hex;
  /** wei that left the actor, or came back */
  readonly amount: bigint;
  readonly transaction: Hex;
}

/**
 * The next appeal of a request.
 *
 * @param seats expected committee of the latest round
 * @throws CliError if no further appeal is possible
 */
export async function readNextAppeal(
  { client, at }: Connection,
  terms: commitment.Terms,
  seats: number,
  { requestId, phase, rounds, finalAt, claims }: Verdict,
): Promise<NextAppeal> {
  const index = rounds.length;
  const next = 2 * seats + 1;
  if (index > commitment.MAX_APPEALS || BigInt(next) > sortition.MAX_SEATS) {
    throw new CliError(
      "NO_FURTHER_APPEAL",
      "The request cannot be appealed again",
      {
        requestId,
        appeals: index - 1,
        allowed: commitment.MAX_APPEALS,
        seats: next,
        allowedSeats: sortition.MAX_SEATS,
      },
      "The verdicts become final when the window of the latest round is over.",
    );
  }
  const roundId = commitment.roundIdOf(requestId, index);
  const appeals = { address: at.Appeals, abi: appealsAbi } as const;
  const [bond, { funded }, { timestamp }] = await Promise.all([
    client.readContract({ ...appeals, functionName: "bondOf", args: [terms, BigInt(index)] }),
    client.readContract({ ...appeals, functionName: "potOf", args: [roundId] }),
    client.getBlock(),
  ]);
  const isOpen = phase === "FINALIZED" || phase === "APPEALED";
  const secondsLeft = isOpen && finalAt !== undefined ? Math.max(0, finalAt - Number(timestamp)) : 0;
  return {
    requestId,
    terms,
    phase,
    round: index + 1,
    roundId,
    seats: next,
    bond,
    funded,
    secondsLeft,
    claims,
  };
}

/** Why waiting does not help, by phase. */
const NOT_APPEALABLE: Partial<Record<Phase, string>> = {
  NONE: "Check the id.",
  FINALIZED: "The window is over: its verdicts become final with the next block.",
  FINAL: "Its verdicts are final.",
  VOID: "It has no verdicts and will have none; the credits went back. Ask again with assay request.",
};

/** @throws CliError if verdicts cannot be appealed now */
function requireOpen({ requestId, phase, secondsLeft }: NextAppeal): void {
  if (secondsLeft > 0) return;
  throw new CliError(
    "NOT_APPEALABLE",
    "The request cannot be appealed now",
    { requestId, phase, allowed: "FINALIZED, or APPEALED after a void appeal, within the window" },
    NOT_APPEALABLE[phase] ?? "Wait for verdicts; assay verdict ID tells the phase.",
  );
}

/** Opens the appeal; the actor pays what is missing of the bond. */
export async function openAppeal(connection: Connection, actor: Actor, next: NextAppeal): Promise<Done> {
  requireOpen(next);
  const missing = next.bond - next.funded;
  await approve(connection, actor, missing);
  const receipt = await actor.send(connection.at.Assay, assayAbi as Abi, "appeal", [next.terms]);
  const [opened] = parseEventLogs({
    abi: assayAbi,
    eventName: "Appealed",
    logs: receipt.logs,
    strict: true,
  });
  if (opened === undefined) throw new Error(`transaction ${receipt.transactionHash} opened no appeal`);
  const { roundId } = opened.args;
  return { what: "appealed", roundId, amount: missing, transaction: receipt.transactionHash };
}

/** Puts in a part of the bond, at most what is missing. */
export async function fundAppeal(
  connection: Connection,
  actor: Actor,
  next: NextAppeal,
  amount: bigint,
): Promise<Done> {
  requireOpen(next);
  const missing = next.bond - next.funded;
  if (missing === 0n) {
    throw new CliError(
      "NOTHING_TO_FUND",
      "The bond needs no such part",
      { given: work(amount), missing: work(missing) },
      "Open the appeal without --fund.",
    );
  }
  const part = amount < missing ? amount : missing;
  await approve(connection, actor, part);
  const args = [next.terms, BigInt(next.round - 1), part];
  const receipt = await actor.send(connection.at.Appeals, appealsAbi as Abi, "fund", args);
  return { what: "funded", roundId: next.roundId, amount: part, transaction: receipt.transactionHash };
}

/**
 * Resolves the bonds of all appeals of a request and takes back what is the actor's.
 *
 * @param onDone told of each step, because a later one may fail
 */
export async function claimBonds(
  connection: Connection,
  actor: Actor,
  terms: commitment.Terms,
  { requestId, rounds, phase }: Verdict,
  onDone: (done: Done) => void,
): Promise<void> {
  const { client, at } = connection;
  const appeals = { address: at.Appeals, abi: appealsAbi } as const;
  let steps = 0;
  const tell = (done: Done): void => {
    steps += 1;
    onDone(done);
  };
  const stateOf = async (roundId: Hex): Promise<BondState> => {
    const { state } = await client.readContract({ ...appeals, functionName: "potOf", args: [roundId] });
    return BOND_STATES[state] ?? "FUNDING";
  };
  // A part of an appeal that nobody opened comes back too.
  for (let index = 1; index <= Math.min(rounds.length, commitment.MAX_APPEALS); index++) {
    const roundId = commitment.roundIdOf(requestId, index);
    const args = [roundId, actor.address] as const;
    const { amount, paid } = await client.readContract({ ...appeals, functionName: "contributionOf", args });
    if (amount === 0n) continue;
    let state = await stateOf(roundId);
    if (state === "LOCKED" && phase === "FINAL") {
      const receipt = await actor.send(at.Appeals, appealsAbi as Abi, "resolve", [terms, BigInt(index)]);
      state = await stateOf(roundId);
      if (state === "BURNED") {
        tell({ what: "burned", roundId, amount, transaction: receipt.transactionHash });
      }
    }
    if (state === "FUNDING") {
      const receipt = await actor.send(at.Appeals, appealsAbi as Abi, "withdraw", [roundId]);
      tell({ what: "claimed", roundId, amount, transaction: receipt.transactionHash });
    }
    if (state !== "RETURNED") continue;
    const { funded, reward } = await client.readContract({
      ...appeals,
      functionName: "potOf",
      args: [roundId],
    });
    const due = amount + (amount * reward) / funded - paid;
    if (due === 0n) continue;
    const receipt = await actor.send(at.Appeals, appealsAbi as Abi, "claim", [...args]);
    tell({ what: "claimed", roundId, amount: due, transaction: receipt.transactionHash });
  }
  if (steps > 0) return;
  throw new CliError(
    "NOTHING_TO_CLAIM",
    "There is nothing to take back now",
    { requestId, funder: actor.address, phase },
    phase === "FINAL"
      ? "Bonds that were burned do not come back; shares of later settlements can be claimed when they are booked."
      : "Bonds of open appeals come back once the request is FINAL.",
  );
}

/** Lets the appeals take `amount`, if they may not yet. */
async function approve({ client, at }: Connection, actor: Actor, amount: bigint): Promise<void> {
  const token = { address: at.WorkToken, abi: workTokenAbi } as const;
  const owner: Address = actor.address;
  const [balance, allowed] = await Promise.all([
    client.readContract({ ...token, functionName: "balanceOf", args: [owner] }),
    client.readContract({ ...token, functionName: "allowance", args: [owner, at.Appeals] }),
  ]);
  if (balance < amount) {
    throw new CliError(
      "WORK_MISSING",
      "The appellant has too little WORK for the bond",
      { appellant: owner, balance: work(balance), needed: work(amount) },
      "Send WORK to the appellant, or put in a part with --fund and let others add the rest.",
    );
  }
  if (allowed >= amount) return;
  await actor.send(at.WorkToken, workTokenAbi as Abi, "approve", [at.Appeals, amount]);
}

export function renderNextAppeal(next: NextAppeal): string {
  const { requestId, phase, round, seats, bond, funded, secondsLeft, claims } = next;
  return [
    `request ${requestId}, phase ${phase}`,
    secondsLeft > 0 ? `${secondsLeft} s left to appeal` : "cannot be appealed now",
    `round ${round} would have ${seats} expected seats and cost a bond of ${work(bond)}, ${work(funded)} of it put up already`,
    ...(claims.length === 0
      ? []
      : [
          table(
            ["claim", "verdict that counts", "mean probability", "round"],
            claims.map(({ claim, verdict, mean, round: from }) => [claim, verdict, mean, from]),
          ),
        ]),
  ].join("\n");
}

export function renderDone({ what, roundId, amount }: Done): string {
  switch (what) {
    case "appealed":
      return `appealed: round ${roundId} is open, you put up ${work(amount)}`;
    case "funded":
      return `put up ${work(amount)} of the bond of round ${roundId}`;
    case "claimed":
      return `took back ${work(amount)} of round ${roundId}`;
    case "burned":
      return `round ${roundId} changed no verdict for good: its bond is burned, ${work(amount)} of it yours`;
  }
}
