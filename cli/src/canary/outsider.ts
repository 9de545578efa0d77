/** What anybody can do about an inspector's batch: no file of the inspector's is needed. */
import { canariesAbi } from "@assay/published";
import {
  getAbiItem,
  parseEventLogs,
  toEventSelector,
  type Abi,
  type Hex,
  type TransactionReceipt,
} from "viem";

import type { Connection } from "../chain/connection.ts";
import { logsOf } from "../chain/logs.ts";
import { CliError } from "../lib/errors.ts";
import type { Actor } from "../request/signer.ts";
import { readVerdictAndRequest } from "../verdict/verdict.ts";
import { BATCH_STATES } from "./batch.ts";

/** What became of a canary, and what its end brought the caller, wei of WORK. */
export interface Ending {
  readonly requestId: Hex;
  readonly batch: bigint;
  readonly bounty: bigint;
  readonly burned: bigint;
  readonly transaction: Hex;
}

/**
 * Notes what became of an opened canary: an answer that an appeal overturned costs the inspector its part, a twentieth of
 * which is the caller's.
 *
 * @throws CliError unless the request was opened as a canary, ended and was not concluded before
 */
export async function concludeCanary(
  connection: Connection,
  actor: Actor,
  requestId: Hex,
): Promise<Ending & { readonly overturned: boolean }> {
  const { verdict, request } = await readVerdictAndRequest(connection, requestId);
  const batch = batchOf(verdict, requestId);
  if (verdict.phase !== "FINAL" && verdict.phase !== "VOID") {
    throw new CliError(
      "NOT_FINAL",
      "The canary has no end yet",
      { requestId, given: verdict.phase, required: "FINAL or VOID" },
      "Try again when its appeals are over; assay verdict says when.",
      { retryable: true },
    );
  }
  const alreadyConcluded = (): CliError =>
    new CliError(
      "CONCLUDED_ALREADY",
      "The canary was concluded before",
      { requestId, batch },
      "There is nothing left to do; assay explain tells what it cost.",
    );
  if (await isConcluded(connection, requestId)) throw alreadyConcluded();
  await requireRunning(connection, batch);
  const args = [batch, [request.terms]];
  const receipt = await actor.send(connection.at.Canaries, canariesAbi as Abi, "conclude", args);
  const [own] = parseEventLogs({ ...concluded, logs: receipt.logs });
  // Somebody was quicker by a block: the contract passes over what is concluded.
  if (own === undefined) throw alreadyConcluded();
  return { ...ending(requestId, batch, receipt), overturned: own.args.overturned };
}

const concluded = { abi: canariesAbi, eventName: "CanaryConcluded", strict: true } as const;

async function isConcluded(connection: Connection, requestId: Hex): Promise<boolean> {
  const { client, at } = connection;
  const event = toEventSelector(getAbiItem({ abi: canariesAbi, name: concluded.eventName }));
  const logs = await logsOf(
    connection,
    [at.Canaries],
    [event, null, requestId],
    await client.getBlockNumber(),
  );
  return logs.length > 0;
}

/**
 * Proves that the requester of an opened canary asked with the same note again, which forfeits the bond of the batch; a
 * twentieth is the caller's.
 *
 * @param other the second request
 * @throws CliError unless the first was opened as a canary and both are of one requester and note
 */
export async function denounceCanary(
  connection: Connection,
  actor: Actor,
  requestId: Hex,
  other: Hex,
): Promise<Ending> {
  const [{ verdict, request }, { request: second }] = await Promise.all([
    readVerdictAndRequest(connection, requestId),
    readVerdictAndRequest(connection, other),
  ]);
  if (verdict.canary === undefined && second.canary !== undefined) {
    throw new CliError(
      "WRONG_ORDER",
      "The second of the requests is the one that was opened",
      { opened: other, other: requestId },
      "Name the opened one first.",
    );
  }
  const batch = batchOf(verdict, requestId);
  const [opened, again] = [request.terms, second.terms];
  if (requestId === other || opened.requester !== again.requester || opened.sealedNote !== again.sealedNote) {
    throw new CliError(
      "NOT_ASKED_TWICE",
      "The requests do not prove that a canary was asked twice",
      { given: [requestId, other], required: "two requests of one requester with one note" },
      "Compare requester and sealedNote in the Requested events of both.",
    );
  }
  await requireRunning(connection, batch);
  const args = [batch, opened, again];
  const receipt = await actor.send(connection.at.Canaries, canariesAbi as Abi, "denounce", args);
  return ending(requestId, batch, receipt);
}

/** @throws CliError if the bond was returned or burned already */
async function requireRunning({ client, at }: Connection, batch: bigint): Promise<void> {
  const { state } = await client.readContract({
    address: at.Canaries,
    abi: canariesAbi,
    functionName: "batchOf",
    args: [batch],
  });
  const given = BATCH_STATES[state];
  if (given === "OPEN") return;
  throw new CliError(
    "BATCH_OVER",
    "The bond of the batch was returned or burned already",
    { batch, given, required: "OPEN" },
    "There is nothing left to take.",
  );
}

function batchOf({ canary }: { canary: { batch: bigint } | undefined }, requestId: Hex): bigint {
  if (canary !== undefined) return canary.batch;
  throw new CliError(
    "NO_CANARY",
    "The request was not opened as a canary",
    { requestId },
    "Only its inspector's batch can open it, with assay canary open.",
  );
}

function ending(requestId: Hex, batch: bigint, { logs, transactionHash }: TransactionReceipt): Ending {
  const [forfeited] = parseEventLogs({ abi: canariesAbi, eventName: "BondForfeited", strict: true, logs });
  const { bounty = 0n, burned = 0n } = forfeited?.args ?? {};
  return { requestId, batch, bounty, burned, transaction: transactionHash };
}
