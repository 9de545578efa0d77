import { AssayError, type ErrorData } from "../lib/errors.ts";

export type DatabaseErrorCode =
  | "DATABASE_BUSY"
  | "DATABASE_CORRUPT"
  | "DATABASE_NOT_WRITABLE"
  | "DATABASE_FOREIGN"
  | "DATABASE_TOO_NEW"
  | "DATABASE_OTHER_IDENTITY";

/** The database cannot be used. But for `DATABASE_BUSY` all are final: without its memory a keeper must not vote. */
export class DatabaseError extends AssayError<DatabaseErrorCode, ErrorData> {
  constructor(
    code: DatabaseErrorCode,
    message: string,
    { data, advice, cause }: { data: ErrorData; advice: string; cause?: unknown },
  ) {
    super({ code, message, data, advice, retryable: code === "DATABASE_BUSY", cause });
  }
}

/** A file that is damaged, or a row that is not what was written. */
export function corrupt(path: string, given: string, cause?: unknown): DatabaseError {
  return new DatabaseError("DATABASE_CORRUPT", "The database is damaged", {
    data: { path, given, allowed: "the file as it was written" },
    advice:
      "Stop here, and do not restore an old copy while votes are open: move the file away, wait until every open request is over, then start with a new one.",
    cause,
  });
}

/** Primary result codes of SQLite: https://www.sqlite.org/rescode.html */
const BUSY = [5, 6];
const CORRUPT = [11, 26];
const NOT_WRITABLE = [8, 10, 13, 14, 23];

/** Gives SQLite's own errors their family; others come back as they are. */
export function fromSqlite(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !("errcode" in error)) return error;
  // The low byte is the primary code, the rest only refines it.
  const code = Number(error.errcode) & 0xff;
  if (BUSY.includes(code)) {
    return new DatabaseError("DATABASE_BUSY", "Another process holds the database", {
      data: { path, given: error.message, allowed: "one writer at a time" },
      advice: "Check that only one keeper of this operator runs.",
      cause: error,
    });
  }
  if (CORRUPT.includes(code)) return corrupt(path, error.message, error);
  if (NOT_WRITABLE.includes(code)) {
    return new DatabaseError("DATABASE_NOT_WRITABLE", "The database cannot be written", {
      data: { path, given: error.message, allowed: "a writable file with free disk space" },
      advice: "Free disk space or correct the permissions; nothing was voted meanwhile.",
      cause: error,
    });
  }
  return error;
}
