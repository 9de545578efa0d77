import { isAddressEqual, zeroAddress, type Address } from "viem";

import type { Config } from "../config.ts";
import { AssayError } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";
import type { ModelIdentity } from "../model/source.ts";
import type { ChainReads, Peers } from "./reads.ts";

export type PreflightCode =
  | "WRONG_CHAIN"
  | "NO_CODE"
  | "WRONG_CONTRACT"
  | "WRONG_DOMAIN"
  | "NOT_AN_OPERATOR"
  | "WRONG_HOT_KEY"
  | "SHARED_KEY"
  | "WRONG_MODEL"
  | "NO_GAS_MONEY";

/** The world is not as the configuration says: the keeper does not start. */
export class PreflightError extends AssayError<PreflightCode, { given: string; required: string }> {
  constructor(code: PreflightCode, what: string, given: string, required: string, advice: string) {
    super({
      code,
      message: `${what}: ${given}, required is ${required}`,
      data: { given, required },
      advice,
      retryable: false,
    });
  }
}

export interface PreflightInput {
  readonly config: Config;
  readonly reads: ChainReads;
  readonly hotKey: Address;
  readonly model: ModelIdentity;
  readonly log: Logger;
}

type Place = Pick<Config, "chainId" | "contracts" | "domain">;

/** Chain id, code at every address, one deployment, the domain's name. */
async function checkDeployment(config: Place, reads: ChainReads): Promise<void> {
  const chainId = await reads.chainId();
  if (chainId !== config.chainId) {
    throw new PreflightError(
      "WRONG_CHAIN",
      "The endpoint serves another chain",
      `${chainId}`,
      `${config.chainId}`,
      "Correct rpcUrl or chainId.",
    );
  }
  for (const [name, address] of Object.entries(config.contracts)) {
    const code = await reads.code(address);
    if (code === undefined || code === "0x") {
      throw new PreflightError(
        "NO_CODE",
        `There is no contract at the address of ${name}`,
        address,
        "a deployed contract",
        "Correct the address, or wait until the node is synced.",
      );
    }
  }
  for (const [name, used] of Object.entries(await reads.peers())) {
    const given = config.contracts[name as keyof Peers];
    if (isAddressEqual(given, used)) continue;
    throw new PreflightError(
      "WRONG_CONTRACT",
      `The contract Assay does not work with this ${name}`,
      given,
      used,
      "Take all addresses from one deployment.",
    );
  }
  // Told once, when the domain was made; a node without that history cannot say it.
  const domainName = await reads.domainName(config.domain.id);
  if (domainName !== undefined && domainName !== config.domain.name) {
    throw new PreflightError(
      "WRONG_DOMAIN",
      `Domain ${config.domain.id} has another name`,
      config.domain.name,
      domainName,
      "Correct domain.id or domain.name.",
    );
  }
}

async function checkGasMoney(key: Address, whose: string, reads: ChainReads): Promise<void> {
  if ((await reads.balance(key)) === 0n) {
    throw new PreflightError(
      "NO_GAS_MONEY",
      `${whose} cannot pay for transactions`,
      "0 wei",
      "more than 0 wei",
      `Send some of the chain's coin to ${key}.`,
    );
  }
}

/** Asks the world before a watch without a keeper acts: the deployment, a key of its own, gas money. */
export async function preflightWatch(
  config: Place & { readonly owner?: Address | undefined },
  reads: ChainReads,
  key: Address,
): Promise<void> {
  await checkDeployment(config, reads);
  if (config.owner !== undefined) {
    const { hotKey } = await reads.operatorOf(config.domain.id, config.owner);
    if (isAddressEqual(hotKey, key)) {
      throw new PreflightError(
        "SHARED_KEY",
        "The watches have the hot key of the operator, whose keeper would replace their transactions",
        key,
        "a key of their own",
        "Make another key for the watches, or switch them on in the keeper's configuration instead.",
      );
    }
  }
  await checkGasMoney(key, "The key of the watches", reads);
}

/** Asks the world before acting: chain id, code at every address, operator, hot key, model hash, gas money. */
export async function preflight({ config, reads, hotKey, model, log }: PreflightInput): Promise<void> {
  await checkDeployment(config, reads);
  const operator = await reads.operatorOf(config.domain.id, config.owner);
  if ((operator.flags & 1) === 0) {
    throw new PreflightError(
      "NOT_AN_OPERATOR",
      "The owner is no operator of the domain",
      config.owner,
      `an operator of domain ${config.domain.id}`,
      "Register first; docs/operators.md shows how.",
    );
  }
  if (!isAddressEqual(operator.hotKey, hotKey) && !isAddressEqual(config.owner, hotKey)) {
    throw new PreflightError(
      "WRONG_HOT_KEY",
      "The key may not vote for the operator",
      hotKey,
      operator.hotKey === zeroAddress ? config.owner : operator.hotKey,
      "Use the registered hot key, or rotate it with setHotKey.",
    );
  }
  if (model.domain !== config.domain.name) {
    throw new PreflightError(
      "WRONG_MODEL",
      "The model is made for another domain",
      model.domain,
      config.domain.name,
      "Choose a model of the domain.",
    );
  }
  const registered = await reads.modelHashOf(config.domain.id, config.owner);
  if (registered !== model.hash) {
    throw new PreflightError(
      "WRONG_MODEL",
      "The model is not the registered one",
      model.hash,
      registered,
      "Put the registered model back, or announce this one with setModel.",
    );
  }
  await checkGasMoney(hotKey, "The hot key", reads);
  log.info("preflight passed", {
    chainId: config.chainId,
    owner: config.owner,
    hotKey,
    model: model.name,
    family: model.family,
  });
}
