import { spawn } from "node:child_process";
import { join } from "node:path";

import { ROOT } from "./chain.ts";

/** A conformance server of the keeper in a process of its own. */
export interface InferenceServer {
  readonly url: string;
  close(): void;
}

/**
 * Starts one of the keeper's servers of inference protocols; it listens on a free port of loopback.
 *
 * @param file openInferenceServer.ts or openaiChatServer.ts
 * @param token what it wants as bearer token
 */
export async function startInferenceServer(
  file: "openInferenceServer.ts" | "openaiChatServer.ts",
  args: readonly string[],
  token = "",
): Promise<InferenceServer> {
  const child = spawn(process.execPath, [join(ROOT, "keeper/src/testing", file), ...args], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { PATH: process.env["PATH"] ?? "", ...(token !== "" && { ASSAY_TEST_TOKEN: token }) },
  });
  let said = "";
  for await (const chunk of child.stdout) {
    said += String(chunk);
    const port = /listening (\d+)\n/.exec(said)?.[1];
    if (port !== undefined) return { url: `http://127.0.0.1:${port}`, close: () => child.kill("SIGKILL") };
  }
  throw new Error(`${file} ended before it listened`);
}
