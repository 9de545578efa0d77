import { feeCurve } from "@assay/keeper";
import { domainRegistryAbi, feeMarketAbi, workTokenAbi } from "@assay/published";
import { parseSignature, type Abi } from "viem";

import type { Connection } from "../chain/connection.ts";
import { CliError } from "../lib/errors.ts";
import { work } from "../lib/output.ts";
import type { Actor } from "./signer.ts";

/** What a domain asks of requests now. */
export interface Market {
  readonly version: number;
  readonly maxClaims: number;
  readonly seats: number;
  /** milli claim-seats that multiply the price by e */
  readonly feeRate: number;
}

export async function readMarket({ client, at }: Connection, domain: number): Promise<Market> {
  const registry = { address: at.DomainRegistry, abi: domainRegistryAbi } as const;
  const { version, maxClaims, seats } = await client.readContract({
    ...registry,
    functionName: "requestRulesOf",
    args: [domain, 1n],
  });
  const { feeRate } = await client.readContract({
    ...registry,
    functionName: "feesOf",
    args: [domain, version],
  });
  return { version, maxClaims, seats, feeRate };
}

/** wei of WORK per claim-seat, now. */
export async function readPrice({ client, at }: Connection, domain: number): Promise<bigint> {
  return client.readContract({
    address: at.FeeMarket,
    abi: feeMarketAbi,
    functionName: "price",
    args: [domain],
  });
}

/**
 * What requests of these sizes will cost together, if nobody else asks meanwhile: each one raises the price for the
 * next. One percent on top, because others may ask.
 */
export function estimateFees(claims: readonly number[], price: bigint, { seats, feeRate }: Market): bigint {
  let milli = 0n;
  let total = 0n;
  for (const count of claims) {
    const units = BigInt(count * seats);
    total += feeCurve.price(price, milli, BigInt(feeRate)) * units;
    milli += units * 1_000n;
  }
  return total + total / 100n;
}

/**
 * Makes sure that the actor holds credits of `needed` wei, buying what is missing if it may.
 *
 * @returns wei bought
 */
export async function ensureCredits(
  connection: Connection,
  actor: Actor,
  needed: bigint,
  mayBuy: boolean,
): Promise<bigint> {
  const { client, at } = connection;
  const held = await client.readContract({
    address: at.FeeMarket,
    abi: feeMarketAbi,
    functionName: "credits",
    args: [actor.address],
  });
  if (held >= needed) return 0n;
  const missing = needed - held;
  if (!mayBuy) {
    throw new CliError(
      "CREDITS_MISSING",
      "The requester has too few credits",
      { requester: actor.address, held: work(held), needed: work(needed) },
      "Add --buy to burn WORK for credits.",
    );
  }
  const balance = await client.readContract({
    address: at.WorkToken,
    abi: workTokenAbi,
    functionName: "balanceOf",
    args: [actor.address],
  });
  if (balance < missing) {
    throw new CliError(
      "WORK_MISSING",
      "The requester has too little WORK to buy the credits",
      { requester: actor.address, balance: work(balance), needed: work(missing) },
      "Send WORK to the requester.",
    );
  }
  await buyCredits(connection, actor, missing);
  return missing;
}

/** Burns WORK for credits under a permit: one transaction, and no allowance is left behind. */
async function buyCredits({ client, at, chainId }: Connection, actor: Actor, amount: bigint): Promise<void> {
  const token = { address: at.WorkToken, abi: workTokenAbi } as const;
  const [nonce, [, name, version]] = await Promise.all([
    client.readContract({ ...token, functionName: "nonces", args: [actor.address] }),
    client.readContract({ ...token, functionName: "eip712Domain" }),
  ]);
  const deadline = (await client.getBlock()).timestamp + 3_600n;
  const signature = await actor.signer.signTypedData({
    domain: { name, version, chainId, verifyingContract: at.WorkToken },
    types: {
      Permit: [
        { name: "owner", type: "address" },
        { name: "spender", type: "address" },
        { name: "value", type: "uint256" },
        { name: "nonce", type: "uint256" },
        { name: "deadline", type: "uint256" },
      ],
    },
    primaryType: "Permit",
    message: { owner: actor.address, spender: at.FeeMarket, value: amount, nonce, deadline },
  });
  const { r, s, yParity } = parseSignature(signature);
  const args = [actor.address, amount, deadline, 27 + yParity, r, s];
  await actor.send(at.FeeMarket, feeMarketAbi as Abi, "buyWithPermit", args);
}
