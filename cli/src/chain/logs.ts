import {
  BaseError,
  formatLog,
  HttpRequestError,
  numberToHex,
  RpcRequestError,
  type Address,
  type Hex,
  type Log,
} from "viem";

import type { Connection } from "./connection.ts";

export type ChainLog = Log<bigint, number, false>;

/**
 * Logs of contracts, from the deployment to a block, in the order of the chain. Asks for `logRange` blocks at once, and
 * for half as many each time the endpoint refuses: its limit may be one of blocks or of logs.
 *
 * @param topics topic by position; null matches everything
 */
export async function logsOf(
  { client, startBlock, logRange }: Connection,
  addresses: readonly Address[],
  topics: readonly (Hex | null)[],
  lastBlock: bigint,
): Promise<ChainLog[]> {
  const logs: ChainLog[] = [];
  let range = logRange;
  for (let from = startBlock; from <= lastBlock;) {
    const to = from + range - 1n < lastBlock ? from + range - 1n : lastBlock;
    const blocks = { fromBlock: numberToHex(from), toBlock: numberToHex(to) };
    try {
      const found = await client.request({
        method: "eth_getLogs",
        params: [{ address: [...addresses], topics: [...topics], ...blocks }],
      });
      // One by one: a spread of very many logs overflows the stack.
      for (const log of found) logs.push(formatLog(log) as ChainLog);
      from = to + 1n;
    } catch (error) {
      if (to === from || !isRefusal(error)) throw error;
      range = (to - from + 1n) / 2n;
    }
  }
  return logs;
}

/** True if the endpoint answered that it will not, and not if it could not be reached. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof BaseError)) return false;
  const refusal = error.walk(
    (inner) =>
      inner instanceof RpcRequestError ||
      (inner instanceof HttpRequestError && (inner.status === 400 || inner.status === 413)),
  );
  return refusal !== null;
}
