import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Ways a server can fail, chosen by the path a client puts before the protocol's own: `/slow/v2/…`. They are the same
 * for every protocol; what a protocol can do wrong in its own words is up to its server.
 */
export type Misbehaviour =
  | "slow"
  | "hang"
  | "reset"
  | "drip"
  | "status-429"
  | "status-429-long"
  | "status-503"
  | "status-500"
  | "status-401"
  | "redirect"
  | "not-json"
  | "cut-json"
  | "nan"
  | "empty"
  | "wrong-shape"
  | "endless";

/** Takes `/<misbehaviour>` off the front of a path. */
export function splitMisbehaviour(path: string): { misbehaviour?: string; path: string } {
  const [, first = "", rest] = /^\/([a-z0-9-]+)(\/.*)$/.exec(path) ?? [];
  const isOne = rest !== undefined && !/^v\d$/.test(first);
  return isOne ? { misbehaviour: first, path: rest } : { path };
}

/** Answers badly if this is a {@link Misbehaviour}; false if the server has to do it itself. */
export async function misbehave(
  how: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const json = { "content-type": "application/json" };
  const end = (status: number, body: string, headers: Record<string, string> = {}): true => {
    response.writeHead(status, { ...json, ...headers }).end(body);
    return true;
  };
  switch (how as Misbehaviour) {
    case "slow":
      await sleep(30_000, undefined, { ref: false });
      return end(200, "{}");
    case "hang":
      return true;
    case "reset":
      request.socket.resetAndDestroy();
      return true;
    case "status-429":
      return end(429, '{"error":"too many"}');
    case "status-429-long":
      return end(429, '{"error":"too many"}', { "retry-after": "3600" });
    case "status-503":
      return end(503, '{"error":"not ready"}');
    case "status-500":
      return end(500, '{"error":"broken"}');
    case "status-401":
      return end(401, '{"error":"who are you"}');
    case "redirect":
      return end(307, "", { location: (request.url ?? "/").replace(/^\/redirect/, "") });
    case "not-json":
      return end(200, "<html>hello</html>");
    case "cut-json":
      return end(200, '{"outputs":[{"name":"probability","shape":[1],"data":[0.');
    case "nan":
      return end(200, '{"outputs":[{"name":"probability","datatype":"FP32","shape":[1],"data":[NaN]}]}');
    case "empty":
      return end(200, "");
    case "wrong-shape":
      return end(200, '{"outputs":{"probability":0.9},"choices":"true"}');
    case "endless":
      response.writeHead(200, json);
      await pipeline(endlessly("1,".repeat(32_768)), response).catch(() => undefined);
      return true;
    case "drip": {
      response.writeHead(200, json);
      const timer = setInterval(() => response.write(" "), 50);
      response.once("close", () => clearInterval(timer));
      return true;
    }
    default:
      return false;
  }
}

function* endlessly(chunk: string): Generator<string> {
  for (;;) yield chunk;
}
