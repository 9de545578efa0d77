import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
} from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { corrupt, DatabaseError, fromSqlite } from "./errors.ts";
import { checkIdentity, writeIdentity, type Identity } from "./identity.ts";
import { APPLICATION_ID, MIGRATIONS } from "./schema.ts";

export type OpenDatabaseOptions = {
  /** The file; made with its folder if it is missing. On a local disk: WAL does not work over a network. */
  path: string;
  identity: Identity;
  /** How long to wait for another process that writes, in milliseconds. */
  busyTimeoutMs?: number;
};

/** An open, checked database. Only the modules of this folder see SQL. */
export type Database = {
  readonly path: string;
  readonly sql: DatabaseSync;
  /**
   * Runs `work` as one transaction that excludes all other writers from its first line on. When it returns, what was
   * written is on the disk (WAL, synchronous = FULL); when it throws, nothing was written.
   */
  write<T>(work: () => T): T;
  /** Runs `work` without a transaction, with the same typed errors. */
  read<T>(work: () => T): T;
  close(): void;
};

/**
 * Opens the keeper's memory and refuses whatever cannot be trusted: a damaged or empty file, a file of another
 * program, of a newer version, or of another identity. A keeper without its memory could vote twice.
 *
 * @throws DatabaseError
 */
export function openDatabase({ path, identity, busyTimeoutMs = 5_000 }: OpenDatabaseOptions): Database {
  try {
    if (!existsSync(path)) create(path, identity, busyTimeoutMs);
    return openExisting(path, identity, busyTimeoutMs);
  } catch (error) {
    throw fromSqlite(path, error);
  }
}

function openExisting(path: string, identity: Identity, busyTimeoutMs: number): Database {
  checkHeader(path);
  const sql = connect(path, busyTimeoutMs);
  try {
    checkFile(sql, path);
    checkIdentity(sql, path, identity);
    migrate(sql);
  } catch (error) {
    sql.close();
    throw error;
  }
  return wrap(sql, path);
}

function wrap(sql: DatabaseSync, path: string): Database {
  const read = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw fromSqlite(path, error);
    }
  };
  return {
    path,
    sql,
    read,
    write: (work) => read(() => inTransaction(sql, work)),
    close: () => {
      if (sql.isOpen) sql.close();
    },
  };
}

/** Builds the whole file beside its place and links it there: nobody ever sees half a database. */
function create(path: string, identity: Identity, busyTimeoutMs: number): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const unfinished = `${path}.unfinished-${randomBytes(8).toString("hex")}`;
  try {
    const sql = connect(unfinished, busyTimeoutMs);
    try {
      // It holds the salts of open votes: for its owner only.
      chmodSync(unfinished, 0o600);
      sql.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
      migrate(sql);
      inTransaction(sql, () => writeIdentity(sql, identity));
    } finally {
      sql.close();
    }
    sync(unfinished);
    linkSync(unfinished, path);
    sync(folder);
  } catch (error) {
    // Another process was first with the same idea: then its file is as good as ours.
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  } finally {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(unfinished + suffix, { force: true });
  }
}

function connect(path: string, busyTimeoutMs: number): DatabaseSync {
  const sql = new DatabaseSync(path, { timeout: busyTimeoutMs, allowExtension: false, defensive: true });
  try {
    sql.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA fullfsync = ON;
      PRAGMA foreign_keys = ON;
      PRAGMA trusted_schema = OFF;
      PRAGMA cell_size_check = ON;
    `);
    return sql;
  } catch (error) {
    sql.close();
    throw error;
  }
}

/** SQLite takes a file cut to nothing, or nearly so, for a new database: it would forget every vote. */
function checkHeader(path: string): void {
  const header = Buffer.alloc(HEADER.length);
  const handle = openSync(path, "r");
  try {
    const length = readSync(handle, header);
    if (length < header.length || !header.equals(HEADER)) {
      throw corrupt(path, length === 0 ? "an empty file" : "a file that does not begin like a database");
    }
  } finally {
    closeSync(handle);
  }
}

const HEADER = Buffer.from("SQLite format 3\0", "latin1");

/** integrity_check does all of quick_check and compares the indexes with their tables, too. */
function checkFile(sql: DatabaseSync, path: string): void {
  const application = Number(sql.prepare("PRAGMA application_id").get()?.["application_id"]);
  if (application !== APPLICATION_ID) {
    throw new DatabaseError("DATABASE_FOREIGN", "The file is a database of another program", {
      data: { path, given: application, allowed: APPLICATION_ID },
      advice: "Give the keeper a path of its own.",
    });
  }
  const version = versionOf(sql);
  if (version > MIGRATIONS.length) {
    throw new DatabaseError("DATABASE_TOO_NEW", "The database was written by a newer keeper", {
      data: { path, given: version, allowed: MIGRATIONS.length },
      advice: "Use the newer keeper; going back is not possible with this file.",
    });
  }
  const verdict = String(sql.prepare("PRAGMA integrity_check(1)").get()?.["integrity_check"]);
  if (verdict !== "ok") throw corrupt(path, verdict);
}

function migrate(sql: DatabaseSync): void {
  if (versionOf(sql) === MIGRATIONS.length) return;
  inTransaction(sql, () => {
    // Read again inside: another process may have migrated while we waited for the lock.
    const from = versionOf(sql);
    for (const migration of MIGRATIONS.slice(from)) sql.exec(migration);
    sql.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
  });
}

function versionOf(sql: DatabaseSync): number {
  return Number(sql.prepare("PRAGMA user_version").get()?.["user_version"]);
}

function inTransaction<T>(sql: DatabaseSync, work: () => T): T {
  sql.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    sql.exec("COMMIT");
    return result;
  } catch (error) {
    // After some errors (disk full) SQLite has rolled back by itself.
    if (sql.isTransaction) sql.exec("ROLLBACK");
    throw error;
  }
}

function sync(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
