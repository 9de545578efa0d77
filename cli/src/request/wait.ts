import { setTimeout as sleep } from "node:timers/promises";

import { PHASES, type Phase } from "@assay/keeper";
import { assayAbi } from "@assay/published";
import type { Hex } from "viem";

import type { Connection } from "../chain/connection.ts";
import { CliError } from "../lib/errors.ts";

const LOOK_MS = 500;

/** The phase a request is in now. */
export async function phaseOf({ client, at }: Connection, requestId: Hex): Promise<Phase> {
  const phase = await client.readContract({
    address: at.Assay,
    abi: assayAbi,
    functionName: "phaseOf",
    args: [requestId],
  });
  return PHASES[phase] ?? "NONE";
}

/**
 * Waits until every request is FINAL or VOID and tells each change of phase.
 *
 * @throws CliError, retryable, if that takes longer than `seconds`
 */
export async function waitForVerdicts(
  connection: Connection,
  requestIds: readonly Hex[],
  seconds: number,
  onPhase: (requestId: Hex, phase: Phase) => void,
): Promise<void> {
  const until = Date.now() + seconds * 1_000;
  const seen = new Map<Hex, Phase>();
  for (;;) {
    for (const requestId of requestIds) {
      const phase = await phaseOf(connection, requestId);
      if (seen.get(requestId) !== phase) onPhase(requestId, phase);
      seen.set(requestId, phase);
    }
    const open = requestIds.filter((id) => !["FINAL", "VOID"].includes(seen.get(id) ?? "NONE"));
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
