import { open } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { answerJson, drain, readBody, Refusal, serveHttp, takeToken } from "../lib/httpServer.ts";
import { silentLogger, type Logger } from "../lib/logger.ts";
import { createRateLimit } from "../lib/rateLimit.ts";
import { PAYLOAD_LIMITS } from "../payload/schema.ts";
import { openContentFiles, StoreFullError, type ContentFiles } from "./files.ts";

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

  const server = await serveHttp({
    host,
    port,
    connections: limits.connections,
    requestMs: limits.requestMs,
    serve: (request, response) => serve(request, response, context),
    onFailure: ({ method }, error) => {
      log.error("payload store failed to answer", { method, error });
      return new Refusal(500, "STORE_FAILED", "the store failed; its log says why");
    },
  });
  context.url = (options.publicUrl ?? server.url).replace(/\/+$/, "");
  log.info("payload store started", { url: context.url, ...files.usage() });

  return {
    url: context.url,
    port: server.port,
    async close(graceMs) {
      await server.close(graceMs);
      log.info("payload store stopped", files.usage());
    },
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

async function store(
  request: IncomingMessage,
  response: ServerResponse,
  context: StoreContext,
): Promise<void> {
  const { limits, files, log } = context;
  let bytes: Buffer;
  try {
    takeToken(context.puts, request);
    bytes = await readBody(request, limits.payloadBytes, "payload");
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
