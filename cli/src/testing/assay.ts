import { spawn } from "node:child_process";
import { join } from "node:path";

import { ROOT } from "./chain.ts";

/** Where the command begins. */
export const MAIN = join(ROOT, "cli/src/main.ts");

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs the command as a person would, in a process of its own.
 *
 * @param onSaid told all of the standard output so far, whenever there is more
 */
export function assay(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  onSaid: (stdout: string) => void = () => {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      // Away from the workspace: a deployment of somebody's local network must not get in the way.
      cwd: join(ROOT, "cli"),
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => onSaid((stdout += chunk.toString())));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}
