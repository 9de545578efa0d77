import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve, sep } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { createLogger } from "../lib/logger.ts";
import { fetchPayload } from "../payload/fetch.ts";
import { encodePayload, hashPayload } from "../payload/schema.ts";
import { putPayload, PayloadStoreError } from "./client.ts";
import { openContentFiles } from "./files.ts";
import { startPayloadStore, type PayloadStore, type PayloadStoreLimits } from "./server.ts";

const PLENTY = { putBurst: 1e9, putsPerSecond: 1e9, getBurst: 1e9, getsPerSecond: 1e9 };
const BYTES = encodePayload({ version: 1, domain: "grounded", claims: [{ text: "t", answer: "a" }] });
const HASH = hashPayload(BYTES);
const STORED = /^0x[0-9a-f]{64}$/;

describe("payload store", () => {
  let root: string;
  let folder: string;
  let stores: PayloadStore[];

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "assay-store-"));
    folder = join(root, "payloads");
    stores = [];
  });

  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close(0)));
    rmSync(root, { recursive: true, force: true });
  });

  async function start(limits: Partial<PayloadStoreLimits> = {}, rest: object = {}): Promise<PayloadStore> {
    const store = await startPayloadStore({ folder, limits: { ...PLENTY, ...limits }, ...rest });
    stores.push(store);
    return store;
  }

  type Answer = { status: number; headers: IncomingMessage["headers"]; body: Buffer };

  /** A request whose path is sent exactly as given. */
  function ask(store: PayloadStore, options: RequestOptions, body?: Uint8Array): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = httpRequest({ host: "127.0.0.1", port: store.port, ...options }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          }),
        );
        response.on("error", reject);
      });
      request.on("error", reject);
      request.end(body);
    });
  }

  const put = (store: PayloadStore, bytes: Uint8Array) => ask(store, { method: "PUT", path: "/" }, bytes);
  const errorCode = ({ body }: Answer) =>
    (JSON.parse(body.toString()) as { error: { code: string } }).error.code;

  it("gives back what was put, to fetchPayload too", async () => {
    const store = await start();
    const answer = await put(store, BYTES);
    expect(answer.status).to.equal(201);
    expect(JSON.parse(answer.body.toString())).to.deep.equal({ hash: HASH, uri: `${store.url}/${HASH}` });
    const read = await ask(store, { path: `/${HASH}` });
    expect(read.status).to.equal(200);
    expect(new Uint8Array(read.body)).to.deep.equal(BYTES);
    expect(read.headers).to.include({
      "cache-control": "public, max-age=31536000, immutable",
      "content-type": "application/octet-stream",
      "content-length": String(BYTES.length),
      "x-content-type-options": "nosniff",
      etag: `"${HASH}"`,
    });
    const policy = { allowPrivate: true };
    const fetched = await fetchPayload({ uris: [`${store.url}/${HASH}`], hash: HASH, policy });
    expect(fetched.bytes).to.deep.equal(BYTES);
  });

  it("answers HEAD, a known etag, and /health", async () => {
    const store = await start({ diskBytes: 5_000 });
    await put(store, BYTES);
    const head = await ask(store, { method: "HEAD", path: `/${HASH}` });
    expect([head.status, head.body.length, head.headers["content-length"]]).to.deep.equal([
      200,
      0,
      `${BYTES.length}`,
    ]);
    const known = await ask(store, { path: `/${HASH}`, headers: { "if-none-match": `"${HASH}"` } });
    expect([known.status, known.body.length]).to.deep.equal([304, 0]);
    const health = JSON.parse((await ask(store, { path: "/health" })).body.toString()) as unknown;
    expect(health).to.deep.equal({ status: "ok", files: 1, bytes: BYTES.length, maxBytes: 5_000 });
  });

  it("names the public URL it was given", async () => {
    const store = await start({}, { publicUrl: "https://store.example/p/" });
    expect(JSON.parse((await put(store, BYTES)).body.toString())).to.include({
      uri: `https://store.example/p/${HASH}`,
    });
  });

  it("stores the same bytes once, also when they come twice at the same moment, and after a restart [PAY-10]", async () => {
    const store = await start();
    const answers = await Promise.all(Array.from({ length: 20 }, () => put(store, BYTES)));
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([...Array<number>(19).fill(200), 201]);
    expect(readdirSync(folder)).to.deep.equal([HASH]);
    await store.close();
    const again = await start({ diskBytes: BYTES.length });
    expect((await put(again, BYTES)).status, "even where the disk is full").to.equal(200);
    expect(JSON.parse((await ask(again, { path: "/health" })).body.toString())).to.include({ files: 1 });
  });

  it("refuses too many bytes, announced or not, and nothing at all", async () => {
    const store = await start({ payloadBytes: 1_000 });
    expect((await put(store, new Uint8Array(1_000))).status).to.equal(201);
    const announced = await put(store, new Uint8Array(1_001));
    expect([announced.status, errorCode(announced)]).to.deep.equal([413, "PAYLOAD_TOO_BIG"]);
    const headers = { "transfer-encoding": "chunked" };
    const chunked = await ask(store, { method: "PUT", path: "/", headers }, new Uint8Array(1_001));
    expect([chunked.status, errorCode(chunked)]).to.deep.equal([413, "PAYLOAD_TOO_BIG"]);
    expect((await put(store, new Uint8Array(0))).status).to.equal(400);
    expect(readdirSync(folder)).to.have.length(1);
  });

  it("cuts off a sender that never ends", async () => {
    const store = await start({ payloadBytes: 10_000 });
    const received = await new Promise<string>((resolve) => {
      let text = "";
      let sent = 0;
      const socket = connect(store.port, "127.0.0.1", () => {
        socket.write("PUT / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
        const chunk = `4000\r\n${"x".repeat(0x4000)}\r\n`;
        const pump = () => {
          while (!socket.destroyed && sent < 50_000_000 && socket.write(chunk)) sent += chunk.length;
        };
        socket.on("drain", pump);
        pump();
      });
      socket.on("data", (data) => (text += data.toString()));
      socket.on("error", () => {});
      socket.on("close", () => resolve(`${sent < 50_000_000} ${text.slice(0, 12)}`));
    });
    // The answer may be lost under what was still being sent; the end of the connection is what counts.
    expect(received).to.match(/^true (HTTP\/1\.1 413)?$/);
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it("closes on a sender that is too slow", async () => {
    const store = await start({ requestMs: 300 });
    const began = performance.now();
    await new Promise<void>((resolve) => {
      const socket = connect(store.port, "127.0.0.1", () =>
        socket.write("PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nx"),
      );
      socket.on("error", () => {}).on("close", () => resolve());
      socket.resume();
    });
    // Node looks for late requests in its own rhythm.
    expect(performance.now() - began).to.be.within(250, 5_000);
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it("refuses to grow beyond its cap, counting what was there before", async () => {
    const first = await start();
    await put(first, Buffer.from("12345"));
    await first.close();
    const store = await start({ diskBytes: 10 });
    expect((await put(store, Buffer.from("123456"))).status).to.equal(507);
    const fitting = await Promise.all(
      ["abcde", "fghij", "klmno"].map((text) => put(store, Buffer.from(text))),
    );
    expect(fitting.map(({ status }) => status).sort()).to.deep.equal([201, 507, 507]);
  });

  it("limits the rate of each client and says when to come back", async () => {
    let now = 0;
    const limits = { putBurst: 2, putsPerSecond: 0.1, getBurst: 3, getsPerSecond: 1 };
    const store = await start(limits, { now: () => now });
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) statuses.push((await put(store, Buffer.from([i]))).status);
    expect(statuses).to.deep.equal([201, 201, 429]);
    const refused = await put(store, new Uint8Array(100_000));
    expect([refused.status, refused.headers["retry-after"]]).to.deep.equal([429, "10"]);
    for (let i = 0; i < 3; i++) expect((await ask(store, { path: `/${HASH}` })).status).to.equal(404);
    expect((await ask(store, { path: `/${HASH}` })).status).to.equal(429);
    expect((await ask(store, { path: "/health" })).status, "health is free").to.equal(200);
    now += 10_000;
    expect((await put(store, Buffer.from([9]))).status).to.equal(201);
  });

  it("knows no other methods and paths [PAY-10]", async () => {
    const store = await start();
    await put(store, BYTES);
    for (const method of ["POST", "DELETE", "PATCH", "OPTIONS"]) {
      expect((await ask(store, { method, path: `/${HASH}` })).status, method).to.equal(405);
    }
    expect((await ask(store, { method: "PUT", path: `/${HASH}` }, BYTES)).status).to.equal(405);
    for (const path of [
      `/${HASH.toUpperCase()}`,
      `/${HASH}?x`,
      `/${HASH}/`,
      `//${HASH}`,
      `/x/../${HASH}`,
      "/",
      "/0x",
    ]) {
      expect((await ask(store, { path })).status, path).to.equal(404);
    }
    expect(readdirSync(folder)).to.deep.equal([HASH]);
  });

  it("leads no name outside its folder (10,000 hostile ones)", async () => {
    writeFileSync(join(root, "outside"), "outside");
    const files = await openContentFiles(folder, { maxBytes: 1_000 });
    const part = fc.oneof(
      fc.constantFrom(
        "..",
        ".",
        "/",
        "\\",
        "%2e%2e",
        "%2f",
        "%00",
        "\0",
        "~",
        "outside",
        "0x",
        HASH,
        "C:",
        "con",
        "%c0%ae",
      ),
      fc.string({ maxLength: 8, unit: "binary" }),
    );
    const names = fc.sample(
      fc.array(part, { minLength: 1, maxLength: 8 }).map((parts) => parts.join("")),
      { numRuns: 10_000, seed: 20_250_101 },
    );
    const inside = resolve(folder) + sep;
    for (const name of [...names, `${HASH}\n`, `\n${HASH}`, `${HASH}/../../outside`, `../payloads/${HASH}`]) {
      const path = files.pathOf(name);
      if (path === undefined) continue;
      expect(name).to.match(/^0x[0-9a-f]{64}$/);
      expect(resolve(path).startsWith(inside), name).to.equal(true);
    }

    const store = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    // What an HTTP client cannot put on the wire is dropped from the name, the rest goes over it as it is.
    const onWire = names.slice(0, 1_500).map((name) => "/" + name.replace(/[^\x21-\x7e]/g, ""));
    const statuses = await Promise.all(
      onWire.map(async (path) => (await ask(store, { path, agent })).status),
    );
    agent.destroy();
    expect(new Set(statuses)).to.deep.equal(new Set([404]));
    expect(readdirSync(root).sort()).to.deep.equal(["outside", "payloads"]);
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it("shows a file under its name only when it is whole", async () => {
    const files = await openContentFiles(folder, { maxBytes: 10_000_000 });
    const bytes = new Uint8Array(1_000_000).fill(7);
    let isWritten = false;
    const written = files.put(bytes).finally(() => (isWritten = true));
    let looks = 0;
    while (!isWritten) {
      for (const name of readdirSync(folder).filter((name) => STORED.test(name))) {
        expect(readFileSync(join(folder, name)).length).to.equal(bytes.length);
      }
      looks++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await written;
    expect(looks, "looked while it was being written").to.be.greaterThan(2);
  });

  it("survives kills: every file is whole, the unfinished are gone", async () => {
    const script = `
      import { startPayloadStore } from ${JSON.stringify(import.meta.resolve("./server.ts"))};
      const limits = ${JSON.stringify(PLENTY)};
      const store = await startPayloadStore({ folder: process.argv[1], limits });
      console.log(store.port);`;
    for (let kill = 0; kill < 3; kill++) {
      const child = spawn(process.execPath, ["--input-type=module", "-e", script, folder]);
      const port = await new Promise<number>((resolve) =>
        child.stdout.once("data", (data) => resolve(Number(data))),
      );
      const exited = new Promise((resolve) => child.once("exit", resolve));
      let isRunning = true;
      const writers = Array.from({ length: 4 }, async (_, writer) => {
        for (let i = 0; isRunning; i++) {
          const body = Buffer.alloc(50_000, `${kill} ${writer} ${i} `);
          await ask({ port } as PayloadStore, { method: "PUT", path: "/" }, body).catch(() => {});
        }
      });
      await new Promise((resolve) => setTimeout(resolve, 120 + 60 * kill));
      child.kill("SIGKILL");
      await exited;
      isRunning = false;
      await Promise.all(writers);
    }
    writeFileSync(join(folder, ".unfinished-0123456789ab"), "half");
    const store = await start();
    const names = readdirSync(folder);
    expect(names.length).to.be.greaterThan(3);
    for (const name of names) {
      expect(name).to.match(STORED);
      expect(hashPayload(readFileSync(join(folder, name)))).to.equal(name);
    }
    expect(JSON.parse((await ask(store, { path: "/health" })).body.toString())).to.include({
      files: names.length,
    });
  });

  it("lets requests under way finish when it stops", async () => {
    const store = await start();
    const slow = new Promise<number>((resolve, reject) => {
      const request = httpRequest({ port: store.port, method: "PUT", path: "/" }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      }).on("error", reject);
      request.write("first half");
      setTimeout(() => request.end("second half"), 150);
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const stopped = store.close(5_000);
    expect(await slow).to.equal(201);
    await stopped;
    expect(await ask(store, { path: "/health" }).catch(() => "gone")).to.equal("gone");
  });

  it("cuts off what does not finish in the time of grace", async () => {
    const store = await start();
    const socket = connect(store.port, "127.0.0.1", () =>
      socket.write("PUT / HTTP/1.1\r\ncontent-length: 9\r\nhost: x\r\n\r\n"),
    );
    socket.on("error", () => {});
    await new Promise((resolve) => setTimeout(resolve, 50));
    const began = performance.now();
    await store.close(100);
    expect(performance.now() - began).to.be.within(80, 2_000);
  });

  it("tells a client nothing of its own failures", async () => {
    const lines: string[] = [];
    const store = await start({}, { log: createLogger({ write: (line) => lines.push(line) }) });
    rmSync(folder, { recursive: true });
    writeFileSync(folder, "a file in the place of the folder");
    const answer = await put(store, BYTES);
    expect(answer.status).to.equal(500);
    expect(answer.body.toString()).to.not.include(root);
    expect(lines.at(-1)).to.include("payload store failed to answer").and.to.include("ENOTDIR");
  });

  describe("putPayload", () => {
    const errorOf = (promise: Promise<unknown>) =>
      promise.then(
        () => expect.fail("stored"),
        (error: unknown) => error,
      );

    it("stores and gives hash and URI, once and again", async () => {
      const store = await start();
      const expected = { hash: HASH, uri: `${store.url}/${HASH}` };
      expect(await putPayload(store.url, BYTES)).to.deep.equal(expected);
      expect(await putPayload(`${store.url}/`, BYTES)).to.deep.equal(expected);
    });

    it("tells final refusals from passing ones", async () => {
      const store = await start({ payloadBytes: 10, diskBytes: 10 });
      const tooBig = await errorOf(putPayload(store.url, new Uint8Array(200_000)));
      expect(tooBig)
        .to.be.instanceOf(PayloadStoreError)
        .and.include({ code: "STORE_REFUSED", retryable: false });
      await putPayload(store.url, new Uint8Array(6));
      const full = await errorOf(putPayload(store.url, new Uint8Array(7), { attempts: 2 }));
      expect(full)
        .to.be.instanceOf(PayloadStoreError)
        .and.include({ code: "STORE_REFUSED", retryable: true });
      await store.close();
      const gone = await errorOf(putPayload(store.url, BYTES, { attempts: 2 }));
      expect(gone)
        .to.be.instanceOf(PayloadStoreError)
        .and.include({ code: "STORE_UNREACHABLE", retryable: true });
    });

    it("refuses a store that names another hash", async () => {
      const { createServer } = await import("node:http");
      const liar = createServer((request, response) => {
        request.resume();
        response.end(JSON.stringify({ hash: `0x${"0".repeat(64)}`, uri: "http://x/" }));
      });
      await new Promise<void>((resolve) => liar.listen(0, "127.0.0.1", resolve));
      const url = `http://127.0.0.1:${(liar.address() as { port: number }).port}`;
      expect(await errorOf(putPayload(url, BYTES))).to.include({ code: "STORE_ANSWER_WRONG" });
      liar.closeAllConnections();
      await new Promise((resolve) => liar.close(resolve));
    });

    it("comes back after 429", async () => {
      const store = await start({ putBurst: 1, putsPerSecond: 2 });
      await putPayload(store.url, new Uint8Array([1]));
      expect(await putPayload(store.url, BYTES, { attempts: 6 })).to.include({ hash: HASH });
    });
  });
});
