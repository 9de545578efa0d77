import { RefusedError } from "@assay/keeper";
import { cloneRegistryAbi, domainRegistryAbi } from "@assay/published";
import { isAddressEqual, parseEventLogs, type Abi, type Address, type Hex } from "viem";

import type { Connection } from "../chain/connection.ts";
import type { Domain } from "../chain/domains.ts";
import { CliError } from "../lib/errors.ts";
import type { Actor } from "../request/signer.ts";
import { registryOf, type CloneCase } from "./cases.ts";

/** Slots for families of a domain. Mirrors `Units.MAX_FAMILIES`. */
const MAX_FAMILIES = 16;

/** How a case ended. */
export interface Decision {
  readonly earlier: Address;
  readonly later: Address;
  readonly outcome: "RECLASSIFIED" | "DISMISSED";
  /** Slot the later one counts in from the next epoch on, if it was moved. */
  readonly family: number | undefined;
  /** Who has the bond of the report. */
  readonly recipient: Address;
  readonly transaction: Hex;
}

/**
 * Decides a case whose window is over. Anybody may.
 *
 * @throws CliError while requests can be added
 */
export async function closeCase(
  connection: Connection,
  actor: Actor,
  domain: Domain,
  { earlier, later, reporter, openUntil, secondsLeft }: CloneCase,
): Promise<Decision> {
  if (secondsLeft > 0) {
    throw new CliError(
      "WINDOW_OPEN",
      "Requests can still be added to the case",
      { operator: later, earlier, secondsLeft, openUntil: new Date(openUntil * 1_000).toISOString() },
      "Reply with assay clones reply, and close the case when its window is over.",
      { retryable: true },
    );
  }
  const args = [domain.id, earlier, later];
  const receipt = await actor.send(registryOf(connection), cloneRegistryAbi as Abi, "close", args);
  const { logs, transactionHash: transaction } = receipt;
  const [ended] = parseEventLogs({
    abi: cloneRegistryAbi,
    logs,
    eventName: ["CloneConfirmed", "CloneDismissed"],
    strict: true,
  });
  if (ended === undefined) throw new Error(`transaction ${transaction} decided no case`);
  return ended.eventName === "CloneConfirmed"
    ? { earlier, later, outcome: "RECLASSIFIED", family: ended.args.family, recipient: reporter, transaction }
    : {
        earlier,
        later,
        outcome: "DISMISSED",
        family: undefined,
        recipient: ended.args.recipient,
        transaction,
      };
}

/**
 * Moves a reclassified operator back to a slot of the lineage it came from. Only the domain's owner.
 *
 * @throws CliError if the actor is not the owner, the reason is empty, no slot has the lineage, or the operator was moved
 *   lately or again
 */
export async function reverseCase(
  connection: Connection,
  actor: Actor,
  domain: Domain,
  { earlier, later, lineage }: CloneCase,
  reason: string,
): Promise<{ family: number; transaction: Hex }> {
  const { client, at } = connection;
  const registry = { address: at.DomainRegistry, abi: domainRegistryAbi } as const;
  const owner = await client.readContract({ ...registry, functionName: "ownerOf", args: [domain.id] });
  if (!isAddressEqual(owner, actor.address)) {
    throw new CliError(
      "NOT_DOMAIN_OWNER",
      "Only the domain's owner can move an operator back",
      { given: actor.address, required: owner, domain: domain.name },
      "Ask the owner, with the reason; or name the owner's key with --key-env.",
    );
  }
  if (reason.trim() === "") {
    throw new CliError(
      "REASON_MISSING",
      "A reversal says why, in public",
      { operator: later },
      "Say it with --reason.",
    );
  }
  const slots = await Promise.all(
    Array.from({ length: MAX_FAMILIES }, (_, family) =>
      client.readContract({ ...registry, functionName: "familyOf", args: [domain.id, family] }),
    ),
  );
  const family = slots.findIndex((slot) => slot.lineage === lineage);
  if (family < 0) {
    throw new CliError(
      "FAMILY_GONE",
      "No slot of the domain has the lineage the operator came from",
      { operator: later, lineage },
      "List a family of that lineage first, with DomainRegistry.proposeFamily and listFamily.",
    );
  }
  const args = [domain.id, earlier, later, family, reason];
  const receipt = await actor
    .send(registryOf(connection), cloneRegistryAbi as Abi, "reverse", args)
    .catch((error: unknown) => {
      throw reversalRefused(error, later);
    });
  return { family, transaction: receipt.transactionHash };
}

/** What only the contracts know of earlier moves. */
function reversalRefused(error: unknown, operator: Address): unknown {
  if (!(error instanceof RefusedError)) return error;
  switch (error.data.error) {
    case "ReclassifiedLately":
      return new CliError(
        "MOVED_LATELY",
        "The operator was moved a moment ago, and seats of both families may still be judged",
        { operator, epochOfTheMove: error.data.args.at(-1) },
        "Move it back once the epoch after that of the move is here.",
        { retryable: true, cause: error },
      );
    case "MovedSince":
      return new CliError(
        "MOVED_SINCE",
        "A later case moved the operator again",
        { operator, number: error.data.args.at(1), last: error.data.args.at(2) },
        "Reverse that one first; assay clones status shows the numbers.",
        { cause: error },
      );
    default:
      return error;
  }
}
