import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Server as TcpServer, Socket } from "node:net";

import { expect } from "chai";
import { buildConnector } from "undici";

import { fetchPayload, PayloadUnavailableError, type FetchPayloadOptions } from "../payload/fetch.ts";
import type { Connector } from "../payload/pinned.ts";
import { encodePayload, hashPayload } from "../payload/schema.ts";

/** A small payload. */
export const BYTES = encodePayload({
  version: 1,
  domain: "grounded",
  claims: [{ text: "Oslo is Norway's capital.", answer: "Oslo is the capital." }],
});
export const HASH = hashPayload(BYTES);
export const DATA_URI = `data:application/json;base64,${Buffer.from(BYTES).toString("base64")}`;
/** A public address that nobody asks. */
export const PUBLIC = "93.184.215.14";

/** Ended by {@link closeMirrors}. */
const open: { server: Server | TcpServer; sockets: Set<Socket> }[] = [];

/** @returns the port of loopback a server listens on */
export async function listen<T extends Server | TcpServer>(server: T): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket.on("error", () => {})));
  open.push({ server, sockets });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** A mirror on loopback. @returns its URL and how often it was asked */
export async function mirror(
  listener: RequestListener,
): Promise<{ url: string; port: number; asked: () => number }> {
  let asked = 0;
  const port = await listen(
    createHttpServer((request, response) => {
      asked++;
      response.on("error", () => {});
      listener(request, response);
    }),
  );
  return { url: `http://127.0.0.1:${port}/p`, port, asked: () => asked };
}

/** A mirror that answers as it should. */
export const good: RequestListener = (_request, response) => response.end(BYTES);

/** Fetches with loopback allowed and one round, unless told otherwise. */
export function fetchFrom(uris: string[], options: Partial<FetchPayloadOptions> = {}) {
  const policy = { allowPrivate: true, ...options.policy };
  return fetchPayload({ uris, hash: HASH, ...options, policy, limits: { rounds: 1, ...options.limits } });
}

/** The code of every mirror that failed. */
export async function failuresOf(promise: Promise<unknown>): Promise<string[]> {
  const error = await promise.then(
    () => expect.fail("expected no mirror to work"),
    (error: unknown) => error,
  );
  expect(error, String(error)).to.be.instanceOf(PayloadUnavailableError);
  return (error as PayloadUnavailableError).data.failures.map(({ code }) => code);
}

/** Records which addresses are connected to, and leads them all to `port` on loopback. */
export function recordingConnector(port: number): { connector: Connector; connected: string[] } {
  const connected: string[] = [];
  const direct = buildConnector({ allowH2: false });
  const connector: Connector = (options, callback) => {
    connected.push(`${options.hostname}:${options.port || "80"}`);
    direct({ ...options, hostname: "127.0.0.1", port: String(port) }, callback);
  };
  return { connector, connected };
}

/** Ends every server of the test. */
export async function closeMirrors(): Promise<void> {
  for (const { server, sockets } of open.splice(0)) {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}
