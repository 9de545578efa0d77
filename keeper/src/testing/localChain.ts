import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { assayAbi, feeMarketAbi, stakeVaultAbi, workTokenAbi, type Deployment } from "@assay/published";
import {
  bytesToHex,
  maxUint256,
  parseEther,
  parseEventLogs,
  type Abi,
  type Address,
  type Hex,
  type TransactionReceipt,
} from "viem";
import { mnemonicToAccount, type HDAccount } from "viem/accounts";

import { connectReader, connectSigner, type Reader } from "../chain/client.ts";
import { createReads, type ChainReads } from "../chain/reads.ts";
import { createSender, PRIORITY, type Priority, type Sender } from "../chain/sender.ts";
import { contractsSchema } from "../chain/addresses.ts";
import { silentLogger } from "../lib/logger.ts";
import { MODEL_FILE, readModel } from "../model/manifest.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const HARDHAT = join(ROOT, "node_modules/hardhat/dist/src/cli.js");
const MNEMONIC = "test test test test test test test test test test test junk";
export const CHAIN_ID = 31_337;
export const MODELS = ["overlap-logistic", "hashed-mlp", "char-trees", "hard-negative", "align-conv"];

/** Account 0 is the treasury, 1… are the owners, 10… their hot keys, 19 is the requester. */
export const account = (index: number): HDAccount => mnemonicToAccount(MNEMONIC, { addressIndex: index });
/** Of any account of the mnemonic. */
export const keyOf = (index: number): Hex => bytesToHex(account(index).getHdKey().privateKey!);
/** Operator `i` of the chain below. */
export const hotKeyOf = (i: number): Hex => keyOf(10 + i);
export const ownerOf = (i: number): Address => account(1 + i).address;

export interface Ask {
  readonly claims: number;
  readonly payloadHash: Hex;
  readonly uri?: string;
  readonly payload?: Hex;
}

export interface LocalChain {
  readonly rpcUrl: string;
  readonly folder: string;
  readonly reader: Reader;
  readonly reads: ChainReads;
  readonly deployment: Deployment;
  readonly requester: Sender;
  credits(): Promise<bigint>;
  request(ask: Ask): Promise<Hex>;
  /** Captures the seed of a request without committing. */
  seal(requestId: Hex): Promise<void>;
  commitBy(
    sender: Sender,
    requestId: Hex,
    owner: Address,
    digest: bigint,
    onSent?: (hash: Hex) => void,
    priority?: Priority,
  ): Promise<TransactionReceipt>;
  /** Moves the clock of the chain forward. */
  jump(seconds: number): Promise<void>;
  /** Moves the clock of the chain to a moment, Unix seconds; does nothing if that is past. */
  travelTo(timestamp: number): Promise<void>;
  rpc(method: string, ...params: unknown[]): Promise<unknown>;
  senderOf(index: number, options?: Parameters<typeof createSender>[3], through?: Reader): Sender;
  /** Path of the manifest of operator `i`'s model. */
  manifestOf(i: number): string;
  /** Writes the configuration of operator `i` and returns its path. */
  configOf(i: number, change?: object): string;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

const manifestOf = (i: number): string =>
  join(ROOT, "models/grounded", MODELS[i] ?? MODELS[0]!, "manifest.json");

export interface Changes {
  readonly protocol?: object;
  readonly committee?: object;
}

/**
 * A Hardhat node and the deployment, both as processes, and five operators whose stake counts already.
 *
 * @param changes of the protocol's and the domain's parameters
 */
export async function startLocalChain(changes: Changes = {}): Promise<LocalChain> {
  const folder = mkdtempSync(join(tmpdir(), "assay-chain-"));
  const rpcUrl = `http://127.0.0.1:${await freePort()}`;
  const node: ChildProcess = spawn(
    process.execPath,
    [HARDHAT, "node", "--port", new URL(rpcUrl).port, "--chain-id", String(CHAIN_ID)],
    { cwd: ROOT, stdio: "ignore" },
  );
  const stop = async (): Promise<void> => {
    if (node.exitCode === null && node.kill("SIGKILL")) await once(node, "exit");
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    return await bringUp(folder, rpcUrl, changes, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function bringUp(
  folder: string,
  rpcUrl: string,
  changes: Changes,
  stop: () => Promise<void>,
): Promise<LocalChain> {
  const options = { rpcUrl, chainId: CHAIN_ID, pollMs: 100 };
  const reader = connectReader(options);
  for (let tries = 0; (await reader.getBlockNumber().catch(() => undefined)) === undefined; tries++) {
    if (tries === 200) throw new Error("the local chain did not answer");
    await sleep(100);
  }
  const deployment = await deploy(folder, rpcUrl, changes);
  const at = deployment.addresses;
  const domain = deployment.domains["grounded"]!;
  const senderOf: LocalChain["senderOf"] = (index, more, through = reader) =>
    createSender(through, connectSigner(options, account(index)), silentLogger, more);
  const call = (address: Address, abi: unknown, functionName: string, ...args: unknown[]) => ({
    address,
    abi: abi as Abi,
    functionName,
    args,
    priority: 0 as const,
  });
  const treasury = senderOf(0);
  const requester = senderOf(19);
  const stake = parseEther("2000");
  for (const to of [...MODELS.map((_, i) => ownerOf(i)), requester.address])
    await treasury.send(call(at.WorkToken, workTokenAbi, "transfer", to, stake));
  const join_ = async (model: string, i: number): Promise<void> => {
    const owner = senderOf(1 + i);
    const { manifest } = readModel(join(ROOT, "models/grounded", model, "manifest.json"));
    const hash = `0x${manifest.files[MODEL_FILE]}`;
    const family = domain.families[model];
    await owner.send(call(at.WorkToken, workTokenAbi, "approve", at.StakeVault, maxUint256));
    const hot = account(10 + i).address;
    await owner.send(call(at.StakeVault, stakeVaultAbi, "register", domain.id, hot, family, 0, hash, ""));
    await owner.send(call(at.StakeVault, stakeVaultAbi, "stake", domain.id, owner.address, stake));
  };
  await Promise.all(MODELS.map(join_));
  await requester.send(call(at.WorkToken, workTokenAbi, "approve", at.FeeMarket, maxUint256));
  await requester.send(call(at.FeeMarket, feeMarketAbi, "buy", requester.address, stake));

  const rpc: LocalChain["rpc"] = (method, ...params) =>
    reader.request({ method: method as never, params: params as never });
  const jump = async (seconds: number): Promise<void> => {
    await rpc("evm_increaseTime", seconds);
    await rpc("evm_mine");
  };
  await jump(deployment.epochLength);
  const contracts = contractsSchema.parse(at);
  let nonce = 0n;
  return {
    rpcUrl,
    folder,
    reader,
    reads: createReads(reader, contracts),
    deployment,
    requester,
    rpc,
    jump,
    async travelTo(timestamp) {
      const seconds = timestamp - Number((await reader.getBlock()).timestamp);
      if (seconds > 0) await jump(seconds);
    },
    senderOf,
    stop,
    credits: () =>
      reader.readContract({
        address: at.FeeMarket,
        abi: feeMarketAbi,
        functionName: "credits",
        args: [requester.address],
      }),
    async request({ claims, payloadHash, uri = "", payload = "0x" }) {
      nonce += 1n;
      const ask = {
        domain: domain.id,
        claims,
        nonce,
        payloadHash,
        sealedNote: `0x${"00".repeat(32)}`,
        maxFee: maxUint256,
        uri,
        payload,
      };
      const receipt = await requester.send(call(at.Assay, assayAbi, "request", ask));
      const [event] = parseEventLogs({ abi: assayAbi, eventName: "Requested", logs: receipt.logs });
      return event!.args.requestId;
    },
    async seal(requestId) {
      await requester.send(call(at.Assay, assayAbi, "seal", requestId, "0x"));
    },
    commitBy: (sender, requestId, owner, digest, onSent, priority = PRIORITY.commit) =>
      sender.send({ ...call(at.Assay, assayAbi, "commit", requestId, owner, digest), priority }, onSent),
    manifestOf,
    configOf(i, change = {}) {
      const home = join(folder, `keeper-${i}`);
      mkdirSync(home, { recursive: true });
      const config = {
        rpcUrl,
        chainId: CHAIN_ID,
        contracts,
        startBlock: deployment.block,
        confirmations: 0,
        pollMs: 100,
        owner: ownerOf(i),
        domain: { id: domain.id, name: "grounded" },
        model: manifestOf(i),
        database: "keeper.sqlite",
        spread: 0,
        payload: { allowPrivate: true, deadlineMs: 300 },
        ...change,
      };
      writeFileSync(join(home, "keeper.json"), JSON.stringify(config));
      return join(home, "keeper.json");
    },
  };
}

/** The local parameters, with windows no slow machine can miss: the tests jump over them. */
async function deploy(
  folder: string,
  rpcUrl: string,
  { protocol = {}, committee = {} }: Changes,
): Promise<Deployment> {
  const parameters = JSON.parse(readFileSync(join(ROOT, "deploy/params/local.json"), "utf8")) as {
    protocol: object;
    domains: { committee: object }[];
  };
  const epochs = { epochLength: 2_000, unbonding: 10_000, parameterDelay: 2_000 };
  Object.assign(parameters.protocol, epochs, protocol);
  const windows = { expectedBase: 100, revealWindow: 200, sealWindow: 200 };
  Object.assign(parameters.domains[0]!.committee, windows, committee);
  const file = join(folder, "parameters.json");
  const out = join(folder, "deployment.json");
  writeFileSync(file, JSON.stringify(parameters));
  const args = [HARDHAT, "run", "--no-compile", "deploy/deploy.ts", "--network", "localhost"];
  const env = { ...process.env, ASSAY_RPC: rpcUrl, ASSAY_PARAMS: file, ASSAY_OUT: out };
  const script = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  script.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(script, "exit")) as [number | null];
  if (code !== 0) throw new Error(`the deployment ended with code ${code}: ${said}`);
  return JSON.parse(readFileSync(out, "utf8")) as Deployment;
}
