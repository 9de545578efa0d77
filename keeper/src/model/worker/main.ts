/**
 * The process that runs a model, and nothing else: it has no key, no network of ours and no database. Started by
 * process.ts; a stranger's graph may take it down.
 */
import { Worker } from "node:worker_threads";

import { RefusedModel } from "../errors.ts";
import { readGraph } from "../graphFacts.ts";
import { openRuntime, openSession, type Runtime } from "../runtime.ts";
import type { Reply, Request } from "./protocol.ts";

/** Ends the process when its keeper is gone; a thread, because a graph that hangs holds the main one. */
const WATCHMAN = `setInterval(() => { if (process.ppid !== ${process.ppid}) process.kill(process.pid, "SIGKILL"); }, 1000);`;
new Worker(WATCHMAN, { eval: true }).unref();

let runtime: Runtime | undefined;

async function answer(request: Request): Promise<Reply> {
  const start = performance.now();
  const ms = (): number => performance.now() - start;
  if (request.kind !== "judge") {
    const bareMb = process.memoryUsage.rss() / 2 ** 20;
    await runtime?.close();
    runtime = undefined;
    try {
      if (request.kind === "describe") return { kind: "described", facts: readGraph(request.bytes) };
      if (request.kind === "open") {
        await (await openSession(request.bytes)).release();
        return { kind: "opened" };
      }
      runtime = await openRuntime(request.model);
      return { kind: "loaded", ms: ms(), bareMb };
    } catch (error) {
      if (error instanceof RefusedModel) return { kind: "refused", refusal: error.refusal };
      throw error;
    }
  }
  if (runtime === undefined) throw new Error("no model is loaded");
  const judged = await runtime.judge(request.claims);
  return { kind: "judged", ms: ms(), ...judged };
}

process.on("message", (request: Request) => {
  void answer(request).then((reply) => process.send?.(reply));
});
process.on("disconnect", () => process.exit(0));
