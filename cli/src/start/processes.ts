import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";

/** Milliseconds a process has to end after SIGTERM before it is killed. */
const GRACE_MS = 5_000;

export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Where its output goes. */
  readonly logFile: string;
}

export type ProcessGroup = {
  /** Starts a process that belongs to the group. */
  start(spec: ProcessSpec): ChildProcess;
  /** Starts a process and waits for its end; a code other than 0 is an error that names its log. */
  run(spec: ProcessSpec): Promise<void>;
  /** Ends all processes, the newest first, and waits until none is left. */
  stop(): Promise<void>;
};

/** Child processes that never outlive their parent's work. */
export function createProcessGroup(onUnexpectedExit: (name: string, logFile: string) => void): ProcessGroup {
  const children: { child: ChildProcess; ended: Promise<number> }[] = [];
  let stopping = false;

  const launch = (spec: ProcessSpec, isExpectedToEnd: boolean) => {
    mkdirSync(dirname(spec.logFile), { recursive: true });
    const log = createWriteStream(spec.logFile);
    const child = spawn(spec.command, [...spec.args], {
      cwd: spec.cwd,
      env: { ...process.env, ...spec.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    const ended = new Promise<number>((resolve) => {
      child.once("error", (error) => {
        log.write(`${String(error)}\n`);
        resolve(-1);
      });
      child.once("exit", (code) => resolve(code ?? -1));
    });
    void ended.then(() => {
      log.end();
      if (!stopping && !isExpectedToEnd) onUnexpectedExit(spec.name, spec.logFile);
    });
    children.push({ child, ended });
    return { child, ended };
  };

  // Should the parent die without stopping, nobody is left behind.
  process.once("exit", () => {
    for (const { child } of children) if (child.exitCode === null) child.kill("SIGKILL");
  });

  return {
    start: (spec) => launch(spec, false).child,
    async run(spec) {
      const code = await launch(spec, true).ended;
      if (code !== 0) throw new Error(`${spec.name} ended with code ${code}; see ${spec.logFile}`);
    },
    async stop() {
      stopping = true;
      for (const { child, ended } of children.toReversed()) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        child.kill("SIGTERM");
        const timer = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
        await ended;
        clearTimeout(timer);
      }
    },
  };
}

/** A TCP port of the loopback interface nobody listens on. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") throw new Error("no port");
      server.close(() => resolve(address.port));
    });
  });
}
