import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import { assayAbi } from "@assay/published";
import { expect } from "chai";
import type { Hex } from "viem";

import { PreflightError } from "./chain/preflight.ts";
import { ConfigError, HOT_KEY_VARIABLE, readConfig, readWatchConfig, WATCH_KEY_VARIABLE } from "./config.ts";
import { openDatabase } from "./db/open.ts";
import { createSpending, type Spent } from "./db/spending.ts";
import { silentLogger } from "./lib/logger.ts";
import { hotKeyOf, keyOf, startLocalChain, type LocalChain } from "./testing/localChain.ts";
import { play } from "./testing/rounds.ts";
import { CHEAP, ends, lookOnce, WATCHER } from "./testing/watches.ts";
import { buildWatches, WatchOffError } from "./watchApp.ts";

const CRASHING = join(import.meta.dirname, "testing/crashingWatch.ts");
const VOTES = [250, 10];
const ONE_SILENT = [VOTES, VOTES, VOTES, VOTES, undefined];
const WATCH_OF_ALL = { ...CHEAP, debts: { on: false }, tapes: { on: false } };

describe("watches", function () {
  this.timeout(120_000);
  let chain: LocalChain;
  let databases = 0;

  before(async () => {
    chain = await startLocalChain();
  });
  after(() => chain.stop());
  afterEach(async () => {
    await chain.rpc("evm_setAutomine", true);
    await chain.rpc("evm_setIntervalMining", 1_000);
  });

  const configOf = (database: string, change: object = {}): string =>
    chain.configOf(9, { owner: undefined, model: undefined, database, watches: WATCH_OF_ALL, ...change });
  const crash = async (database: string, step: string): Promise<void> => {
    const child = spawn(process.execPath, [CRASHING, configOf(database)], {
      env: { ...process.env, [WATCH_KEY_VARIABLE]: keyOf(WATCHER), ASSAY_CRASH_AT: step },
      stdio: ["ignore", "inherit", "inherit"],
    });
    expect(await once(child, "exit")).to.deep.equal([null, "SIGKILL"]);
  };
  const spent = async (database: string): Promise<Spent> => {
    const config = readWatchConfig(configOf(database), { [WATCH_KEY_VARIABLE]: keyOf(WATCHER) });
    const memory = openDatabase({
      path: config.database,
      identity: {
        chainId: config.chainId,
        contract: config.contracts.Assay,
        operator: chain.senderOf(WATCHER).address,
      },
    });
    const day = Math.floor(Number((await chain.reads.head()).timestamp) / 86_400);
    const found = createSpending(memory).spentOn("absences", day);
    memory.close();
    return found;
  };
  const reports = async (requestId: Hex): Promise<number> => {
    const logs = await chain.reader.getContractEvents({
      address: chain.deployment.addresses.Assay,
      abi: assayAbi,
      eventName: "AbsenceReported",
      args: { requestId },
      fromBlock: 0n,
    });
    return logs.length;
  };
  const fresh = (): string => `runner-${++databases}.sqlite`;

  it("killed between sending and noting: the budget is gone, and nothing is sent twice", async () => {
    const database = fresh();
    const { requestId } = await play(chain, ONE_SILENT);
    await crash(database, "actSent");
    expect(await reports(requestId), "mined").to.equal(1);
    const reserved = await spent(database);
    expect(reserved.acts).to.equal(1);
    expect(Number(reserved.gas)).to.be.greaterThan(0);
    expect((await lookOnce(chain, "absences", { database })).outcomes).to.deep.equal([]);
    expect(await spent(database), "nobody knows what it cost").to.deep.equal(reserved);
    expect(await reports(requestId)).to.equal(1);
  });

  it("killed after noting what was sent: the restart finds out what it cost", async () => {
    const database = fresh();
    const { requestId } = await play(chain, ONE_SILENT);
    await crash(database, "actNoted");
    const reserved = await spent(database);
    expect((await lookOnce(chain, "absences", { database })).outcomes).to.deep.equal([]);
    const settled = await spent(database);
    expect(settled.acts).to.equal(1);
    expect(settled.gas > 0n && settled.gas < reserved.gas, "less than the most").to.equal(true);
    expect(await reports(requestId)).to.equal(1);
  });

  for (const isLost of [false, true]) {
    const fate = isLost ? "lost by its node" : "still waiting";
    it(`killed before a block has it, ${fate}: reported once, and every attempt counts`, async () => {
      const database = fresh();
      const { requestId } = await play(chain, ONE_SILENT);
      const { address } = chain.senderOf(WATCHER);
      const nonce = await chain.reader.getTransactionCount({ address, blockTag: "latest" });
      // The node mines every second otherwise, and nothing waits any more.
      await chain.rpc("evm_setIntervalMining", 0);
      await chain.rpc("evm_setAutomine", false);
      await crash(database, "actSent");
      expect(await reports(requestId)).to.equal(0);
      const reserved = await spent(database);
      if (isLost) {
        const { transactions } = await chain.reader.getBlock({ blockTag: "pending" });
        for (const hash of transactions) await chain.rpc("hardhat_dropTransaction", hash);
      }
      const { outcomes, lines } = await lookOnce(chain, "absences", {
        database,
        onStep: async (step) => void (step === "actNoted" && (await chain.rpc("evm_mine"))),
      });
      await chain.rpc("evm_setAutomine", true);
      await chain.rpc("evm_mine");
      expect(ends(outcomes), lines.join("")).to.deep.equal(["done"]);
      expect(await reports(requestId), "once").to.equal(1);
      expect(await chain.reader.getTransactionCount({ address, blockTag: "latest" })).to.equal(nonce + 1);
      const gas = outcomes.reduce((sum, outcome) => sum + (outcome.gas ?? 0n), reserved.gas);
      expect(await spent(database)).to.deep.equal({
        gas,
        work: 0n,
        acts: 2,
        bonds: 0,
      });
    });
  }

  it("run beside a keeper's voting only with a key of their own", async () => {
    const path = chain.configOf(0, { database: fresh() });
    const config = readWatchConfig(path, { [WATCH_KEY_VARIABLE]: hotKeyOf(0) });
    const refused = await buildWatches({ config, log: silentLogger }).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(PreflightError);
    expect((refused as PreflightError).code).to.equal("SHARED_KEY");
  });

  it("are refused by name where they are not switched on", async () => {
    const config = readWatchConfig(configOf(fresh()), { [WATCH_KEY_VARIABLE]: keyOf(WATCHER) });
    const build = buildWatches({ config, only: ["absences", "debts"], log: silentLogger });
    const refused = await build.catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(WatchOffError);
    expect((refused as WatchOffError).data).to.deep.equal({ given: "debts", on: "absences" });
  });

  it("look again only after their time", async () => {
    const config = readWatchConfig(configOf(fresh(), { watches: { ...WATCH_OF_ALL, lookMs: 60_000 } }), {
      [WATCH_KEY_VARIABLE]: keyOf(WATCHER),
    });
    const app = await buildWatches({ config, log: silentLogger });
    await app.once();
    await app.once();
    expect(app.watchers.map(({ stats }) => stats().looks)).to.deep.equal([1]);
    await app.close();
  });

  it("need neither owner nor model in their configuration, a keeper does; amounts are checked", () => {
    const path = configOf(fresh());
    expect(() => readConfig(path, { [HOT_KEY_VARIABLE]: hotKeyOf(0) })).to.throw(ConfigError, "owner");
    expect(() => readWatchConfig(path, {})).to.throw(ConfigError, WATCH_KEY_VARIABLE);
    const wrong = configOf(fresh(), { watches: { absences: { gasPerDay: "1e3" } } });
    expect(() => readWatchConfig(wrong, { [WATCH_KEY_VARIABLE]: keyOf(WATCHER) })).to.throw(
      ConfigError,
      "an amount such as",
    );
  });
});
