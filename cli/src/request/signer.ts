import { connectSigner, createSender, silentLogger, type Sender, type Signer } from "@assay/keeper";
import { errorsAbi } from "@assay/published";
import { isHex, type Abi, type Address, type TransactionReceipt } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import type { Connection } from "../chain/connection.ts";
import { CliError } from "../lib/errors.ts";

/** Somebody who signs: an address, typed data, transactions. */
export interface Actor {
  readonly address: Address;
  readonly signer: Signer;
  send(
    address: Address,
    abi: Abi,
    functionName: string,
    args: readonly unknown[],
  ): Promise<TransactionReceipt>;
}

/** The actor whose private key lies in an environment variable. The key itself is never printed. */
export function actorFromEnvironment(connection: Connection, variable: string): Actor {
  const key = process.env[variable];
  if (key === undefined || !isHex(key) || key.length !== 66) {
    throw new CliError(
      "KEY_MISSING",
      "The environment variable holds no private key",
      {
        variable,
        given: key === undefined ? "not set" : "something else",
        allowed: "0x and 64 hexadecimal digits",
      },
      "Set the variable, or name another one with --key-env.",
    );
  }
  const signer = connectSigner(
    { rpcUrl: connection.rpcUrl, chainId: connection.chainId, pollMs: 500 },
    privateKeyToAccount(key),
  );
  const sender: Sender = createSender(connection.client, signer, silentLogger);
  return {
    address: sender.address,
    signer,
    // Errors of every room: a refusal further down is told by its name.
    send: (address, abi, functionName, args) =>
      sender.send({ address, abi: [...abi, ...(errorsAbi as Abi)], functionName, args, priority: 4 }),
  };
}
