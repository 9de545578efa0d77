import type { ContractCall } from "../chain/sender.ts";

/** Every watch there is. */
export const WATCHES = ["absences", "debts", "tapes", "metrics", "posts", "clones", "appeals"] as const;
export type WatchName = (typeof WATCHES)[number];

/** Something that is due now, and what it is worth. */
export interface Chance {
  /** Names what is done; the same name is done once. */
  readonly act: string;
  readonly call: Omit<ContractCall, "priority">;
  /**
   * wei of WORK it brings on average, losses taken off; negative if it costs WORK. Undefined where nobody pays for it:
   * then only the day's budget decides.
   */
  readonly gain: bigint | undefined;
  /** Contract that takes WORK of the sender, and how much at most; what it takes counts as put at risk. */
  readonly bond?: { readonly spender: `0x${string}`; readonly amount: bigint; readonly gas: bigint };
  /** For the log. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** One watch: it only looks. Whether it pays, the budget and the sending are the runner's, the same for all. */
export interface Watch {
  readonly name: WatchName;
  /** @param now Unix seconds, by the clock of the chain */
  look(now: number): Promise<Chance[]>;
}
