import { getAddress, isAddress, type Address } from "viem";
import { z } from "zod";

/** An address in any spelling, or with a right checksum; given back in the spelling the chain's answers have. */
export const addressSchema = z
  .custom<Address>((value) => typeof value === "string" && isAddress(value), {
    error: "a 20-byte address in hexadecimal",
  })
  .overwrite((value) => getAddress(value));

/** The contracts a keeper talks to; the two that stand beside the protocol only for watches. */
export const contractsSchema = z.object({
  Appeals: addressSchema,
  Assay: addressSchema,
  AssayLens: addressSchema,
  BlockhashRandomness: addressSchema,
  CloneRegistry: addressSchema.exactOptional(),
  DomainRegistry: addressSchema,
  FeeMarket: addressSchema,
  PerformanceLedger: addressSchema.exactOptional(),
  ReputationLedger: addressSchema,
  RewardMinter: addressSchema,
  StakeVault: addressSchema,
  WorkToken: addressSchema,
});
export type Contracts = z.infer<typeof contractsSchema>;
