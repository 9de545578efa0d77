import { open } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import { silentLogger, type Logger } from "../lib/logger.ts";
import { printable } from "../lib/printable.ts";
import { PAYLOAD_LIMITS } from "../payload/schema.ts";
import { openContentFiles, StoreFullError, type ContentFiles } from "./files.ts";
import { createRateLimit } from "./rateLimit.ts";

export type PayloadStoreLimits = {
  /** Most bytes of one payload; more is answered with 413. */
  readonly payloadBytes: number;
  /** Most bytes of all payloads together; more is answered with 507. */
  readonly diskBytes: number;
  /** PUTs a client may send at once, and how many it gets back per second; more is answered with 429. */
  readonly putBurst: number;
  readonly putsPerSecond: number;
  /** The same for GET and HEAD. */
  readonly getBurst: number;
  readonly getsPerSecond: number;
  /** Open connections of all clients together. */
  readonly connections: number;
  /** Time for a whole request to come in, in milliseconds. */
  readonly requestMs: number;
};

export const DEFAULT_STORE_LIMITS: PayloadStoreLimits = {
  payloadBytes: PAYLOAD_LIMITS.bytes,
  diskBytes: 1_073_741_824,
  putBurst: 60,
  putsPerSecond: 1,
  getBurst: 300,
  getsPerSecond: 20,
  connections: 128,
  requestMs: 15_000,
};

export type PayloadStoreOptions = {
  /** Where the payloads lie; made if it is missing. Nothing else should be in it. */
  folder: string;
  host?: string;
  /** 0 = any free port. */
  port?: number;
  /** How others reach the store, for the URIs it hands out. Default: the address it listens on. */
  publicUrl?: string;
  limits?: Partial<PayloadStoreLimits>;
  log?: Logger;
  /** Milliseconds, never going back; for the rate limits. */
  now?: () => number;
};

export type PayloadStore = {
  /** Without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Takes no new connections, lets requests under way finish for `graceMs` milliseconds, then cuts them off. */
  close(graceMs?: number): Promise<void>;
};

/**
 * Serves a folder of payloads by their hash: `PUT /` stores, `GET /0x…` reads, `GET /health` tells the state. Anyone
 * may do both; what protects the machine are the limits. There is no way to change or remove a payload over HTTP, and
 * a browser page of another origin cannot write, because the store never answers a CORS preflight.
 */
export async function startPayloadStore(options: PayloadStoreOptions): Promise<PayloadStore> {
  const { folder, host = "127.0.0.1", port = 0, log = silentLogger, now } = options;
  const limits = { ...DEFAULT_STORE_LIMITS, ...options.limits };
  const clock = now === undefined ? {} : { now };
  const files = await openContentFiles(folder, { maxBytes: limits.diskBytes });
  const context: StoreContext = {
    files,
    limits,
    log,
    url: "",
    puts: createRateLimit({ burst: limits.putBurst, perSecond: limits.putsPerSecond, ...clock }),
    gets: createRateLimit({ burst: limits.getBurst, perSecond: limits.getsPerSecond, ...clock }),
  };

  let isStopping = false;
  // By default Node looks for late requests every 30 seconds only.
  const connectionsCheckingInterval = Math.min(1_000, limits.requestMs);
  const server = createServer({ connectionsCheckingInterval }, (request, response) => {
    // A connection that is kept alive would hold up the stop until it times out.
    response.once("close", () => isStopping && setImmediate(() => server.closeIdleConnections()));
    serve(request, response, context).catch((error: unknown) => {
      if (error instanceof Refusal) return refuse(response, error);
      if (response.destroyed) return;
      log.error("payload store failed to answer", { method: request.method, error });
      refuse(response, new Refusal(500, "STORE_FAILED", "the store failed; its log says why"));
    });
  });
  server.maxConnections = limits.connections;
  server.requestTimeout = limits.requestMs;
  server.headersTimeout = Math.min(limits.requestMs, 10_000);
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
  context.url = (options.publicUrl ?? `http://${shownHost}:${address.port}`).replace(/\/+$/, "");
  log.info("payload store started", { url: context.url, ...files.usage() });

  return {
    url: context.url,
    port: address.port,
    close: (graceMs = 2_000) =>
      new Promise<void>((resolve) => {
        isStopping = true;
        const cutOff = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close(() => {
          clearTimeout(cutOff);
          log.info("payload store stopped", files.usage());
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

type StoreContext = {
  files: ContentFiles;
  limits: PayloadStoreLimits;
  log: Logger;
  url: string;
  puts: { take(client: string): number };
  gets: { take(client: string): number };
};

/** What the store answers instead of doing as asked. */
class Refusal extends Error {
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

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  context: StoreContext,
): Promise<void> {
  const { method = "", url = "" } = request;
  const isRead = method === "GET" || method === "HEAD";
  if (isRead && url === "/health") {
    const { diskBytes: maxBytes } = context.limits;
    return answerJson(response, 200, { status: "ok", ...context.files.usage(), maxBytes });
  }
  if (isRead) {
    takeToken(context.gets, request);
    return read(url, request, response, context);
  }
  if (method === "PUT" && url === "/") {
    return store(request, response, context);
  }
  throw new Refusal(
    405,
    "METHOD_NOT_ALLOWED",
    "PUT / stores, GET /0x<64 hex digits> reads, GET /health tells",
    {
      headers: { allow: url === "/" ? "PUT" : "GET, HEAD" },
    },
  );
}

function takeToken(limit: { take(client: string): number }, request: IncomingMessage): void {
  const seconds = limit.take(request.socket.remoteAddress ?? "unknown");
  if (seconds > 0) {
    throw new Refusal(429, "TOO_MANY_REQUESTS", "too many requests from this address", {
      headers: { "retry-after": String(seconds) },
    });
  }
}

async function store(
  request: IncomingMessage,
  response: ServerResponse,
  context: StoreContext,
): Promise<void> {
  const { limits, files, log } = context;
  let bytes: Buffer;
  try {
    takeToken(context.puts, request);
    bytes = await readBody(request, limits.payloadBytes);
  } catch (error) {
    // A client that is still sending often misses the answer; let it finish, within reason.
    if (error instanceof Refusal) await drain(request, limits.payloadBytes);
    throw error;
  }
  try {
    const { hash, isNew } = await files.put(bytes);
    if (isNew) log.info("payload stored", { hash, bytes: bytes.length });
    const uri = `${context.url}/${hash}`;
    answerJson(response, isNew ? 201 : 200, { hash, uri }, { location: uri });
  } catch (error) {
    if (!(error instanceof StoreFullError)) throw error;
    log.warn("payload store full", error.data);
    throw new Refusal(507, error.code, "the store has no room for these bytes", error.data);
  }
}

async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const tooBig = (given?: number) =>
    new Refusal(413, "PAYLOAD_TOO_BIG", "the payload has more bytes than allowed", {
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
  if (length === 0)
    throw new Refusal(400, "PAYLOAD_EMPTY", "the body is empty", { given: 0, allowed: maxBytes });
  return Buffer.concat(chunks, length);
}

/** Reads on and throws away: at most twice the limit and one second, so that it is no favour to an endless stream. */
async function drain(request: IncomingMessage, maxBytes: number): Promise<void> {
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

async function read(
  url: string,
  request: IncomingMessage,
  response: ServerResponse,
  { files }: StoreContext,
): Promise<void> {
  const path = files.pathOf(url.slice(1));
  const notFound = new Refusal(
    404,
    "PAYLOAD_NOT_FOUND",
    "no payload with this name: /0x<64 lower-case hex digits>",
  );
  if (path === undefined) throw notFound;
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ENOENT" ? notFound : error;
  });
  try {
    const etag = `"${url.slice(1)}"`;
    const headers = {
      "content-type": "application/octet-stream",
      "cache-control": "public, max-age=31536000, immutable",
      // A stranger's bytes: never a page, never a script.
      "content-security-policy": "default-src 'none'; sandbox",
      "x-content-type-options": "nosniff",
      etag,
    };
    if (request.headers["if-none-match"] === etag) {
      response.writeHead(304, headers).end();
      return;
    }
    response.writeHead(200, { ...headers, "content-length": (await file.stat()).size });
    if (request.method === "HEAD") {
      response.end();
      return;
    }
    await pipeline(file.createReadStream({ autoClose: false }), response).catch(
      (error: NodeJS.ErrnoException) => {
        // The client went away in the middle: its right.
        if (error.code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
      },
    );
  } finally {
    await file.close();
  }
}

function answerJson(
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
