import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";
import { bytesToHex, type Hex } from "viem";

import { buildApp, type App } from "./app.ts";
import { NotMinedError, RefusedError } from "./chain/sender.ts";
import { ROUND_EXTENDED, SEAT_REVEALED, SEAT_SETTLED, type Phase } from "./chain/types.ts";
import { HOT_KEY_VARIABLE, readConfig } from "./config.ts";
import { DatabaseError } from "./db/errors.ts";
import { createLogger, silentLogger } from "./lib/logger.ts";
import { ModelFileError } from "./model/errors.ts";
import { putPayload } from "./payloadStore/client.ts";
import { startPayloadStore, type PayloadStore } from "./payloadStore/server.ts";
import { encodePayload, hashPayload } from "./payload/schema.ts";
import { BYTES, PAYLOAD } from "./testing/deps.ts";
import { startTcpProxy, type TcpProxy } from "./testing/tcpProxy.ts";
import { hotKeyOf, MODELS, ownerOf, startLocalChain, type LocalChain } from "./testing/localChain.ts";

/** No one listens there. */
const NOBODY = "http://127.0.0.1:9";

describe("keepers on a real chain", function () {
  this.timeout(120_000);
  let chain: LocalChain;
  let line: TcpProxy;
  let store: PayloadStore;
  let apps: App[] = [];
  const lines: string[] = [];
  /** Of the first keeper. */
  let metricsUrl = "";

  before(async () => {
    chain = await startLocalChain();
    line = await startTcpProxy(Number(new URL(chain.rpcUrl).port));
    store = await startPayloadStore({ folder: join(chain.folder, "payloads") });
    await startAll();
  });
  after(async () => {
    await stopAll();
    await line.close();
    await store.close();
    await chain.stop();
  });
  afterEach(() => lines.splice(0));

  const startAll = async (): Promise<void> => {
    for (const [i] of MODELS.entries()) {
      // The first one talks over a WebSocket, on a bad line.
      const rpcUrl = i === 0 ? `ws://127.0.0.1:${line.port}` : chain.rpcUrl;
      const payload = { allowPrivate: true, deadlineMs: 1_000, mirrors: [NOBODY, store.url] };
      const metrics = i === 0 ? { metrics: { port: 0 } } : {};
      const path = chain.configOf(i, { rpcUrl, payload, blockRange: 3, ...metrics });
      const config = readConfig(path, { [HOT_KEY_VARIABLE]: hotKeyOf(i) });
      apps.push(await buildApp({ config, log: createLogger({ write: (line) => lines.push(line) }) }));
    }
    metricsUrl = lines
      .flatMap((text) => /"url":"([^"]+)","msg":"metrics served"/.exec(text)?.[1] ?? [])
      .at(-1)!;
  };
  const stopAll = async (): Promise<void> => {
    await Promise.all(apps.map((app) => app.close()));
    apps = [];
  };

  /** Lets all keepers look until `isDone`, or a moment longer than any of their duties takes. */
  const look = async (isDone: () => Promise<boolean>, tries = 60): Promise<boolean> => {
    for (let i = 0; i < tries; i++) {
      const ticks = Promise.all(apps.map((app) => app.tick()));
      if (i === 0) line.cut();
      await ticks;
      await sleep(100);
      if (await isDone()) return true;
    }
    return false;
  };
  const state = (id: Hex) => chain.reads.roundState(id, ownerOf(0));
  const isIn = (id: Hex, phase: Phase) => async () => (await state(id)).phase === phase;
  const commits = (id: Hex, count: number) => async () => (await state(id)).round.commits === count;
  const inline = (bytes: Uint8Array, claims: number) =>
    chain.request({ claims, payloadHash: hashPayload(bytes), payload: bytesToHex(bytes) });

  const nobodyCommits = async (id: Hex): Promise<void> => {
    expect(await look(commits(id, 1), 12), "somebody committed").to.equal(false);
  };

  it("vote, reveal, finalize and settle, restarted between all phases", async () => {
    const id = await inline(BYTES, PAYLOAD.claims.length);
    await chain.rpc("hardhat_mine", "0x3");
    const restart = async (): Promise<void> => {
      await stopAll();
      await startAll();
    };
    expect(await look(commits(id, 5)), "all committed").to.equal(true);
    expect(
      lines.filter((text) => text.includes('"metrics served"')),
      "off by default",
    ).to.have.length(1);
    const metrics = await (await fetch(`${metricsUrl}/metrics`)).text();
    const claims = PAYLOAD.claims.length;
    expect(metrics).to.match(new RegExp(`^assay_keeper_model_claims_total ${claims}$`, "m"));
    expect(metrics).to.match(/^assay_keeper_open_requests 1$/m);
    const [, block] = /^assay_keeper_last_block (\d+)$/m.exec(metrics)!;
    expect(Number(block)).to.be.within(1, Number((await chain.reads.head()).number));
    const health = await fetch(`${metricsUrl}/healthz`);
    expect([health.status, await health.json()]).to.deep.equal([200, { status: "ok", problems: [] }]);
    await restart();
    await chain.jump(202);
    expect(await look(async () => (await state(id)).round.reveals === 5), "all revealed").to.equal(true);
    await restart();
    await chain.jump(202);
    expect(await look(isIn(id, "FINALIZED")), "finalized").to.equal(true);
    await restart();
    await chain.jump(10);
    const areSettled = async (): Promise<boolean> => {
      const seats = await Promise.all(MODELS.map((_, i) => chain.reads.seatOf(id, ownerOf(i))));
      return seats.every(
        ({ flags }) => (flags & (SEAT_SETTLED | SEAT_REVEALED)) === (SEAT_SETTLED | SEAT_REVEALED),
      );
    };
    expect(await look(areSettled), "all settled").to.equal(true);
    expect(lines.filter((text) => text.includes('"vote decided"'))).to.have.length(5);
    expect(line.connections, "four starts of the first one, each cut off once").to.be.at.least(8);
    for (const [i] of MODELS.entries()) expect(lines.join("")).to.not.include(hotKeyOf(i).slice(2));
  });

  it("do not vote on what they cannot fetch or judge; the requests end void and the credits return", async () => {
    const before = await chain.credits();
    const data = `data:application/json;base64,${Buffer.from("other bytes").toString("base64")}`;
    const medical = encodePayload({ ...PAYLOAD, domain: "medical" });
    const ids = {
      CONNECTION_FAILED: await chain.request({
        claims: 2,
        payloadHash: hashPayload(BYTES),
        uri: `${NOBODY}/x`,
      }),
      HASH_MISMATCH: await chain.request({ claims: 2, payloadHash: hashPayload(BYTES), uri: data }),
      "claims of domain medical": await inline(medical, 2),
      "it has 2 claims": await inline(BYTES, 3),
      "not JSON": await inline(new TextEncoder().encode("no payload"), 1),
    };
    const all = Object.values(ids);
    expect((await chain.credits()) < before, "credits are reserved").to.equal(true);
    await chain.rpc("hardhat_mine", "0x3");
    for (const id of all) await nobodyCommits(id);
    // Sealed by somebody, they run through their windows, extension included.
    for (const id of all) await chain.seal(id);
    await look(async () => false, 8);
    await chain.jump(205);
    const isExtended = async (id: Hex) => ((await state(id)).round.flags & ROUND_EXTENDED) !== 0;
    expect(
      await look(async () => (await Promise.all(all.map(isExtended))).every(Boolean)),
      "extended",
    ).to.equal(true);
    await chain.jump(450);
    const areVoid = async () => (await Promise.all(all.map((id) => isIn(id, "VOID")()))).every(Boolean);
    expect(await look(areVoid), "void").to.equal(true);
    await look(async () => false, 5);
    expect(await chain.credits()).to.equal(before);
    const text = lines.join("");
    for (const [reason, id] of Object.entries(ids)) {
      const told = lines.some((line) => line.includes(id) && line.includes(reason));
      expect(told, `${reason} is in the log: ${text.slice(0, 3_000)}`).to.equal(true);
    }
  });

  it("take from a mirror of their own what the request's URI does not give", async () => {
    const bytes = encodePayload({ ...PAYLOAD, claims: PAYLOAD.claims.toReversed() });
    await putPayload(store.url, bytes);
    const id = await chain.request({ claims: 2, payloadHash: hashPayload(bytes), uri: `${NOBODY}/x` });
    await chain.rpc("hardhat_mine", "0x3");
    expect(await look(commits(id, 5)), "all committed").to.equal(true);
  });

  it("replace a transaction that hangs, and name a refusal with its arguments", async () => {
    const sender = chain.senderOf(1, { resendMs: 400, attempts: 8 });
    const id = await inline(BYTES, PAYLOAD.claims.length);
    const unknown = await chain
      .commitBy(sender, `0x${"77".repeat(32)}`, ownerOf(0), 5n)
      .catch((e: unknown) => e);
    expect(unknown).to.be.instanceOf(RefusedError);
    expect((unknown as RefusedError).data).to.deep.equal({
      call: "commit",
      error: "UnknownRequest",
      args: [`0x${"77".repeat(32)}`],
    });
    await chain.rpc("hardhat_mine", "0x3");
    await chain.rpc("evm_setIntervalMining", 0);
    await chain.rpc("evm_setAutomine", false);
    const nonce = await chain.reader.getTransactionCount({ address: sender.address });
    const sent: Hex[] = [];
    const order: string[] = [];
    const first = chain.commitBy(sender, id, ownerOf(0), 5n, (hash) => void sent.push(hash), 0);
    const late = chain.commitBy(sender, id, ownerOf(0), 6n).then(() => order.push("commit"));
    const urgent = chain.commitBy(sender, id, ownerOf(0), 7n, undefined, 0).then(() => order.push("reveal"));
    await sleep(1_500);
    await chain.rpc("evm_mine");
    const receipt = await first;
    await chain.rpc("evm_setAutomine", true);
    await chain.rpc("evm_setIntervalMining", 1_000);
    await Promise.all([late, urgent]);
    expect(receipt.transactionHash, "mined is a replacement").to.not.equal(sent[0]);
    expect(order, "by priority").to.deep.equal(["reveal", "commit"]);
    const transaction = await chain.reader.getTransaction({ hash: receipt.transactionHash });
    expect(transaction.nonce).to.equal(nonce);
    expect(await chain.reader.getTransactionCount({ address: sender.address })).to.equal(nonce + 3);
    expect((await chain.reads.seatOf(id, ownerOf(0))).digest, "the last one sent counts").to.equal(6n);
  });

  it("let what is more urgent take the nonce of a transaction that hangs", async () => {
    const sender = chain.senderOf(1);
    const id = await inline(BYTES, PAYLOAD.claims.length);
    await chain.rpc("hardhat_mine", "0x3");
    await chain.rpc("evm_setIntervalMining", 0);
    await chain.rpc("evm_setAutomine", false);
    const nonce = await chain.reader.getTransactionCount({ address: sender.address });
    const outranked = chain.commitBy(sender, id, ownerOf(0), 5n).catch((error: unknown) => error);
    await sleep(500);
    const urgent = chain.commitBy(sender, id, ownerOf(0), 7n, undefined, 0);
    await sleep(1_500);
    await chain.rpc("evm_mine");
    await chain.rpc("evm_setAutomine", true);
    await chain.rpc("evm_setIntervalMining", 1_000);
    const { transactionHash: hash } = await urgent;
    expect(await outranked).to.be.instanceOf(NotMinedError);
    expect((await chain.reader.getTransaction({ hash })).nonce).to.equal(nonce);
    expect((await chain.reads.seatOf(id, ownerOf(0))).digest).to.equal(7n);
  });

  it("do not send again what was mined just before", async () => {
    const id = await inline(BYTES, PAYLOAD.claims.length);
    await chain.rpc("hardhat_mine", "0x3");
    let simulated = 0;
    const reader = {
      ...chain.reader,
      simulateContract: async (call: never) => {
        simulated += 1;
        if (simulated === 2) await chain.rpc("evm_mine");
        return chain.reader.simulateContract(call);
      },
    } as LocalChain["reader"];
    const sender = chain.senderOf(1, { resendMs: 300 }, reader);
    const nonce = await chain.reader.getTransactionCount({ address: sender.address });
    await chain.rpc("evm_setIntervalMining", 0);
    await chain.rpc("evm_setAutomine", false);
    const hashes: Hex[] = [];
    const receipt = await chain.commitBy(sender, id, ownerOf(0), 5n, (hash) => void hashes.push(hash));
    const pending = await chain.reader.getTransactionCount({ address: sender.address, blockTag: "pending" });
    await chain.rpc("evm_setAutomine", true);
    await chain.rpc("evm_setIntervalMining", 1_000);
    expect(simulated, "it was about to send again").to.equal(2);
    expect(receipt.transactionHash).to.equal(hashes[0]);
    expect(pending, "one transaction, mined or not").to.equal(nonce + 1);
  });

  it("leave nothing open when they cannot start, or are stopped while they do", async () => {
    const { open } = line;
    const children = (): string => readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "utf8");
    const running = children();
    const rpcUrl = `ws://127.0.0.1:${line.port}/start`;
    const start = (change: object, signal?: AbortSignal): Promise<unknown> => {
      const config = readConfig(chain.configOf(2, { rpcUrl, database: "new.sqlite", ...change }), {
        [HOT_KEY_VARIABLE]: hotKeyOf(2),
      });
      return buildApp({ config, log: silentLogger, ...(signal && { signal }) }).then(
        () => "started",
        (error: unknown) => error,
      );
    };
    const home = dirname(chain.configOf(2));
    writeFileSync(join(home, "no.sqlite"), "no database".repeat(100));
    expect(await start({ database: "no.sqlite" })).to.be.instanceOf(DatabaseError);
    const model = join(home, "manifest.json");
    writeFileSync(model, "{}");
    expect(await start({ model })).to.be.instanceOf(ModelFileError);
    const stop = new AbortController();
    const stopped = start({}, stop.signal);
    stop.abort("stopped");
    expect(await stopped).to.equal("stopped");
    await sleep(300);
    expect(line.open, "connections").to.equal(open);
    expect(children(), "processes of models").to.equal(running);
  });

  it("stop on SIGTERM with code 0, at once", async () => {
    const main = join(import.meta.dirname, "main.ts");
    const script = `import(${JSON.stringify(main)}).then(async (m) => process.exit(await m.runKeeper(${JSON.stringify(chain.configOf(1, { database: "other.sqlite" }))})))`;
    const child = spawn(process.execPath, ["-e", script], {
      env: { ...process.env, [HOT_KEY_VARIABLE]: hotKeyOf(1) },
      stdio: ["ignore", "pipe", "ignore"],
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    while (!output.includes("keeper started") && child.exitCode === null) await sleep(50);
    await sleep(300);
    const began = Date.now();
    child.kill("SIGTERM");
    const [code] = (await once(child, "exit")) as [number];
    expect(code, output).to.equal(0);
    expect(Date.now() - began).to.be.lessThan(8_000);
    expect(output).to.include("keeper stopped");
  });
});
