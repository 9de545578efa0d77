import type { Socket } from "node:net";

import { buildConnector } from "undici";

import type { CheckedTarget } from "./addressGuard.ts";

/** Opens a connection to an address, for TLS with the name of the host as `servername`. */
export type Connector = (options: buildConnector.Options, callback: buildConnector.Callback) => void;

export const directConnector: Connector = buildConnector({ allowH2: false, timeout: 3_000 });

/**
 * Connects to the checked addresses, one after the other, and to nothing else: the name of the host is used for TLS
 * and the Host header only and is never resolved again.
 */
export function pinned(
  { url, addresses }: CheckedTarget,
  connector: Connector,
  signal: AbortSignal,
): Connector {
  const isTls = url.protocol === "https:";
  return (options, callback) => {
    const { servername: _plain, ...rest } = options;
    const tryFrom = (index: number, lastError: Error): void => {
      const address = addresses[index];
      if (address === undefined || signal.aborted) return callback(lastError, null);
      const next = (...[error, socket]: [Error, null] | [null, Socket]): void => {
        if (error === null) return callback(null, socket);
        tryFrom(index + 1, error);
      };
      connector({ ...(isTls ? options : rest), hostname: address }, next as buildConnector.Callback);
    };
    tryFrom(0, new Error("the host has no address"));
  };
}
