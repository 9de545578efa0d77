import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect } from "chai";
import { createCursor } from "./cursor.ts";
import { DatabaseError } from "./errors.ts";
import type { Identity } from "./identity.ts";
import { openDatabase } from "./open.ts";
import { MIGRATIONS } from "./schema.ts";

const IDENTITY: Identity = {
  chainId: 31_337,
  contract: "0x5FbDB2315678afecb367f032d93F642f64180aa3",
  operator: "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
};

describe("openDatabase", () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-db-"));
    path = join(folder, "deep", "keeper.sqlite");
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const open = (identity: Identity = IDENTITY, busyTimeoutMs = 100) =>
    openDatabase({ path, identity, busyTimeoutMs });

  function codeOf(run: () => unknown): string {
    try {
      run();
    } catch (error) {
      expect(error, String(error)).to.be.instanceOf(DatabaseError);
      return (error as DatabaseError).code;
    }
    return "opened";
  }

  it("makes the file with its folder, for its owner only, and leaves nothing else behind", () => {
    const database = open();
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    database.close();
    database.close();
    expect(readdirSync(join(folder, "deep"))).to.deep.equal(["keeper.sqlite"]);
    expect(codeOf(open)).to.equal("opened");
  });

  it("writes through to the disk at every commit (WAL, synchronous = FULL)", () => {
    const { sql, close } = open();
    const pragma = (name: string) => Object.values(sql.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    expect(pragma("journal_mode")).to.equal("wal");
    expect(pragma("synchronous"), "2 is FULL").to.equal(2);
    expect(pragma("foreign_keys")).to.equal(1);
    close();
  });

  it("takes addresses in any case, and refuses every other identity [KEEP-3]", () => {
    open().close();
    const lower = { ...IDENTITY, operator: IDENTITY.operator.toLowerCase() as Identity["operator"] };
    open(lower).close();
    const zero = `0x${"0".repeat(40)}` as const;
    for (const other of [{ chainId: 1 }, { contract: zero }, { operator: zero }]) {
      expect(codeOf(() => open({ ...IDENTITY, ...other }))).to.equal("DATABASE_OTHER_IDENTITY");
    }
  });

  it("refuses a file of another program, of a newer version, and without an identity [KEEP-4]", () => {
    open().close();
    const change = (statement: string) => {
      const sql = new DatabaseSync(path);
      sql.exec(statement);
      sql.close();
    };
    change("PRAGMA user_version = 999");
    expect(codeOf(open)).to.equal("DATABASE_TOO_NEW");
    change(`PRAGMA user_version = ${MIGRATIONS.length}; PRAGMA application_id = 7`);
    expect(codeOf(open)).to.equal("DATABASE_FOREIGN");
    change("PRAGMA application_id = 1095975257");
    expect(codeOf(open)).to.equal("opened");
    change("DELETE FROM identity");
    expect(codeOf(open)).to.equal("DATABASE_OTHER_IDENTITY");
  });

  it("refuses a file that is empty, text, or cut [KEEP-4]", () => {
    const database = open();
    for (let i = 0n; i < 500n; i++)
      createCursor(database, `r${i}`).set({ number: i, hash: `0x${"0".repeat(64)}` });
    database.close();
    const whole = readFileSync(path);
    for (const length of [0, 1, 50, 4_096, whole.length - 4_096, whole.length - 1_000]) {
      writeFileSync(path, whole);
      truncateSync(path, length);
      expect(codeOf(open), `${length} bytes left`).to.equal("DATABASE_CORRUPT");
    }
    writeFileSync(path, "not a database, but long enough to be one ".repeat(200));
    expect(codeOf(open)).to.equal("DATABASE_CORRUPT");
    expect(existsSync(path), "the evidence stays").to.equal(true);
  });

  it("refuses a file with overwritten pages [KEEP-4]", () => {
    const database = open();
    for (let i = 0n; i < 500n; i++)
      createCursor(database, `r${i}`).set({ number: i, hash: `0x${"0".repeat(64)}` });
    database.close();
    const whole = readFileSync(path);
    for (let page = 1; page * 4_096 < whole.length; page++) {
      const damaged = Buffer.from(whole);
      damaged.fill(0xa5, page * 4_096, page * 4_096 + 512);
      writeFileSync(path, damaged);
      expect(codeOf(open), `page ${page}`).to.equal("DATABASE_CORRUPT");
    }
  });

  it("says that another process writes, after waiting, and calls it a passing trouble", () => {
    const first = open();
    const second = open();
    first.sql.exec("BEGIN IMMEDIATE");
    try {
      second.write(() => expect.fail("no lock was held"));
    } catch (error) {
      expect(error).to.be.instanceOf(DatabaseError).and.include({ code: "DATABASE_BUSY", retryable: true });
    }
    first.sql.exec("ROLLBACK");
    expect(second.write(() => 7)).to.equal(7);
    first.close();
    second.close();
  });

  it("writes all or nothing, and fails closed when the disk is full", () => {
    const database = open();
    const cursor = createCursor(database);
    const hash = `0x${"1".repeat(64)}` as const;
    cursor.set({ number: 1n, hash });
    const boom = new Error("boom");
    expect(() =>
      database.write(() => {
        database.sql.exec("DELETE FROM cursor");
        throw boom;
      }),
    ).to.throw(boom);
    expect(cursor.get()).to.deep.equal({ number: 1n, hash });

    // As many pages as there are: what SQLite answers when the disk has no more (SQLITE_FULL).
    const pages = Number(database.sql.prepare("PRAGMA page_count").get()?.["page_count"]);
    database.sql.exec(`PRAGMA max_page_count = ${pages}`);
    const fill = () => {
      for (let i = 0n; i < 1_000n; i++) createCursor(database, `r${i}`).set({ number: i, hash });
    };
    expect(codeOf(fill)).to.equal("DATABASE_NOT_WRITABLE");
    expect(cursor.get(), "still readable").to.deep.equal({ number: 1n, hash });
    database.close();
  });
});

describe("createCursor", () => {
  it("remembers a block per reader, back and forth, over a restart", () => {
    const folder = mkdtempSync(join(tmpdir(), "assay-db-"));
    const path = join(folder, "keeper.sqlite");
    let database = openDatabase({ path, identity: IDENTITY });
    const cursor = createCursor(database, "events");
    expect(cursor.get()).to.equal(undefined);
    const far = { number: 2n ** 64n, hash: `0x${"ab".repeat(32)}` } as const;
    cursor.set(far);
    cursor.set({ number: 5n, hash: `0x${"CD".repeat(32)}` });
    createCursor(database, "other").set(far);
    database.close();
    database = openDatabase({ path, identity: IDENTITY });
    expect(createCursor(database, "events").get()).to.deep.equal({
      number: 5n,
      hash: `0x${"cd".repeat(32)}`,
    });
    expect(createCursor(database, "other").get()).to.deep.equal(far);
    expect(() => cursor.set({ number: 1n, hash: "0x12" })).to.throw(RangeError);
    database.sql.exec("UPDATE cursor SET number = '7'");
    expect(() => createCursor(database, "events").get())
      .to.throw(DatabaseError)
      .with.property("code", "DATABASE_CORRUPT");
    database.close();
    rmSync(folder, { recursive: true });
  });
});
