import {
  BaseError,
  BlockNotFoundError,
  HttpRequestError,
  InternalRpcError,
  LimitExceededRpcError,
  ResourceUnavailableRpcError,
  SocketClosedError,
  TimeoutError,
  UnknownRpcError,
  WebSocketRequestError,
} from "viem";

import { AssayError, isRetryable } from "../lib/errors.ts";

const PASSING = [
  BlockNotFoundError,
  HttpRequestError,
  InternalRpcError,
  LimitExceededRpcError,
  ResourceUnavailableRpcError,
  SocketClosedError,
  TimeoutError,
  UnknownRpcError,
  WebSocketRequestError,
];

/** The endpoint does not answer: nothing is wrong with the keeper, a supervisor may start it again. */
export class ChainUnreachableError extends AssayError<"CHAIN_UNREACHABLE", { reason: string }> {
  constructor(cause: unknown) {
    super({
      code: "CHAIN_UNREACHABLE",
      message: "The chain's endpoint did not answer",
      data: { reason: brief(cause) },
      advice: "Check rpcUrl and the node behind it.",
      retryable: true,
    });
  }
}

/** True for a failure of the endpoint, not of what was asked: the next look may succeed. */
export function isPassing(error: unknown): boolean {
  if (isRetryable(error)) return true;
  if (!(error instanceof BaseError)) return false;
  return error.walk((inner) => isRetryable(inner) || PASSING.some((kind) => inner instanceof kind)) !== null;
}

/**
 * One line about an error for the log. Of viem's errors only the short message and the node's words: the long one
 * repeats the request, with the endpoint's access key and, in a reveal, the salt.
 */
export function brief(error: unknown): string {
  if (!(error instanceof BaseError)) return error instanceof Error ? error.message : String(error);
  const { shortMessage, details } = error;
  return details === "" || shortMessage.includes(details) ? shortMessage : `${shortMessage} ${details}`;
}
