import { setTimeout as sleep } from "node:timers/promises";

import { buildApp } from "../app.ts";
import type { CloneReads } from "../chain/cloneReads.ts";
import { HOT_KEY_VARIABLE, readConfig } from "../config.ts";
import type { Logger } from "../lib/logger.ts";
import { createAccused, type Accused } from "../services/accused.ts";
import { hotKeyOf, ownerOf, type LocalChain } from "./localChain.ts";

/** Who looks for reports of operator `i`, with every look. */
export function accusedOf(chain: LocalChain, i: number, clones: CloneReads, log: Logger): Accused {
  const me = { owner: ownerOf(i), domain: { id: 1, name: "grounded" } };
  const from = { startBlock: BigInt(chain.deployment.block), lookMs: 0 };
  return createAccused({ me, reads: chain.reads, log }, clones, from);
}

/** Starts a keeper of operator `i` and stops it when it did what is waited for, or after some seconds. */
export async function runKeeperUntil(
  chain: LocalChain,
  i: number,
  log: Logger,
  isDone: () => boolean,
): Promise<void> {
  const config = readConfig(chain.configOf(i), { [HOT_KEY_VARIABLE]: hotKeyOf(i) });
  const app = await buildApp({ config, log });
  try {
    await app.tick();
    for (let tries = 0; tries < 100 && !isDone(); tries++) await sleep(50);
  } finally {
    await app.close();
  }
}
