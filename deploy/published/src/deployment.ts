/** What a deployment leaves behind: the JSON file `deploy/deploy.ts` writes, keepers and tools read. */
import type { Addresses } from "./addresses.ts";

export interface Deployment {
  readonly chainId: number;
  readonly addresses: Addresses;
  /** First block that can hold an event of these contracts. */
  readonly block: number;
  readonly domains: Readonly<Record<string, DeployedDomain>>;
  /** seconds */
  readonly epochLength: number;
  /** Unix time at which epoch 0 began. */
  readonly genesis: number;
}

export interface DeployedDomain {
  readonly id: number;
  /** Slot of a family by its label. */
  readonly families: Readonly<Record<string, number>>;
}
