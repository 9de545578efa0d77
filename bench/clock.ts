/**
 * A chain whose every block comes a fixed time after the one before, so that gas, block hashes and therefore committees
 * are the same on every machine. Importing this file changes the provider of test/fixtures/world.ts.
 */
import { connection } from "../test/fixtures/world.ts";

/** Seconds between blocks, as on mainnet. */
export const BLOCK_TIME = 12;

const { provider } = connection;
const send = provider.request.bind(provider);
const MINES = new Set(["eth_sendTransaction", "eth_sendRawTransaction", "evm_mine", "hardhat_mine"]);

let timeIsSet = false;

/** Unix seconds of the latest block. */
export async function now(): Promise<number> {
  const block = (await send({ method: "eth_getBlockByNumber", params: ["latest", false] })) as {
    timestamp: string;
  };
  return Number(block.timestamp);
}

provider.request = async (args) => {
  if (args.method === "evm_setNextBlockTimestamp") timeIsSet = true;
  else if (MINES.has(args.method)) {
    if (!timeIsSet) await send({ method: "evm_setNextBlockTimestamp", params: [(await now()) + BLOCK_TIME] });
    timeIsSet = false;
  }
  return send(args);
};

/** Direct access, for batches that mine themselves. */
export const raw = send;
