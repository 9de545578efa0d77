import { randomBytes } from "node:crypto";

import { canaryNotes, encodePayload, hashPayload } from "@assay/keeper";
import { canariesAbi, workTokenAbi } from "@assay/published";
import { bytesToHex, parseEventLogs, type Abi, type Address, type Hex } from "viem";

import type { Connection } from "../chain/connection.ts";
import type { Domain } from "../chain/domains.ts";
import { CliError } from "../lib/errors.ts";
import { work } from "../lib/output.ts";
import { openRequest, preparePayload, type OpenedRequest } from "../request/open.ts";
import type { Actor } from "../request/signer.ts";
import { answersOf, leavesOf, requireOpenBatch, type BatchStatus } from "./batch.ts";
import type { Canary, CanaryFile } from "./file.ts";

/** What became of a batch by one call. */
export interface Closing {
  readonly concluded: number;
  /** undefined while canaries can be opened */
  readonly state: "RETURNED" | "BURNED" | undefined;
}

/** Gives every list of claims a salt and a note. Nobody but the reader of the result can tell them from other requests. */
export function prepareCanaries(
  { at, chainId }: Connection,
  domain: Domain,
  lists: readonly Canary["claims"][],
  inspector: Address,
  requester: Address,
): CanaryFile {
  const canaries = lists.map((claims) => {
    const payload = { version: 1 as const, domain: domain.name, claims: claims.map(withoutTruth) };
    const payloadHash = hashPayload(encodePayload(payload));
    const salt = bytesToHex(randomBytes(32));
    const answers = answersOf({ claims });
    const note = canaryNotes.noteOf(
      { chainId: BigInt(chainId), canaries: at.Canaries },
      { inspector, requester, payloadHash, answers, salt },
    );
    return { claims, payloadHash, salt, note };
  });
  return { version: 1, chainId, contract: at.Canaries, domain, inspector, requester, canaries };
}

const withoutTruth = ({ truth: _truth, ...claim }: Canary["claims"][number]) => claim;

/** Registers the batch and puts up its bond. */
export async function registerBatch(
  { client, at }: Connection,
  actor: Actor,
  file: CanaryFile,
  { batch }: BatchStatus,
): Promise<{ batch: bigint; bond: bigint; lastEpoch: bigint }> {
  requireActor(actor, file.inspector, "inspector");
  if (batch !== undefined) {
    throw new CliError(
      "REGISTERED_ALREADY",
      "The batch is registered already",
      { batch },
      "Go on with assay canary ask.",
    );
  }
  const each = await client.readContract({ address: at.Canaries, abi: canariesAbi, functionName: "BOND" });
  const bond = each * BigInt(file.canaries.length);
  await approve({ client, at }, actor, bond);
  const root = canaryNotes.rootOf(leavesOf(file));
  const args = [file.domain.id, root, BigInt(file.canaries.length)];
  const receipt = await actor.send(at.Canaries, canariesAbi as Abi, "register", args);
  const [registered] = parseEventLogs({
    abi: canariesAbi,
    eventName: "BatchRegistered",
    logs: receipt.logs,
    strict: true,
  });
  if (registered === undefined) throw new Error(`transaction ${receipt.transactionHash} registered no batch`);
  return registered.args;
}

/** Which canaries can be asked now, at most `count`. */
export function toAsk(status: BatchStatus, count: number): number[] {
  requireOpenBatch(status);
  const { registered, epoch, canaries } = status;
  if (registered !== undefined && epoch <= registered) {
    throw new CliError(
      "TOO_EARLY",
      "Canaries count only in later epochs than that of their registration",
      { epoch, required: registered + 1n },
      "Ask again in the next epoch.",
      { retryable: true },
    );
  }
  return canaries
    .filter(({ requestId }) => requestId === undefined)
    .map(({ position }) => position)
    .slice(0, count);
}

/** Asks a canary exactly as `assay request` would ask its claims. */
export async function askCanary(
  connection: Connection,
  actor: Actor,
  file: CanaryFile,
  position: number,
  { seats, store }: { seats: number; store: string | undefined },
): Promise<OpenedRequest> {
  const { claims, payloadHash, note } = canaryAt(file, position);
  const payload = await preparePayload(file.domain, claims, store);
  if (payload.hash !== payloadHash)
    throw new Error(`the payload of canary ${position} is not the one it was prepared with`);
  const plan = { domain: file.domain, payload, seats, maxFee: undefined, security: undefined, note };
  return openRequest(connection, actor, plan);
}

/** Opens every canary that can be opened now, and says which. */
export async function openCanaries(
  { at }: Connection,
  actor: Actor,
  file: CanaryFile,
  status: BatchStatus,
): Promise<Hex[]> {
  const batch = requireOpenBatch(status);
  const leaves = leavesOf(file);
  const opened: Hex[] = [];
  for (const { position, requestId, terms, canOpen } of status.canaries) {
    if (requestId === undefined || !canOpen) continue;
    const canary = canaryAt(file, position);
    const siblings = canaryNotes.siblingsOf(leaves, position);
    const args = [batch, BigInt(position), terms, answersOf(canary), canary.salt, siblings];
    await actor.send(at.Canaries, canariesAbi as Abi, "open", args);
    opened.push(requestId);
  }
  return opened;
}

/** Canaries that are asked and not opened, though they still can be. */
export function waiting({ canaries }: BatchStatus): number {
  return canaries.filter(
    ({ requestId, counts, isLost }) => requestId !== undefined && counts === undefined && !isLost,
  ).length;
}

/** Concludes what is final and, after the last epoch, closes the batch. */
export async function closeBatch(
  connection: Connection,
  actor: Actor,
  status: BatchStatus,
): Promise<Closing> {
  const { at } = connection;
  const batch = requireOpenBatch(status);
  const ready = status.canaries.filter(
    ({ counts, overturned, phase }) =>
      counts !== undefined && overturned === undefined && (phase === "FINAL" || phase === "VOID"),
  );
  if (ready.length > 0) {
    const args = [batch, ready.map(({ terms }) => terms)];
    await actor.send(at.Canaries, canariesAbi as Abi, "conclude", args);
  }
  if (status.lastEpoch === undefined || status.epoch <= status.lastEpoch)
    return { concluded: ready.length, state: undefined };
  const receipt = await actor.send(at.Canaries, canariesAbi as Abi, "close", [batch]);
  const [closed] = parseEventLogs({
    abi: canariesAbi,
    eventName: "BatchClosed",
    logs: receipt.logs,
    strict: true,
  });
  return { concluded: ready.length, state: closed?.args.state === 2 ? "RETURNED" : "BURNED" };
}

/** Appoints or dismisses an inspector; the actor owns the domain. */
export async function setInspector(
  { at }: Connection,
  actor: Actor,
  domain: Domain,
  inspector: Address,
  isAppointed: boolean,
): Promise<Hex> {
  const name = isAppointed ? "appoint" : "dismiss";
  const receipt = await actor.send(at.Canaries, canariesAbi as Abi, name, [domain.id, inspector]);
  return receipt.transactionHash;
}

function canaryAt({ canaries }: CanaryFile, position: number): Canary {
  const canary = canaries[position];
  if (canary === undefined) throw new Error(`the batch has no canary at ${position}`);
  return canary;
}

/** @throws CliError if the key is somebody else's */
export function requireActor({ address }: Actor, required: Address, role: string): void {
  if (address === required) return;
  throw new CliError(
    "OTHER_KEY",
    `The key is not that of the ${role}`,
    { given: address, required },
    "Name the variable with the right key with --key-env.",
  );
}

/** Lets the contract take the bond, if it may not yet. */
async function approve({ client, at }: Pick<Connection, "client" | "at">, actor: Actor, bond: bigint) {
  const token = { address: at.WorkToken, abi: workTokenAbi } as const;
  const owner = actor.address;
  const [balance, allowed] = await Promise.all([
    client.readContract({ ...token, functionName: "balanceOf", args: [owner] }),
    client.readContract({ ...token, functionName: "allowance", args: [owner, at.Canaries] }),
  ]);
  if (balance < bond) {
    throw new CliError(
      "WORK_MISSING",
      "The inspector has too little WORK for the bond",
      { inspector: owner, balance: work(balance), needed: work(bond) },
      "Send WORK to the inspector, or prepare fewer canaries.",
    );
  }
  if (allowed >= bond) return;
  await actor.send(at.WorkToken, workTokenAbi as Abi, "approve", [at.Canaries, bond]);
}
