import { setTimeout as sleep } from "node:timers/promises";

import type { ChainReads } from "@assay/keeper";
import { assayAbi, assayLensAbi, rewardMinterAbi } from "@assay/published";
import type { Hex } from "viem";

import type { LocalNetwork } from "./localNetwork.ts";

const ZERO = "0x0000000000000000000000000000000000000000";

/** A request under way and its number in the output, from 1. */
export interface Tracked {
  readonly number: number;
  readonly requestId: Hex;
}

/** Tells every change of the requests until all their seats are settled. */
export async function watchRequests(
  network: LocalNetwork,
  reads: ChainReads,
  requests: readonly Tracked[],
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const told = new Map<Hex, string>();
  const settled = new Set<Hex>();
  while (settled.size < requests.length) {
    signal.throwIfAborted();
    for (const { number, requestId } of requests) {
      if (settled.has(requestId)) continue;
      const { phase, round } = await reads.roundState(requestId, ZERO);
      const line = `${phase} ${round.commits} ${round.reveals}`;
      if (told.get(requestId) !== line) {
        if (phase === "COMMIT" && !told.get(requestId)?.startsWith("COMMIT")) {
          say(`request ${number}  sealed    ${await seating(network, requestId)}`);
        }
        say(
          `request ${number}  ${phase.toLowerCase().padEnd(9)} ${round.commits} committed, ${round.reveals} revealed`,
        );
        told.set(requestId, line);
      }
      if (phase === "FINAL" || phase === "VOID") {
        const seats = await settledSeats(network, requestId);
        if (seats >= round.commits) {
          say(`request ${number}  settled   ${seats} seats`);
          settled.add(requestId);
        }
      }
    }
    await sleep(500, undefined, { signal });
  }
}

/** Who sits and who was not drawn, by name. */
async function seating(network: LocalNetwork, requestId: Hex): Promise<string> {
  const sits: string[] = [];
  const not: string[] = [];
  for (const { name, owner } of network.operators) {
    const [drawn] = await network.reader.readContract({
      address: network.deployment.addresses.AssayLens,
      abi: assayLensAbi,
      functionName: "isDrawn",
      args: [requestId, owner],
    });
    (drawn ? sits : not).push(name);
  }
  return `drawn: ${sits.join(" ")}${not.length > 0 ? `; not drawn: ${not.join(" ")}` : ""}`;
}

async function settledSeats(network: LocalNetwork, requestId: Hex): Promise<number> {
  const logs = await Promise.all(
    (["SeatSettled", "SeatForfeited", "SeatReleased"] as const).map((eventName) =>
      network.reader.getContractEvents({
        address: network.deployment.addresses.Assay,
        abi: assayAbi,
        eventName,
        args: { requestId },
        fromBlock: BigInt(network.deployment.block),
      }),
    ),
  );
  return logs.flat().length;
}

/**
 * Waits until every mature account of the epochs the requests were settled in is closed and every tape is posted.
 *
 * @param deadlineMs how long to wait at most
 */
export async function watchBooks(
  network: LocalNetwork,
  reads: ChainReads,
  domain: number,
  say: (line: string) => void,
  signal: AbortSignal,
  deadlineMs: number,
): Promise<void> {
  const until = Date.now() + deadlineMs;
  const minter = {
    address: network.deployment.addresses.RewardMinter,
    abi: rewardMinterAbi,
  } as const;
  const fromBlock = BigInt(network.deployment.block);
  let announced = -1;
  for (;;) {
    signal.throwIfAborted();
    const epoch = await reads.currentEpoch();
    const opened = await network.reader.getContractEvents({
      ...minter,
      eventName: "AccountOpened",
      fromBlock,
      strict: true,
    });
    let due = 0;
    for (const { args } of opened) {
      const account = await reads.accountOf(domain, Number(args.epoch), args.owner);
      const { maturity } = await reads.epochTermsOf(domain, Number(args.epoch));
      if (account.factor !== 0 && account.scored >= maturity) due += 1;
    }
    const tapes = await Promise.all(network.operators.map(({ owner }) => reads.recordOf(domain, owner)));
    const unposted = tapes.filter(({ length }) => length > 0).length;
    if (due === 0 && unposted === 0) return;
    if (announced !== epoch) {
      say(
        `epoch ${epoch}    waiting for its end: ${due} score accounts to close, ${unposted} reputations to post`,
      );
      announced = epoch;
    }
    if (Date.now() > until) throw new Error(`${due} accounts are still open and ${unposted} tapes unposted`);
    await sleep(700, undefined, { signal });
  }
}
