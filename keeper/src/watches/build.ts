import { parseEther, type Address } from "viem";

import type { Contracts } from "../chain/addresses.ts";
import { createAppealReads } from "../chain/appealReads.ts";
import type { Reader } from "../chain/client.ts";
import { createCloneReads } from "../chain/cloneReads.ts";
import { createPerformanceReads } from "../chain/performanceReads.ts";
import type { ChainReads } from "../chain/reads.ts";
import type { Sender } from "../chain/sender.ts";
import { createWatchCalls } from "../chain/watchCalls.ts";
import { createWatchReads } from "../chain/watchReads.ts";
import type { Database } from "../db/open.ts";
import { createSpending } from "../db/spending.ts";
import { AssayError } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";
import { createAbsences } from "./absences.ts";
import { createAppeals, type Opinion } from "./appeals.ts";
import { createClones } from "./clones.ts";
import type { WatchSettings } from "./config.ts";
import { createDebts } from "./debts.ts";
import type { WatchDeps } from "./deps.ts";
import { createRoster } from "./history.ts";
import { createMetricsWatch } from "./metrics.ts";
import { createPosts } from "./posts.ts";
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
  /** For appeals. */
  readonly opinion: Opinion;
  readonly onStep: WatcherDeps["onStep"];
}

/** 1.0 in basis points. */
const BPS = 10_000;

/** A watch is switched on whose contract the configuration does not name. */
export class WatchContractError extends AssayError<
  "WATCH_CONTRACT_MISSING",
  { watch: WatchName; contract: string }
> {
  constructor(watch: WatchName, contract: string) {
    super({
      code: "WATCH_CONTRACT_MISSING",
      message: `The watch ${watch} needs the address of ${contract}`,
      data: { watch, contract },
      advice: "Add it to `contracts`, from the same deployment, or switch the watch off.",
      retryable: false,
    });
  }
}

/** A watch is switched on that is about one's own operator, and there is none. */
export class WatchOwnerError extends AssayError<"WATCH_OWNER_MISSING", { watch: WatchName }> {
  constructor(watch: WatchName) {
    super({
      code: "WATCH_OWNER_MISSING",
      message: `The watch ${watch} needs an operator`,
      data: { watch },
      advice: "Name its owner address as `owner` in the configuration, or switch the watch off.",
      retryable: false,
    });
  }
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
    metrics: () => {
      const ledger = need(contracts, "PerformanceLedger", "metrics");
      return createMetricsWatch(deps, createPerformanceReads(reader, ledger, reads, startBlock), ledger);
    },
    posts: () => {
      const ledger = need(contracts, "PerformanceLedger", "posts");
      if (deps.owner === undefined) throw new WatchOwnerError("posts");
      const performance = createPerformanceReads(reader, ledger, reads, startBlock);
      return createPosts(deps, deps.owner, performance, ledger, settings.posts);
    },
    clones: () => {
      const registry = need(contracts, "CloneRegistry", "clones");
      const cloneReads = createCloneReads(reader, { ...contracts, CloneRegistry: registry }, blockRange);
      return createClones(deps, cloneReads, { registry, days: settings.clones.days });
    },
    appeals: () => {
      const { confidence, trust, bondAtMost } = settings.appeals;
      const policy = {
        confidence: BigInt(Math.round(confidence * BPS)),
        trust: BigInt(Math.round(trust * BPS)),
        bondAtMost: parseEther(bondAtMost),
      };
      const appealReads = createAppealReads(reader, contracts.Appeals, blockRange);
      return createAppeals(deps, appealReads, options.opinion, policy, contracts.Appeals);
    },
  };
  const runner = { ...options, watchReads, calls, spending: createSpending(database) };
  return switchedOn(settings)
    .filter((name) => only?.includes(name) ?? true)
    .map((name) => createWatcher(create[name](), limitsOf(settings, name), runner));
}

/** The address a watch cannot do without. */
function need(
  contracts: Contracts,
  contract: "CloneRegistry" | "PerformanceLedger",
  watch: WatchName,
): Address {
  const address = contracts[contract];
  if (address === undefined) throw new WatchContractError(watch, contract);
  return address;
}

function limitsOf(settings: WatchSettings, name: WatchName): Limits {
  const { workPrice, leastReward, lookMs } = settings;
  const own = settings[name];
  return {
    gasPerDay: parseEther(own.gasPerDay),
    workPerDay: parseEther("workPerDay" in own ? own.workPerDay : "0"),
    bondsPerDay: "appealsPerDay" in own ? own.appealsPerDay : Number.MAX_SAFE_INTEGER,
    workPrice: workPrice === undefined ? undefined : parseEther(workPrice),
    leastReward: parseEther(leastReward),
    lookMs,
  };
}
