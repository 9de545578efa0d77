import { RefusedError, PRIORITY, refusal, type Sender } from "../chain/sender.ts";
import type { Reader } from "../chain/client.ts";
import type { WatchCalls } from "../chain/watchCalls.ts";
import type { WatchReads } from "../chain/watchReads.ts";
import type { Spending } from "../db/spending.ts";
import type { Logger } from "../lib/logger.ts";
import { createRecent } from "../lib/recent.ts";
import type { Chance, Watch, WatchName } from "./watch.ts";

const WAD = 10n ** 18n;
const DAY = 86_400;
/** Gas of an ERC-20 approval, generously. */
const APPROVE_GAS = 60_000n;

/** Why something that is due was not done. `first`: somebody else was, or the contract refuses for another reason. */
export const REFUSALS = ["pays_too_little", "budget", "too_little_work", "first"] as const;
export type Refusal = (typeof REFUSALS)[number];

/** What one watch may spend in a day, and when an act pays. */
export interface Limits {
  /** wei of the chain's coin */
  readonly gasPerDay: bigint;
  /** wei of WORK it may put at risk */
  readonly workPerDay: bigint;
  /** acts that put WORK at risk */
  readonly bondsPerDay: number;
  /** wei of coin for one WORK; undefined where the operator names no price */
  readonly workPrice: bigint | undefined;
  /** wei of WORK an act must bring where there is no price */
  readonly leastReward: bigint;
  /** milliseconds between two looks */
  readonly lookMs: number;
}

/** Since the start of the process. */
export interface WatchStats {
  readonly name: WatchName;
  readonly looks: number;
  readonly acts: number;
  /** wei of the chain's coin */
  readonly gas: bigint;
  /** wei of WORK put at risk */
  readonly work: bigint;
  readonly refusals: Readonly<Record<Refusal, number>>;
}

/** What became of one chance. */
export interface Outcome {
  readonly watch: WatchName;
  readonly outcome: "done" | Refusal;
  /** wei of WORK it should bring on average */
  readonly gain: bigint | undefined;
  /** wei of the chain's coin: what it cost, or would have cost at most */
  readonly gas: bigint | undefined;
  readonly tx: `0x${string}` | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

export type Watcher = {
  readonly name: WatchName;
  /** Looks once and does what pays; does nothing before its time has come. */
  look(now: number): Promise<Outcome[]>;
  stats(): WatchStats;
};

export interface WatcherDeps {
  readonly reader: Reader;
  readonly sender: Sender;
  readonly watchReads: WatchReads;
  readonly calls: WatchCalls;
  readonly spending: Spending;
  readonly log: Logger;
  /** Called after each step; tests stop the process there. */
  readonly onStep: (step: "actSent" | "actNoted" | "acted") => void | Promise<void>;
}

/**
 * Runs a watch: what it sees is done if it pays and the day's budget reaches. The most an act can cost is on the disk
 * before it is sent and what it did cost afterwards, so that neither a restart nor a crash gives a fresh budget. What is
 * due is asked of the chain each time: a transaction whose fate nobody noted is not due again once it is mined, and until
 * then the next one of this key takes its place (see `createSender`).
 */
export function createWatcher(
  watch: Watch,
  limits: Limits,
  { reader, sender, watchReads, calls, spending, log, onStep }: WatcherDeps,
): Watcher {
  const { name } = watch;
  const told = createRecent<Refusal>();
  const refusals = { pays_too_little: 0, budget: 0, too_little_work: 0, first: 0 };
  let [looks, acts, gasSpent, workSpent] = [0, 0, 0n, 0n];
  let lookedAt = Number.NEGATIVE_INFINITY;

  const refuse = (chance: Chance, why: Refusal, gas?: bigint, more: object = {}): Outcome => {
    const { act, gain, data } = chance;
    // Counted and told once, not with every look.
    if (told.get(act) !== why) {
      refusals[why] += 1;
      const level = why === "too_little_work" ? "warn" : why === "budget" ? "info" : "debug";
      log[level]("left undone", { watch: name, why, gain, gas, ...data, ...more });
    }
    told.set(act, why);
    return { watch: name, outcome: why, gain, gas, tx: undefined, data };
  };

  const pays = (gain: bigint | undefined, fee: bigint): boolean => {
    if (gain === undefined) return true;
    const { workPrice, leastReward } = limits;
    if (gain <= 0n) return false;
    return workPrice === undefined ? gain >= leastReward : gain * workPrice > fee * WAD;
  };

  /** Ends of transactions that a process before this one sent. */
  const settleOld = async (): Promise<void> => {
    for (const { id, tx, work } of spending.unsettled(name)) {
      const cost = await watchReads.costOf(tx);
      if (cost === undefined) continue;
      spending.settle(id, { done: cost.succeeded, gas: cost.gas, work: cost.succeeded ? work : 0n });
      log.info("end of an earlier transaction noted", { watch: name, tx, ...cost });
    }
  };

  const estimate = async (
    chance: Chance,
  ): Promise<{ gas: bigint; approves: boolean } | "too_little_work"> => {
    const { call, bond } = chance;
    if (bond !== undefined && bond.amount > 0n) {
      const { balance, allowed } = await watchReads.workOf(sender.address, bond.spender);
      if (balance < bond.amount) return "too_little_work";
      if (allowed < bond.amount) return { gas: bond.gas + APPROVE_GAS, approves: true };
    }
    const account = sender.address;
    const gas = await reader
      .estimateContractGas({ ...call, account, blockTag: "latest" })
      .catch((error: unknown) => {
        throw refusal(call.functionName, error);
      });
    return { gas, approves: false };
  };

  const attempt = async (chance: Chance, now: number): Promise<Outcome> => {
    const { act, call, gain, bond, data } = chance;
    const estimated = await estimate(chance);
    if (estimated === "too_little_work") return refuse(chance, estimated, undefined, { bond: bond?.amount });
    const price = await watchReads.maxFee();
    const fee = estimated.gas * price;
    if (!pays(gain, fee)) return refuse(chance, "pays_too_little", fee);
    const work = bond?.amount ?? 0n;
    // The gas limit: a third above the estimate, as the sender sets it.
    const most = (fee * 4n) / 3n + 1n;
    const day = Math.floor(now / DAY);
    const id = spending.reserve(
      { watch: name, act, day, gas: most, work },
      { gas: limits.gasPerDay, work: limits.workPerDay, bonds: limits.bondsPerDay },
    );
    if (id === undefined) return refuse(chance, "budget", most, { work });
    let spent = 0n;
    try {
      if (estimated.approves && bond !== undefined) {
        const approval = calls.approve(bond.spender, bond.amount);
        const receipt = await sender.send({ ...approval, priority: PRIORITY.watch });
        spent += receipt.gasUsed * receipt.effectiveGasPrice;
      }
      const receipt = await sender.send({ ...call, priority: PRIORITY.watch }, async (hash) => {
        await onStep("actSent");
        spending.markSent(id, hash);
        await onStep("actNoted");
      });
      spent += receipt.gasUsed * receipt.effectiveGasPrice;
      spending.settle(id, { done: true, gas: spent, work });
      acts += 1;
      gasSpent += spent;
      workSpent += work;
      log.info("acted", { watch: name, gain, gas: spent, work, ...data, tx: receipt.transactionHash });
      await onStep("acted");
      return { watch: name, outcome: "done", gain, gas: spent, tx: receipt.transactionHash, data };
    } catch (error) {
      // Of anything else nobody knows the end yet: it stays reserved, and is looked up with the next look.
      if (!(error instanceof RefusedError)) throw error;
      const { error: reason, args } = error.data;
      const mined = reason === "reverted" ? (args[0] as `0x${string}`) : undefined;
      const cost = mined === undefined ? undefined : await watchReads.costOf(mined);
      spent += cost?.gas ?? 0n;
      spending.settle(id, { done: false, gas: spent, work: 0n });
      gasSpent += spent;
      return refuse(chance, "first", spent, { error: error.message });
    }
  };

  return {
    name,
    async look(now) {
      if (Date.now() < lookedAt + limits.lookMs) return [];
      lookedAt = Date.now();
      looks += 1;
      await settleOld();
      const outcomes: Outcome[] = [];
      for (const chance of await watch.look(now)) {
        // A node that lags still shows as due what is done.
        if (spending.wasDone(name, chance.act)) continue;
        try {
          outcomes.push(await attempt(chance, now));
        } catch (error) {
          if (!(error instanceof RefusedError)) throw error;
          outcomes.push(refuse(chance, "first", undefined, { error: error.message }));
        }
      }
      return outcomes;
    },
    stats: () => ({ name, looks, acts, gas: gasSpent, work: workSpent, refusals: { ...refusals } }),
  };
}
