import type { EventNamed } from "./events.ts";

/** All parameters of one version of a domain, as its event carries them. */
export type Parameters = EventNamed<"DomainCreated">["args"]["parameters"];

/** The versions of a domain's parameters, and which one is in force when. */
export interface Versions {
  add(version: number, fromEpoch: number, parameters: Parameters): void;
  of(version: number): Parameters;
  /** Mirrors `DomainRegistry.currentVersion`. */
  inForce(epoch: bigint): number;
}

export function createVersions(): Versions {
  const all = new Map<number, Parameters>();
  let latest = 0;
  let latestFrom = 0n;
  return {
    // A pending announcement is replaced under its own number.
    add(version, fromEpoch, parameters) {
      all.set(version, parameters);
      latest = version;
      latestFrom = BigInt(fromEpoch);
    },
    of(version) {
      const found = all.get(version);
      if (found === undefined) throw new Error(`the events tell of no version ${version}`);
      return found;
    },
    inForce: (epoch) => (epoch < latestFrom ? latest - 1 : latest),
  };
}
