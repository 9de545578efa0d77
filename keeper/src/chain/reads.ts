import {
  appealsAbi,
  assayAbi,
  assayLensAbi,
  blockhashRandomnessAbi,
  domainRegistryAbi,
  reputationLedgerAbi,
  rewardMinterAbi,
  stakeVaultAbi,
} from "@assay/published";
import type { Address, Hex } from "viem";

import type { Contracts } from "./addresses.ts";
import type { Reader } from "./client.ts";
import { inPieces } from "./pieces.ts";
import {
  BOND_STATES,
  PHASES,
  type Draw,
  type Phase,
  type RevealedVote,
  type Round,
  type Seat,
  type SeatWeights,
  type Terms,
} from "./types.ts";

/** Most blocks asked for events in one query, unless configured. */
export const BLOCK_RANGE = 2_000n;

/** A request as its event tells it, without the payload. */
export interface OpenRequest {
  readonly requestId: Hex;
  readonly terms: Terms;
  readonly uri: string;
  readonly block: bigint;
}

/** All that the event tells. */
export interface RequestedEvent extends OpenRequest {
  /** The payload if it travels in the event, else 0x. */
  readonly payload: Hex;
}

/** One round of a request: its own, or one that an appeal opened. */
export interface Duty extends OpenRequest {
  /** 0 for the request's own round, then its appeals. */
  readonly index: number;
  /** What votes, seats and events of the round are named by; the request's own for its first. */
  readonly roundId: Hex;
}

/** How the log names a round: appeals by their number. */
export function nameOf({ requestId, index }: Duty): { requestId: Hex; round?: number } {
  return index === 0 ? { requestId } : { requestId, round: index };
}

/** What one operator needs to know of a round to decide its next duty. */
export interface RoundState {
  readonly phase: Phase;
  readonly draw: Draw;
  readonly round: Round;
  readonly seat: Seat;
}

/** The contracts Assay itself works with. */
export type Peers = Omit<
  Contracts,
  "Assay" | "AssayLens" | "CloneRegistry" | "PerformanceLedger" | "WorkToken"
>;

export type ChainReads = ReturnType<typeof createReads>;

/**
 * Every question the services ask the chain. Errors of the RPC pass through: the caller's next tick asks again.
 *
 * @param blockRange most blocks asked for events in one query: endpoints refuse long ranges
 */
export function createReads(client: Reader, at: Contracts, blockRange: bigint = BLOCK_RANGE) {
  const assay = { address: at.Assay, abi: assayAbi } as const;
  const lens = { address: at.AssayLens, abi: assayLensAbi } as const;
  const vault = { address: at.StakeVault, abi: stakeVaultAbi } as const;
  const minter = { address: at.RewardMinter, abi: rewardMinterAbi } as const;
  const ledger = { address: at.ReputationLedger, abi: reputationLedgerAbi } as const;

  /** Asks for events piece by piece, up to the newest block unless told otherwise. */
  const inRange = async <T>(
    from: bigint,
    to: bigint | undefined,
    ask: (range: { fromBlock: bigint; toBlock: bigint }) => Promise<T[]>,
  ): Promise<T[]> => inPieces(from, to ?? (await client.getBlockNumber()), blockRange, ask);

  return {
    /** Most blocks to ask for with {@link requestsBetween}. */
    blockRange,

    /** The newest block: its number, hash and Unix seconds. */
    async head(): Promise<{ number: bigint; hash: Hex; timestamp: bigint }> {
      const { number, hash, timestamp } = await client.getBlock({ blockTag: "latest" });
      return { number, hash, timestamp };
    },

    async blockHash(blockNumber: bigint): Promise<Hex> {
      return (await client.getBlock({ blockNumber })).hash;
    },

    /** The first block at or after a moment; the newest plus one if there is none. */
    async blockAt(timestamp: number, from: bigint): Promise<bigint> {
      let low = from;
      let high = (await client.getBlockNumber()) + 1n;
      while (low < high) {
        const middle = (low + high) / 2n;
        const block = await client.getBlock({ blockNumber: middle });
        if (Number(block.timestamp) < timestamp) low = middle + 1n;
        else high = middle;
      }
      return low;
    },

    /** Requests of a domain opened in a range of blocks, both ends included. */
    async requestsBetween(domain: number, fromBlock: bigint, toBlock: bigint): Promise<RequestedEvent[]> {
      const logs = await client.getContractEvents({
        ...assay,
        eventName: "Requested",
        args: { domain },
        fromBlock,
        toBlock,
        strict: true,
      });
      return logs.map(({ args, blockNumber }) => ({
        requestId: args.requestId,
        terms: args.terms,
        uri: args.uri,
        payload: args.payload,
        block: blockNumber,
      }));
    },

    /** All votes revealed in a round so far. */
    async revealedVotes(roundId: Hex, fromBlock: bigint): Promise<RevealedVote[]> {
      const logs = await inRange(fromBlock, undefined, (range) =>
        client.getContractEvents({
          ...assay,
          eventName: "Revealed",
          args: { requestId: roundId },
          strict: true,
          ...range,
        }),
      );
      return logs.map(({ args }) => ({ owner: args.owner, votes: args.votes }));
    },

    /** Owners that committed in a round. */
    async committedOwners(roundId: Hex, fromBlock: bigint): Promise<Address[]> {
      const logs = await inRange(fromBlock, undefined, (range) =>
        client.getContractEvents({
          ...assay,
          eventName: "Committed",
          args: { requestId: roundId },
          strict: true,
          ...range,
        }),
      );
      return [...new Set(logs.map(({ args }) => args.owner))];
    },

    async roundState(roundId: Hex, owner: Address): Promise<RoundState> {
      const [phase, draw, round, seat] = await Promise.all([
        client.readContract({ ...assay, functionName: "phaseOf", args: [roundId] }),
        client.readContract({ ...lens, functionName: "drawOf", args: [roundId] }),
        client.readContract({ ...lens, functionName: "roundOf", args: [roundId] }),
        client.readContract({ ...lens, functionName: "seatOf", args: [roundId, owner] }),
      ]);
      const name = PHASES[phase];
      if (name === undefined) throw new Error(`the contract answered an unknown phase ${phase}`);
      return { phase: name, draw, round, seat };
    },

    async seatOf(roundId: Hex, owner: Address): Promise<Seat> {
      return client.readContract({ ...lens, functionName: "seatOf", args: [roundId, owner] });
    },

    /** Whether the bond of an appeal waits for its fate. */
    async isBondLocked(roundId: Hex): Promise<boolean> {
      const { state } = await client.readContract({
        address: at.Appeals,
        abi: appealsAbi,
        functionName: "potOf",
        args: [roundId],
      });
      return BOND_STATES[state] === "LOCKED";
    },

    async idOf(terms: Terms): Promise<Hex> {
      return client.readContract({ ...assay, functionName: "idOf", args: [terms] });
    },

    /** The seed a ticket will give, as the contract truncates it; undefined until it exists. */
    async seedOf(ticket: bigint): Promise<bigint | undefined> {
      const [seed, status] = await client.readContract({
        address: at.BlockhashRandomness,
        abi: blockhashRandomnessAbi,
        functionName: "seedOf",
        args: [ticket, "0x"],
      });
      return status === 1 ? seed & ((1n << 120n) - 1n) : undefined;
    },

    async seatWeights(domain: number, owner: Address, epoch: number): Promise<SeatWeights> {
      return client.readContract({
        ...vault,
        functionName: "seatWeights",
        args: [domain, owner, BigInt(epoch)],
      });
    },

    /** gwei of the pool no seat holds. */
    async freeStake(domain: number, owner: Address): Promise<bigint> {
      return client.readContract({ ...vault, functionName: "freeStake", args: [domain, owner] });
    },

    async operatorOf(domain: number, owner: Address) {
      return client.readContract({ ...vault, functionName: "operatorOf", args: [domain, owner] });
    },

    async modelHashOf(domain: number, owner: Address): Promise<Hex> {
      return client.readContract({ ...vault, functionName: "modelHashOf", args: [domain, owner] });
    },

    async currentEpoch(): Promise<number> {
      return Number(await client.readContract({ ...assay, functionName: "currentEpoch" }));
    },

    async recordOf(domain: number, owner: Address) {
      return client.readContract({ ...ledger, functionName: "recordOf", args: [domain, owner] });
    },

    /** The rule outcomes are replayed with now. */
    async reputationRule(domain: number) {
      const registry = { address: at.DomainRegistry, abi: domainRegistryAbi } as const;
      const version = await client.readContract({
        ...registry,
        functionName: "currentVersion",
        args: [domain],
      });
      return client.readContract({ ...registry, functionName: "reputationOf", args: [domain, version] });
    },

    async clock(): Promise<{ genesis: number; epochLength: number }> {
      const [genesis, epochLength] = await Promise.all([
        client.readContract({ ...assay, functionName: "GENESIS" }),
        client.readContract({ ...assay, functionName: "EPOCH" }),
      ]);
      return { genesis: Number(genesis), epochLength: Number(epochLength) };
    },

    async reputationOf(domain: number, owner: Address): Promise<bigint> {
      return client.readContract({ ...ledger, functionName: "reputationOf", args: [domain, owner] });
    },

    async lastEpochOf(domain: number, owner: Address): Promise<number> {
      return Number(
        await client.readContract({ ...minter, functionName: "lastEpochOf", args: [domain, owner] }),
      );
    },

    async accountOf(domain: number, epoch: number, owner: Address) {
      return client.readContract({
        ...minter,
        functionName: "accountOf",
        args: [domain, BigInt(epoch), owner],
      });
    },

    /** Owners whose account of an epoch was opened, both ends included. */
    async accountsOpened(
      domain: number,
      epoch: number,
      fromBlock: bigint,
      toBlock: bigint,
    ): Promise<Address[]> {
      const args = { domain, epoch: BigInt(epoch) };
      const logs = await inRange(fromBlock, toBlock, (range) =>
        client.getContractEvents({ ...minter, eventName: "AccountOpened", args, strict: true, ...range }),
      );
      return logs.map(({ args }) => args.owner);
    },

    async epochTermsOf(domain: number, epoch: number) {
      return client.readContract({ ...minter, functionName: "termsOf", args: [domain, BigInt(epoch)] });
    },

    /** The name a domain was made with; undefined if the endpoint does not tell. */
    async domainName(domain: number): Promise<string | undefined> {
      try {
        const [created] = await client.getContractEvents({
          address: at.DomainRegistry,
          abi: domainRegistryAbi,
          eventName: "DomainCreated",
          args: { domain },
          fromBlock: 0n,
          strict: true,
        });
        return created?.args.name;
      } catch {
        return undefined;
      }
    },

    /** The contracts Assay itself works with. */
    async peers(): Promise<Peers> {
      const read = (
        functionName: "REGISTRY" | "FEES" | "VAULT" | "LEDGER" | "MINTER" | "RANDOMNESS" | "APPEALS",
      ) => client.readContract({ ...assay, functionName });
      const [
        DomainRegistry,
        FeeMarket,
        StakeVault,
        ReputationLedger,
        RewardMinter,
        BlockhashRandomness,
        Appeals,
      ] = await Promise.all([
        read("REGISTRY"),
        read("FEES"),
        read("VAULT"),
        read("LEDGER"),
        read("MINTER"),
        read("RANDOMNESS"),
        read("APPEALS"),
      ]);
      return {
        DomainRegistry,
        FeeMarket,
        StakeVault,
        ReputationLedger,
        RewardMinter,
        BlockhashRandomness,
        Appeals,
      };
    },

    chainId: () => client.getChainId(),
    code: (address: Address) => client.getCode({ address }),
    balance: (address: Address) => client.getBalance({ address }),
  };
}
