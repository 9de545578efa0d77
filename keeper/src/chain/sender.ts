import {
  BaseError,
  ContractFunctionRevertedError,
  type Abi,
  type Address,
  type Hex,
  type TransactionReceipt,
} from "viem";

import { AssayError } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";
import type { Reader, Signer } from "./client.ts";

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

/** Duties in the order they are sent when several wait: the one with the hardest deadline first. */
export const PRIORITY = { reveal: 0, commit: 1, finalize: 2, settle: 3, book: 4 } as const;
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
   * Simulates, signs, sends and waits until the transaction is mined; one at a time, by priority, then by age.
   *
   * @param onSent told the hash as soon as the transaction is out
   * @throws RefusedError if the contract refuses
   */
  send(call: ContractCall, onSent?: (hash: Hex) => void | Promise<void>): Promise<TransactionReceipt>;
};

/** One queue per key: transactions of a key never race for a nonce. */
export function createSender(reader: Reader, signer: Signer, log: Logger, timeoutMs = 60_000): Sender {
  const waiting: { priority: Priority; run: () => Promise<void> }[] = [];
  let busy = false;

  const sendNow = async (
    call: ContractCall,
    onSent?: (hash: Hex) => void | Promise<void>,
  ): Promise<TransactionReceipt> => {
    try {
      const { request } = await reader.simulateContract({ ...call, account: signer.account });
      const gas = await reader.estimateContractGas({ ...call, account: signer.account });
      // A third on top: state may change between the estimate and the block.
      const hash = await signer.writeContract({ ...request, gas: gas + gas / 3n });
      log.debug("transaction sent", { call: call.functionName, hash });
      await onSent?.(hash);
      const receipt = await reader.waitForTransactionReceipt({ hash, timeout: timeoutMs });
      if (receipt.status !== "success") throw new RefusedError(call.functionName, "reverted", [hash]);
      return receipt;
    } catch (error) {
      throw refusal(call.functionName, error);
    }
  };

  const drain = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next.run();
    busy = false;
  };

  return {
    address: signer.account.address,
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
  return new RefusedError(call, data?.errorName ?? reverted.signature ?? "revert", data?.args ?? [], error);
}
