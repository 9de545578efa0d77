import { domainRegistryAbi } from "@assay/published";

import { CliError } from "../lib/errors.ts";
import type { Connection } from "./connection.ts";
import { logsOf } from "./logs.ts";
import { parseEventLogs } from "viem";

export interface Domain {
  readonly id: number;
  /** The name payloads carry. */
  readonly name: string;
}

/** All domains of the deployment, by their events. */
export async function readDomains(connection: Connection): Promise<Domain[]> {
  const logs = await logsOf(connection, [connection.at.DomainRegistry]);
  return parseEventLogs({ abi: domainRegistryAbi, eventName: "DomainCreated", logs, strict: true }).map(
    ({ args }) => ({
      id: args.domain,
      name: args.name,
    }),
  );
}

/** A domain by its number or its name. */
export async function findDomain(connection: Connection, wanted: string): Promise<Domain> {
  const domains = await readDomains(connection);
  const found = domains.filter(({ id, name }) => name === wanted || String(id) === wanted);
  if (found.length === 1 && found[0] !== undefined) return found[0];
  const known = domains.map(({ id, name }) => `${id} ${name}`).join(", ");
  throw new CliError(
    found.length === 0 ? "UNKNOWN_DOMAIN" : "AMBIGUOUS_DOMAIN",
    found.length === 0 ? "There is no such domain" : "More than one domain has this name",
    { given: wanted, known },
    "Name a domain by its number.",
  );
}
