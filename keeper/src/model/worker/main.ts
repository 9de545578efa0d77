/**
 * The process that runs a model, and nothing else: it has no key, no network of ours and no database. Started by
 * process.ts; a stranger's graph may take it down.
 */
import { readSync, writeSync } from "node:fs";
import { Worker } from "node:worker_threads";

import { RefusedModel } from "../errors.ts";
import { readGraph } from "../graphFacts.ts";
import { openRuntime, openSession, type Runtime } from "../runtime.ts";
import {
  CHANNEL,
  decodeBody,
  encodeFrame,
  HEAD_BYTES,
  unpackClaims,
  type Reply,
  type Request,
} from "./protocol.ts";

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
      runtime = await openRuntime(request.model, request);
      return { kind: "loaded", ms: ms(), bareMb };
    } catch (error) {
      if (error instanceof RefusedModel) return { kind: "refused", refusal: error.refusal };
      throw error;
    }
  }
  if (runtime === undefined) throw new Error("no model is loaded");
  const judged = await runtime.judge(unpackClaims(request.claims), request.batch, PARCEL_MOST_MS);
  return { kind: "judged", ms: ms(), ...judged };
}

/** No batch of a parcel begins later than this, ms: claims can be slower than those before them. */
const PARCEL_MOST_MS = 250;

/** Room for requests that have come, bytes; more for one that is larger, as long as it is here. */
const INBOX_BYTES = 262_144;
let inbox = Buffer.allocUnsafeSlow(INBOX_BYTES);
let [from, to] = [0, 0];

/** The next request, which holds until the next call; undefined when the keeper has hung up. */
function next(): Request | undefined {
  for (;;) {
    let needed = HEAD_BYTES;
    if (to - from >= HEAD_BYTES) {
      needed += inbox.readUInt32LE(from);
      if (to - from >= needed) {
        const body = inbox.subarray(from + HEAD_BYTES, from + needed);
        from += needed;
        return decodeBody(body) as Request;
      }
    }
    const room = Math.max(INBOX_BYTES, needed);
    const moved = room === inbox.length ? inbox : Buffer.allocUnsafeSlow(room);
    inbox.copy(moved, 0, from, to);
    [inbox, from, to] = [moved, 0, to - from];
    const count = readSync(CHANNEL, inbox, to, room - to, null);
    if (count === 0) return undefined;
    to += count;
  }
}

function write(bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(CHANNEL, bytes, at);
}

// It waits in the system's own calls: there is nothing else to do, and an event loop would cost more than a small model.
for (let request = next(); request !== undefined; request = next())
  write(Buffer.concat(encodeFrame(await answer(request))));
process.exit(0);
