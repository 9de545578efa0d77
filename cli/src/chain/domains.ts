import { assayAbi, domainRegistryAbi } from "@assay/published";
import { parseEventLogs, type Hex } from "viem";

import { CliError } from "../lib/errors.ts";
import type { Connection } from "./connection.ts";
import { logsOf } from "./logs.ts";

export interface Domain {
  readonly id: number;
  /** The name payloads carry. */
  readonly name: string;
}

/** All domains of the deployment, by their events. */
export async function readDomains(connection: Connection): Promise<Domain[]> {
  const last = await connection.client.getBlockNumber();
  const logs = await logsOf(connection, [connection.at.DomainRegistry], [], last);
  const created = parseEventLogs({ abi: domainRegistryAbi, eventName: "DomainCreated", logs, strict: true });
  return created.map(({ args }) => ({ id: args.domain, name: args.name }));
}

/** A domain by its number or its name. */
export async function findDomain(connection: Connection, wanted: string): Promise<Domain> {
  const domains = await readDomains(connection);
  const found = domains.filter(({ id, name }) => name === wanted || String(id) === wanted);
  if (found.length === 1 && found[0] !== undefined) return found[0];
  const isUnknown = found.length === 0;
  throw new CliError(
    isUnknown ? "UNKNOWN_DOMAIN" : "AMBIGUOUS_DOMAIN",
    isUnknown ? "There is no such domain" : "More than one domain has this name",
    { given: wanted, known: domains.map(({ id, name }) => `${id} ${name}`).join(", ") },
    "Name a domain by its number.",
  );
}

/** The domain a request was opened in. */
export async function domainOfRequest(connection: Connection, requestId: Hex): Promise<Domain> {
  const last = await connection.client.getBlockNumber();
  const logs = await logsOf(connection, [connection.at.Assay], [null, requestId], last);
  const [opened] = parseEventLogs({ abi: assayAbi, eventName: "Requested", logs, strict: true });
  if (opened === undefined) {
    throw new CliError(
      "UNKNOWN_REQUEST",
      "There is no request with this id",
      { requestId, Assay: connection.at.Assay, chainId: connection.chainId },
      "Check the id, --rpc and --deployment.",
    );
  }
  return findDomain(connection, String(opened.args.domain));
}
