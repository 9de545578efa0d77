import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";

import type { Claim } from "../../payload/schema.ts";
import { ModelFileError } from "../errors.ts";
import type { GraphFacts } from "../graphFacts.ts";
import type { Judged, ModelParts } from "../runtime.ts";
import { CHANNEL, createAssembler, encodeFrame, packClaims, type Reply, type Request } from "./protocol.ts";

/** What the process of a model may use. */
export interface WorkerLimits {
  /** Most memory it may hold, MiB. */
  readonly memoryMb: number;
  /** Longest time to load the model, ms. */
  readonly loadMs: number;
  /** Longest time for a batch, ms. */
  readonly deadlineMs: number;
}

/** Why a process is no more. */
export type EndReason = "crashed" | "took too long" | "took too much memory" | "was stopped";

/** The process ended, and with it what it was asked. */
export class WorkerEndedError extends Error {
  readonly reason: EndReason;
  readonly detail: string;
  /** Whether the request had begun; one that had not may be asked again elsewhere. */
  readonly hasBegun: boolean;
  /** Claims of the request it was at; 0 if it was at none. */
  readonly claims: number;
  /** Batches it had judged before. */
  readonly judged: number;

  constructor(reason: EndReason, detail: string, { hasBegun = true, claims = 0, judged = 0 } = {}) {
    super(`the process of the model ${reason} (${detail})`);
    this.name = "WorkerEndedError";
    this.reason = reason;
    this.detail = detail;
    this.hasBegun = hasBegun;
    this.claims = claims;
    this.judged = judged;
  }
}

/** One life of a process that runs a model. Requests are done one after the other, as they were asked. */
export interface ModelProcess {
  readonly pid: number;
  /** Its own time to load, ms, and the memory it held before, MiB. */
  load(
    model: ModelParts,
    path: string,
    isThrifty?: boolean,
  ): Promise<{ readonly ms: number; readonly bareMb: number }>;
  /**
   * Several batches have the time of one, a second at most, and may be answered in part: the first of them.
   *
   * @param batch most claims the graph sees at once
   */
  judge(claims: readonly Claim[], batch: number): Promise<Judged & { readonly ms: number }>;
  /** What a file says about itself; a keeper has no use for it. */
  describe(bytes: Uint8Array, path: string): Promise<GraphFacts>;
  /** Opens a graph and forgets it. */
  open(bytes: Uint8Array, path: string): Promise<void>;
  /** Resolves when it is no more. */
  readonly ended: Promise<WorkerEndedError>;
  stop(): void;
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
  readonly mostMs: number;
  readonly claims: number;
}

/** Longest time for several batches together, which are sent so only if they take milliseconds. */
const PARCEL_DEADLINE_MS = 1_000;
/** Between two looks at the memory of a process, ms. It can outgrow its ceiling by what it touches meanwhile. */
const WATCH_MS = 50;
/** Characters kept of what it wrote to standard error before it ended. */
const LAST_WORDS = 300;
/** Of the keeper's environment the process gets this and nothing else, above all no key. */
const ENVIRONMENT = ["PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH"];

/** Starts a process; nothing is loaded yet. */
export function startModelProcess(limits: WorkerLimits): ModelProcess {
  const main = join(import.meta.dirname, "main.ts");
  const flags = [`--max-old-space-size=${limits.memoryMb}`, "--disable-warning=ExperimentalWarning"];
  const child = spawn(process.execPath, [...flags, main], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    env: Object.fromEntries(
      ENVIRONMENT.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
    ),
  });
  const [channel, words] = [child.stdio[CHANNEL] as Socket, child.stderr as Socket];
  // Only what is asked keeps the keeper running; a process that is left over ends with it.
  for (const handle of [child, channel, words]) handle.unref();
  let reason: EndReason = "crashed";
  let detail: string | undefined;
  let lastWords = "";
  let isOver = false;
  let judged = 0;
  /** The first one is being done. */
  const waiting: Waiting[] = [];
  let watch: NodeJS.Timeout | undefined;
  let deadline: NodeJS.Timeout | undefined;
  words.setEncoding("utf8").on("data", (text: string) => {
    lastWords = (lastWords + text).slice(-LAST_WORDS);
    // V8 may be quicker than the watch.
    if (text.includes("heap out of memory"))
      [reason, detail] = ["took too much memory", `more than ${limits.memoryMb} MiB of heap`];
  });

  /** Starts the clock of the first request, and watches the memory as long as there is one. */
  const keepTime = (): void => {
    clearTimeout(deadline);
    const [first] = waiting;
    if (first === undefined) return;
    const { mostMs } = first;
    const end = (): void => {
      if (waiting[0] === first) kill("took too long", `more than ${mostMs} ms`);
    };
    // Its answer may be here already, if this process was busy: that is read first.
    deadline = setTimeout(() => setImmediate(end), mostMs);
    watch ??= setInterval(look, WATCH_MS).unref();
  };

  /** Once more when there is nothing to do: of many short batches each would be over before anybody looks. */
  const look = (): void => {
    const used = memoryOf(child.pid);
    if (waiting.length === 0) stopWatching();
    if (used > limits.memoryMb)
      kill("took too much memory", `${Math.round(used)} MiB, allowed are ${limits.memoryMb}`);
  };

  const stopWatching = (): void => {
    clearInterval(watch);
    watch = undefined;
  };

  const kill = (why: EndReason, what: string): void => {
    [reason, detail] = [why, what];
    child.kill("SIGKILL");
    // Now it is worth waiting for.
    for (const handle of [child, channel, words]) handle.ref();
  };
  const ended = new Promise<WorkerEndedError>((resolve) => {
    const end = (how: string): void => {
      isOver = true;
      const said = lastWords.replaceAll(/\s+/g, " ").trim();
      const [first, ...others] = waiting.splice(0);
      const why = detail ?? (said === "" ? how : `${how}: ${said}`);
      const error = new WorkerEndedError(reason, why, { claims: first?.claims ?? 0, judged });
      first?.reject(error);
      for (const { reject } of others) reject(new WorkerEndedError(reason, why, { hasBegun: false }));
      keepTime();
      stopWatching();
      resolve(error);
    };
    child.once("error", (error) => end(String(error)));
    // After standard error is closed, so that the last words are known.
    child.once("close", (code, signal) => end(signal ?? `exit code ${code}`));
  });
  const assemble = createAssembler((reply) => {
    waiting.shift()?.resolve(reply as Reply);
    keepTime();
  });
  channel.on("data", (piece: Buffer) => {
    try {
      assemble(piece);
    } catch (error) {
      kill("crashed", `an answer that cannot be read: ${String(error)}`);
    }
  });
  // A request that cannot be sent is answered by the end of the process, which comes right behind.
  channel.on("error", () => {});

  const ask = async (request: Request, mostMs: number, claims = 0): Promise<Reply> => {
    if (isOver || !channel.writable) {
      const { detail: why } = await ended;
      throw new WorkerEndedError(reason, why, { hasBegun: false });
    }
    return new Promise<Reply>((resolve, reject) => {
      waiting.push({ resolve, reject, mostMs, claims });
      if (waiting.length === 1) keepTime();
      channel.cork();
      for (const part of encodeFrame(request)) channel.write(part);
      channel.uncork();
    });
  };

  /** A request about a file that may be anything; its end is a refusal like those of the file. */
  const askOf = async <K extends Reply["kind"]>(
    path: string,
    request: Request,
    wanted: K,
  ): Promise<Extract<Reply, { kind: K }>> => {
    const reply = await ask(request, limits.loadMs).catch((error: unknown) => {
      throw error instanceof WorkerEndedError ? loadError(path, error) : error;
    });
    if (reply.kind === "refused") throw new ModelFileError(path, reply.refusal);
    if (reply.kind !== wanted) throw new Error(`unexpected answer ${reply.kind}`);
    return reply as Extract<Reply, { kind: K }>;
  };

  return {
    pid: child.pid ?? -1,
    ended,
    load: (model, path, isThrifty = false) => askOf(path, { kind: "load", model, isThrifty }, "loaded"),
    async describe(bytes, path) {
      return (await askOf(path, { kind: "describe", bytes }, "described")).facts;
    },
    async open(bytes, path) {
      await askOf(path, { kind: "open", bytes }, "opened");
    },
    async judge(claims, batch) {
      const isParcel = claims.length > batch;
      const mostMs = isParcel ? Math.min(limits.deadlineMs, PARCEL_DEADLINE_MS) : limits.deadlineMs;
      const reply = await ask({ kind: "judge", claims: packClaims(claims), batch }, mostMs, claims.length);
      if (reply.kind !== "judged" || !isWhole(reply.probabilities.length, claims.length, batch))
        throw new Error(`unexpected answer ${reply.kind}`);
      judged += Math.ceil(reply.probabilities.length / batch);
      return reply;
    },
    stop() {
      kill("was stopped", "by the keeper");
    },
  };
}

/** Whether so many claims are whole batches of what was asked. */
function isWhole(judged: number, asked: number, batch: number): boolean {
  return judged === asked || (judged > 0 && judged < asked && judged % batch === 0);
}

/** Most MiB it ever held; 0 where the system does not say. */
export function peakMemoryOf(pid: number | undefined): number {
  return readStatus(pid, "VmHWM");
}

/** MiB in use; 0 where the system does not say, as everywhere but on Linux: then only V8's own limit holds. */
export function memoryOf(pid: number | undefined): number {
  return readStatus(pid, "VmRSS");
}

function readStatus(pid: number | undefined, field: string): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0) / 1_024;
  } catch {
    return 0;
  }
}

/** A model that takes its process down before it has judged anything is refused like any other. */
function loadError(path: string, ended: WorkerEndedError): ModelFileError {
  const { reason, detail } = ended;
  if (reason === "took too long")
    return new ModelFileError(
      path,
      {
        code: "MODEL_TOO_SLOW",
        given: `loading and one trial run take ${detail}`,
        allowed: "inference.loadMs",
        advice: "Look for a loop without end, use a smaller model, or raise inference.loadMs.",
      },
      ended,
    );
  if (reason === "took too much memory")
    return new ModelFileError(
      path,
      {
        code: "MODEL_TOO_BIG",
        given: `loading and one trial run take ${detail}`,
        allowed: "inference.memoryMb",
        advice: "Use a smaller model, or raise inference.memoryMb.",
      },
      ended,
    );
  return new ModelFileError(
    path,
    {
      code: "MODEL_CRASHED",
      given: `a process that ${reason} while it loaded the model (${detail})`,
      allowed: "a graph onnxruntime 1.30 can run",
      advice: "The file is damaged or made to do harm: export the model again.",
    },
    ended,
  );
}
