import { parseEther, type Address } from "viem";

import type { Contracts } from "../chain/addresses.ts";
import type { Reader } from "../chain/client.ts";
import type { ChainReads } from "../chain/reads.ts";
import type { Sender } from "../chain/sender.ts";
import { createWatchCalls } from "../chain/watchCalls.ts";
import { createWatchReads } from "../chain/watchReads.ts";
import type { Database } from "../db/open.ts";
import { createSpending } from "../db/spending.ts";
import type { Logger } from "../lib/logger.ts";
import { createAbsences } from "./absences.ts";
import type { WatchSettings } from "./config.ts";
import { createDebts } from "./debts.ts";
import type { WatchDeps } from "./deps.ts";
import { createRoster } from "./history.ts";
import { createWatcher, type Limits, type Watcher, type WatcherDeps } from "./runner.ts";
import { createTapes } from "./tapes.ts";
import { WATCHES, type Watch, type WatchName } from "./watch.ts";

export interface WatchersOptions {
  readonly settings: WatchSettings;
  /** Which of those that are switched on; all unless told. */
  readonly only?: readonly WatchName[];
  readonly contracts: Contracts;
  readonly domain: { readonly id: number; readonly name: string };
  readonly owner: Address | undefined;
  readonly minOutcomes: number;
  readonly startBlock: bigint;
  readonly blockRange: bigint;
  readonly clock: WatchDeps["clock"];
  /** Seconds an epoch's books are left to a keeper of the same process. */
  readonly patience: number;
  readonly reader: Reader;
  readonly reads: ChainReads;
  readonly sender: Sender;
  readonly database: Database;
  readonly log: Logger;
  readonly onStep: WatcherDeps["onStep"];
}

/** The watches that are switched on. */
export function switchedOn(settings: WatchSettings): WatchName[] {
  return WATCHES.filter((name) => settings[name].on);
}

/** Builds the watches that are switched on; they share nothing but the key, the purse's file and the list of operators. */
export function createWatchers(options: WatchersOptions): Watcher[] {
  const { settings, only, contracts, domain, startBlock, blockRange, reads, reader, database } = options;
  const watchReads = createWatchReads(reader, contracts, blockRange);
  const calls = createWatchCalls(contracts);
  const deps: WatchDeps = {
    domain: domain.id,
    owner: options.owner,
    sender: options.sender.address,
    reads,
    watchReads,
    calls,
    roster: createRoster(reads, watchReads, domain.id, startBlock),
    clock: options.clock,
    startBlock,
    log: options.log,
  };
  const create: Record<WatchName, () => Watch> = {
    absences: () => createAbsences(deps),
    debts: () => createDebts(deps, { patience: options.patience }),
    tapes: () => createTapes(deps, { minOutcomes: options.minOutcomes }),
  };
  const runner = { ...options, watchReads, calls, spending: createSpending(database) };
  return switchedOn(settings)
    .filter((name) => only?.includes(name) ?? true)
    .map((name) => createWatcher(create[name](), limitsOf(settings, name), runner));
}

function limitsOf(settings: WatchSettings, name: WatchName): Limits {
  const { workPrice, leastReward, lookMs } = settings;
  return {
    gasPerDay: parseEther(settings[name].gasPerDay),
    workPerDay: 0n,
    actsPerDay: Number.MAX_SAFE_INTEGER,
    workPrice: workPrice === undefined ? undefined : parseEther(workPrice),
    leastReward: parseEther(leastReward),
    lookMs,
  };
}
