import { RefusedError } from "../chain/sender.ts";

/** Refusals that say no more than that a duty of anybody was done already, by call. */
const DONE: Readonly<Record<string, string>> = {
  extend: "WrongPhase",
  finalize: "WrongPhase",
  voidUnsealed: "WrongPhase",
  resolve: "WrongBondState",
  post: "EmptyTape",
  unlock: "NothingToUnlock",
};

/** Whether somebody else was first: the next look finds nothing due. Every other refusal is worth a word. */
export function isDoneByOthers(error: unknown): boolean {
  return error instanceof RefusedError && DONE[error.data.call] === error.data.error;
}
