/** Lets a development chain mine every transaction at once, however it mines otherwise. */
export interface Rpc {
  request(args: { method: string; params?: unknown[] }): Promise<unknown>;
}

/** Runs `work` with automining on, then gives the chain its own way of mining back. Other chains are left alone. */
export async function whileAutomining<T>(rpc: Rpc, work: () => Promise<T>): Promise<T> {
  // anvil answers to hardhat_getAutomine too.
  const automines = await ask(rpc, "hardhat_getAutomine");
  if (automines !== false) return work();
  // Only anvil forgets its interval when it automines; hardhat keeps both side by side.
  const interval = await ask(rpc, "anvil_getIntervalMining");
  await rpc.request({ method: "evm_setAutomine", params: [true] });
  try {
    return await work();
  } finally {
    if (typeof interval === "number" && interval > 0)
      await rpc.request({ method: "evm_setIntervalMining", params: [interval] });
    else await rpc.request({ method: "evm_setAutomine", params: [false] });
  }
}

/** The answer, or undefined from a node without the method. */
async function ask(rpc: Rpc, method: string): Promise<unknown> {
  try {
    return await rpc.request({ method, params: [] });
  } catch {
    return undefined;
  }
}
