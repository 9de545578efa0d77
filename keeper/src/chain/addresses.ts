import { isAddress, type Address } from "viem";
import { z } from "zod";

const address = z.custom<Address>((value) => typeof value === "string" && isAddress(value), {
  error: "a 20-byte address in hexadecimal",
});

/** The contracts a keeper talks to. */
export const contractsSchema = z.object({
  Assay: address,
  AssayLens: address,
  BlockhashRandomness: address,
  DomainRegistry: address,
  FeeMarket: address,
  ReputationLedger: address,
  RewardMinter: address,
  StakeVault: address,
  WorkToken: address,
});
export type Contracts = z.infer<typeof contractsSchema>;
