import type { DatabaseSync } from "node:sqlite";
import type { Address } from "viem";
import { decodeBigint, encodeBigint } from "./codec.ts";
import { DatabaseError } from "./errors.ts";

/** Whose votes a database remembers. Another chain, contract or operator needs another file. */
export type Identity = {
  readonly chainId: number;
  /** The Assay contract. */
  readonly contract: Address;
  /** The owner address of the operator, to which votes are bound; not the hot key, which may change. */
  readonly operator: Address;
};

/** Writes the identity into a new database. */
export function writeIdentity(sql: DatabaseSync, identity: Identity): void {
  sql
    .prepare("INSERT INTO identity (id, chain_id, contract, operator) VALUES (1, ?, ?, ?)")
    .run(
      encodeBigint(BigInt(identity.chainId)),
      identity.contract.toLowerCase(),
      identity.operator.toLowerCase(),
    );
}

/** @throws DatabaseError DATABASE_OTHER_IDENTITY if the database belongs to someone else, or to nobody */
export function checkIdentity(sql: DatabaseSync, path: string, wanted: Identity): void {
  const row = sql.prepare("SELECT chain_id, contract, operator FROM identity WHERE id = 1").get();
  const given =
    row === undefined
      ? "none"
      : describe(Number(decodeBigint(row["chain_id"])), String(row["contract"]), String(row["operator"]));
  const allowed = describe(wanted.chainId, wanted.contract.toLowerCase(), wanted.operator.toLowerCase());
  if (given !== allowed) {
    throw new DatabaseError(
      "DATABASE_OTHER_IDENTITY",
      "The database remembers the votes of another identity",
      {
        data: { path, given, allowed },
        advice: "Give this keeper the path of its own database, or correct chain, contract or operator.",
      },
    );
  }
}

function describe(chainId: number, contract: string, operator: string): string {
  return `chain ${chainId}, contract ${contract}, operator ${operator}`;
}
