/** What the gas of transactions was spent on, read from their traces. */
import { ethers, raw } from "../test/fixtures/world.ts";
import type { Mined } from "./rounds.ts";

export const PARTS = ["transactions", "calldata", "newSlots", "storage", "logs", "calls", "code"] as const;
export type Parts = Record<(typeof PARTS)[number], number>;

interface Step {
  readonly op: string;
  readonly depth: number;
  /** Left before the step. */
  readonly gas: number;
  /** For a call also what it hands on. */
  readonly gasCost: number;
}

const TRANSACTION = 21_000;
/** A slot that was zero; with a cold one 22,100. */
const NEW_SLOT = 20_000;

const stepsOf = async ({ hash }: Mined): Promise<readonly Step[]> => {
  const options = { disableMemory: true, disableStack: true, disableStorage: true };
  const trace = await raw({ method: "debug_traceTransaction", params: [hash, options] });
  return (trace as { structLogs: readonly Step[] }).structLogs;
};

/** Where a step's gas goes; the rest, arithmetic and memory, is what nothing else took. */
function partOf({ op, gasCost }: Step): keyof Parts {
  if (op === "SSTORE" && gasCost >= NEW_SLOT) return "newSlots";
  if (op === "SSTORE" || op === "SLOAD") return "storage";
  if (op.startsWith("LOG")) return "logs";
  return op.endsWith("CALL") ? "calls" : "code";
}

/** 16 gas a byte, 4 if it is zero. */
async function calldataOf({ hash }: Mined): Promise<number> {
  const transaction = await ethers.provider.getTransaction(hash);
  return ethers.getBytes(transaction!.data).reduce((sum, byte) => sum + (byte === 0 ? 4 : 16), 0);
}

/** The parts of all the transactions together. */
export async function partsOf(transactions: readonly Mined[]): Promise<Parts> {
  const parts = Object.fromEntries(PARTS.map((part) => [part, 0])) as Parts;
  for (const transaction of transactions) {
    parts.transactions += TRANSACTION;
    parts.calldata += await calldataOf(transaction);
    const steps = await stepsOf(transaction);
    for (const [i, step] of steps.entries()) {
      const next = steps[i + 1];
      const handedOn = next !== undefined && next.depth > step.depth ? next.gas : 0;
      parts[partOf(step)] += step.gasCost - handedOn;
    }
  }
  const total = transactions.reduce((sum, { gas }) => sum + gas, 0);
  const found = Object.values(parts).reduce((sum, gas) => sum + gas, 0);
  if (found !== total) throw new Error(`the parts of a round make ${found} gas, its receipts ${total}`);
  return parts;
}
