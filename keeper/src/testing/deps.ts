import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { keccak256, stringToHex, type Address, type Hex, type TransactionReceipt } from "viem";

import type { ChainReads, Duty, RequestedEvent, RoundState } from "../chain/reads.ts";
import { decodeTerms, encodeTerms } from "../chain/terms.ts";
import type { Phase, Seat, Terms } from "../chain/types.ts";
import type { ChainWrites } from "../chain/writes.ts";
import { createCursor } from "../db/cursor.ts";
import { openDatabase } from "../db/open.ts";
import { createRequestTable } from "../db/requests.ts";
import { createVoteGuard } from "../db/voteGuard.ts";
import { createLogger } from "../lib/logger.ts";
import { Secret } from "../lib/secret.ts";
import { requestId as requestIdOf } from "../mirror/commitment.ts";
import { encodePayload, hashPayload, type Payload } from "../payload/schema.ts";
import type { ServiceDeps } from "../services/deps.ts";

export const OWNER: Address = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
export const ASSAY: Address = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
export const HOT_KEY = new Secret<Hex>("0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d");
export const TX: Hex = `0x${"ab".repeat(32)}`;

export const PAYLOAD: Payload = {
  version: 1,
  domain: "grounded",
  claims: [
    { text: "The bridge was opened in 1932.", answer: "It opened in 1932." },
    { text: "The bridge was opened in 1932.", answer: "It opened in 1940." },
  ],
};
export const BYTES = encodePayload(PAYLOAD);

export function termsOf(change: Partial<Terms> = {}): Terms {
  return {
    requester: "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
    nonce: 1n,
    domain: 1,
    version: 1,
    epoch: 3,
    claims: 2,
    baseRate: 128,
    price: 10n ** 15n,
    payloadHash: hashPayload(BYTES),
    sealedNote: `0x${"00".repeat(32)}`,
    ...change,
  };
}

export function requestOf(change: Partial<Terms> = {}, block = 100n): Duty & RequestedEvent {
  const terms = termsOf(change);
  const requestId = requestIdOf({ chainId: 31_337n, assay: ASSAY }, terms);
  return {
    requestId,
    terms,
    uri: "https://store.example/x",
    payload: "0x",
    block,
    index: 0,
    roundId: requestId,
  };
}

export const NO_SEAT: Seat = { digest: 0n, family: 0, flags: 0 };

/** Everybody is drawn: the pool is the whole domain and seven seats are expected. */
export function stateOf(
  phase: Phase,
  change: { seat?: Partial<Seat>; round?: Partial<RoundState["round"]> } = {},
): RoundState {
  return {
    phase,
    draw: {
      weight: 1_000n,
      roots: 1,
      bond: 64n,
      seats: 7,
      baseRate: 128,
      threshold: 32_768,
      domain: 1,
      commitWindow: 60,
      revealWindow: 30,
      boostCap: 0,
      lastClaim: 1,
    },
    round: {
      seed: 42n,
      clock: 1_000,
      epoch: 3,
      flags: 1,
      commits: 4,
      reveals: 4,
      committed: 8,
      weight: 8,
      families: 3,
      minSeats: 4,
      settled: 0,
      ...change.round,
    },
    seat: { ...NO_SEAT, ...change.seat },
  };
}

export interface SentCall {
  readonly call: string;
  readonly args: readonly unknown[];
}

export interface World extends ServiceDeps {
  readonly sent: SentCall[];
  readonly lines: string[];
  readonly judged: { count: number };
  close(): void;
}

/** An object whose missing methods fail by name as soon as they are used. */
function only<T extends object>(what: string, methods: Partial<T>): T {
  return new Proxy(methods, {
    get: (target, name) => {
      if (name in target) return target[name as keyof T];
      throw new Error(`the test gave no ${what}.${String(name)}`);
    },
  }) as T;
}

/**
 * Real database, guard and log; the chain's reads and writes and the model are made by hand.
 *
 * @param refuse may throw instead of a write
 */
export function world(
  reads: Partial<ChainReads> = {},
  {
    refuse = () => {},
    fetchPayload,
    onStep = () => {},
    spread = 0,
  }: Partial<Pick<ServiceDeps, "fetchPayload" | "onStep">> & {
    refuse?: (call: string, args: readonly unknown[]) => void;
    spread?: number;
  } = {},
): World {
  const folder = mkdtempSync(join(tmpdir(), "assay-services-"));
  const database = openDatabase({
    path: join(folder, "keeper.sqlite"),
    identity: { chainId: 31_337, contract: ASSAY, operator: OWNER },
  });
  const sent: SentCall[] = [];
  const lines: string[] = [];
  const judged = { count: 0 };
  const write =
    (call: string) =>
    async (...args: unknown[]): Promise<TransactionReceipt> => {
      refuse(call, args);
      const onSent = args.at(-1);
      if (typeof onSent === "function") await (onSent as () => Promise<void>)();
      sent.push({ call, args: args.filter((arg) => typeof arg !== "function") });
      return { transactionHash: TX } as TransactionReceipt;
    };
  const writes = Object.fromEntries(
    [
      ...["commit", "extend", "reveal", "finalize", "voidUnsealed", "settle", "resolve"],
      ...["post", "distribute", "unlock"],
    ].map((name) => [name, write(name)]),
  ) as unknown as ChainWrites;
  return {
    me: {
      chainId: 31_337,
      assay: ASSAY,
      owner: OWNER,
      hotKey: HOT_KEY,
      domain: { id: 1, name: "grounded" },
      spread,
    },
    reads: only<ChainReads>("reads", {
      seatWeights: async () => ({ weight: 1_000n, familyWeight: 1_000n, family: 0, tier: 2 }),
      freeStake: async () => 1_000n,
      blockRange: 2_000n,
      ...reads,
    }),
    writes,
    guard: createVoteGuard(database),
    requests: createRequestTable(database, encodeTerms, decodeTerms),
    cursor: createCursor(database),
    model: {
      name: "by hand",
      family: "test",
      hash: keccak256(stringToHex("model")),
      baseRate: 0.5,
      async judge(claims) {
        judged.count += 1;
        return claims.map((_, i) => (i === 0 ? 0.9 : 0.2));
      },
      close: async () => {},
    },
    fetchPayload: fetchPayload ?? (async () => ({ payload: PAYLOAD, bytes: BYTES, uri: "test" })),
    log: createLogger({ level: "debug", write: (line) => lines.push(line) }),
    onStep,
    sent,
    lines,
    judged,
    close() {
      database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
