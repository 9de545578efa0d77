import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from "node:net";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { buildConnector } from "undici";
import { type AssayError } from "../lib/errors.ts";
import { createLogger } from "../lib/logger.ts";
import { fetchPayload, PayloadUnavailableError, type FetchPayloadOptions } from "./fetch.ts";
import type { Connector } from "./pinned.ts";
import { encodePayload, hashPayload, PayloadError } from "./schema.ts";

const BYTES = encodePayload({
  version: 1,
  domain: "grounded",
  claims: [{ text: "Oslo is Norway's capital.", answer: "Oslo is the capital." }],
});
const HASH = hashPayload(BYTES);
const DATA_URI = `data:application/json;base64,${Buffer.from(BYTES).toString("base64")}`;
const PUBLIC = "93.184.215.14";

const open: { server: Server | TcpServer; sockets: Set<Socket> }[] = [];

async function listen<T extends Server | TcpServer>(server: T): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket.on("error", () => {})));
  open.push({ server, sockets });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** A mirror on loopback. @returns its URL and how often it was asked */
async function mirror(
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

const good: RequestListener = (_request, response) => response.end(BYTES);

/** Fetches with loopback allowed and one round, unless told otherwise. */
function fetchFrom(uris: string[], options: Partial<FetchPayloadOptions> = {}) {
  const policy = { allowPrivate: true, ...options.policy };
  return fetchPayload({ uris, hash: HASH, ...options, policy, limits: { rounds: 1, ...options.limits } });
}

/** The code of every mirror that failed. */
async function failuresOf(promise: Promise<unknown>): Promise<string[]> {
  const error = await promise.then(
    () => expect.fail("expected no mirror to work"),
    (error: unknown) => error,
  );
  expect(error, String(error)).to.be.instanceOf(PayloadUnavailableError);
  return (error as PayloadUnavailableError).data.failures.map(({ code }) => code);
}

/** Records which addresses are connected to, and leads them all to `port` on loopback. */
function recordingConnector(port: number): { connector: Connector; connected: string[] } {
  const connected: string[] = [];
  const direct = buildConnector({ allowH2: false });
  const connector: Connector = (options, callback) => {
    connected.push(`${options.hostname}:${options.port || "80"}`);
    direct({ ...options, hostname: "127.0.0.1", port: String(port) }, callback);
  };
  return { connector, connected };
}

describe("fetchPayload", () => {
  afterEach(async () => {
    for (const { server, sockets } of open.splice(0)) {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  describe("mirrors", () => {
    it("reads data: URIs and checks their hash", async () => {
      const { payload, uri } = await fetchPayload({ uris: [DATA_URI], hash: HASH });
      expect(payload.claims).to.have.length(1);
      expect(uri).to.equal(DATA_URI);
      const other = fetchPayload({ uris: ["data:,other"], hash: HASH });
      expect(await failuresOf(other)).to.deep.equal(["HASH_MISMATCH"]);
    });

    it("reads http with plain headers and no compression", async () => {
      let headers: NodeJS.Dict<string | string[]> = {};
      const { url } = await mirror((request, response) => {
        headers = request.headers;
        response.end(BYTES);
      });
      expect((await fetchFrom([url])).bytes).to.deep.equal(BYTES);
      expect(headers["accept-encoding"]).to.equal("identity");
      expect(headers).to.not.have.any.keys("cookie", "authorization", "referer");
    });

    it("takes the hash in upper case too", async () => {
      const hash = `0x${HASH.slice(2).toUpperCase()}` as const;
      expect((await fetchPayload({ uris: [DATA_URI], hash })).bytes).to.deep.equal(BYTES);
    });

    it("goes on to the next mirror, whatever is wrong with the one before", async () => {
      const missing = await mirror((_request, response) => response.writeHead(404).end());
      const wrong = await mirror((_request, response) => response.end("{}"));
      const cut = await mirror((_request, response) => {
        response.writeHead(200, { "content-length": 99 }).write("x");
        setTimeout(() => response.destroy(), 10);
      });
      const closed = await mirror((request) => request.socket.destroy());
      const last = await mirror(good);
      const uris = ["gopher://x/", "ipfs://short", missing.url, wrong.url, cut.url, closed.url, last.url];
      expect((await fetchFrom(uris)).uri).to.equal(last.url);
      const failures = await failuresOf(fetchFrom(uris.slice(0, -1)));
      const asExpected = ["SCHEME_NOT_ALLOWED", "IPFS_URI_NOT_VALID", "STATUS_NOT_OK", "HASH_MISMATCH"];
      expect(failures).to.deep.equal([...asExpected, "CONNECTION_FAILED", "CONNECTION_FAILED"]);
    });

    it("comes back to a mirror in trouble, but not to one that lies", async () => {
      const lying = await mirror((_request, response) => response.end("{}"));
      let calls = 0;
      const busy = await mirror((_request, response) =>
        ++calls < 3 ? response.writeHead(503).end() : response.end(BYTES),
      );
      const { uri } = await fetchFrom([lying.url, busy.url], { limits: { rounds: 3 } });
      expect(uri).to.equal(busy.url);
      expect([lying.asked(), busy.asked()]).to.deep.equal([1, 3]);
    });

    it("tells apart what may come back from what will not", async () => {
      const gone = await mirror((_request, response) => response.writeHead(410).end());
      const missing = await mirror((_request, response) => response.writeHead(404).end());
      const errorOf = (uris: string[]) => fetchFrom(uris).catch((error: unknown) => error as AssayError);
      expect((await errorOf([gone.url])) as AssayError).to.include({ retryable: false });
      expect((await errorOf([gone.url, missing.url])) as AssayError).to.include({ retryable: true });
      expect((await errorOf([])) as AssayError).to.include({ code: "PAYLOAD_UNAVAILABLE", retryable: false });
    });

    it("asks no other mirror when the right bytes are no payload [PAY-7]", async () => {
      const bytes = new TextEncoder().encode('{"version": 1}');
      const first = await mirror((_request, response) => response.end(bytes));
      const second = await mirror((_request, response) => response.end(bytes));
      const error = await fetchFrom([first.url, second.url], { hash: hashPayload(bytes) }).catch(
        (e: unknown) => e,
      );
      expect(error).to.be.instanceOf(PayloadError);
      expect(second.asked()).to.equal(0);
    });

    it("looks at a bounded number of mirrors [PAY-9]", async () => {
      const missing = await mirror((_request, response) => response.writeHead(410).end());
      const uris = Array.from({ length: 1_000 }, (_, i) => `${missing.url}?${i}`);
      expect(await failuresOf(fetchFrom(uris, { limits: { maxMirrors: 3 } }))).to.have.length(3);
      expect(missing.asked()).to.equal(3);
    });

    it("reads ipfs:// through the configured gateways", async () => {
      const cid = "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi";
      const paths: string[] = [];
      const gateway = await mirror((request, response) => {
        paths.push(String(request.url));
        response.end(BYTES);
      });
      const policy = {
        allowPrivate: true,
        ipfsGateways: ["http://127.0.0.1:1/", `http://127.0.0.1:${gateway.port}/`],
      };
      expect((await fetchFrom([`ipfs://${cid}/a.json`], { policy })).uri).to.equal(`ipfs://${cid}/a.json`);
      expect(paths).to.deep.equal([`/ipfs/${cid}/a.json`]);
      expect(await failuresOf(fetchFrom([`ipfs://${cid}`]))).to.deep.equal(["NO_IPFS_GATEWAY"]);
      for (const path of ["/../../admin", "/a/../..", "/%2e%2e/x", "/a?x", "@evil.example"]) {
        expect(await failuresOf(fetchFrom([`ipfs://${cid}${path}`], { policy })), path).to.deep.equal([
          "IPFS_URI_NOT_VALID",
        ]);
      }
      const guarded = { allowPrivate: false, ipfsGateways: policy.ipfsGateways };
      expect(await failuresOf(fetchFrom([`ipfs://${cid}`], { policy: guarded }))).to.deep.equal([
        "ADDRESS_NOT_ALLOWED",
        "ADDRESS_NOT_ALLOWED",
      ]);
    });
  });

  describe("size", () => {
    it("refuses an announced size without reading", async () => {
      let drained = false;
      const { url } = await mirror((_request, response) => {
        response.writeHead(200, { "content-length": 10_000_000_000 });
        response.write("x", () => (drained = true));
      });
      expect(await failuresOf(fetchFrom([url]))).to.deep.equal(["ANSWER_TOO_BIG"]);
      expect(drained).to.equal(true);
    });

    it("cuts off an endless stream at the cap [PAY-9]", async () => {
      const chunk = Buffer.alloc(65_536, 0x20);
      let sent = 0;
      let isOver = false;
      const { url } = await mirror((_request, response) => {
        const pump = () => {
          while (!response.destroyed && response.write(chunk)) sent += chunk.length;
          if (!response.destroyed) response.once("drain", pump);
        };
        response.once("close", () => (isOver = true));
        pump();
      });
      const before = process.memoryUsage().rss;
      expect(await failuresOf(fetchFrom([url], { limits: { maxBytes: 1_000_000 } }))).to.deep.equal([
        "ANSWER_TOO_BIG",
      ]);
      expect(process.memoryUsage().rss - before, "memory").to.be.lessThan(150_000_000);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(isOver, "the connection is gone").to.equal(true);
      expect(sent, "what the system's buffers took").to.be.lessThan(30_000_000);
    });

    it("believes the bytes and not a claimed size: 10 kB announced, endless sent", async () => {
      let isOver = false;
      const port = await listen(
        createTcpServer((socket) => {
          socket.on("close", () => (isOver = true));
          socket.on("error", () => {});
          socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10240\r\n\r\n");
          const pump = () => {
            while (!socket.destroyed && socket.write(Buffer.alloc(65_536, 0x20)));
            socket.once("drain", pump);
          };
          pump();
        }),
      );
      const failures = await failuresOf(fetchFrom([`http://127.0.0.1:${port}/`]));
      // The parser takes 10,240 bytes as the body and calls the rest a broken answer, or the hash settles it.
      expect(failures[0]).to.be.oneOf(["HASH_MISMATCH", "CONNECTION_FAILED"]);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(isOver).to.equal(true);
    });

    it("takes a payload of exactly the cap and refuses one byte less of room", async () => {
      const { url } = await mirror(good);
      expect((await fetchFrom([url], { limits: { maxBytes: BYTES.length } })).bytes).to.deep.equal(BYTES);
      const tight = { limits: { maxBytes: BYTES.length - 1 } };
      expect(await failuresOf(fetchFrom([url, DATA_URI], tight))).to.deep.equal([
        "ANSWER_TOO_BIG",
        "DATA_URI_TOO_BIG",
      ]);
    });

    it("refuses compressed answers, so that no bomb is ever unpacked [PAY-9]", async () => {
      for (const encoding of ["gzip", "br", "deflate", "gzip, identity", "zstd"]) {
        const { url } = await mirror((_request, response) => {
          response.writeHead(200, { "content-encoding": encoding }).end(gzipSync(Buffer.alloc(100_000)));
        });
        expect(await failuresOf(fetchFrom([url])), encoding).to.deep.equal(["ENCODING_NOT_ALLOWED"]);
      }
      const { url } = await mirror((_request, response) => {
        response.writeHead(200, { "content-encoding": "identity" }).end(BYTES);
      });
      expect((await fetchFrom([url])).bytes).to.deep.equal(BYTES);
    });
  });

  describe("time", () => {
    const silent: RequestListener = () => {};
    const dripping: RequestListener = (_request, response) => {
      const timer = setInterval(() => response.write(" "), 10);
      response.once("close", () => clearInterval(timer));
    };

    it("leaves silent and dripping mirrors for the next one", async () => {
      for (const listener of [silent, dripping]) {
        const slow = await mirror(listener);
        const last = await mirror(good);
        const began = performance.now();
        expect((await fetchFrom([slow.url, last.url], { limits: { attemptMs: 150 } })).uri).to.equal(
          last.url,
        );
        expect(performance.now() - began).to.be.within(140, 2_000);
        expect(await failuresOf(fetchFrom([slow.url], { limits: { attemptMs: 100 } }))).to.deep.equal([
          "ANSWER_TOO_SLOW",
        ]);
      }
    });

    it("ends at the deadline of the whole, however many mirrors are left [PAY-9]", async () => {
      const slow = await mirror(silent);
      const uris = Array.from({ length: 10 }, (_, i) => `${slow.url}?${i}`);
      const limits = { attemptMs: 100, deadlineMs: 250, rounds: 9 };
      const began = performance.now();
      const error = await fetchFrom(uris, { limits }).catch(
        (error: unknown) => error as PayloadUnavailableError,
      );
      expect(performance.now() - began).to.be.lessThan(1_500);
      expect(error).to.include({ code: "PAYLOAD_UNAVAILABLE", retryable: true });
    });

    it("bounds a resolver that never answers", async () => {
      const lookup = () => new Promise<string[]>(() => {});
      const failures = failuresOf(
        fetchFrom(["http://mirror.example/"], { lookup, limits: { attemptMs: 100 } }),
      );
      expect(await failures).to.deep.equal(["ANSWER_TOO_SLOW"]);
    });

    it("stops with its signal's reason", async () => {
      const slow = await mirror(silent);
      const controller = new AbortController();
      const reason = new Error("stopping");
      setTimeout(() => controller.abort(reason), 50);
      const error = await fetchFrom([slow.url], { signal: controller.signal }).catch(
        (error: unknown) => error,
      );
      expect(error).to.equal(reason);
    });
  });

  describe("addresses", () => {
    const strict = { allowPrivate: false };

    it("refuses private addresses in every spelling before it connects [PAY-8]", async () => {
      const { port, asked } = await mirror(good);
      const hosts = [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "0",
      ];
      for (const host of [...hosts, "[::ffff:7f00:1]", "localhost"]) {
        const [code] = await failuresOf(fetchFrom([`http://${host}:${port}/`], { policy: strict }));
        expect(code, host).to.be.oneOf(["ADDRESS_NOT_ALLOWED", "HOST_NOT_ALLOWED"]);
      }
      expect(asked()).to.equal(0);
    });

    it("takes a host and port on the list", async () => {
      const { url, port } = await mirror(good);
      const policy = { allowPrivate: false, allowedHosts: [`127.0.0.1:${port}`] };
      expect((await fetchFrom([url], { policy })).bytes).to.deep.equal(BYTES);
    });

    it("connects to the very address that was checked, whatever the resolver says later (rebinding) [PAY-8]", async () => {
      const { port } = await mirror(good);
      const { connector, connected } = recordingConnector(port);
      let lookups = 0;
      const lookup = async () => (++lookups === 1 ? [PUBLIC] : ["127.0.0.1"]);
      const { bytes } = await fetchFrom(["http://rebind.example/"], { policy: strict, lookup, connector });
      expect(bytes).to.deep.equal(BYTES);
      expect(lookups, "one look, one connection").to.equal(1);
      expect(connected).to.deep.equal([`${PUBLIC}:80`]);
    });

    it("checks again when it tries again: first public, then private", async () => {
      const busy = await mirror((_request, response) => response.writeHead(503).end());
      const { connector, connected } = recordingConnector(busy.port);
      let lookups = 0;
      const lookup = async () => (++lookups === 1 ? [PUBLIC] : ["169.254.169.254"]);
      const options = { policy: strict, lookup, connector, limits: { rounds: 3 } };
      expect(await failuresOf(fetchFrom(["http://rebind.example/"], options))).to.deep.equal([
        "ADDRESS_NOT_ALLOWED",
      ]);
      expect(connected).to.deep.equal([`${PUBLIC}:80`]);
      expect(lookups).to.equal(2);
    });

    it("tries the other addresses of a host, and those only", async () => {
      const { port } = await mirror(good);
      const { connector, connected } = recordingConnector(port);
      const flaky: Connector = (options, callback) =>
        options.hostname === PUBLIC
          ? (connected.push("refused"), callback(new Error("no route"), null))
          : connector(options, callback);
      const lookup = async () => [PUBLIC, "2606:4700::1"];
      const uris = ["http://mirror.example:8080/"];
      expect((await fetchFrom(uris, { policy: strict, lookup, connector: flaky })).uri).to.equal(uris[0]);
      expect(connected).to.deep.equal(["refused", "2606:4700::1:8080"]);
    });

    it("sends the name of the host to TLS, though it connects to the address", async () => {
      let hello = "";
      const port = await listen(
        createTcpServer((socket) => {
          socket.on("error", () => {});
          socket.once("data", (data) => {
            hello = data.toString("latin1");
            socket.destroy();
          });
        }),
      );
      const { connector, connected } = recordingConnector(port);
      const options = { policy: strict, lookup: async () => [PUBLIC], connector };
      expect(await failuresOf(fetchFrom(["https://mirror.example/"], options))).to.deep.equal([
        "CONNECTION_FAILED",
      ]);
      expect(hello).to.include("mirror.example");
      expect(connected[0]).to.match(/^93\.184\.215\.14:80$/);
    });
  });

  describe("redirects", () => {
    const to =
      (location: string | undefined, status = 302): RequestListener =>
      (_request, response) =>
        response.writeHead(status, location === undefined ? {} : { location }).end();

    it("follows three, relative ones too, and no fourth [PAY-8]", async () => {
      let hops = 3;
      const chain = await mirror((request, response) => {
        const left = Number(request.url?.slice(2) || hops);
        return left === 0
          ? response.end(BYTES)
          : response.writeHead(307, { location: `/p${left - 1}` }).end();
      });
      expect((await fetchFrom([chain.url])).uri).to.equal(chain.url);
      hops = 4;
      expect(await failuresOf(fetchFrom([chain.url]))).to.deep.equal(["TOO_MANY_REDIRECTS"]);
    });

    it("never goes into a private address, by name, number or mapped [PAY-8]", async () => {
      const inside = await mirror(good);
      const hosts = ["127.0.0.1", "2130706433", "[::ffff:127.0.0.1]", "inside.example", "169.254.169.254"];
      for (const [i, host] of hosts.entries()) {
        const outside = await mirror(
          to(`${i % 2 ? "http:" : ""}//${host}:${inside.port}/latest/meta-data`, 301 + (i % 3)),
        );
        const { connector, connected } = recordingConnector(outside.port);
        const lookup = async (name: string) => (name === "outside.example" ? [PUBLIC] : ["10.0.0.1"]);
        const options = { policy: { allowPrivate: false }, lookup, connector };
        const [code] = await failuresOf(fetchFrom(["http://outside.example/"], options));
        expect(code, host).to.be.oneOf(["ADDRESS_NOT_ALLOWED", "HOST_NOT_ALLOWED"]);
        expect(connected, host).to.deep.equal([`${PUBLIC}:80`]);
      }
      expect(inside.asked()).to.equal(0);
    });

    it("leaves the endless body of a redirect or an error behind", async () => {
      for (const status of [302, 404]) {
        let isOver = false;
        const { url } = await mirror((_request, response) => {
          response.writeHead(status, { location: DATA_URI });
          const timer = setInterval(() => response.write("x"), 5);
          response.once("close", () => {
            clearInterval(timer);
            isOver = true;
          });
        });
        await failuresOf(fetchFrom([url]));
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect(isOver, String(status)).to.equal(true);
      }
    });

    it("goes to no other scheme and not nowhere", async () => {
      for (const location of [
        "file:///etc/passwd",
        DATA_URI,
        "ftp://mirror.example/",
        "http://a:b@127.0.0.1/",
      ]) {
        const { url } = await mirror(to(location));
        expect(await failuresOf(fetchFrom([url])), location).to.deep.equal(["HOST_NOT_ALLOWED"]);
      }
      for (const location of [undefined, "http://"]) {
        const { url } = await mirror(to(location));
        expect(await failuresOf(fetchFrom([url])), location).to.deep.equal(["REDIRECT_NOT_VALID"]);
      }
    });
  });

  it("tells every failure in the log and the error, cut and on one line", async () => {
    const lines: string[] = [];
    const log = createLogger({ level: "debug", write: (line) => lines.push(line) });
    const uri = `http://127.0.0.1:1/${"x".repeat(5_000)}\n{"level":"forged"}`;
    const error = await fetchFrom([uri], { log }).catch((error: unknown) => error as PayloadUnavailableError);
    expect(JSON.stringify(error)).to.have.length.lessThan(2_000).and.to.not.include("forged");
    expect(lines).to.have.length(1);
    expect(lines[0]).to.include('"msg":"payload mirror failed"').and.to.not.include("forged");
  });
});
