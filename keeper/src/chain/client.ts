import {
  createPublicClient,
  createWalletClient,
  defineChain,
  http,
  type Account,
  type Chain,
  type PublicClient,
  type Transport,
  type WalletClient,
} from "viem";

import { closeSocket, closeSockets, lastingSocket } from "./socket.ts";

/** Milliseconds an endpoint has for one answer. */
const TIMEOUT_MS = 10_000;

export interface ChainOptions {
  /** http(s):// or ws(s):// */
  readonly rpcUrl: string;
  readonly chainId: number;
  /** How often new blocks are looked for, milliseconds. */
  readonly pollMs: number;
}

export type Reader = PublicClient<Transport, Chain>;
export type Signer = WalletClient<Transport, Chain, Account>;

function transportOf(rpcUrl: string): Transport {
  return rpcUrl.startsWith("ws")
    ? lastingSocket(rpcUrl, TIMEOUT_MS)
    : http(rpcUrl, { batch: { wait: 5 }, retryCount: 2, timeout: TIMEOUT_MS });
}

function chainOf({ rpcUrl, chainId }: ChainOptions): Chain {
  return defineChain({
    id: chainId,
    name: `chain ${chainId}`,
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [rpcUrl] } },
  });
}

/** A client that reads. */
export function connectReader(options: ChainOptions): Reader {
  return createPublicClient({
    chain: chainOf(options),
    transport: transportOf(options.rpcUrl),
    pollingInterval: options.pollMs,
    cacheTime: 0,
  });
}

/** A client that signs with `account`. */
export function connectSigner(options: ChainOptions, account: Account): Signer {
  return createWalletClient({ account, chain: chainOf(options), transport: transportOf(options.rpcUrl) });
}

/** Lets go of the endpoint. Over http(s) there is nothing to do. */
export function disconnect({ rpcUrl }: ChainOptions): void {
  if (rpcUrl.startsWith("ws")) closeSocket(rpcUrl);
}

/** Lets go of every endpoint of this process: an open WebSocket would keep it alive. */
export const disconnectAll = closeSockets;
