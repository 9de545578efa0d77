/** Brings the protocol onto a chain: contracts through Ignition, checks, domains, roles, a deployment file. */
import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import type { NetworkConnection } from "hardhat/types/network";

import { whileAutomining } from "./automine.ts";
import { createDomain } from "./domain.ts";
import { handOver } from "./governance.ts";
import assayModule from "./modules/Assay.ts";
import { readParameterFile, type ParameterFile } from "./parameterFile.ts";
import { PARAMETERS, predictAddresses, type Addresses, type ProtocolParameters } from "./plan.ts";
import type { DeployedDomain, Deployment } from "./published/src/deployment.ts";
import { verifyDeployment } from "./verify.ts";

/** Chain id of `hardhat node` and anvil, where blocks are quick and journals worthless. */
const LOCAL_CHAIN = 31_337;
const JOURNALS = join(import.meta.dirname, "deployments");

type Ethers = NetworkConnection["ethers"];

/** Who sends the transactions of a deployment. */
export interface Deployer {
  readonly ethers: Ethers;
  readonly signer: Awaited<ReturnType<Ethers["getSigners"]>>[number];
}

export interface DeployOptions {
  readonly connection: NetworkConnection;
  /** Path of a parameter file, see deploy/README.md. */
  readonly parameterFile: string;
  /** Where to write the deployment; nowhere if left out. */
  readonly out?: string | undefined;
}

/**
 * Deploys from the network's first account. All or nothing: addresses depend on the account's nonce, so whatever stops
 * half-way is deployed anew. The account must not send anything else meanwhile.
 */
export async function deployNetwork({ connection, parameterFile, out }: DeployOptions): Promise<Deployment> {
  const file = await readParameterFile(parameterFile);
  const deployment = await whileAutomining(connection.provider, () => deployFile(connection, file));
  if (out !== undefined) await writeWhole(out, `${JSON.stringify(deployment, null, 2)}\n`);
  return deployment;
}

async function deployFile(connection: NetworkConnection, file: ParameterFile): Promise<Deployment> {
  const { ethers } = connection;
  const [signer] = await ethers.getSigners();
  if (signer === undefined) throw new Error("the network has no account to deploy from");
  const deployer: Deployer = { ethers, signer };
  const latest = await ethers.provider.getBlock("latest");
  if (latest === null) throw new Error("the network has no block");

  // The deployer holds supply and rights until the domains exist, then hands both over.
  const parameters: ProtocolParameters = {
    ...file.protocol,
    governor: signer.address,
    treasury: signer.address,
    genesis: BigInt(latest.timestamp),
  };
  const addresses = predictAddresses(signer.address, await signer.getNonce());
  await deployContracts(connection, deployer, parameters, addresses);
  await verifyDeployment(deployer, addresses, parameters);

  const domains: Record<string, DeployedDomain> = {};
  for (const [i, domain] of file.domains.entries())
    domains[domain.name] = await createDomain(deployer, addresses, parameters, domain, i + 1);
  await handOver(deployer, addresses, file.protocol, file.domains.length);

  return {
    chainId: Number((await ethers.provider.getNetwork()).chainId),
    addresses: addresses as Deployment["addresses"],
    block: latest.number + 1,
    domains,
    epochLength: Number(parameters.epochLength),
    genesis: latest.timestamp,
  };
}

async function deployContracts(
  connection: NetworkConnection,
  { ethers, signer }: Deployer,
  parameters: ProtocolParameters,
  addresses: Addresses,
): Promise<void> {
  const local = Number((await ethers.provider.getNetwork()).chainId) === LOCAL_CHAIN;
  const deploymentId = `assay-${randomUUID()}`;
  const constants = Object.fromEntries(PARAMETERS.map((name) => [name, parameters[name]]));
  try {
    const deployed = await connection.ignition.deploy(assayModule, {
      parameters: { Assay: { ...constants, ...addresses } },
      defaultSender: signer.address,
      deploymentId,
      config: local ? { blockPollingInterval: 50, requiredConfirmations: 1 } : {},
    });
    for (const [name, contract] of Object.entries(deployed)) {
      const found = await contract.getAddress();
      const predicted = addresses[name as keyof Addresses];
      if (found !== predicted) throw new Error(`${name} is at ${found}, predicted was ${predicted}`);
    }
  } finally {
    if (local) await rm(join(JOURNALS, deploymentId), { recursive: true, force: true });
  }
}

/** Readers see the old file or the new one, never half of it. */
async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}
