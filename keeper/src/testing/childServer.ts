import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { resolve } from "node:path";

/** A server of this folder in a process of its own. */
export interface ChildServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts a server file of this folder; it listens on a free port of loopback and says `listening <port>`.
 *
 * @param environment on top of PATH, all the process gets
 */
export async function startChildServer(
  file: string,
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<ChildServer> {
  const child = spawn(process.execPath, [resolve(import.meta.dirname, file), ...args], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { PATH: process.env["PATH"] ?? "", ...environment },
  });
  // A test that failed before it could close the server ends all the same, and the server with it: its input ends.
  child.unref();
  (child.stdin as Socket).unref();
  const close = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.ref();
    child.kill("SIGKILL");
    await ended;
  };
  let said = "";
  for await (const chunk of child.stdout) {
    said += String(chunk);
    const port = /listening (\d+)\n/.exec(said)?.[1];
    if (port !== undefined) return { url: `http://127.0.0.1:${port}`, close };
  }
  await close();
  throw new Error(`${file} ended before it listened`);
}
