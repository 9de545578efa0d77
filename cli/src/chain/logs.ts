import { formatLog, numberToHex, type Address, type Hex, type Log, type RpcLog } from "viem";

import type { Connection } from "./connection.ts";

/** Blocks asked for at once: public endpoints refuse more. */
const RANGE = 10_000n;

/**
 * Logs of contracts from the deployment to now, in the order of the chain.
 *
 * @param topics topic by position; null matches everything
 */
export async function logsOf(
  { client, startBlock }: Connection,
  addresses: readonly Address[],
  topics: readonly (Hex | null)[] = [],
): Promise<Log<bigint, number, false>[]> {
  const last = await client.getBlockNumber();
  const logs: Log<bigint, number, false>[] = [];
  for (let from = startBlock; from <= last; from += RANGE) {
    const to = from + RANGE - 1n < last ? from + RANGE - 1n : last;
    const found = await client.request({
      method: "eth_getLogs",
      params: [
        {
          address: [...addresses],
          topics: [...topics],
          fromBlock: numberToHex(from),
          toBlock: numberToHex(to),
        },
      ],
    });
    logs.push(...found.map((log: RpcLog) => formatLog(log) as Log<bigint, number, false>));
  }
  return logs;
}
