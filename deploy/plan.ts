/**
 * What is deployed, in which order and with which arguments. The rooms know each other by immutables, so every address
 * is predicted from the deployer's nonce before the first contract exists. Ignition and the tests read the same plan.
 */
import { getCreateAddress } from "ethers";

export const ORDER = [
  "AccessManager",
  "BlockhashRandomness",
  "WorkToken",
  "DomainRegistry",
  "FeeMarket",
  "StakeVault",
  "ReputationLedger",
  "RewardMinter",
  "Assay",
  "AssayLens",
] as const;

export type ContractName = (typeof ORDER)[number];
export type Addresses = Record<ContractName, string>;

/** Protocol constants of one network. Amounts are wei of WORK, times are seconds. */
export interface ProtocolParameters {
  readonly governor: string;
  readonly treasury: string;
  readonly genesis: bigint;
  readonly epochLength: bigint;
  readonly unbonding: bigint;
  readonly parameterDelay: bigint;
  readonly genesisSupply: bigint;
  readonly domainFee: bigint;
  readonly familyBond: bigint;
  readonly initialEmission: bigint;
  /** Epochs after which the emission halves. */
  readonly halving: bigint;
}

/** Addresses the contracts will get when `deployer` creates them in {@link ORDER}, beginning with `nonce`. */
export function predictAddresses(deployer: string, nonce: number): Addresses {
  return Object.fromEntries(
    ORDER.map((name, i) => [name, getCreateAddress({ from: deployer, nonce: nonce + i })]),
  ) as Addresses;
}

/** Constructor arguments of every contract. */
export function constructorArguments(
  p: ProtocolParameters,
  at: Addresses,
): Record<ContractName, readonly (string | bigint | readonly string[])[]> {
  const clock = [p.genesis, p.epochLength] as const;
  return {
    AccessManager: [p.governor],
    BlockhashRandomness: [],
    WorkToken: [p.treasury, p.genesisSupply, at.RewardMinter],
    DomainRegistry: [at.WorkToken, at.StakeVault, ...clock, p.domainFee, p.familyBond, p.parameterDelay],
    FeeMarket: [at.WorkToken, at.DomainRegistry, at.Assay, at.RewardMinter, ...clock],
    StakeVault: [
      at.WorkToken,
      at.DomainRegistry,
      at.Assay,
      at.ReputationLedger,
      at.RewardMinter,
      ...clock,
      p.unbonding,
    ],
    ReputationLedger: [at.DomainRegistry, at.StakeVault, at.RewardMinter, at.Assay, ...clock],
    RewardMinter: [
      at.AccessManager,
      [at.WorkToken, at.DomainRegistry, at.FeeMarket, at.StakeVault, at.ReputationLedger, at.Assay],
      ...clock,
      p.initialEmission,
      p.halving,
    ],
    Assay: [
      at.AccessManager,
      at.DomainRegistry,
      at.FeeMarket,
      at.StakeVault,
      at.ReputationLedger,
      at.RewardMinter,
      at.BlockhashRandomness,
      ...clock,
    ],
    AssayLens: [at.Assay, at.DomainRegistry, at.StakeVault],
  };
}
