import {
  createPublicClient,
  createWalletClient,
  defineChain,
  http,
  webSocket,
  type Account,
  type Chain,
  type PublicClient,
  type Transport,
  type WalletClient,
} from "viem";

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
    ? webSocket(rpcUrl, { retryCount: 5 })
    : http(rpcUrl, { batch: { wait: 5 }, retryCount: 5, timeout: 20_000 });
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
