/** Marks a SQLite file as ours ("ASAY"), in its header. */
export const APPLICATION_ID = 0x41534159;

/**
 * Every change of the tables, in order. The number of a migration is its place, beginning with 1, and is kept in
 * `PRAGMA user_version`. Written ones are never edited: a change is a new one at the end.
 */
export const MIGRATIONS: readonly string[] = [
  `
  -- Whose memory this is; one row, written once.
  CREATE TABLE identity (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    chain_id TEXT NOT NULL,                       -- bigint codec
    contract TEXT NOT NULL,                       -- 0x address, lower case
    operator TEXT NOT NULL                        -- 0x address of the owner, lower case
  ) STRICT;

  -- One vote per (request, round): the primary key is the guard.
  CREATE TABLE vote (
    request_id TEXT    NOT NULL,                  -- 0x and 64 hex digits
    round      INTEGER NOT NULL,
    domain     INTEGER NOT NULL,
    votes      TEXT    NOT NULL,                  -- 0x and two hex digits per claim
    salt       TEXT    NOT NULL,                  -- 0x and 64 hex digits; secret until revealed
    digest     TEXT    NOT NULL,                  -- 0x hex, as committed
    checksum   TEXT    NOT NULL,                  -- SHA-256 over the columns above
    state      TEXT    NOT NULL CHECK (state IN ('decided', 'committed', 'revealed', 'settled', 'abandoned')),
    reason     TEXT,                              -- why abandoned
    commit_tx  TEXT,
    reveal_tx  TEXT,
    settle_tx  TEXT,
    decided_at INTEGER NOT NULL,                  -- milliseconds since 1970
    changed_at INTEGER NOT NULL,                  -- milliseconds since 1970
    PRIMARY KEY (request_id, round)
  ) STRICT, WITHOUT ROWID;

  CREATE INDEX vote_open ON vote (decided_at) WHERE state IN ('decided', 'committed', 'revealed');

  -- The last block that was worked off, per reader.
  CREATE TABLE cursor (
    reader TEXT PRIMARY KEY,
    number TEXT NOT NULL,                         -- bigint codec
    hash   TEXT NOT NULL                          -- 0x and 64 hex digits
  ) STRICT, WITHOUT ROWID;
  `,
  `CREATE TABLE request (
     request_id TEXT PRIMARY KEY,
     terms TEXT NOT NULL,
     uri TEXT NOT NULL,
     payload TEXT NOT NULL,
     block INTEGER NOT NULL,
     done INTEGER NOT NULL CHECK (done IN (0, 1))
   ) STRICT`,
  // Why the keeper did not vote, or could not finish.
  `ALTER TABLE request ADD COLUMN reason TEXT`,
  // What the watches sent, so that a restart does not give them a fresh budget. One row an attempt.
  `CREATE TABLE attempt (
     id INTEGER PRIMARY KEY,
     watch TEXT NOT NULL,
     act TEXT NOT NULL,                            -- names what is done; once done it is not done again
     day INTEGER NOT NULL,                         -- by the clock of the chain, in UTC
     gas TEXT NOT NULL,                            -- wei of the chain's coin: the most it can cost, then what it did
     work TEXT NOT NULL,                           -- wei of WORK at risk
     state TEXT NOT NULL CHECK (state IN ('reserved', 'done', 'refused')),
     tx TEXT
   ) STRICT;
   CREATE INDEX attempt_day ON attempt (watch, day);
   CREATE INDEX attempt_act ON attempt (watch, act)`,
];
