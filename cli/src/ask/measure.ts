import type { Connection } from "../chain/connection.ts";
import {
  appendReceipts,
  requireRequester,
  signReceipts,
  type SavedReceipt,
} from "../performance/receipts.ts";
import type { Actor } from "../request/signer.ts";
import { askAboutRequest, type AskChoices, type AskResult } from "./ask.ts";
import type { AskedRequest } from "./subject.ts";

/** Asks about a request, signs a receipt for every answer and appends them to a file. */
export async function measureRequest(
  connection: Connection,
  actor: Actor,
  request: AskedRequest,
  choices: AskChoices,
  file: string,
): Promise<{ result: AskResult; receipts: SavedReceipt[] }> {
  requireRequester(request, actor);
  // A file that cannot be written is told before anybody is asked.
  appendReceipts(file, []);
  const result = await askAboutRequest(connection, request, choices);
  const receipts = await signReceipts(connection, actor, request, result.answers);
  appendReceipts(file, receipts);
  return { result, receipts };
}
