import { AssayError, isRetryable, renderError, type Logger } from "@assay/keeper";
import { BaseError, HttpRequestError, SocketClosedError, TimeoutError, WebSocketRequestError } from "viem";

/** Something a person has to change before the same command works, or, if retryable, has to wait for. */
export class CliError extends AssayError {
  constructor(
    code: string,
    message: string,
    data: Readonly<Record<string, unknown>>,
    advice: string,
    { retryable = false, cause }: { retryable?: boolean; cause?: unknown } = {},
  ) {
    super({ code, message, data, advice, retryable, cause });
  }
}

/** The chain's endpoint did not answer, or the answer was an error. URLs stay out: they often carry an access key. */
function ofChain(error: BaseError): CliError {
  const unreachable = error.walk(
    (inner) =>
      inner instanceof HttpRequestError ||
      inner instanceof TimeoutError ||
      inner instanceof WebSocketRequestError ||
      inner instanceof SocketClosedError,
  );
  if (unreachable !== null) {
    return new CliError(
      "CHAIN_UNREACHABLE",
      "The chain's endpoint did not answer",
      { reason: (unreachable as BaseError).details },
      "Start a node, or name the endpoint with --rpc or ASSAY_RPC.",
      { retryable: true },
    );
  }
  return new CliError(
    "CHAIN_REFUSED",
    "The chain's endpoint refused a call",
    { reason: `${error.shortMessage.replaceAll("\n", " ")} ${error.details ?? ""}`.trim() },
    "Check that --rpc and the deployment belong together and that the node is synced.",
  );
}

/** What a command says before it gives up: one line, and the code to leave with. */
export function lastWords(
  error: unknown,
  { scrub }: Pick<Logger, "scrub">,
): { line: string; retryable: boolean } {
  const told = error instanceof BaseError ? ofChain(error) : error;
  return { line: scrub(renderError(told)), retryable: isRetryable(told) };
}
