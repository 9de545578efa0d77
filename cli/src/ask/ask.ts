import { randomBytes } from "node:crypto";

import {
  askInTiers,
  askOperator,
  encodePayload,
  questionAbout,
  questionOf,
  rank,
  renderError,
  type Answered,
  type PreparedQuestion,
} from "@assay/keeper";
import { bytesToHex, encodeAbiParameters, hexToBytes, keccak256, type Address, type Hex } from "viem";

import type { Connection } from "../chain/connection.ts";
import type { Domain } from "../chain/domains.ts";
import type { ClaimLine } from "../claims.ts";
import { CliError } from "../lib/errors.ts";
import { ratio, table } from "../lib/output.ts";
import { readCandidates, type AskCandidate } from "./candidates.ts";
import type { AskedRequest } from "./subject.ts";

export interface AskChoices {
  readonly endpoints: ReadonlyMap<Address, string>;
  /** Answers that are enough. */
  readonly wanted: number;
  /** Milliseconds for one answer. */
  readonly deadlineMs: number;
  readonly allowPrivate: boolean;
}

/** One operator's answer. */
export interface OperatorAnswer extends Answered {
  readonly operator: Address;
  /** From 1: with whom it was asked. Above 1 it stands in for somebody who failed. */
  readonly tier: number;
  /** R_r, WAD. */
  readonly reputation: bigint;
  /** Whether it said what it voted; undefined where it did not vote. */
  readonly asVoted?: boolean;
}

export interface AskResult {
  /** Orders the operators; anybody can do it again. */
  readonly seed: Hex;
  /** First choice first. */
  readonly order: readonly Address[];
  readonly answers: readonly OperatorAnswer[];
  readonly failures: readonly { readonly operator: Address; readonly tier: number; readonly error: string }[];
}

/**
 * Asks operators that revealed in a request about its claims, in the order of its seed.
 *
 * @throws CliError if there is nobody to ask
 */
export async function askAboutRequest(
  connection: Connection,
  request: AskedRequest,
  choices: AskChoices,
): Promise<AskResult> {
  const { terms, payload, revealed, seed } = request;
  const candidates = await readCandidates(connection, terms.domain, choices.endpoints);
  const seated = candidates.filter(({ operator }) => revealed.has(operator));
  if (seated.length === 0) {
    throw new CliError(
      "NOBODY_TO_ASK",
      "None of the endpoints is of an operator that revealed in the request",
      { requestId: request.requestId, endpoints: choices.endpoints.size, revealed: revealed.size },
      "Operators answer about a request only after they revealed in it: wait for that, or name more endpoints.",
      { retryable: revealed.size === 0 },
    );
  }
  const asked = await askAll(connection, seed, seated, choices, (nonce) =>
    questionAbout(request, payload, nonce),
  );
  const answers = asked.answers.map((answer) => ({
    ...answer,
    asVoted: answer.answer.votes.toLowerCase() === revealed.get(answer.operator)?.toLowerCase(),
  }));
  return { ...asked, answers };
}

/**
 * Asks operators of a domain about claims that belong to no request, in the order that the newest block and the claims
 * give.
 *
 * @throws CliError if there is nobody to ask
 */
export async function askAboutClaims(
  connection: Connection,
  domain: Domain,
  claims: readonly ClaimLine[],
  baseRate: number,
  choices: AskChoices,
): Promise<AskResult> {
  const candidates = await readCandidates(connection, domain.id, choices.endpoints);
  if (candidates.length === 0) {
    throw new CliError(
      "NOBODY_TO_ASK",
      "None of the endpoints is of an operator of the domain",
      { domain: domain.name, endpoints: choices.endpoints.size },
      "Name endpoints of operators that are registered there.",
    );
  }
  const payload = encodePayload({
    version: 1,
    domain: domain.name,
    claims: claims.map(({ truth: _truth, ...claim }) => claim),
  });
  const { hash } = await connection.client.getBlock();
  const seed = keccak256(
    encodeAbiParameters([{ type: "bytes32" }, { type: "bytes32" }], [hash, keccak256(payload)]),
  );
  const about = { domain: domain.id, baseRate, claims: claims.length };
  return askAll(connection, seed, candidates, choices, (nonce) => questionOf(about, payload, nonce));
}

async function askAll(
  { chainId, at }: Connection,
  seed: Hex,
  candidates: readonly AskCandidate[],
  { wanted, deadlineMs, allowPrivate }: AskChoices,
  questionWith: (nonce: Hex) => PreparedQuestion,
): Promise<AskResult> {
  const order = rank(seed, candidates);
  const deployment = { chainId, assay: at.Assay };
  const { answers, failures } = await askInTiers({
    order,
    wanted,
    // A nonce for each question: nobody can pass on the answer to another one.
    ask: (candidate) =>
      askOperator(candidate, questionWith(bytesToHex(randomBytes(32))), {
        deployment,
        deadlineMs,
        policy: { allowPrivate },
      }),
  });
  return {
    seed,
    order: order.map(({ operator }) => operator),
    answers: answers.map(({ candidate: { operator, reputation }, answer, tier }) => ({
      ...answer,
      operator,
      reputation,
      tier,
    })),
    failures: failures.map(({ candidate: { operator }, error, tier }) => ({
      operator,
      tier,
      error: renderError(error),
    })),
  };
}

export function renderAnswers({ answers, failures }: AskResult): string {
  const operators = table(
    ["operator", "tier", "loading", "inference", "round trip", "as it voted"],
    answers.map(({ operator, tier, answer, roundTripMs, asVoted }) => [
      operator,
      tier,
      `${answer.loadMs} ms`,
      `${answer.inferMs} ms`,
      `${roundTripMs} ms`,
      asVoted === undefined ? "–" : asVoted ? "yes" : "NO",
    ]),
  );
  const votes = answers.map(({ answer }) => hexToBytes(answer.votes));
  const rows = Array.from({ length: votes[0]?.length ?? 0 }, (_, i) => [
    i + 1,
    ...votes.map((bytes) => ratio(BigInt(bytes[i] ?? 0), 255n)),
  ]);
  const head = answers.map(({ operator }) => `${operator.slice(0, 10)}…`);
  return [
    ...(answers.length === 0 ? [] : [operators, table(["claim", ...head], rows)]),
    ...failures.map(({ operator, error }) => `${operator} gave no answer: ${error}`),
  ].join("\n");
}
