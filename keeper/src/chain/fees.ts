import { BaseError, type Hex } from "viem";

import type { Reader, Signer } from "./client.ts";
import type { ContractCall } from "./sender.ts";

/** Nodes ask for a tenth more, some for an eighth; a fourth passes everywhere. */
const raised = (fee: bigint): bigint => fee + fee / 4n + 1n;

/** Raises in one go: 1.25^12 is about 15 times the fees of a transaction whose fees nobody remembers. */
const MAX_RAISES = 12;

interface Fees {
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

export interface PricedCall extends ContractCall {
  readonly nonce: number;
  readonly gas: bigint;
}

/** Prices transactions: today's fees, and enough more than those of a transaction with the same nonce to replace it. */
export function createFees(
  reader: Reader,
  signer: Signer,
): { /** Signs and sends. */ write(call: PricedCall): Promise<Hex> } {
  let last: (Fees & { readonly nonce: number }) | undefined;

  const feesFor = async (nonce: number): Promise<Fees> => {
    const { maxFeePerGas, maxPriorityFeePerGas } = await reader.estimateFeesPerGas();
    if (last?.nonce !== nonce) return { maxFeePerGas, maxPriorityFeePerGas };
    return {
      maxFeePerGas: max(maxFeePerGas, raised(last.maxFeePerGas)),
      maxPriorityFeePerGas: max(maxPriorityFeePerGas, raised(last.maxPriorityFeePerGas)),
    };
  };

  return {
    async write({ address, abi, functionName, args, nonce, gas }) {
      let fees = await feesFor(nonce);
      for (let raises = 0; ; raises++) {
        try {
          const hash = await signer.writeContract({ address, abi, functionName, args, nonce, gas, ...fees });
          last = { nonce, ...fees };
          return hash;
        } catch (error) {
          if (raises === MAX_RAISES || !isUnderpriced(error)) throw error;
          fees = {
            maxFeePerGas: raised(fees.maxFeePerGas),
            maxPriorityFeePerGas: raised(fees.maxPriorityFeePerGas),
          };
        }
      }
    },
  };
}

/** The node holds a transaction with this nonce, of a process before this one, that pays as much. */
function isUnderpriced(error: unknown): boolean {
  return (
    error instanceof BaseError &&
    /replacement|underpriced|already known|known transaction|already imported/i.test(error.message)
  );
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
