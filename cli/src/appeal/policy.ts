import { AssayError, commitment, ROUND_APPEALED, type Phase } from "@assay/keeper";
import { assayLensAbi } from "@assay/published";
import { InvalidArgumentError } from "commander";
import type { Hex } from "viem";

import type { Connection } from "../chain/connection.ts";
import { CliError } from "../lib/errors.ts";
import { work } from "../lib/output.ts";
import type { Actor } from "../request/signer.ts";
import { phaseOf } from "../request/wait.ts";
import { readVerdictAndRequest, type Verdict } from "../verdict/verdict.ts";
import { openAppeal, readNextAppeal } from "./appeal.ts";

/** What may make a requester appeal while it waits. */
export const CONDITIONS = ["wrong", "undecided", "low-diversity"] as const;
export type Condition = (typeof CONDITIONS)[number];

/** A list of conditions, for commander. */
export function conditions(text: string): Condition[] {
  const named = text.split(",");
  const known = CONDITIONS.filter((condition) => named.includes(condition));
  if (known.length === named.length) return known;
  throw new InvalidArgumentError(`It must be one or more of ${CONDITIONS.join(", ")}, with commas between.`);
}

/** What became of a reason to appeal. */
export interface AppealOutcome {
  readonly requestId: Hex;
  /** From 1; the round an appeal opens. */
  readonly round: number;
  readonly because: readonly string[];
  /** wei put up; 0 if it was not appealed */
  readonly bond: bigint;
  /** Why it was not appealed. */
  readonly refusal?: string;
}

export interface AppealPolicy {
  readonly conditions: readonly Condition[];
  /** wei of WORK all appeals together may put up */
  readonly maxBond: bigint;
  /** What the requester expects of each claim, in order; undefined where it expects nothing. */
  readonly expected: ReadonlyMap<Hex, readonly (boolean | undefined)[]>;
}

export interface Appellant {
  /** Appeals the verdicts that count now, once a round, if a condition holds. */
  look(requestId: Hex, phase: Phase): Promise<void>;
  outcomes(): readonly AppealOutcome[];
}

/** Why the verdicts that count should be appealed; empty if they should not. */
export function reasonsToAppeal(
  { claims, rounds }: Pick<Verdict, "claims" | "rounds">,
  wanted: readonly Condition[],
  expected: readonly (boolean | undefined)[],
): string[] {
  const wrong = claims.filter(({ claim, verdict }) => {
    const truth = expected[claim - 1];
    return (verdict === "TRUE" && truth === false) || (verdict === "FALSE" && truth === true);
  });
  const undecided = claims.filter(({ verdict }) => verdict === "UNDECIDED");
  const counted = rounds.findLast(({ isVoid }) => !isVoid);
  const list = (of: typeof claims): string => of.map(({ claim }) => claim).join(", ");
  const found: Readonly<Record<Condition, string | undefined>> = {
    wrong: wrong.length > 0 ? `not as expected: claims ${list(wrong)}` : undefined,
    undecided: undecided.length > 0 ? `undecided: claims ${list(undecided)}` : undefined,
    "low-diversity": counted?.lowDiversity === true ? "too few families revealed" : undefined,
  };
  return wanted.flatMap((condition) => found[condition] ?? []);
}

/** Appeals for a requester that waits, within its purse. What fails is told and does not end the waiting. */
export function createAppellant(
  connection: Connection,
  actor: Actor,
  policy: AppealPolicy,
  say: (line: string) => void,
): Appellant {
  const judged = new Set<Hex>();
  const outcomes: AppealOutcome[] = [];
  let spent = 0n;

  const conclude = (outcome: AppealOutcome): void => {
    outcomes.push(outcome);
    const { requestId, round, because, bond, refusal } = outcome;
    const done =
      refusal === undefined ? `appealed, round ${round}, ${work(bond)} put up` : `not appealed, ${refusal}`;
    say(`${requestId}  ${done} (${because.join("; ")})`);
  };

  /** @returns whether the round is dealt with; else the next look tries again */
  const judge = async (requestId: Hex): Promise<boolean> => {
    const { verdict, request } = await readVerdictAndRequest(connection, requestId);
    const because = reasonsToAppeal(verdict, policy.conditions, policy.expected.get(requestId) ?? []);
    if (because.length === 0) return true;
    const about = { requestId, round: verdict.rounds.length + 1, because };
    try {
      const seats = Number((request.rounds.at(-1) ?? request).seats);
      const next = await readNextAppeal(connection, request.terms, seats, verdict);
      const missing = next.bond - next.funded;
      if (spent + missing > policy.maxBond) {
        const refusal = `its bond of ${work(missing)} is more than what is left of --max-bond, ${work(policy.maxBond - spent)}`;
        conclude({ ...about, bond: 0n, refusal });
        return true;
      }
      const { amount } = await openAppeal(connection, actor, next);
      spent += amount;
      conclude({ ...about, bond: amount });
    } catch (error) {
      if (!(error instanceof AssayError)) throw error;
      if (error.retryable) return false;
      conclude({ ...about, bond: 0n, refusal: `${error.message} [${error.code}]` });
    }
    return true;
  };

  return {
    outcomes: () => outcomes,
    async look(requestId, phase) {
      if (phase !== "FINALIZED" && phase !== "APPEALED") return;
      const roundId = await latestRound(connection, requestId);
      if (judged.has(roundId)) return;
      // An appeal that voids leaves the verdicts of before, and may be repeated.
      const latest = await phaseOf(connection, roundId);
      if (latest !== "FINALIZED" && latest !== "VOID") return;
      if (await judge(requestId)) judged.add(roundId);
    },
  };
}

/** The round that no appeal followed. */
async function latestRound({ client, at }: Connection, requestId: Hex): Promise<Hex> {
  for (let index = 0; ; index++) {
    const roundId = commitment.roundIdOf(requestId, index);
    const lens = { address: at.AssayLens, abi: assayLensAbi, args: [roundId] } as const;
    const { flags } = await client.readContract({ ...lens, functionName: "roundOf" });
    if ((flags & ROUND_APPEALED) === 0) return roundId;
  }
}

/** @throws CliError if the options of an appellant do not fit each other */
export function requireAppealOptions({
  appealIf,
  maxBond,
  wait,
  hasTruth,
}: {
  readonly appealIf?: readonly Condition[] | undefined;
  readonly maxBond?: bigint | undefined;
  readonly wait?: boolean | undefined;
  /** Whether the file says of any claim what is expected. */
  readonly hasTruth: boolean;
}): void {
  const refuse = (message: string, advice: string): CliError =>
    new CliError(
      "APPEAL_OPTIONS_NOT_VALID",
      message,
      { appealIf, maxBond: maxBond && work(maxBond) },
      advice,
    );
  if (appealIf === undefined && maxBond === undefined) return;
  if (appealIf === undefined || maxBond === undefined || wait !== true) {
    throw refuse(
      "Appealing while waiting needs --wait, --appeal-if and --max-bond together",
      "Give all three: what to appeal, and the most WORK all bonds together may take.",
    );
  }
  if (appealIf.includes("wrong") && !hasTruth) {
    throw refuse(
      "No claim of the file says what is expected of it",
      'Add "truth": true or false to the claims you know; it is not sent.',
    );
  }
}
