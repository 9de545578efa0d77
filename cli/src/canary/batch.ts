import { canaryNotes, type commitment, type Phase, type rulings } from "@assay/keeper";
import { assayAbi, assayLensAbi, canariesAbi } from "@assay/published";
import { numberToHex, pad, parseEventLogs, type Hex } from "viem";

import type { Connection } from "../chain/connection.ts";
import { logsOf } from "../chain/logs.ts";
import { CliError } from "../lib/errors.ts";
import { table } from "../lib/output.ts";
import { phaseOf } from "../request/wait.ts";
import type { Canary, CanaryFile } from "./file.ts";

/** `ICanaries.BatchState`, in the order of the contract's enum. */
export const BATCH_STATES = ["NONE", "OPEN", "RETURNED", "BURNED"] as const;

/** Flag of `IAssay.Round`. */
const APPEALED = 16;

/** Where one canary stands. */
export interface CanaryStatus {
  /** From 0, its place in the batch. */
  readonly position: number;
  readonly note: Hex;
  /** undefined until it is asked */
  readonly requestId: Hex | undefined;
  readonly terms: commitment.Terms | undefined;
  readonly phase: Phase | undefined;
  /** Whether it can be opened now, or never any more: final, and nobody appealed. */
  readonly canOpen: boolean;
  readonly isLost: boolean;
  /** Whether its answers count; undefined until it is opened. */
  readonly counts: boolean | undefined;
  /** Whether an appeal overturned an answer; undefined until it is concluded. */
  readonly overturned: boolean | undefined;
  /** Requests of the same requester with the same note: more than one forfeits the bond. */
  readonly asked: number;
}

/** Where a batch stands. */
export interface BatchStatus {
  /** undefined until it is registered */
  readonly batch: bigint | undefined;
  readonly state: (typeof BATCH_STATES)[number];
  /** Epochs: its requests begin after the first, and are opened in the last at the latest. */
  readonly registered: bigint | undefined;
  readonly lastEpoch: bigint | undefined;
  readonly epoch: bigint;
  readonly canaries: readonly CanaryStatus[];
}

/** The answers of a canary as verdict words. */
export function answersOf({ claims }: Pick<Canary, "claims">): rulings.Words {
  const words: [bigint, bigint] = [0n, 0n];
  claims.forEach(({ truth }, i) => {
    words[i < 128 ? 0 : 1] |= (truth ? 2n : 1n) << BigInt(2 * (i % 128));
  });
  return words;
}

export function leavesOf({ canaries }: CanaryFile): Hex[] {
  return canaries.map(({ note, salt }) => canaryNotes.leafOf(note, salt));
}

/** @throws CliError if the file was prepared for another chain or contract */
export function requireOurs({ at, chainId }: Connection, file: CanaryFile): void {
  if (file.chainId === chainId && file.contract === at.Canaries) return;
  throw new CliError(
    "OTHER_DEPLOYMENT",
    "The canaries were prepared for another deployment",
    { given: `${file.contract} on ${file.chainId}`, required: `${at.Canaries} on ${chainId}` },
    "Name the right --rpc and --deployment, or prepare canaries for this one.",
  );
}

/** Reads from the chain what became of a batch: the file itself never changes. */
export async function readBatch(connection: Connection, file: CanaryFile): Promise<BatchStatus> {
  requireOurs(connection, file);
  const { client, at, reads } = connection;
  const lastBlock = await client.getBlockNumber();
  const domain = numberToHex(file.domain.id, { size: 32 });
  const [ours, asked, epoch] = await Promise.all([
    logsOf(connection, [at.Canaries], [null, domain], lastBlock),
    logsOf(connection, [at.Assay], [null, null, pad(file.requester)], lastBlock),
    reads.currentEpoch(),
  ]);
  const root = canaryNotes.rootOf(leavesOf(file));
  const events = parseEventLogs({ abi: canariesAbi, logs: ours, strict: true });
  const requests = parseEventLogs({ abi: assayAbi, eventName: "Requested", logs: asked, strict: true });
  const registered = events.find(
    (event) =>
      event.eventName === "BatchRegistered" &&
      event.args.root === root &&
      event.args.inspector === file.inspector,
  );
  const batch = registered?.eventName === "BatchRegistered" ? registered.args : undefined;
  const stored =
    batch === undefined
      ? undefined
      : await client.readContract({
          address: at.Canaries,
          abi: canariesAbi,
          functionName: "batchOf",
          args: [batch.batch],
        });
  const canaries: CanaryStatus[] = [];
  for (const [position, { note }] of file.canaries.entries()) {
    const mine = requests.filter(({ args }) => args.terms.sealedNote === note).map(({ args }) => args);
    const openings = events.flatMap((event) =>
      event.eventName === "CanaryOpened" && mine.some(({ requestId }) => requestId === event.args.requestId)
        ? [event.args]
        : [],
    );
    const opening = openings[0];
    const request = mine.find(({ requestId }) => requestId === opening?.requestId) ?? mine.at(-1);
    const concluded = events.find(
      (event) => event.eventName === "CanaryConcluded" && event.args.requestId === request?.requestId,
    );
    const phase = request && (await phaseOf(connection, request.requestId));
    const isOpenPhase = phase === "FINALIZED" || phase === "APPEALED" || phase === "VOID";
    const isFinal = phase === "FINAL" && opening === undefined;
    const isAppealed = isFinal && (await wasAppealed(connection, request?.requestId));
    canaries.push({
      position,
      note,
      requestId: request?.requestId,
      terms: request?.terms,
      phase,
      canOpen: opening === undefined && (isOpenPhase || isAppealed),
      isLost: isFinal && !isAppealed,
      counts: opening && opening.finalAt !== 0n,
      overturned: concluded?.eventName === "CanaryConcluded" ? concluded.args.overturned : undefined,
      asked: mine.length,
    });
  }
  return {
    batch: batch?.batch,
    state: BATCH_STATES[stored?.state ?? 0] ?? "NONE",
    registered: stored && BigInt(stored.epoch),
    lastEpoch: batch?.lastEpoch,
    epoch: BigInt(epoch),
    canaries,
  };
}

async function wasAppealed({ client, at }: Connection, requestId: Hex | undefined): Promise<boolean> {
  if (requestId === undefined) return false;
  const lens = { address: at.AssayLens, abi: assayLensAbi, args: [requestId] } as const;
  const { flags } = await client.readContract({ ...lens, functionName: "roundOf" });
  return (flags & APPEALED) !== 0;
}

/** @throws CliError unless the batch is registered and open */
export function requireOpenBatch({ batch, state }: BatchStatus): bigint {
  if (batch !== undefined && state === "OPEN") return batch;
  throw new CliError(
    "BATCH_NOT_OPEN",
    "The batch is not open",
    { given: state, required: "OPEN" },
    state === "NONE" ? "Register it with assay canary register." : "It is closed; prepare another one.",
  );
}

export function renderBatch({ batch, state, registered, lastEpoch, epoch, canaries }: BatchStatus): string {
  const times =
    registered === undefined
      ? "not registered"
      : `registered in epoch ${registered}: ask from epoch ${registered + 1n} on, open until epoch ${lastEpoch}; now ${epoch}`;
  return [
    `batch ${batch ?? "–"}, ${state}, ${times}`,
    table(
      ["canary", "request", "phase", "opened", "concluded"],
      canaries.map(({ position, requestId, phase, isLost, counts, overturned, asked }) => [
        position,
        `${requestId ?? "not asked"}${asked > 1 ? ` ASKED ${asked} TIMES` : ""}`,
        phase ?? "–",
        counts === undefined ? (isLost ? "TOO LATE" : "no") : counts ? "yes" : "without effect",
        overturned === undefined ? "no" : overturned ? "OVERTURNED" : "yes",
      ]),
    ),
  ].join("\n");
}
