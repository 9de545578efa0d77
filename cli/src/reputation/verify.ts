import type { reputationMath } from "@assay/keeper";
import { domainRegistryAbi, reputationLedgerAbi } from "@assay/published";
import type { Address } from "viem";

import type { Connection } from "../chain/connection.ts";
import type { Domain } from "../chain/domains.ts";
import { differences, type Check } from "../history/check.ts";
import { readEvents, type ChainEvent } from "../history/events.ts";
import { createTapes, type Tapes } from "../history/tapes.ts";
import { table, wad } from "../lib/output.ts";

/** A number of an operator that the replay does not confirm. */
export interface Mismatch extends Check {
  readonly owner: Address;
}

export interface VerifiedOperator {
  readonly owner: Address;
  /** WAD */
  readonly reputation: bigint;
  /** Outcomes recorded so far, and those of them that still wait on the tape. */
  readonly outcomes: bigint;
  readonly waiting: bigint;
}

export interface Verification {
  readonly domain: Domain;
  readonly lastBlock: bigint;
  /** Tapes that were posted or folded, all of them replayed here. */
  readonly tapes: number;
  readonly operators: readonly VerifiedOperator[];
  readonly mismatches: readonly Mismatch[];
}

/** A past of outcomes, replayed. */
export interface ReplayedTapes {
  readonly tapes: Tapes;
  readonly count: number;
  readonly outcomes: ReadonlyMap<Address, bigint>;
  readonly mismatches: readonly Mismatch[];
}

/**
 * Replays every tape in the order of the chain.
 *
 * @param ruleOf the reputation rule of a version
 */
export function replayTapes(
  events: readonly ChainEvent[],
  ruleOf: (version: number) => reputationMath.Rule,
): ReplayedTapes {
  const tapes = createTapes(ruleOf);
  const outcomes = new Map<Address, bigint>();
  const mismatches: Mismatch[] = [];
  let count = 0;
  for (const event of events) {
    if (event.eventName === "OutcomesRecorded") {
      const { owner } = event.args;
      tapes.record(owner, event.args.outcomes, event.args.count);
      outcomes.set(owner, (outcomes.get(owner) ?? 0n) + event.args.count);
    } else if (event.eventName === "ReputationChanged") {
      const isFold = BigInt(event.args.poster) === 0n;
      const { owner, checks } = tapes.replay(event.args.owner, { ...event.args, isFold });
      mismatches.push(...differences(checks).map((check) => ({ ...check, owner })));
      count += 1;
    }
  }
  return { tapes, count, outcomes, mismatches };
}

/** Replays a domain's outcomes under the rules in the registry, and asks the ledger for every R and every tape. */
export async function verifyReputation(connection: Connection, domain: Domain): Promise<Verification> {
  const { events, lastBlock } = await readEvents(connection, domain.id);
  const rules = await readRules(connection, domain.id, events);
  const { tapes, count, outcomes, mismatches } = replayTapes(events, (version) => {
    const rule = rules.get(version);
    if (rule === undefined) throw new Error(`no rule of version ${version} was read`);
    return rule;
  });
  const found = [...mismatches];
  const operators: VerifiedOperator[] = [];
  for (const owner of operatorsOf(events)) {
    const { reputation, tape, length } = tapes.of(owner);
    const checks = await ledgerChecks(connection, domain.id, owner, { reputation, tape, length }, lastBlock);
    found.push(...differences(checks).map((check) => ({ ...check, owner })));
    operators.push({ owner, reputation, outcomes: outcomes.get(owner) ?? 0n, waiting: length });
  }
  return { domain, lastBlock, tapes: count, operators, mismatches: found };
}

function operatorsOf(events: readonly ChainEvent[]): Address[] {
  const owners = events.flatMap((event) =>
    event.eventName === "OperatorRegistered" || event.eventName === "OutcomesRecorded"
      ? [event.args.owner]
      : [],
  );
  return [...new Set(owners)];
}

/** The rules of all versions under which something was replayed. */
async function readRules({ client, at }: Connection, domain: number, events: readonly ChainEvent[]) {
  const versions = events.flatMap((event) =>
    event.eventName === "ReputationChanged" ? [event.args.version] : [],
  );
  const rules = new Map<number, reputationMath.Rule>();
  for (const version of new Set(versions)) {
    const rule = await client.readContract({
      address: at.DomainRegistry,
      abi: domainRegistryAbi,
      functionName: "reputationOf",
      args: [domain, version],
    });
    rules.set(version, rule);
  }
  return rules;
}

/** What the ledger holds for an operator, at the block the events were read up to, beside the replay. */
async function ledgerChecks(
  { client, at }: Connection,
  domain: number,
  owner: Address,
  replayed: { reputation: bigint; tape: bigint; length: bigint },
  blockNumber: bigint,
): Promise<Check[]> {
  const ledger = { address: at.ReputationLedger, abi: reputationLedgerAbi, blockNumber } as const;
  const [reputation, record] = await Promise.all([
    client.readContract({ ...ledger, functionName: "reputationOf", args: [domain, owner] }),
    client.readContract({ ...ledger, functionName: "recordOf", args: [domain, owner] }),
  ]);
  return [
    { what: "R", computed: replayed.reputation, chain: reputation },
    { what: "tape", computed: replayed.tape, chain: record.tape },
    { what: "outcomes on the tape", computed: replayed.length, chain: BigInt(record.length) },
  ];
}

export function renderVerification({
  domain,
  lastBlock,
  tapes,
  operators,
  mismatches,
}: Verification): string {
  return [
    `domain ${domain.name}: ${tapes} tapes of ${operators.length} operators replayed up to block ${lastBlock}`,
    table(
      ["operator", "R", "outcomes", "waiting"],
      operators.map(({ owner, reputation, outcomes, waiting }) => [
        owner,
        wad(reputation),
        outcomes,
        waiting,
      ]),
    ),
    mismatches.length === 0
      ? "every reputation matches the chain"
      : `${mismatches.length} MISMATCHES with the chain:`,
    ...mismatches.map(
      ({ owner, what, computed, chain }) => `  ${owner} ${what}: recomputed ${computed}, chain ${chain}`,
    ),
  ].join("\n");
}
