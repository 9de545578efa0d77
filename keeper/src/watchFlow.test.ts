import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { appealsAbi, assayAbi, cloneRegistryAbi, performanceLedgerAbi } from "@assay/published";
import { expect } from "chai";
import { parseEther, type Address, type Hex } from "viem";

import { SEAT_ABSENT } from "./chain/types.ts";
import { WATCH_KEY_VARIABLE } from "./config.ts";
import { roundIdOf } from "./mirror/commitment.ts";
import { RECEIPT_TYPES, type Receipt } from "./mirror/performanceMath.ts";
import { account, CHAIN_ID, keyOf, ownerOf, startLocalChain, type LocalChain } from "./testing/localChain.ts";
import { callBy, fund, play, settle, vote } from "./testing/rounds.ts";
import { CHEAP, firstClaim, WATCHER } from "./testing/watches.ts";

const ASSAY = join(import.meta.dirname, "../../cli/src/main.ts");
const VOTES = [250, 10];
const CLAIMS = 64;
const POSTER = 16;
const DAY = 86_400;
/** `IAppeals.BondState.RETURNED`. */
const RETURNED = 2;

/** Two rows that are one, and three that are not; near ½, where every committee is uncertain. */
function rows(seed: number): number[][] {
  let state = seed;
  const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  const independent = () => Array.from({ length: CLAIMS }, () => 80 + Math.floor(96 * next()));
  const model = independent();
  return [model, model.map((vote) => vote + 1), independent(), independent(), independent()];
}

describe("assay watch, a process of its own", function () {
  this.timeout(300_000);
  let chain: LocalChain;
  let process_: ChildProcess | undefined;
  let said = "";
  /** The request somebody stayed silent in. */
  let reported: Hex;

  before(async () => {
    // Of five operators no committee of an appeal could have the quorum of four in seven.
    const committee = { appealWindow: 450, minSeats: 2 };
    chain = await startLocalChain({ protocol: { challengeWindow: 100_000 }, committee });
    await fund(chain, WATCHER, parseEther("600"));
    await fund(chain, POSTER, parseEther("100"), "PerformanceLedger");
    const appeals = { on: true, confidence: 0.1, trust: 1, bondAtMost: "0.1", appealsPerDay: 1 };
    const watches = { ...CHEAP, lookMs: 200, metrics: { on: true }, clones: { on: true }, appeals };
    const model = chain.manifestOf(0);
    const path = chain.configOf(9, { owner: undefined, model, database: "flow.sqlite", watches });
    process_ = spawn(process.execPath, [ASSAY, "watch", "--config", path, "--json"], {
      env: { ...process.env, [WATCH_KEY_VARIABLE]: keyOf(WATCHER) },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [process_.stdout!, process_.stderr!])
      stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  });
  after(async () => {
    if (process_?.exitCode === null && process_.kill("SIGKILL")) await once(process_, "exit");
    await chain.stop();
  });

  const until = async (what: string, isDone: () => Promise<boolean>): Promise<void> => {
    for (let tries = 0; !(await isDone()); tries++) {
      if (tries > 480) throw new Error(`${what} did not happen: ${said.slice(-3_000)}`);
      await sleep(250);
    }
  };
  const read = async (requestId: Hex, owner: Address): Promise<number> =>
    (await chain.reads.seatOf(requestId, owner)).flags;

  it("reports an absence", async () => {
    const { requestId } = await play(chain, [VOTES, VOTES, VOTES, VOTES, undefined]);
    reported = requestId;
    await until("the report", async () => ((await read(requestId, ownerOf(4))) & SEAT_ABSENT) !== 0);
  });

  it("challenges a false metric", async () => {
    const ledger = chain.deployment.addresses.PerformanceLedger;
    const operator = ownerOf(0);
    const modelHash = await chain.reads.modelHashOf(1, operator);
    const { requestId, terms } = await play(chain, [VOTES, VOTES, VOTES, VOTES, VOTES]);
    const sizes = { inputSize: 1_000, outputSize: 100, loadMs: 50, inferMs: 200, roundTripMs: 300 };
    const receipt: Receipt = { requestId, operator, modelHash, ...sizes };
    const signature = await account(19).signTypedData({
      domain: { name: "Assay Performance", version: "1", chainId: CHAIN_ID, verifyingContract: ledger },
      types: RECEIPT_TYPES,
      primaryType: "Receipt",
      message: receipt,
    });
    const at = { address: ledger, abi: performanceLedgerAbi } as const;
    const call = (sender: Parameters<typeof callBy>[1], name: string, ...args: unknown[]) =>
      callBy(chain, sender, "PerformanceLedger", performanceLedgerAbi, name, ...args);
    await call(chain.requester, "recordReceipts", 1, modelHash, [{ terms, receipt, signature }]);
    const head = await chain.reader.readContract({
      ...at,
      functionName: "headAt",
      args: [1, modelHash, 1n],
    });
    const half = 5n * 10n ** 17n;
    const metrics = { speed: half, forward: half, backward: half, response: half, reputation: 10n ** 19n };
    const entries = [{ operator, before: 10n ** 18n, counted: 0, metrics }];
    await call(chain.senderOf(POSTER), "postMetrics", 1, modelHash, 0, 1n, head, entries);
    await until("the challenge", async () => {
      const logs = await chain.reader.getContractEvents({
        ...at,
        eventName: "MetricsRefuted",
        args: { operator, challenger: account(WATCHER).address },
        fromBlock: 0n,
      });
      return logs.length === 1;
    });
  });

  it("catches two clones, and only them", async () => {
    const { minRequests, minClaims } = await chain.reader.readContract({
      address: chain.deployment.addresses.CloneRegistry,
      abi: cloneRegistryAbi,
      functionName: "ruleOf",
      args: [1],
    });
    const requests = Math.max(minRequests, Math.ceil(minClaims / CLAIMS));
    for (let seed = 1; seed <= requests; seed++) await play(chain, rows(seed), "finalized");
    const reports = async () =>
      chain.reader.getContractEvents({
        address: chain.deployment.addresses.CloneRegistry,
        abi: cloneRegistryAbi,
        eventName: "CloneReported",
        fromBlock: 0n,
        strict: true,
      });
    await until("the report of clones", async () => (await reports()).length > 0);
    const pairs = (await reports()).map(({ args }) => [args.earlier, args.later].toSorted());
    expect(pairs).to.deep.equal([[ownerOf(0), ownerOf(1)].toSorted()]);
  });

  it("appeals a wrong verdict, one a day, and takes back bond and reward when it is overturned", async () => {
    // The caps are of a day: none begins between the two verdicts.
    const { timestamp } = await chain.reads.head();
    await chain.travelTo((Math.floor(Number(timestamp) / DAY) + 1) * DAY);
    const [wrong, right] = [[20], [230]].map((votes) => new Array<number[]>(5).fill(votes));
    const phaseOf = async (requestId: Hex) => (await chain.reads.roundState(requestId, ownerOf(0))).phase;
    const request = await play(chain, wrong!, "finalized", firstClaim());
    const { requestId, terms } = request;
    await until("the appeal", async () => (await phaseOf(requestId)) === "APPEALED");

    const roundId = roundIdOf(requestId, 1);
    await chain.rpc("hardhat_mine", "0x3");
    await chain.seal(roundId);
    await vote(chain, roundId, right!);
    await callBy(chain, chain.requester, "Assay", assayAbi, "finalize", terms);

    // Its model is as sure of the next one, but has appealed today.
    const next = await play(chain, wrong!, "finalized", firstClaim());
    const isLeft = (line: string) => line.includes('"why":"budget"') && line.includes(next.requestId);
    await until("the refusal", async () => said.split("\n").some(isLeft));
    expect(await phaseOf(next.requestId)).to.equal("FINALIZED");

    const appeals = { address: chain.deployment.addresses.Appeals, abi: appealsAbi } as const;
    const watcher = account(WATCHER).address;
    const pot = () => chain.reader.readContract({ ...appeals, functionName: "potOf", args: [roundId] });
    const part = () =>
      chain.reader.readContract({ ...appeals, functionName: "contributionOf", args: [roundId, watcher] });
    expect((await pot()).funded, "all of the bond is its own").to.equal((await part()).amount);
    await chain.jump(1_000);
    expect(await phaseOf(requestId)).to.equal("FINAL");
    await until("the resolution", async () => (await pot()).state === RETURNED);
    await until("the claim", async () => (await part()).paid === (await part()).amount);
    // Those it overturned lose what pays the reward.
    await settle(chain, request, wrong!);
    const { funded, reward } = await pot();
    expect(reward > 0n).to.equal(true);
    await until("the claim of the reward", async () => (await part()).paid === funded + reward);
  });

  it("has left what assay explain tells of the operator", async () => {
    const chainOptions = ["--rpc", chain.rpcUrl, "--deployment", join(chain.folder, "deployment.json")];
    const explain = spawn(process.execPath, [ASSAY, "explain", reported, ownerOf(0), ...chainOptions]);
    let text = "";
    for (const stream of [explain.stdout, explain.stderr])
      stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
    expect(await once(explain, "close"), text).to.deep.equal([0, null]);
    expect(text).to.match(/was reported by 0x\w+ as a clone of 0x\w+: \d+ requests, \d+ uncertain claims/);
    expect(text).to.match(/Metrics that 0x\w+ posted of 0x\w+ were false: their bond is lost, 5 WORK of it/);
  });

  it("stops on SIGTERM with code 0, having told what it did", async () => {
    process_!.kill("SIGTERM");
    expect(await once(process_!, "exit")).to.deep.equal([0, null]);
    const acts = said.split("\n").filter((line) => line.includes('"msg":"acted"'));
    const byWatch = (name: string) => acts.filter((line) => line.includes(`"watch":"${name}"`)).length;
    expect([byWatch("absences"), byWatch("metrics"), byWatch("clones")]).to.deep.equal([1, 1, 1]);
    // The appeal, its resolution, the claim of the bond and that of the reward.
    expect(byWatch("appeals")).to.equal(4);
    expect(said).to.not.include(keyOf(WATCHER).slice(2));
  });
});
