import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import type { Registry } from "prom-client";

import { AssayError } from "../lib/errors.ts";
import { silentLogger, type Logger } from "../lib/logger.ts";

export interface MetricsServerOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly registry: Registry;
  /** What is wrong with the keeper now; nothing if it is well. */
  readonly problems: () => readonly string[];
  readonly log?: Logger;
}

export interface MetricsServer {
  /** Without a slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}

/** The address cannot be listened on. */
export class MetricsServerError extends AssayError<"METRICS_UNAVAILABLE", { host: string; port: number }> {
  constructor(host: string, port: number, cause: unknown) {
    super({
      code: "METRICS_UNAVAILABLE",
      message: `Metrics cannot be served: ${String(cause)}`,
      data: { host, port },
      advice: "Choose another metrics.host or metrics.port in keeper.json, or leave `metrics` out.",
      retryable: false,
      cause,
    });
  }
}

/** Most connections at once: a scraper needs one. */
const CONNECTIONS = 16;
/** Milliseconds for a whole request to come in. */
const REQUEST_MS = 5_000;
const TEXT = "text/plain; charset=utf-8";

/**
 * Serves `GET /metrics` and `GET /healthz`, nothing else, to whoever reaches the address.
 *
 * @throws MetricsServerError
 */
export async function serveMetrics(options: MetricsServerOptions): Promise<MetricsServer> {
  const { host, port, log = silentLogger } = options;
  const server = createServer((request, response) => {
    answer(request, response, options).catch((error: unknown) => {
      log.error("metrics cannot be told", { error: String(error) });
      say(request, response, 500, TEXT, "the log says why\n");
    });
  });
  server.maxConnections = CONNECTIONS;
  server.requestTimeout = REQUEST_MS;
  server.headersTimeout = REQUEST_MS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new MetricsServerError(host, port, error)));
    server.listen(port, host, resolve);
  });
  // It never keeps the keeper alive.
  server.unref();
  const { family, address, port: actual } = server.address() as AddressInfo;
  const url = `http://${family === "IPv6" ? `[${address}]` : address}:${actual}`;
  log.info("metrics served", { url });
  return {
    url,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { registry, problems }: MetricsServerOptions,
): Promise<void> {
  const { method, url = "" } = request;
  const [path] = url.split("?");
  if (path !== "/metrics" && path !== "/healthz")
    return say(request, response, 404, TEXT, "GET /metrics or GET /healthz\n");
  if (method !== "GET" && method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    return say(request, response, 405, TEXT, "GET or HEAD\n");
  }
  if (path === "/metrics") return say(request, response, 200, registry.contentType, await registry.metrics());
  const wrong = problems();
  const body = JSON.stringify({ status: wrong.length === 0 ? "ok" : "unwell", problems: wrong });
  say(request, response, wrong.length === 0 ? 200 : 503, "application/json", `${body}\n`);
}

function say(
  { method }: IncomingMessage,
  response: ServerResponse,
  status: number,
  type: string,
  body: string,
): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(method === "HEAD" ? undefined : body);
}
