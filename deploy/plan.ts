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
  "Appeals",
  "Canaries",
  "SecurityQuote",
  "Assay",
  "AssayLens",
  "PerformanceLedger",
  "CloneRegistry",
] as const;

/** Contracts beside the protocol, deployed by whoever wants them: see deploy/README.md. */
export const OPTIONAL = ["P256Attestation"] as const;

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
  /** What a post of metrics, and a lost challenge, has at stake. */
  readonly performanceBond: bigint;
  /** How long a post of metrics can be challenged. */
  readonly challengeWindow: bigint;
  /** What an inspector has at stake for each canary. */
  readonly canaryBond: bigint;
  /** Epochs in which the canaries of a batch can be opened. */
  readonly canaryLifetime: bigint;
}

/** Addresses the contracts will get when `deployer` creates them in {@link ORDER}, beginning with `nonce`. */
export function predictAddresses(deployer: string, nonce: number): Addresses {
  return Object.fromEntries(
    ORDER.map((name, i) => [name, getCreateAddress({ from: deployer, nonce: nonce + i })]),
  ) as Addresses;
}

/** Names of the protocol constants, which are also the names of the Ignition module's parameters. */
export const PARAMETERS = [
  "governor",
  "treasury",
  "genesis",
  "epochLength",
  "unbonding",
  "parameterDelay",
  "genesisSupply",
  "domainFee",
  "familyBond",
  "initialEmission",
  "halving",
  "performanceBond",
  "challengeWindow",
  "canaryBond",
  "canaryLifetime",
] as const satisfies readonly (keyof ProtocolParameters)[];

/** Constructor arguments of every contract: of values, or of whatever stands for them (Ignition's parameters). */
export function constructorArguments<P extends Readonly<Record<keyof ProtocolParameters, unknown>>, A>(
  p: P,
  at: Readonly<Record<ContractName, A>>,
): Record<ContractName, readonly (P[keyof ProtocolParameters] | A | readonly A[])[]> {
  const clock = [p.genesis, p.epochLength] as const;
  return {
    AccessManager: [p.governor],
    BlockhashRandomness: [],
    WorkToken: [p.treasury, p.genesisSupply, at.RewardMinter],
    DomainRegistry: [
      at.AccessManager,
      at.WorkToken,
      at.StakeVault,
      ...clock,
      p.domainFee,
      p.familyBond,
      p.parameterDelay,
    ],
    FeeMarket: [at.WorkToken, at.DomainRegistry, at.Assay, at.RewardMinter, ...clock],
    StakeVault: [
      at.WorkToken,
      at.DomainRegistry,
      at.Assay,
      at.ReputationLedger,
      at.RewardMinter,
      at.CloneRegistry,
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
    SecurityQuote: [at.Assay, at.DomainRegistry, at.FeeMarket, at.StakeVault],
    Appeals: [
      at.WorkToken,
      at.DomainRegistry,
      at.FeeMarket,
      at.StakeVault,
      at.BlockhashRandomness,
      at.Canaries,
      at.Assay,
    ],
    Canaries: [
      at.WorkToken,
      at.DomainRegistry,
      at.FeeMarket,
      at.StakeVault,
      at.Appeals,
      at.Assay,
      p.canaryBond,
      p.canaryLifetime,
    ],
    Assay: [
      at.DomainRegistry,
      at.FeeMarket,
      at.StakeVault,
      at.ReputationLedger,
      at.RewardMinter,
      at.BlockhashRandomness,
      at.Appeals,
      at.Canaries,
      at.SecurityQuote,
      ...clock,
    ],
    AssayLens: [at.Assay, at.DomainRegistry, at.StakeVault, at.Appeals],
    PerformanceLedger: [
      at.WorkToken,
      at.Assay,
      at.StakeVault,
      at.DomainRegistry,
      p.performanceBond,
      p.challengeWindow,
    ],
    CloneRegistry: [at.WorkToken, at.Assay, at.StakeVault, at.DomainRegistry],
  };
}

/** Which peers a contract knows by which getter; checked on the chain after a deployment. */
export const PEERS: Record<ContractName, Readonly<Record<string, ContractName>>> = {
  AccessManager: {},
  BlockhashRandomness: {},
  WorkToken: { MINTER: "RewardMinter" },
  DomainRegistry: { authority: "AccessManager", TOKEN: "WorkToken", VAULT: "StakeVault" },
  FeeMarket: { TOKEN: "WorkToken", REGISTRY: "DomainRegistry", ASSAY: "Assay", MINTER: "RewardMinter" },
  StakeVault: {
    TOKEN: "WorkToken",
    REGISTRY: "DomainRegistry",
    ASSAY: "Assay",
    LEDGER: "ReputationLedger",
    MINTER: "RewardMinter",
    CLONES: "CloneRegistry",
  },
  ReputationLedger: {
    REGISTRY: "DomainRegistry",
    VAULT: "StakeVault",
    MINTER: "RewardMinter",
    ASSAY: "Assay",
  },
  RewardMinter: {
    authority: "AccessManager",
    TOKEN: "WorkToken",
    REGISTRY: "DomainRegistry",
    FEES: "FeeMarket",
    VAULT: "StakeVault",
    LEDGER: "ReputationLedger",
    ASSAY: "Assay",
  },
  Appeals: {
    TOKEN: "WorkToken",
    REGISTRY: "DomainRegistry",
    FEES: "FeeMarket",
    VAULT: "StakeVault",
    RANDOMNESS: "BlockhashRandomness",
    CANARIES: "Canaries",
    ASSAY: "Assay",
  },
  Canaries: {
    TOKEN: "WorkToken",
    REGISTRY: "DomainRegistry",
    FEES: "FeeMarket",
    VAULT: "StakeVault",
    APPEALS: "Appeals",
    ASSAY: "Assay",
  },
  Assay: {
    REGISTRY: "DomainRegistry",
    FEES: "FeeMarket",
    VAULT: "StakeVault",
    LEDGER: "ReputationLedger",
    MINTER: "RewardMinter",
    RANDOMNESS: "BlockhashRandomness",
    APPEALS: "Appeals",
    CANARIES: "Canaries",
    SECURITY: "SecurityQuote",
  },
  SecurityQuote: { ASSAY: "Assay", REGISTRY: "DomainRegistry", FEES: "FeeMarket", VAULT: "StakeVault" },
  AssayLens: { ASSAY: "Assay", REGISTRY: "DomainRegistry", VAULT: "StakeVault", APPEALS: "Appeals" },
  PerformanceLedger: {
    TOKEN: "WorkToken",
    ASSAY: "Assay",
    VAULT: "StakeVault",
    REGISTRY: "DomainRegistry",
  },
  CloneRegistry: { TOKEN: "WorkToken", ASSAY: "Assay", VAULT: "StakeVault", REGISTRY: "DomainRegistry" },
};

/** The protocol constants a contract carries, by getter. */
export const CONSTANTS: Record<ContractName, Readonly<Record<string, keyof ProtocolParameters>>> = {
  AccessManager: {},
  BlockhashRandomness: {},
  WorkToken: {},
  DomainRegistry: {
    ...clockGetters(),
    DOMAIN_FEE: "domainFee",
    FAMILY_BOND: "familyBond",
    PARAMETER_DELAY: "parameterDelay",
  },
  FeeMarket: clockGetters(),
  StakeVault: { ...clockGetters(), UNBONDING: "unbonding" },
  ReputationLedger: clockGetters(),
  RewardMinter: { ...clockGetters(), INITIAL_EMISSION: "initialEmission", HALVING: "halving" },
  Appeals: {},
  Canaries: { BOND: "canaryBond", LIFETIME: "canaryLifetime" },
  SecurityQuote: {},
  Assay: clockGetters(),
  AssayLens: {},
  PerformanceLedger: { BOND: "performanceBond", CHALLENGE_WINDOW: "challengeWindow" },
  CloneRegistry: {},
};

function clockGetters() {
  return { GENESIS: "genesis", EPOCH: "epochLength" } as const;
}
