import { custom, webSocket, type Transport } from "viem";
import { getWebSocketRpcClient } from "viem/utils";

/** No reconnecting inside: viem gives up for good when the endpoint is still away at the first attempt. */
const OPTIONS = { reconnect: false, keepAlive: { interval: 30_000 } } as const;

/**
 * A WebSocket that lives as long as its user: after any failure of the socket the next request opens a new one.
 * Clients of one URL share it.
 */
export function lastingSocket(url: string, timeoutMs: number): Transport {
  const inner = webSocket(url, { ...OPTIONS, timeout: timeoutMs, retryCount: 0 })({});
  return custom(
    {
      async request(request: { method: string; params?: unknown[] }): Promise<unknown> {
        try {
          return await inner.request(request);
        } catch (error) {
          if (await isDead(url)) await closeSocket(url);
          throw error;
        }
      },
    },
    { retryCount: 2, retryDelay: 300 },
  );
}

/** Closes the socket of this URL, so that it keeps no process alive. */
export async function closeSocket(url: string): Promise<void> {
  // Without a socket this would open one; if that fails there is nothing to close.
  await getWebSocketRpcClient(url, OPTIONS).then(
    (client) => client.close(),
    () => undefined,
  );
}

async function isDead(url: string): Promise<boolean> {
  try {
    const { readyState, OPEN } = (await getWebSocketRpcClient(url, OPTIONS)).socket;
    return readyState !== OPEN;
  } catch {
    return false;
  }
}
