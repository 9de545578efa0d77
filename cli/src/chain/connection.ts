import { connectReader, createReads, type ChainReads, type Reader } from "@assay/keeper";

import { CliError } from "../lib/errors.ts";
import type { ChainOptions } from "../lib/options.ts";
import { findDeployment, type CommandContracts } from "./deployment.ts";

/** A deployment on a chain that answers. */
export interface Connection {
  readonly rpcUrl: string;
  readonly chainId: number;
  readonly client: Reader;
  readonly reads: ChainReads;
  readonly at: CommandContracts;
  /** First block that can hold an event. */
  readonly startBlock: bigint;
  /** Most blocks asked for events at once. */
  readonly logRange: bigint;
}

const POLL_MS = 500;

/** Connects and checks that the deployment is there. */
export async function connect({ rpc, deployment, logRange }: ChainOptions): Promise<Connection> {
  if (!/^(https?|wss?):\/\//.test(rpc)) {
    throw new CliError(
      "RPC_NOT_VALID",
      "The endpoint is not a URL",
      { allowed: "http(s):// or ws(s)://" },
      "Correct --rpc or ASSAY_RPC.",
    );
  }
  // The first question is asked under a stand-in id, because the chain's own is the answer.
  const chainId = await connectReader({ rpcUrl: rpc, chainId: 1, pollMs: POLL_MS }).getChainId();
  const found = findDeployment(chainId, deployment);
  const client = connectReader({ rpcUrl: rpc, chainId, pollMs: POLL_MS });
  const code = await client.getCode({ address: found.at.Assay });
  if (code === undefined || code === "0x") {
    throw new CliError(
      "NO_CONTRACTS",
      "There are no contracts at the addresses of the deployment",
      { source: found.source, Assay: found.at.Assay, chainId },
      "Name the right file with --deployment, or deploy first (npm start brings up a whole local network).",
    );
  }
  return {
    rpcUrl: rpc,
    chainId,
    client,
    reads: createReads(client, found.at, BigInt(logRange)),
    at: found.at,
    startBlock: found.block,
    logRange: BigInt(logRange),
  };
}
