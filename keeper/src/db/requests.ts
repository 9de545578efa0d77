import type { Hex } from "viem";

import { corrupt } from "./errors.ts";
import type { Database } from "./open.ts";

/** A request as its event told it, without the payload; what the chain says about it is never copied. */
export type StoredRequest<Terms> = {
  readonly requestId: Hex;
  readonly terms: Terms;
  readonly uri: string;
  readonly block: bigint;
};

/** All that the event told. */
export type ToldRequest<Terms> = StoredRequest<Terms> & {
  /** The payload if it travelled in the event, else 0x. */
  readonly payload: Hex;
};

export type RequestTable<Terms> = {
  /**
   * Keeps a request, open. One that is known is overwritten: it is only read again after a reorganisation or a crash.
   *
   * @returns true
   */
  add(request: ToldRequest<Terms>): boolean;
  /**
   * Keeps a request, open, unless it is known.
   *
   * @returns whether it was kept
   */
  addUnknown(request: ToldRequest<Terms>): boolean;
  /** Nothing more is to be done for it, and why if its end was not a regular one. Frees what takes room. */
  close(requestId: Hex, reason?: string): void;
  /** Why the keeper does not vote in it; undefined while it may. */
  refusalOf(requestId: Hex): string | undefined;
  /** Records for good that the keeper does not vote in it. The first reason stays. */
  refuse(requestId: Hex, reason: string): void;
  /** Requests that may still want something, oldest first. */
  open(): StoredRequest<Terms>[];
  countOpen(): number;
  /** The payload that travelled in the event, else 0x; read when it is judged, because it may be long. */
  payloadOf(requestId: Hex): Hex;
};

/**
 * The requests of the keeper's domains. A cache: after a loss the events are read again.
 *
 * @param encode terms to text, @param decode and back
 */
export function createRequestTable<Terms>(
  { sql, path, read, write }: Database,
  encode: (terms: Terms) => string,
  decode: (text: string) => Terms,
): RequestTable<Terms> {
  const insertOn = (conflict: string) =>
    sql.prepare(
      `INSERT INTO request (request_id, terms, uri, payload, block, done) VALUES (?, ?, ?, ?, ?, 0)
       ON CONFLICT (request_id) DO ${conflict}`,
    );
  const upsert = insertOn(
    "UPDATE SET uri = excluded.uri, payload = excluded.payload, block = excluded.block, done = 0",
  );
  const insert = insertOn("NOTHING");
  const finish = sql.prepare(
    "UPDATE request SET done = 1, payload = '0x', reason = coalesce(reason, ?) WHERE request_id = ?",
  );
  const selectReason = sql.prepare("SELECT reason FROM request WHERE request_id = ?");
  const setReason = sql.prepare("UPDATE request SET reason = coalesce(reason, ?) WHERE request_id = ?");
  const select = sql.prepare(
    "SELECT request_id, terms, uri, block FROM request WHERE done = 0 ORDER BY block, request_id",
  );
  const selectCount = sql.prepare("SELECT count(*) AS open FROM request WHERE done = 0");
  const selectPayload = sql.prepare("SELECT payload FROM request WHERE request_id = ?");
  const toRequest = (row: Record<string, unknown>): StoredRequest<Terms> => {
    try {
      return {
        requestId: row["request_id"] as Hex,
        terms: decode(row["terms"] as string),
        uri: row["uri"] as string,
        block: BigInt(row["block"] as number),
      };
    } catch (error) {
      throw corrupt(path, `the request ${String(row["request_id"])} is not as it was written`, error);
    }
  };
  const keepBy =
    (statement: typeof insert) =>
    ({ requestId, terms, uri, payload, block }: ToldRequest<Terms>): boolean =>
      write(() => statement.run(requestId, encode(terms), uri, payload, Number(block)).changes > 0);
  return {
    add: keepBy(upsert),
    addUnknown: keepBy(insert),
    close: (requestId, reason) =>
      write(() => {
        finish.run(reason ?? null, requestId);
      }),
    refusalOf: (requestId) =>
      read(() => {
        const reason = selectReason.get(requestId)?.["reason"];
        return typeof reason === "string" ? reason : undefined;
      }),
    refuse: (requestId, reason) =>
      write(() => {
        setReason.run(reason, requestId);
      }),
    open: () => read(() => select.all().map(toRequest)),
    countOpen: () => read(() => Number(selectCount.get()?.["open"] ?? 0)),
    payloadOf: (requestId) => read(() => (selectPayload.get(requestId)?.["payload"] ?? "0x") as Hex),
  };
}
