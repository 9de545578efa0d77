import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { addressSchema, contractsSchema } from "@assay/keeper";
import { addresses, blocks } from "@assay/published";
import { z } from "zod";

import { CliError } from "../lib/errors.ts";

const commandContractsSchema = contractsSchema.extend({
  Canaries: addressSchema,
  PerformanceLedger: addressSchema,
});

/** The contracts the commands talk to: the keeper's, the canaries, and the ledger of receipts. */
export type CommandContracts = z.infer<typeof commandContractsSchema>;

/** What the commands need to know of a deployment. */
export interface DeploymentInfo {
  readonly chainId: number;
  readonly at: CommandContracts;
  /** First block that can hold an event. */
  readonly block: bigint;
  /** For messages. */
  readonly source: string;
}

/** Where `assay start` leaves its deployment, in the working directory. */
export const LOCAL_DEPLOYMENT = join(".assay", "local", "deployment.json");

const fileSchema = z.object({
  chainId: z.int().positive(),
  addresses: z.record(z.string(), z.unknown()),
  block: z.int().nonnegative(),
});

/** Deployments by chain id. */
export interface Published {
  readonly addresses: Readonly<Record<number, unknown>>;
  readonly blocks: Readonly<Record<number, number>>;
}

/**
 * Finds the deployment: the file named, else the one of `assay start` if it is of this chain, else the published one.
 *
 * @throws CliError if there is none, or the named one is of another chain
 */
export function findDeployment(
  chainId: number,
  file?: string,
  published: Published = { addresses, blocks },
): DeploymentInfo {
  if (file !== undefined) {
    const named = readDeployment(file);
    if (named.chainId === chainId) return named;
    throw new CliError(
      "WRONG_CHAIN",
      "The deployment is of another chain than the endpoint",
      { file, deployment: named.chainId, endpoint: chainId },
      "Correct --deployment or --rpc.",
    );
  }
  if (existsSync(LOCAL_DEPLOYMENT)) {
    const local = readDeployment(LOCAL_DEPLOYMENT);
    if (local.chainId === chainId) return local;
  }
  const at = commandContractsSchema.safeParse(published.addresses[chainId]);
  const block = BigInt(published.blocks[chainId] ?? 0);
  if (at.success) return { chainId, at: at.data, block, source: "the published addresses" };
  throw new CliError(
    "NO_DEPLOYMENT",
    "No deployment is known for this chain",
    { chainId },
    "Name its file with --deployment, or deploy with hardhat run deploy/deploy.ts.",
  );
}

function readDeployment(file: string): DeploymentInfo {
  try {
    const {
      chainId,
      addresses: at,
      block,
    } = fileSchema.parse(JSON.parse(readFileSync(resolve(file), "utf8")));
    return { chainId, at: commandContractsSchema.parse(at), block: BigInt(block), source: file };
  } catch (error) {
    throw new CliError(
      "DEPLOYMENT_UNREADABLE",
      "The deployment file cannot be used",
      { file, reason: error instanceof z.ZodError ? z.prettifyError(error) : String(error) },
      "Name the file that deploy/deploy.ts wrote with --deployment.",
    );
  }
}
