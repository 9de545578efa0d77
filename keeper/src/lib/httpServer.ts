import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { printable } from "./printable.ts";

export interface HttpServerOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Open connections of all clients together. */
  readonly connections: number;
  /** Time for a whole request to come in, in milliseconds. */
  readonly requestMs: number;
  /** Answers one request; a {@link Refusal} it throws is answered as such. */
  readonly serve: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** Told of everything else it throws; what it returns is answered. */
  readonly onFailure: (request: IncomingMessage, error: unknown) => Refusal;
}

export interface HttpServer {
  /** Without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Takes no new connections, lets requests under way finish for `graceMs` milliseconds, then cuts them off. */
  close(graceMs?: number): Promise<void>;
}

/** What a server answers instead of doing as asked. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Record<string, string>;
  readonly numbers: { given?: number; allowed?: number };

  constructor(
    status: number,
    code: string,
    message: string,
    { headers = {}, ...numbers }: { headers?: Record<string, string>; given?: number; allowed?: number } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
    this.numbers = numbers;
  }
}

/** A server for strangers: few connections, no patience, an answer to everything. */
export async function serveHttp(options: HttpServerOptions): Promise<HttpServer> {
  const { host, port, connections, requestMs, serve, onFailure } = options;
  let isStopping = false;
  // By default Node looks for late requests every 30 seconds only.
  const connectionsCheckingInterval = Math.min(1_000, requestMs);
  const server = createServer({ connectionsCheckingInterval }, (request, response) => {
    // A connection that is kept alive would hold up the stop until it times out.
    response.once("close", () => isStopping && setImmediate(() => server.closeIdleConnections()));
    serve(request, response).catch((error: unknown) => {
      if (error instanceof Refusal) return refuse(response, error);
      if (!response.destroyed) refuse(response, onFailure(request, error));
    });
  });
  server.maxConnections = connections;
  server.requestTimeout = requestMs;
  server.headersTimeout = Math.min(requestMs, 10_000);
  server.keepAliveTimeout = 5_000;

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address() as AddressInfo;
  const shownHost = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return {
    url: `http://${shownHost}:${address.port}`,
    port: address.port,
    close: (graceMs = 2_000) =>
      new Promise<void>((resolve) => {
        isStopping = true;
        const cutOff = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close(() => {
          clearTimeout(cutOff);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

/**
 * A token of a rate limit for the client of a request.
 *
 * @throws Refusal 429 if there is none
 */
export function takeToken(limit: { take(client: string): number }, request: IncomingMessage): void {
  const seconds = limit.take(request.socket.remoteAddress ?? "unknown");
  if (seconds > 0) {
    throw new Refusal(429, "TOO_MANY_REQUESTS", "too many requests from this address", {
      headers: { "retry-after": String(seconds) },
    });
  }
}

/**
 * The whole body, counted while it is read.
 *
 * @param what how the body is called
 * @throws Refusal 413 or 400
 */
export async function readBody(request: IncomingMessage, maxBytes: number, what: string): Promise<Buffer> {
  const name = what.toUpperCase();
  const tooBig = (given?: number) =>
    new Refusal(413, `${name}_TOO_BIG`, `the ${what} has more bytes than allowed`, {
      ...(given === undefined ? {} : { given }),
      allowed: maxBytes,
    });
  const announced = Number(request.headers["content-length"] ?? 0);
  if (announced > maxBytes) throw tooBig(announced);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw tooBig();
    chunks.push(chunk);
  }
  if (length === 0) {
    throw new Refusal(400, `${name}_EMPTY`, "the body is empty", { given: 0, allowed: maxBytes });
  }
  return Buffer.concat(chunks, length);
}

/** Reads on and throws away: at most twice the limit and one second, so that it is no favour to an endless stream. */
export async function drain(request: IncomingMessage, maxBytes: number): Promise<void> {
  if (request.readableEnded || request.destroyed) return;
  let left = 2 * maxBytes;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, 1_000);
    const finish = () => {
      clearTimeout(timer);
      request.pause();
      resolve();
    };
    request.on("data", (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) finish();
    });
    request.once("end", finish).once("close", finish).once("error", finish);
    request.resume();
  });
}

export function answerJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", ...headers });
  response.end(JSON.stringify(body));
}

function refuse(response: ServerResponse, { status, code, message, headers, numbers }: Refusal): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // A body that was not read to its end leaves the connection useless.
  const close: Record<string, string> = response.req.readableEnded ? {} : { connection: "close" };
  answerJson(
    response,
    status,
    { error: { code, message: printable(message), ...numbers } },
    { ...close, ...headers },
  );
}
