import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { connectReader, connectSigner, createReads, type Signer } from "@assay/keeper";
import { errorsAbi } from "@assay/published";
import { numberToHex, type Abi, type Address, type TransactionReceipt } from "viem";
import { mnemonicToAccount, type HDAccount } from "viem/accounts";

import type { Connection } from "../chain/connection.ts";
import { findDeployment } from "../chain/deployment.ts";
import { createProcessGroup, freePort } from "../start/processes.ts";

export const ROOT = resolve(import.meta.dirname, "../../..");
const HARDHAT = join(ROOT, "node_modules/hardhat/dist/src/cli.js");
const MNEMONIC = "test test test test test test test test test test test junk";
/** More than any call of the protocol needs. */
const GAS = 15_000_000n;

/** Somebody with a key and some ether. */
export interface Player {
  readonly address: Address;
  readonly account: HDAccount;
  readonly signer: Signer;
}

/** A development chain with the protocol deployed on it by the real deployment script. */
export interface TestChain {
  readonly connection: Connection;
  /** Id of the one domain, `grounded`. */
  readonly domain: number;
  /** Names the chain for a command: `--rpc … --deployment …`. */
  readonly options: readonly string[];
  readonly folder: string;
  player(index: number): Player;
  send(
    from: Player,
    address: Address,
    abi: unknown,
    name: string,
    args: readonly unknown[],
  ): Promise<TransactionReceipt>;
  /** Mines a block at a moment, Unix seconds; does nothing if that is past. */
  travelTo(timestamp: number): Promise<void>;
  stop(): Promise<void>;
}

/** Windows wide enough for a slow machine; tests travel through them. */
const PARAMETERS = {
  protocol: { epochLength: 1_200, unbonding: 6_000, parameterDelay: 1_200 },
  committee: {
    expectedBase: 60,
    expectedPerClaim: 0,
    revealWindow: 120,
    appealWindow: 120,
    sealWindow: 120,
    qualityWindow: 16,
    maturity: 16,
  },
} as const;

export async function startTestChain(): Promise<TestChain> {
  const folder = mkdtempSync(join(tmpdir(), "assay-cli-"));
  const group = createProcessGroup(() => {});
  const stop = async (): Promise<void> => {
    await group.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const rpcUrl = `http://127.0.0.1:${await freePort()}`;
    const run = { command: process.execPath, cwd: ROOT };
    const port = ["--port", new URL(rpcUrl).port];
    group.start({
      ...run,
      name: "chain",
      args: [HARDHAT, "node", ...port],
      logFile: join(folder, "chain.log"),
    });
    const chain = { rpcUrl, chainId: 31_337, pollMs: 100 };
    const client = connectReader(chain);
    await untilItAnswers(() => client.getBlockNumber());
    const parameterFile = join(folder, "parameters.json");
    const deploymentFile = join(folder, "deployment.json");
    writeFileSync(parameterFile, JSON.stringify(parameters()));
    await group.run({
      ...run,
      name: "deployment",
      args: [HARDHAT, "run", "--no-compile", "deploy/deploy.ts", "--network", "localhost"],
      env: { ASSAY_RPC: rpcUrl, ASSAY_PARAMS: parameterFile, ASSAY_OUT: deploymentFile },
      logFile: join(folder, "deploy.log"),
    });
    const { at, block } = findDeployment(chain.chainId, deploymentFile);
    const connection = {
      ...chain,
      client,
      reads: createReads(client, at),
      at,
      startBlock: block,
      logRange: 10_000n,
    };
    return {
      connection,
      domain: 1,
      options: ["--rpc", rpcUrl, "--deployment", deploymentFile],
      folder,
      player(index) {
        const account = mnemonicToAccount(MNEMONIC, { addressIndex: index });
        return { address: account.address, account, signer: connectSigner(chain, account) };
      },
      async send({ signer }, address, abi, functionName, args) {
        const withErrors = [...(abi as Abi), ...(errorsAbi as Abi)];
        const call = { address, abi: withErrors, functionName, args, gas: GAS };
        const hash = await signer.writeContract(call);
        const receipt = await client.waitForTransactionReceipt({ hash });
        // A refusal is told by name when the call is simulated at the block it failed in.
        if (receipt.status !== "success") {
          await client.simulateContract({
            ...call,
            account: signer.account,
            blockNumber: receipt.blockNumber,
          });
          throw new Error(`${functionName} reverted`);
        }
        return receipt;
      },
      async travelTo(timestamp) {
        const { timestamp: now } = await client.getBlock();
        if (Number(now) >= timestamp) return;
        const request = client.request as (call: { method: string; params: unknown[] }) => Promise<unknown>;
        await request({ method: "evm_setNextBlockTimestamp", params: [numberToHex(timestamp)] });
        await request({ method: "evm_mine", params: [] });
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The parameters of a local network with wider windows. */
function parameters(): unknown {
  const file = JSON.parse(readFileSync(join(ROOT, "deploy/params/local.json"), "utf8")) as {
    protocol: object;
    domains: { committee: object }[];
  };
  return {
    protocol: { ...file.protocol, ...PARAMETERS.protocol },
    domains: file.domains.map((domain) => ({
      ...domain,
      committee: { ...domain.committee, ...PARAMETERS.committee },
    })),
  };
}

async function untilItAnswers(ask: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await ask();
      return;
    } catch (error) {
      if (tries > 150) throw error;
      await sleep(200);
    }
  }
}
