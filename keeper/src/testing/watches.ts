import { join } from "node:path";

import { bytesToHex, parseEther, type Hex } from "viem";

import { contractsSchema } from "../chain/addresses.ts";
import { createWatchCalls } from "../chain/watchCalls.ts";
import { createWatchReads } from "../chain/watchReads.ts";
import { readWatchConfig, WATCH_KEY_VARIABLE } from "../config.ts";
import { openDatabase } from "../db/open.ts";
import { createSpending } from "../db/spending.ts";
import { createLogger } from "../lib/logger.ts";
import { encodePayload, hashPayload } from "../payload/schema.ts";
import type { WatchDeps } from "../watches/deps.ts";
import { createRoster } from "../watches/history.ts";
import { buildWatches, type WatchApp, type WatchOptions } from "../watchApp.ts";
import { createWatcher, type Limits, type Outcome, type Watcher } from "../watches/runner.ts";
import type { Watch, WatchName } from "../watches/watch.ts";
import { PAYLOAD } from "./deps.ts";
import { keyOf, type LocalChain } from "./localChain.ts";

/** Account of the local chain that sends for the watches. */
export const WATCHER = 17;

/** A price at which every reward is worth its gas, and a floor that every reward reaches. */
export const CHEAP = { workPrice: "1000", leastReward: "0", lookMs: 0 };
/** Fees of a local chain are some gwei: at this price no reward of these tests is worth its gas. */
export const DEAR = { workPrice: "0.000000001" };

/** One look of watches on a real chain, with a process's memory of its own; the database lasts. */
export async function lookOnce(
  chain: LocalChain,
  name: WatchName,
  {
    database = "watch.sqlite",
    settings = {},
    own = {},
    more = {},
    ...options
  }: Partial<Pick<WatchOptions, "onStep">> & {
    database?: string;
    /** of all watches, and of this one */
    settings?: object;
    own?: object;
    /** other fields of the configuration */
    more?: object;
  } = {},
): Promise<{ outcomes: Outcome[]; app: WatchApp; lines: string[] }> {
  const lines: string[] = [];
  const path = chain.configOf(9, {
    owner: undefined,
    model: undefined,
    database,
    watches: { ...CHEAP, ...settings, [name]: { on: true, ...own } },
    ...more,
  });
  const config = readWatchConfig(path, { [WATCH_KEY_VARIABLE]: keyOf(WATCHER) });
  const log = createLogger({ level: "debug", write: (line) => lines.push(line) });
  const app = await buildWatches({ config, only: [name], log, ...options });
  try {
    const { outcomes } = await app.once();
    return { outcomes, app, lines };
  } finally {
    await app.close();
  }
}

/**
 * One look of a watch made by hand. `before` runs when it has seen what is due and nothing was sent yet: there somebody
 * else can be first.
 */
export async function lookTooLate(
  chain: LocalChain,
  create: (deps: WatchDeps) => Watch,
  before: () => Promise<unknown> = async () => {},
  {
    database: file = `late-${crypto.randomUUID()}.sqlite`,
    ...limits
  }: Partial<Limits> & { database?: string } = {},
): Promise<{ outcomes: Outcome[]; watcher: Watcher; lines: string[] }> {
  const { reader, reads, deployment, folder } = chain;
  const contracts = contractsSchema.parse(deployment.addresses);
  const watchReads = createWatchReads(reader, contracts);
  const calls = createWatchCalls(contracts);
  const sender = chain.senderOf(WATCHER);
  const lines: string[] = [];
  const log = createLogger({ level: "debug", write: (line) => lines.push(line) });
  const startBlock = BigInt(deployment.block);
  const watch = create({
    domain: 1,
    owner: undefined,
    sender: sender.address,
    reads,
    watchReads,
    calls,
    roster: createRoster(reads, watchReads, 1, startBlock),
    clock: await reads.clock(),
    startBlock,
    log,
  });
  const database = openDatabase({
    path: join(folder, file),
    identity: { chainId: chain.reader.chain.id, contract: contracts.Assay, operator: sender.address },
  });
  const watcher = createWatcher(
    {
      name: watch.name,
      async look(now) {
        const chances = await watch.look(now);
        await before();
        return chances;
      },
    },
    {
      gasPerDay: parseEther("1"),
      workPerDay: parseEther("10000"),
      bondsPerDay: 100,
      workPrice: undefined,
      leastReward: 0n,
      lookMs: 0,
      ...limits,
    },
    { reader, sender, watchReads, calls, spending: createSpending(database), log, onStep: () => {} },
  );
  const outcomes = await watcher.look(Number((await reads.head()).timestamp));
  database.close();
  return { outcomes, watcher, lines };
}

/** A payload of one true claim, as a request carries it. */
export function firstClaim(): { payload: Hex; payloadHash: Hex } {
  const bytes = encodePayload({ ...PAYLOAD, claims: PAYLOAD.claims.slice(0, 1) });
  return { payload: bytesToHex(bytes), payloadHash: hashPayload(bytes) };
}

/** The outcomes by name, in order. */
export const ends = (outcomes: readonly Outcome[]): string[] => outcomes.map(({ outcome }) => outcome);
