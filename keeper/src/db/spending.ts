import type { Hex } from "viem";

import { decodeBigint, encodeBigint } from "./codec.ts";
import type { Database } from "./open.ts";

/** Something a watch is about to send. */
export interface Attempt {
  readonly watch: string;
  /** Names what is done; the same name is done once. */
  readonly act: string;
  /** By the clock of the chain. */
  readonly day: number;
  /** wei of the chain's coin it costs at most */
  readonly gas: bigint;
  /** wei of WORK it puts at risk */
  readonly work: bigint;
}

/** What a watch spends in a day. */
export interface Spent {
  readonly gas: bigint;
  readonly work: bigint;
  /** Acts that were done, or of which nobody knows. */
  readonly acts: number;
  /** Those among them that put WORK at risk. */
  readonly bonds: number;
}

/** What a watch may spend in a day. */
export type Most = Omit<Spent, "acts">;

/** The watches' purse: what was spent is on the disk before anything is sent. */
export type Spending = {
  spentOn(watch: string, day: number): Spent;
  wasDone(watch: string, act: string): boolean;
  /**
   * Takes the most an attempt can cost out of its day, if that stays within `most`. Earlier attempts at the same act of
   * which nobody knows keep their gas and give back their WORK: it would not be due again had they put it at risk.
   *
   * @returns its number, or undefined if the day's budget does not reach
   */
  reserve(attempt: Attempt, most: Most): number | undefined;
  markSent(id: number, tx: Hex): void;
  /** Notes how it ended and what it really cost. */
  settle(id: number, end: { readonly done: boolean; readonly gas: bigint; readonly work: bigint }): void;
  /** Attempts that were sent and whose end nobody noted. */
  unsettled(watch: string): { readonly id: number; readonly tx: Hex; readonly work: bigint }[];
};

export function createSpending({ sql, read, write }: Database): Spending {
  const ofDay = sql.prepare("SELECT gas, work, state FROM attempt WHERE watch = ? AND day = ?");
  const done = sql.prepare("SELECT 1 FROM attempt WHERE watch = ? AND act = ? AND state = 'done'");
  const unknown = sql.prepare(
    "SELECT work FROM attempt WHERE watch = ? AND act = ? AND day = ? AND state = 'reserved'",
  );
  const giveBack = sql.prepare(
    "UPDATE attempt SET work = ? WHERE watch = ? AND act = ? AND state = 'reserved'",
  );
  const insert = sql.prepare(
    "INSERT INTO attempt (watch, act, day, gas, work, state) VALUES (?, ?, ?, ?, ?, 'reserved')",
  );
  const setTx = sql.prepare("UPDATE attempt SET tx = ? WHERE id = ?");
  const end = sql.prepare("UPDATE attempt SET state = ?, gas = ?, work = ? WHERE id = ?");
  const remove = sql.prepare("DELETE FROM attempt WHERE id = ?");
  const open = sql.prepare(
    "SELECT id, tx, work FROM attempt WHERE watch = ? AND state = 'reserved' AND tx IS NOT NULL",
  );

  const spentOn = (watch: string, day: number): Spent =>
    ofDay.all(watch, day).reduce<Spent>(
      (sum, row) => ({
        gas: sum.gas + decodeBigint(row["gas"]),
        work: sum.work + decodeBigint(row["work"]),
        acts: sum.acts + (row["state"] === "refused" ? 0 : 1),
        bonds: sum.bonds + (decodeBigint(row["work"]) > 0n ? 1 : 0),
      }),
      { gas: 0n, work: 0n, acts: 0, bonds: 0 },
    );

  return {
    spentOn: (watch, day) => read(() => spentOn(watch, day)),
    wasDone: (watch, act) => read(() => done.get(watch, act) !== undefined),
    reserve: ({ watch, act, day, gas, work }, most) =>
      write(() => {
        const spent = spentOn(watch, day);
        const before = unknown.all(watch, act, day).reduce((sum, row) => sum + decodeBigint(row["work"]), 0n);
        const reaches =
          spent.gas + gas <= most.gas &&
          (work === 0n || (spent.work - before + work <= most.work && spent.bonds < most.bonds));
        if (!reaches) return undefined;
        giveBack.run(encodeBigint(0n), watch, act);
        return Number(insert.run(watch, act, day, encodeBigint(gas), encodeBigint(work)).lastInsertRowid);
      }),
    markSent: (id, tx) => write(() => void setTx.run(tx, id)),
    settle: (id, { done: isDone, gas, work }) =>
      write(() => {
        // A refusal that cost nothing would only fill the disk.
        if (!isDone && gas === 0n && work === 0n) remove.run(id);
        else end.run(isDone ? "done" : "refused", encodeBigint(gas), encodeBigint(work), id);
      }),
    unsettled: (watch) =>
      read(() =>
        open.all(watch).map((row) => ({
          id: Number(row["id"]),
          tx: row["tx"] as Hex,
          work: decodeBigint(row["work"]),
        })),
      ),
  };
}
