import { appendFileSync, readFileSync } from "node:fs";

import { addressSchema, performanceMath, SEAT_REVEALED, termsSchema } from "@assay/keeper";
import { performanceLedgerAbi } from "@assay/published";
import { isHex, recoverTypedDataAddress, type Abi, type Address, type Hex } from "viem";
import { z } from "zod";

import type { OperatorAnswer } from "../ask/ask.ts";
import type { AskedRequest } from "../ask/subject.ts";
import type { Connection } from "../chain/connection.ts";
import { CliError } from "../lib/errors.ts";
import type { Actor } from "../request/signer.ts";

/** Receipts recorded in one transaction. */
const BATCH = 50;

const hex = z.custom<Hex>((value) => isHex(value), { error: "hexadecimal" });
const bytes32 = hex.refine((value) => value.length === 66, { error: "0x and 64 hexadecimal digits" });
const uint32 = z.int().min(0).max(0xffff_ffff);

/** A line of a receipts file: a signed receipt, and where it belongs. */
const lineSchema = z.strictObject({
  chainId: z.int().positive(),
  ledger: addressSchema,
  terms: termsSchema,
  receipt: z.strictObject({
    requestId: bytes32,
    operator: addressSchema,
    modelHash: bytes32,
    inputSize: uint32,
    outputSize: uint32,
    loadMs: uint32,
    inferMs: uint32,
    roundTripMs: uint32,
  }),
  signature: hex,
});
export type SavedReceipt = z.infer<typeof lineSchema>;

/** What the requester signs of one receipt. */
function typedReceipt({ chainId, ledger, receipt }: Pick<SavedReceipt, "chainId" | "ledger" | "receipt">) {
  return {
    domain: { name: "Assay Performance", version: "1", chainId, verifyingContract: ledger },
    types: performanceMath.RECEIPT_TYPES,
    primaryType: "Receipt" as const,
    message: receipt,
  };
}

/** @throws CliError if the actor did not open the request: its receipts would be nobody's */
export function requireRequester({ requestId, terms }: AskedRequest, { address }: Actor): void {
  if (terms.requester === address) return;
  throw new CliError(
    "NOT_THE_REQUESTER",
    "Only who paid for a request signs receipts of it",
    { requestId, given: address, allowed: terms.requester },
    "Use the key that opened the request, or leave --receipts out.",
  );
}

/**
 * Signs what was measured. Sizes are the bytes of the payload and of the votes; the round trip is the requester's own
 * measurement, loading and inference are what the operator signed in its answer.
 */
export async function signReceipts(
  { chainId, at }: Connection,
  { signer }: Actor,
  { requestId, terms, payload }: Pick<AskedRequest, "requestId" | "terms" | "payload">,
  answers: readonly OperatorAnswer[],
): Promise<SavedReceipt[]> {
  const signed: SavedReceipt[] = [];
  for (const { operator, answer, roundTripMs } of answers) {
    const { modelHash, loadMs, inferMs } = answer;
    const sizes = { inputSize: payload.length, outputSize: terms.claims };
    const receipt = { requestId, operator, modelHash, ...sizes, loadMs, inferMs, roundTripMs };
    const about = { chainId, ledger: at.PerformanceLedger, receipt };
    signed.push({ ...about, terms, signature: await signer.signTypedData(typedReceipt(about)) });
  }
  return signed;
}

/** @throws CliError if the file cannot be written */
export function appendReceipts(file: string, receipts: readonly SavedReceipt[]): void {
  const lines = receipts.map((saved) => `${JSON.stringify(saved, text)}\n`).join("");
  try {
    appendFileSync(file, lines);
  } catch (error) {
    throw new CliError(
      "FILE_NOT_WRITTEN",
      "A file cannot be written",
      { file, reason: (error as Error).message },
      "Name a folder that exists and that you may write to.",
    );
  }
}

const text = (_key: string, value: unknown): unknown =>
  typeof value === "bigint" ? value.toString() : value;

/** @throws CliError naming the lines that are no receipts of this deployment */
export function readReceipts(file: string, { chainId, at }: Connection): SavedReceipt[] {
  const refuse = (problems: string): CliError =>
    new CliError(
      "RECEIPTS_NOT_VALID",
      "The file of receipts cannot be used",
      { file, problems },
      "Take a file that assay ask --receipts wrote, for the chain and deployment of --rpc.",
    );
  let content: string;
  try {
    content = readFileSync(file, "utf8");
  } catch (error) {
    throw refuse((error as Error).message);
  }
  const receipts: SavedReceipt[] = [];
  const problems: string[] = [];
  for (const [i, line] of content.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const parsed = lineSchema.safeParse(parseJson(line));
    if (!parsed.success)
      problems.push(`line ${i + 1}: ${z.prettifyError(parsed.error).replaceAll("\n", " ")}`);
    else if (parsed.data.chainId !== chainId || parsed.data.ledger !== at.PerformanceLedger)
      problems.push(`line ${i + 1}: of chain ${parsed.data.chainId}, ledger ${parsed.data.ledger}`);
    else receipts.push(parsed.data);
  }
  if (receipts.length === 0 && problems.length === 0) problems.push("it is empty");
  if (problems.length > 0) throw refuse(problems.slice(0, 5).join("; "));
  return receipts;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

export interface RecordedBatch {
  readonly domain: number;
  readonly modelHash: Hex;
  readonly receipts: number;
  readonly transaction: Hex;
}

/** A receipt that was not sent, and why. */
export interface PassedOver {
  readonly requestId: Hex;
  readonly operator: Address;
  readonly reason: string;
}

/** Records receipts, those of one model together, at most fifty in a transaction; what the ledger would refuse is left out. */
export async function recordReceipts(
  connection: Connection,
  actor: Actor,
  receipts: readonly SavedReceipt[],
): Promise<{ recorded: RecordedBatch[]; passedOver: PassedOver[] }> {
  const passedOver: PassedOver[] = [];
  const byModel = new Map<string, SavedReceipt[]>();
  const taken = new Set<string>();
  for (const saved of receipts) {
    const { requestId, operator, modelHash } = saved.receipt;
    const seat = `${requestId} ${operator}`;
    const reason = taken.has(seat)
      ? "there is an earlier one in the file"
      : await refusalOf(connection, saved);
    if (reason !== undefined) {
      passedOver.push({ requestId, operator, reason });
      continue;
    }
    taken.add(seat);
    const key = `${saved.terms.domain} ${modelHash}`;
    byModel.set(key, [...(byModel.get(key) ?? []), saved]);
  }
  const recorded: RecordedBatch[] = [];
  for (const group of byModel.values()) {
    for (let i = 0; i < group.length; i += BATCH) {
      recorded.push(await recordBatch(connection, actor, group.slice(i, i + BATCH)));
    }
  }
  return { recorded, passedOver };
}

async function recordBatch(
  { at }: Connection,
  actor: Actor,
  batch: readonly SavedReceipt[],
): Promise<RecordedBatch> {
  const [first] = batch as readonly [SavedReceipt];
  const [{ domain }, { modelHash }] = [first.terms, first.receipt];
  const signed = batch.map(({ terms, receipt, signature }) => ({ terms, receipt, signature }));
  const args = [domain, modelHash, signed];
  const abi = performanceLedgerAbi as Abi;
  const { transactionHash } = await actor.send(at.PerformanceLedger, abi, "recordReceipts", args);
  return { domain, modelHash, receipts: batch.length, transaction: transactionHash };
}

/** Why the ledger would refuse or pass over a receipt; one such would take its batch with it. */
async function refusalOf(
  { client, at, reads }: Connection,
  saved: SavedReceipt,
): Promise<string | undefined> {
  const { terms, receipt, signature } = saved;
  const { requestId, operator, modelHash, loadMs, inferMs, roundTripMs } = receipt;
  const ledger = { address: at.PerformanceLedger, abi: performanceLedgerAbi } as const;
  if (inferMs === 0 || loadMs + inferMs > roundTripMs) return "its times are not possible";
  if ((await reads.idOf(terms)) !== requestId) return "its terms are of another request";
  const isRecorded = await client.readContract({
    ...ledger,
    functionName: "isRecorded",
    args: [requestId, operator],
  });
  if (isRecorded) return "it is recorded already";
  if ((await reads.modelHashOf(terms.domain, operator)) !== modelHash) {
    return "the operator runs another model now";
  }
  const seat = await reads.seatOf(requestId, operator);
  if ((seat.flags & SEAT_REVEALED) === 0) return "the operator did not reveal in the request";
  const code = await client.getCode({ address: terms.requester });
  // What a contract signs only the contract can tell.
  if (code !== undefined && code !== "0x") return undefined;
  const signer = await recoverTypedDataAddress({ ...typedReceipt(saved), signature }).catch(() => undefined);
  return signer === terms.requester ? undefined : "it is not signed by the requester";
}
