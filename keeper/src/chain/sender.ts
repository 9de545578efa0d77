import { setTimeout as sleep } from "node:timers/promises";

import {
  BaseError,
  ContractFunctionRevertedError,
  NonceTooLowError,
  TransactionReceiptNotFoundError,
  type Abi,
  type Address,
  type Hex,
  type TransactionReceipt,
} from "viem";

import { AssayError } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";
import type { Reader, Signer } from "./client.ts";
import { createFees } from "./fees.ts";
import { brief } from "./trouble.ts";

/** The contract refused, before or after the transaction was sent. `data.error` is the custom error's name. */
export class RefusedError extends AssayError<
  "CONTRACT_REFUSED",
  { call: string; error: string; args: readonly string[] }
> {
  constructor(call: string, error: string, args: readonly unknown[], cause?: unknown) {
    const shown = args.map(String);
    super({
      code: "CONTRACT_REFUSED",
      message: `The contract refused ${call}: ${error}(${shown.join(", ")})`,
      data: { call, error, args: shown },
      advice: "Nothing was changed. SPEC.md says what the call needs.",
      retryable: false,
      cause,
    });
  }
}

/**
 * No block took the transaction, however often it was sent, or before something more urgent needed its nonce. What is
 * due is asked of the chain again.
 */
export class NotMinedError extends AssayError<"NOT_MINED", { call: string; sent: number }> {
  constructor(call: string, sent: number) {
    super({
      code: "NOT_MINED",
      message: "No block took the transaction in time",
      data: { call, sent },
      advice:
        "It may still be mined: look at the chain before sending it again. Check the fees there and the balance of the sender.",
      retryable: true,
    });
  }
}

/** Duties in the order they are sent when several wait: the one with the hardest deadline first. */
export const PRIORITY = { reveal: 0, commit: 1, finalize: 2, settle: 3, book: 4, watch: 5 } as const;
export type Priority = (typeof PRIORITY)[keyof typeof PRIORITY];

export interface ContractCall {
  readonly address: Address;
  readonly abi: Abi;
  readonly functionName: string;
  readonly args: readonly unknown[];
  readonly priority: Priority;
}

export type Sender = {
  readonly address: Address;
  /**
   * Simulates, signs, sends and waits until the transaction is mined; one at a time, by priority, then by age. One that
   * hangs makes way for what is more urgent.
   *
   * @param onSent told the hash as soon as the transaction is out
   * @throws RefusedError if the contract refuses
   * @throws NotMinedError if no block takes it
   */
  send(call: ContractCall, onSent?: (hash: Hex) => void | Promise<void>): Promise<TransactionReceipt>;
};

export interface SenderOptions {
  /** Milliseconds a transaction may wait for a block before it is sent again with higher fees. */
  readonly resendMs?: number;
  /** How often one call is sent before the next duty gets its turn. */
  readonly attempts?: number;
  /** Ends all waiting; what was sent stays sent. */
  readonly signal?: AbortSignal;
}

/**
 * One queue per key: transactions of a key never race for a nonce. The next nonce is always the first that no block
 * has: a transaction that hangs, of this process or of one before it, is replaced by whatever is most urgent now. What
 * was replaced is not lost, because duties are derived from the chain and a vote only ever from the guard's record.
 */
export function createSender(
  reader: Reader,
  signer: Signer,
  log: Logger,
  { resendMs = 15_000, attempts = 4, signal }: SenderOptions = {},
): Sender {
  const waiting: { priority: Priority; run: () => Promise<void> }[] = [];
  const fees = createFees(reader, signer);
  const { address } = signer.account;
  let busy = false;

  const minedOf = async (hashes: readonly Hex[]): Promise<TransactionReceipt | undefined> => {
    for (const hash of hashes.toReversed()) {
      try {
        return await reader.getTransactionReceipt({ hash });
      } catch (error) {
        if (!(error instanceof TransactionReceiptNotFoundError)) throw error;
      }
    }
    return undefined;
  };

  /** Whether something that waits has a harder deadline: it may take the nonce. */
  const isOutranked = (priority: Priority): boolean => (waiting[0]?.priority ?? priority) < priority;

  /** The receipt, or undefined once `resendMs` are over, the call is outranked or another transaction took the nonce. */
  const waitFor = async (
    hashes: readonly Hex[],
    nonce: number,
    priority: Priority,
  ): Promise<TransactionReceipt | undefined> => {
    const pollMs = Math.min(2_000, Math.max(100, reader.pollingInterval));
    for (const end = Date.now() + resendMs; Date.now() < end;) {
      const receipt = await minedOf(hashes);
      if (receipt !== undefined || isOutranked(priority)) return receipt;
      // Mined between the two questions? The receipt decides.
      if ((await nonceOf()) > nonce) return minedOf(hashes);
      await sleep(pollMs, undefined, signal === undefined ? {} : { signal });
    }
    return undefined;
  };
  const nonceOf = (): Promise<number> => reader.getTransactionCount({ address, blockTag: "latest" });

  const sendNow = async (
    call: ContractCall,
    onSent?: (hash: Hex) => void | Promise<void>,
  ): Promise<TransactionReceipt> => {
    const hashes: Hex[] = [];
    const { priority } = call;
    for (let attempt = 1; attempt <= attempts && !isOutranked(priority); attempt++) {
      signal?.throwIfAborted();
      let receipt: TransactionReceipt | undefined;
      let nonce = 0;
      try {
        await reader.simulateContract({ ...call, account: signer.account });
        // On what is mined: nodes estimate on what is pending too, which this very transaction may replace.
        const gas = await reader.estimateContractGas({
          ...call,
          account: signer.account,
          blockTag: "latest",
        });
        nonce = await nonceOf();
        // Mined since it was last looked for? Another copy would only cost.
        receipt = await minedOf(hashes);
        if (receipt === undefined) {
          // A third on top: state may change between the estimate and the block.
          const hash = await fees.write({ ...call, nonce, gas: gas + gas / 3n });
          hashes.push(hash);
          log.debug("transaction sent", { call: call.functionName, hash, nonce, attempt });
          if (hashes.length === 1) await onSent?.(hash);
          receipt = await waitFor(hashes, nonce, priority);
        }
      } catch (error) {
        signal?.throwIfAborted();
        // Refused because an earlier copy of this very call was mined meanwhile?
        receipt = await minedOf(hashes).catch(() => undefined);
        // The nonce is taken, by a transaction of a process before this one perhaps: once it is mined, ask again.
        const isTaken =
          error instanceof BaseError && error.walk((e) => e instanceof NonceTooLowError) !== null;
        if (receipt === undefined && isTaken) receipt = await waitFor(hashes, nonce, priority);
        else if (receipt === undefined) throw refusal(call.functionName, error);
      }
      if (receipt?.status === "success") return receipt;
      if (receipt !== undefined)
        throw new RefusedError(call.functionName, "reverted", [receipt.transactionHash]);
      if (isOutranked(priority))
        log.info("transaction makes way for a more urgent one", { call: call.functionName, hashes });
      else log.warn("transaction is not in a block yet, sending again", { call: call.functionName, attempt });
    }
    throw new NotMinedError(call.functionName, hashes.length);
  };

  const drain = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next.run();
    busy = false;
  };

  return {
    address,
    send(call, onSent) {
      return new Promise((resolve, reject) => {
        const run = () => sendNow(call, onSent).then(resolve, reject);
        const place = waiting.findIndex((other) => other.priority > call.priority);
        waiting.splice(place === -1 ? waiting.length : place, 0, { priority: call.priority, run });
        void drain();
      });
    },
  };
}

/** A revert becomes a RefusedError with the contract's own words; everything else stays what it is. */
export function refusal(call: string, error: unknown): unknown {
  if (!(error instanceof BaseError)) return error;
  const reverted = error.walk((inner) => inner instanceof ContractFunctionRevertedError);
  if (!(reverted instanceof ContractFunctionRevertedError)) return error;
  const { data } = reverted;
  return new RefusedError(
    call,
    data?.errorName ?? reverted.signature ?? "revert",
    data?.args ?? [],
    brief(error),
  );
}
