import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { misbehave, splitMisbehaviour } from "./misbehaviour.ts";

/** What a server of an inference protocol answers; `variant` is a word of the path it may know. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly variant: string | undefined;
  readonly body: unknown;
}

/**
 * Serves an inference protocol for tests: reads JSON, checks the bearer token if ASSAY_TEST_TOKEN is set, fails in the
 * way the path asks for, and counts. `/flaky-2-x/…` fails twice with 503, then works; `/count/…` tells how many requests
 * came for that path before.
 */
export function serveInference(protocol: (asked: Asked) => Promise<Answer>): void {
  const counts = new Map<string, number>();
  const token = process.env["ASSAY_TEST_TOKEN"];

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const send = ({ status, body }: Answer): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    const { misbehaviour: variant, path } = splitMisbehaviour(request.url ?? "/");
    if (variant === "count") return send({ status: 200, body: counts.get(path) ?? 0 });
    const count = (counts.get(request.url ?? "/") ?? 0) + 1;
    counts.set(request.url ?? "/", count);
    const body = await readBody(request);
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`)
      return send({ status: 401, body: { error: "the token is missing or wrong" } });
    const failures = Number(/^flaky-(\d+)-/.exec(variant ?? "")?.[1] ?? 0);
    if (count <= failures) return send({ status: 503, body: { error: "not yet" } });
    // Whoever tests failures of an inference wants to get past the questions before it.
    if (variant !== undefined && request.method === "POST" && (await misbehave(variant, request, response)))
      return;
    send(await protocol({ method: request.method ?? "GET", path, variant, body }));
  };

  process.stdin.once("end", () => process.exit()).resume();
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(JSON.stringify({ error: String(error) }));
    });
  }).listen(0, "127.0.0.1", () =>
    process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`),
  );
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text === "" ? undefined : JSON.parse(text);
}
