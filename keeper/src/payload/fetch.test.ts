import type { RequestListener } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { gzipSync } from "node:zlib";

import { expect } from "chai";

import type { AssayError } from "../lib/errors.ts";
import { createLogger } from "../lib/logger.ts";
import {
  BYTES,
  closeMirrors,
  DATA_URI,
  failuresOf,
  fetchFrom,
  good,
  HASH,
  listen,
  mirror,
} from "../testing/mirrors.ts";
import { fetchPayload, type PayloadUnavailableError } from "./fetch.ts";
import { hashPayload, PayloadError } from "./schema.ts";

describe("fetchPayload", () => {
  afterEach(closeMirrors);

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
        expect(performance.now() - began).to.be.within(140, 8_000);
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
      expect(performance.now() - began).to.be.lessThan(6_000);
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
