/** Runs a command of the workspace and keeps what it said. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");
export const BIN = join(ROOT, "node_modules", ".bin");

export interface Outcome {
  /** 128 + n for a process ended by a signal. */
  readonly code: number;
  /** stdout and stderr in the order they came. */
  readonly output: string;
  readonly seconds: number;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Show the output while it comes. */
  readonly echo?: boolean;
}

export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  const started = Date.now();
  const cwd = options.cwd ?? ROOT;
  const bin = join(cwd, "node_modules", ".bin");
  const child = spawn(command, [...args], {
    cwd,
    env: {
      // The suites start a thousand processes; what one has compiled, the next need not.
      NODE_COMPILE_CACHE: join(ROOT, "node_modules", ".cache", "node"),
      ...process.env,
      FORCE_COLOR: "0",
      PATH: `${bin}:${process.env.PATH}`,
      ...options.env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      if (options.echo === true) process.stdout.write(chunk);
    });
  }
  const code = await new Promise<number>((done, fail) => {
    child.on("error", fail);
    child.on("close", (status, signal) =>
      done(status ?? (signal === null ? 1 : 128 + constants.signals[signal])),
    );
  });
  return { code, output: Buffer.concat(chunks).toString("utf8"), seconds: (Date.now() - started) / 1_000 };
}

/** The last `lines` lines, for people. */
export function tail(text: string, lines = 40): string {
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}
