import { setTimeout as sleep } from "node:timers/promises";

import { PHASES, type Phase } from "@assay/keeper";
import { assayAbi } from "@assay/published";
import type { Hex } from "viem";

import type { Connection } from "../chain/connection.ts";
import { CliError } from "../lib/errors.ts";

const LOOK_MS = 500;

/** The phase a request is in, now or at a block. */
export async function phaseOf(
  { client, at }: Connection,
  requestId: Hex,
  blockNumber?: bigint,
): Promise<Phase> {
  const phase = await client.readContract({
    address: at.Assay,
    abi: assayAbi,
    functionName: "phaseOf",
    args: [requestId],
    ...(blockNumber !== undefined && { blockNumber }),
  });
  return PHASES[phase] ?? "NONE";
}

/** What happens to the requests somebody waits for. */
export interface Waiting {
  /** Told of each change of phase. */
  readonly onPhase: (requestId: Hex, phase: Phase) => void;
  /** Called at every look at a request that is not final or void. */
  readonly onLook?: ((requestId: Hex, phase: Phase) => Promise<void>) | undefined;
}

/**
 * Waits until every request is FINAL or VOID.
 *
 * @throws CliError, retryable, if that takes longer than `seconds`
 */
export async function waitForVerdicts(
  connection: Connection,
  requestIds: readonly Hex[],
  seconds: number,
  { onPhase, onLook }: Waiting,
): Promise<void> {
  const until = Date.now() + seconds * 1_000;
  const seen = new Map<Hex, Phase>();
  const isOver = (id: Hex): boolean => ["FINAL", "VOID"].includes(seen.get(id) ?? "NONE");
  for (;;) {
    for (const requestId of requestIds) {
      if (isOver(requestId)) continue;
      const phase = await phaseOf(connection, requestId);
      if (seen.get(requestId) !== phase) onPhase(requestId, phase);
      seen.set(requestId, phase);
      if (!isOver(requestId)) await onLook?.(requestId, phase);
    }
    const open = requestIds.filter((id) => !isOver(id));
    if (open.length === 0) return;
    if (Date.now() > until) {
      throw new CliError(
        "STILL_OPEN",
        "Requests are not final yet",
        { open: open.map((id) => `${id} ${seen.get(id)}`).join(", "), waited: `${seconds} s` },
        "Ask later with assay verdict ID, or wait longer with --timeout.",
        { retryable: true },
      );
    }
    await sleep(LOOK_MS);
  }
}
