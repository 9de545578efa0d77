import { InvalidArgumentError, type Command } from "commander";
import { getAddress, isAddress, isHex, parseUnits, type Address, type Hex } from "viem";

/** What every command that reads the chain takes. */
export interface ChainOptions {
  readonly rpc: string;
  readonly deployment?: string;
  readonly logRange: number;
  readonly json?: boolean;
}

export const DEFAULT_RPC = "http://127.0.0.1:8545";
export const DEFAULT_LOG_RANGE = 10_000;

export function jsonOption(command: Command): Command {
  return command.option("--json", "print the result as JSON");
}

/** How a model is run, for the commands that run one. */
export function runOption(command: Command): Command {
  return command.option(
    "--config <file>",
    "keeper.json, or a file with its inference or remote alone: runs the model as that keeper would",
  );
}

export function chainOptions(command: Command): Command {
  return jsonOption(command)
    .option("--rpc <url>", "endpoint of the chain (or ASSAY_RPC)", process.env["ASSAY_RPC"] ?? DEFAULT_RPC)
    .option(
      "--deployment <file>",
      "deployment file; without it .assay/local/deployment.json, then the published addresses of the chain",
    )
    .option(
      "--log-range <blocks>",
      "most blocks asked for events at once; halved whenever the endpoint refuses",
      integer(1, 1_000_000),
      DEFAULT_LOG_RANGE,
    );
}

/** A whole number within bounds, for commander. */
export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** A decimal amount of WORK as wei, for commander. */
export function workAmount(text: string): bigint {
  if (/^\d{1,20}(\.\d{1,18})?$/.test(text)) return parseUnits(text, 18);
  throw new InvalidArgumentError("It must be an amount of WORK such as 12.5, with at most 18 decimals.");
}

/** A share or probability above 0 and at most 1 as WAD, for commander. */
export function share(text: string): bigint {
  const value = /^(0\.\d{1,18}|1(\.0{1,18})?)$/.test(text) ? parseUnits(text, 18) : 0n;
  if (value > 0n) return value;
  throw new InvalidArgumentError(
    "It must be a number above 0, at most 1, such as 0.2, with at most 18 decimals.",
  );
}

/** `PROBABILITY@SHARE`, for commander. */
export function securityBound(text: string): { maxCapture: bigint; attackerShare: bigint } {
  const [capture, ring, more] = text.split("@");
  try {
    if (capture === undefined || ring === undefined || more !== undefined) throw new InvalidArgumentError("");
    return { maxCapture: share(capture), attackerShare: share(ring) };
  } catch {
    throw new InvalidArgumentError(
      "It must be PROBABILITY@SHARE such as 0.01@0.2, both above 0, at most 1, with at most 18 decimals.",
    );
  }
}

export function requestIdArgument(text: string): Hex {
  if (isHex(text) && text.length === 66) return text.toLowerCase() as Hex;
  throw new InvalidArgumentError("It must be the id of a request: 0x and 64 hexadecimal digits.");
}

export function addressArgument(text: string): Address {
  // In the spelling of the chain's answers, which are compared with it.
  if (isAddress(text)) return getAddress(text);
  throw new InvalidArgumentError("It must be an address: 0x and 40 hexadecimal digits, checksum included.");
}
