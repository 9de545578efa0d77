import { rewardMinterAbi } from "@assay/published";

import type { Connection } from "../chain/connection.ts";
import { readEvents } from "./events.ts";
import { replayEvents, type Replay } from "./replay.ts";

/** Reads a domain's whole past from the chain and recomputes it. */
export async function readReplay(connection: Connection, domain: number): Promise<Replay> {
  const { client, at } = connection;
  const minter = { address: at.RewardMinter, abi: rewardMinterAbi } as const;
  const [log, initial, halving] = await Promise.all([
    readEvents(connection, domain),
    client.readContract({ ...minter, functionName: "INITIAL_EMISSION" }),
    client.readContract({ ...minter, functionName: "HALVING" }),
  ]);
  return replayEvents(log, { emission: { initial, halving } });
}
