import { formatLog, numberToHex, type Address, type Hex, type Log } from "viem";

import type { Connection } from "./connection.ts";

/** Blocks asked for at once: public endpoints refuse more. */
const RANGE = 10_000n;

export type ChainLog = Log<bigint, number, false>;

/**
 * Logs of contracts, from the deployment to a block, in the order of the chain.
 *
 * @param topics topic by position; null matches everything
 */
export async function logsOf(
  { client, startBlock }: Connection,
  addresses: readonly Address[],
  topics: readonly (Hex | null)[],
  lastBlock: bigint,
): Promise<ChainLog[]> {
  const logs: ChainLog[] = [];
  for (let from = startBlock; from <= lastBlock; from += RANGE) {
    const to = from + RANGE - 1n < lastBlock ? from + RANGE - 1n : lastBlock;
    const range = { fromBlock: numberToHex(from), toBlock: numberToHex(to) };
    const found = await client.request({
      method: "eth_getLogs",
      params: [{ address: [...addresses], topics: [...topics], ...range }],
    });
    logs.push(...found.map((log) => formatLog(log) as ChainLog));
  }
  return logs;
}
