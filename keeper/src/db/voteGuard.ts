import { createHash } from "node:crypto";
import type { Hex } from "viem";
import { AssayError } from "../lib/errors.ts";
import { Secret } from "../lib/secret.ts";
import { corrupt } from "./errors.ts";
import type { Database } from "./open.ts";

/**
 * The life of a vote: decided → committed → revealed → settled, and abandoned as the way out before the end.
 * A mark never moves a vote back; one that tells of an earlier state than the row has changes nothing (events are read
 * again after a restart). The chain is right against us: an abandoned vote that turns out to be on the chain goes on.
 */
export const VOTE_STATES = ["decided", "committed", "revealed", "settled", "abandoned"] as const;
export type VoteState = (typeof VOTE_STATES)[number];

export type VoteKey = {
  /** 32 bytes. */
  readonly requestId: Hex;
  /** 0 for the first round, one more with each appeal. */
  readonly round: number;
};

/** What we are about to commit to. */
export type VoteDecision = VoteKey & {
  /** Number of the domain, as on the chain. */
  readonly domain: number;
  /** One byte per claim. */
  readonly votes: Hex;
  /** 32 bytes. */
  readonly salt: Secret<Hex>;
  /** As committed on the chain: at most 32 bytes. */
  readonly digest: Hex;
};

export type Vote = VoteDecision & {
  readonly state: VoteState;
  /** Why it was abandoned. */
  readonly reason: string | undefined;
  /** The transactions we know of; another may have revealed or settled for us. */
  readonly commitTx: Hex | undefined;
  readonly revealTx: Hex | undefined;
  /** Milliseconds since 1970. */
  readonly decidedAt: number;
  readonly changedAt: number;
};

/** The half of a vote that may be shown: without its salt. */
export type ShownVote = { readonly domain: number; readonly votes: Hex; readonly digest: Hex };

/** We were about to contradict ourselves. Nothing was written, and nothing may be signed. */
export class DoubleVoteError extends AssayError<
  "DOUBLE_VOTE",
  VoteKey & { given: ShownVote; recorded: ShownVote; isSameSalt: boolean }
> {
  constructor(given: VoteDecision, recorded: VoteDecision) {
    const shown = ({ domain, votes, digest }: VoteDecision): ShownVote => ({ domain, votes, digest });
    super({
      code: "DOUBLE_VOTE",
      message: "A different vote is already recorded for this request and round",
      data: {
        requestId: given.requestId,
        round: given.round,
        given: shown(given),
        recorded: shown(recorded),
        isSameSalt: given.salt.reveal() === recorded.salt.reveal(),
      },
      advice:
        "Go on with the recorded vote. If the model was changed, wait until the open requests are over.",
      retryable: false,
    });
  }
}

/** A mark for a vote that was never recorded, or one that its state does not allow. */
export class VoteStateError extends AssayError<
  "VOTE_UNKNOWN" | "VOTE_STATE_WRONG",
  VoteKey & { given: VoteState; allowed: string }
> {
  constructor(code: "VOTE_UNKNOWN" | "VOTE_STATE_WRONG", key: VoteKey, given: VoteState, allowed: string) {
    super({
      code,
      message:
        code === "VOTE_UNKNOWN"
          ? "No vote is recorded for this request and round"
          : "The vote cannot change its state so",
      data: { requestId: key.requestId, round: key.round, given, allowed },
      advice: "This is a mistake in the program: please report it.",
      retryable: false,
    });
  }
}

export type VoteGuard = {
  /**
   * Inserts or refuses, in one transaction; the row is on the disk before this returns. The very same vote again is
   * fine and gives the row that is there. Sign and send nothing before this has returned.
   *
   * @throws DoubleVoteError if another vote, salt or digest is recorded
   */
  recordVote(decision: VoteDecision): { vote: Vote; isNew: boolean };
  getVote(key: VoteKey): Vote | undefined;
  /** Again with another hash when the transaction was replaced. */
  markCommitted(key: VoteKey & { txHash: Hex }): Vote;
  /** Without a hash if somebody else revealed for us. */
  markRevealed(key: VoteKey & { txHash?: Hex }): Vote;
  markSettled(key: VoteKey): Vote;
  /** Nothing more is to be done for it. @throws VoteStateError if it is settled */
  markAbandoned(key: VoteKey & { reason: string }): Vote;
  /** Votes that still want something: decided, committed or revealed; oldest first. */
  openDuties(): Vote[];
};

/**
 * The one place that decides whether a vote may be signed.
 *
 * @param now milliseconds since 1970; for the record only, nothing is decided by it
 * @throws DatabaseError DATABASE_CORRUPT if any recorded vote is not as it was written
 */
export function createVoteGuard(
  database: Database,
  { now = Date.now }: { now?: () => number } = {},
): VoteGuard {
  const { sql, path } = database;
  const toVote = (row: Row): Vote => decodeRow(row, path);

  database.read(() => {
    for (const row of sql.prepare("SELECT * FROM vote").iterate()) toVote(row);
  });

  const select = sql.prepare("SELECT * FROM vote WHERE request_id = ? AND round = ?");
  const selectOpen = sql.prepare(
    `SELECT * FROM vote WHERE state IN ('decided', 'committed', 'revealed') ORDER BY decided_at, request_id, round`,
  );
  const insert = sql.prepare(
    `INSERT INTO vote (request_id, round, domain, votes, salt, digest, checksum, state, decided_at, changed_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, 'decided', ?, ?)`,
  );
  const update = sql.prepare(
    `UPDATE vote SET state = ?, reason = ?, commit_tx = coalesce(?, commit_tx), reveal_tx = coalesce(?, reveal_tx),
       changed_at = ? WHERE request_id = ? AND round = ?`,
  );

  const find = (key: VoteKey): Vote | undefined => {
    const row = select.get(key.requestId, key.round);
    return row === undefined ? undefined : toVote(row);
  };

  /** `tx` belongs to `state`: it is kept even if the vote is already further on. */
  const mark = (
    given: VoteKey,
    state: VoteState,
    { txHash, reason }: { txHash?: Hex; reason?: string },
  ): Vote => {
    const key = { requestId: normal("requestId", given.requestId, 32, 32), round: given.round };
    const tx = txHash === undefined ? null : normal("txHash", txHash, 32, 32);
    return database.write(() => {
      const vote = find(key);
      if (vote === undefined) throw new VoteStateError("VOTE_UNKNOWN", key, state, "a recorded vote");
      const next = nextState(vote, state);
      update.run(
        next,
        next === "abandoned" ? (reason ?? vote.reason ?? null) : null,
        state === "committed" ? tx : null,
        state === "revealed" ? tx : null,
        now(),
        key.requestId,
        key.round,
      );
      return find(key) as Vote;
    });
  };

  return {
    recordVote(decision) {
      const wanted = normalDecision(decision);
      return database.write(() => {
        const recorded = find(wanted);
        if (recorded !== undefined) {
          if (checksumOf(recorded) !== checksumOf(wanted)) throw new DoubleVoteError(wanted, recorded);
          return { vote: recorded, isNew: false };
        }
        const { requestId, round, domain, votes, salt, digest } = wanted;
        const at = now();
        insert.run(requestId, round, domain, votes, salt.reveal(), digest, checksumOf(wanted), at, at);
        return { vote: find(wanted) as Vote, isNew: true };
      });
    },
    getVote: ({ requestId, round }) =>
      database.read(() => find({ requestId: normal("requestId", requestId, 32, 32), round })),
    markCommitted: (key) => mark(key, "committed", key),
    markRevealed: (key) => mark(key, "revealed", key),
    markSettled: (key) => mark(key, "settled", {}),
    markAbandoned: (key) => mark(key, "abandoned", key),
    openDuties: () => database.read(() => selectOpen.all().map(toVote)),
  };
}

/** How far along a vote is; abandoned ones are taken up again by whatever the chain shows. */
const PROGRESS: Record<VoteState, number> = {
  abandoned: -1,
  decided: 0,
  committed: 1,
  revealed: 2,
  settled: 3,
};

function nextState(vote: Vote, wanted: VoteState): VoteState {
  if (wanted !== "abandoned") return PROGRESS[wanted] > PROGRESS[vote.state] ? wanted : vote.state;
  if (vote.state === "settled") {
    throw new VoteStateError("VOTE_STATE_WRONG", vote, wanted, "nothing after settled");
  }
  return wanted;
}

type Row = Record<string, unknown>;

function decodeRow(row: Row, path: string): Vote {
  const text = (column: string) => row[column] as Hex;
  const optional = (column: string) => (row[column] === null ? undefined : text(column));
  const vote: Vote = {
    requestId: text("request_id"),
    round: row["round"] as number,
    domain: row["domain"] as number,
    votes: text("votes"),
    salt: new Secret(text("salt")),
    digest: text("digest"),
    state: row["state"] as VoteState,
    reason: optional("reason"),
    commitTx: optional("commit_tx"),
    revealTx: optional("reveal_tx"),
    decidedAt: row["decided_at"] as number,
    changedAt: row["changed_at"] as number,
  };
  // A flipped bit inside a text leaves the file sound for SQLite, but not for us.
  if (row["checksum"] !== checksumOf(vote)) {
    throw corrupt(
      path,
      `the vote of request ${vote.requestId}, round ${vote.round}, is not as it was written`,
    );
  }
  return vote;
}

function checksumOf({ requestId, round, domain, votes, salt, digest }: VoteDecision): string {
  const fields = JSON.stringify([requestId, round, domain, votes, salt.reveal(), digest]);
  return createHash("sha256").update(fields).digest("hex");
}

function normalDecision({ requestId, round, domain, votes, salt, digest }: VoteDecision): VoteDecision {
  for (const [name, value] of Object.entries({ round, domain })) {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new RangeError(`${name} is a whole number from 0, given ${value}`);
  }
  return {
    requestId: normal("requestId", requestId, 32, 32),
    round,
    domain,
    votes: normal("votes", votes, 1, 256),
    salt: new Secret(normal("salt", salt.reveal(), 32, 32)),
    digest: normal("digest", digest, 30, 32),
  };
}

/** Lower case, so that the same bytes are the same key however they are written. The value stays out of the error. */
function normal(name: string, value: Hex, minBytes: number, maxBytes: number): Hex {
  const bytes = (value.length - 2) / 2;
  if (!/^0x(?:[0-9a-f]{2})+$/i.test(value) || bytes < minBytes || bytes > maxBytes) {
    throw new RangeError(
      `${name} is 0x and ${minBytes} to ${maxBytes} bytes in hexadecimal, given ${bytes} bytes`,
    );
  }
  return value.toLowerCase() as Hex;
}
