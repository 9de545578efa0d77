import type { ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import {
  connectReader,
  connectSigner,
  createSender,
  HOT_KEY_VARIABLE,
  MODEL_FILE,
  readModel,
  type Sender,
  silentLogger,
} from "@assay/keeper";
import { feeMarketAbi, stakeVaultAbi, workTokenAbi, type Deployment } from "@assay/published";
import { maxUint256, parseEther, type Abi, type Address, type Hex } from "viem";
import { mnemonicToAccount, type HDAccount } from "viem/accounts";
import { bytesToHex } from "viem/utils";

import { emptyFolder } from "./folder.ts";
import { freePort, type ProcessGroup } from "./processes.ts";
import { OPERATORS, type OperatorPlan } from "./scenario.ts";

/** The well-known mnemonic of development chains; worth nothing anywhere else. */
const MNEMONIC = "test test test test test test test test test test test junk";
export const LOCAL_CHAIN_ID = 31_337;

/** WORK each operator stakes of its own. */
export const STAKE = parseEther("2000");
/** WORK the requester burns for credits. */
export const CREDITS = parseEther("1000");

export const ROOT = resolve(import.meta.dirname, "../../..");

export interface LocalOperator extends OperatorPlan {
  readonly owner: Address;
}

export interface LocalNetwork {
  readonly rpcUrl: string;
  readonly folder: string;
  readonly deployment: Deployment;
  readonly operators: readonly LocalOperator[];
  readonly reader: ReturnType<typeof connectReader>;
  readonly requester: Sender;
  readonly requesterAddress: Address;
}

const account = (index: number): HDAccount => mnemonicToAccount(MNEMONIC, { addressIndex: index });
const ownerAccount = (i: number): HDAccount => account(1 + i);
const hotAccount = (i: number): HDAccount => account(10 + i);
const REQUESTER = 19;

function privateKeyOf({ getHdKey }: HDAccount): Hex {
  const { privateKey } = getHdKey();
  if (privateKey === null) throw new Error("the account has no private key");
  return bytesToHex(privateKey);
}

/** A chain on a free port, mining every second. */
async function startChain(group: ProcessGroup, folder: string): Promise<string> {
  const port = await freePort();
  group.start({
    name: "chain",
    command: process.execPath,
    args: [
      join(ROOT, "node_modules/hardhat/dist/src/cli.js"),
      "node",
      "--port",
      String(port),
      "--chain-id",
      String(LOCAL_CHAIN_ID),
    ],
    cwd: ROOT,
    logFile: join(folder, "chain.log"),
  });
  const rpcUrl = `http://127.0.0.1:${port}`;
  const reader = connectReader({ rpcUrl, chainId: LOCAL_CHAIN_ID, pollMs: 200 });
  for (let tries = 0; tries < 300; tries++) {
    try {
      await reader.getBlockNumber();
      return rpcUrl;
    } catch {
      await sleep(100);
    }
  }
  throw new Error(`the local chain did not answer within 30 seconds; see ${join(folder, "chain.log")}`);
}

/** Brings up chain, contracts, stakes and credits. Keepers are started apart. */
export async function bringUpNetwork(
  group: ProcessGroup,
  folder: string,
  parameterFile: string,
  say: (line: string) => void,
  plans: readonly OperatorPlan[] = OPERATORS,
): Promise<LocalNetwork> {
  emptyFolder(folder);
  const rpcUrl = await startChain(group, folder);
  say(`chain ${LOCAL_CHAIN_ID} at ${rpcUrl}`);

  const deploymentFile = join(folder, "deployment.json");
  await group.run({
    name: "deployment",
    command: process.execPath,
    args: [
      join(ROOT, "node_modules/hardhat/dist/src/cli.js"),
      "run",
      "--no-compile",
      "deploy/deploy.ts",
      "--network",
      "localhost",
    ],
    cwd: ROOT,
    env: { ASSAY_RPC: rpcUrl, ASSAY_PARAMS: parameterFile, ASSAY_OUT: deploymentFile },
    logFile: join(folder, "deploy.log"),
  });
  const deployment = JSON.parse(readFileSync(deploymentFile, "utf8")) as Deployment;
  say(`contracts deployed, Assay at ${deployment.addresses.Assay}`);

  const chain = { rpcUrl, chainId: LOCAL_CHAIN_ID, pollMs: 200 };
  const reader = connectReader(chain);
  const senderOf = (who: HDAccount): Sender => createSender(reader, connectSigner(chain, who), silentLogger);
  const at = deployment.addresses;
  const call = (address: Address, abi: unknown, functionName: string, args: readonly unknown[]) => ({
    address,
    abi: abi as Abi,
    functionName,
    args,
    priority: 0 as const,
  });
  const token = at.WorkToken;
  const vault = at.StakeVault;
  const fees = at.FeeMarket;
  const treasury = senderOf(account(0));
  const requester = senderOf(account(REQUESTER));
  for (const [i] of plans.entries()) {
    await treasury.send(call(token, workTokenAbi, "transfer", [ownerAccount(i).address, STAKE]));
  }
  await treasury.send(call(token, workTokenAbi, "transfer", [requester.address, CREDITS]));

  const join_ = async (plan: OperatorPlan, i: number): Promise<LocalOperator> => {
    const owner = senderOf(ownerAccount(i));
    const { manifest } = readModel(resolve(ROOT, "models", plan.model, "manifest.json"));
    const domain = domainOf(deployment, plan.domain);
    const family = domain.families[plan.family];
    if (family === undefined) throw new Error(`the domain ${plan.domain} has no family ${plan.family}`);
    await owner.send(call(token, workTokenAbi, "approve", [vault, maxUint256]));
    await owner.send(
      call(vault, stakeVaultAbi, "register", [
        domain.id,
        hotAccount(i).address,
        family,
        1_000,
        `0x${manifest.files[MODEL_FILE]}`,
        "",
      ]),
    );
    await owner.send(call(vault, stakeVaultAbi, "stake", [domain.id, owner.address, STAKE]));
    return { ...plan, owner: owner.address };
  };
  const operators = await Promise.all(plans.map(join_));
  await requester.send(call(token, workTokenAbi, "approve", [fees, maxUint256]));
  await requester.send(call(fees, feeMarketAbi, "buy", [requester.address, CREDITS]));
  say(
    `${operators.length} operators of ${new Set(operators.map((o) => `${o.domain}/${o.family}`)).size} families staked 2,000 WORK each`,
  );
  return { rpcUrl, folder, deployment, operators, reader, requester, requesterAddress: requester.address };
}

/** @throws if nothing of that name was deployed */
export function domainOf(deployment: Deployment, name: string): Deployment["domains"][string] {
  const domain = deployment.domains[name];
  if (domain === undefined) throw new Error(`the deployment has no domain ${name}`);
  return domain;
}

/** What of a keeper's configuration a caller may choose. */
export interface KeeperChoices {
  /** seconds */
  readonly spread: number;
  /** Where it answers questions, if it does. */
  readonly ask?: { readonly port: number; readonly anyClaims: boolean };
}

/** Writes the configuration of operator `i` and returns its path. */
export function writeKeeperConfig(network: LocalNetwork, i: number, { spread, ask }: KeeperChoices): string {
  const { deployment, folder, rpcUrl } = network;
  const operator = network.operators[i];
  if (operator === undefined) throw new Error(`there is no operator ${i}`);
  const { AccessManager: _unused, ...contracts } = deployment.addresses;
  const path = join(folder, operator.name, "keeper.json");
  mkdirSync(join(folder, operator.name), { recursive: true });
  const config = {
    rpcUrl,
    chainId: LOCAL_CHAIN_ID,
    contracts,
    startBlock: deployment.block,
    confirmations: 0,
    pollMs: 700,
    owner: operator.owner,
    domain: { id: domainOf(deployment, operator.domain).id, name: operator.domain },
    model: resolve(ROOT, "models", operator.model, "manifest.json"),
    ...(operator.inference && { inference: operator.inference }),
    database: "keeper.sqlite",
    spread,
    payload: { allowPrivate: true, deadlineMs: 4_000 },
    ...(ask && { ask }),
    log: { level: "info", format: "json" },
  };
  writeFileSync(path, `${JSON.stringify(config, null, 2)}\n`);
  return path;
}

/** The environment of operator `i`'s keeper: its hot key. */
export function keeperEnvironment(i: number): Record<string, string> {
  return {
    [HOT_KEY_VARIABLE]: privateKeyOf(hotAccount(i)),
    NODE_OPTIONS: "--disable-warning=ExperimentalWarning",
  };
}

/** Starts one keeper process per operator, in their order; each votes with its own hot key and model. */
export function startKeepers(group: ProcessGroup, network: LocalNetwork): ChildProcess[] {
  return network.operators.map(({ name }, i) =>
    group.start({
      name: `keeper ${name}`,
      command: process.execPath,
      args: [
        join(ROOT, "cli/src/main.ts"),
        "keeper",
        "run",
        "--config",
        writeKeeperConfig(network, i, { spread: 3 }),
      ],
      cwd: ROOT,
      env: keeperEnvironment(i),
      logFile: join(network.folder, name, "keeper.log"),
    }),
  );
}
