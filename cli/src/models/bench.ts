import { fork } from "node:child_process";
import { join } from "node:path";

import { CliError } from "../lib/errors.ts";

/** What a model costs on this machine. */
export interface Bench {
  readonly model: string;
  /** Reading, hashing and loading the files, ms. */
  readonly loadMs: number;
  /** The first claim, which pays for what is done lazily, ms. */
  readonly firstMs: number;
  /** Median time per claim when that many are asked at once. */
  readonly batches: readonly { readonly size: number; readonly msPerClaim: number; readonly runs: number }[];
  /** Most memory the process of the model held (0 where the system does not say), and how much of it before the model was read, bytes. */
  readonly peakBytes: number;
  readonly bytesBefore: number;
}

/** What the process says before it ends. */
export type BenchMessage = { readonly bench: Bench } | { readonly reason: string };

/**
 * Measures a model in a process of its own, whose memory is the model's.
 *
 * @param manifest path of the manifest.json
 * @param data a file of claims; undefined: made-up ones
 * @throws CliError with the reason if the process failed
 */
export function benchModel(manifest: string, data: string | undefined): Promise<Bench> {
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, "benchProcess.ts"), [manifest, ...(data ? [data] : [])], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    let told: BenchMessage | undefined;
    child.on("message", (message) => (told = message as BenchMessage));
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (told !== undefined && "bench" in told) return resolve(told.bench);
      reject(
        new CliError(
          "BENCH_FAILED",
          "The model could not be measured",
          { manifest },
          told?.reason ?? `The process ended with ${signal ?? code}: assay models verify may say why.`,
        ),
      );
    });
  });
}
