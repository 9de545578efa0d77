import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";
import { createPublicClient, type PublicClient } from "viem";

import { startTcpProxy, type TcpProxy } from "../testing/tcpProxy.ts";
import { closeSocket, lastingSocket } from "./socket.ts";
import { brief, isPassing } from "./trouble.ts";

const TIMEOUT_MS = 400;
const ANVIL = createRequire(import.meta.url).resolve(
  `@foundry-rs/anvil-${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}/bin/anvil`,
);

/** A real endpoint, anvil, behind a line that fails in every way a line can. */
describe("lastingSocket", function () {
  this.timeout(30_000);
  let node: ChildProcess;
  let proxy: TcpProxy;
  let url: string;
  let client: PublicClient;

  before(async () => {
    node = spawn(ANVIL, ["--port", "0"], { stdio: ["ignore", "pipe", "ignore"] });
    let said = "";
    for await (const chunk of node.stdout!) {
      said += String(chunk);
      if (said.includes("Listening on")) break;
    }
    proxy = await startTcpProxy(Number(/Listening on 127\.0\.0\.1:(\d+)/.exec(said)![1]));
  });
  after(async () => {
    await proxy.close();
    if (node.exitCode === null && node.kill("SIGKILL")) await once(node, "exit");
  });
  beforeEach(() => {
    proxy.mend();
    url = `ws://127.0.0.1:${proxy.port}`;
    client = createPublicClient({ transport: lastingSocket(url, TIMEOUT_MS) });
  });
  afterEach(() => closeSocket(url));

  const ask = (): Promise<number> => client.getChainId();
  const failure = (): Promise<unknown> =>
    ask().then(
      () => undefined,
      (error: unknown) => error,
    );

  it("uses one connection for many requests, also at once", async () => {
    const before = proxy.connections;
    expect(await Promise.all(Array.from({ length: 20 }, ask))).to.deep.equal(Array<number>(20).fill(31_337));
    expect(await ask()).to.equal(31_337);
    expect(proxy.connections - before).to.equal(1);
  });

  it("passes on what the endpoint refuses and keeps the connection", async () => {
    await ask();
    const before = proxy.connections;
    const refused = await client
      .getBlock({ blockNumber: 1_000_000n })
      .catch((error: unknown) => (error instanceof Error ? error.name : undefined));
    expect(refused).to.equal("BlockNotFoundError");
    const unknown = await client
      .request({ method: "assay_unknown" as never })
      .catch((error: unknown) => brief(error));
    expect(unknown).to.include("Invalid parameters");
    await ask();
    expect(proxy.connections).to.equal(before);
  });

  it("opens a new connection when the old one was cut between requests", async () => {
    for (let i = 0; i < 5; i++) {
      expect(await ask()).to.equal(31_337);
      proxy.cut();
    }
  });

  it("asks again when the connection is cut under requests", async () => {
    await ask();
    proxy.hold();
    const answers = Promise.all(Array.from({ length: 10 }, ask));
    await sleep(50);
    proxy.mend();
    const before = proxy.connections;
    proxy.cut();
    expect(await answers).to.deep.equal(Array<number>(10).fill(31_337));
    expect(proxy.connections - before, "one new connection for all").to.equal(1);
  });

  it("leaves a connection that is open but silent", async () => {
    await ask();
    proxy.hold();
    const before = proxy.connections;
    const answers = Promise.all(Array.from({ length: 10 }, ask));
    await sleep(TIMEOUT_MS / 2);
    proxy.mend();
    expect(await answers).to.deep.equal(Array<number>(10).fill(31_337));
    expect(proxy.connections - before, "one new connection for all").to.equal(1);
  });

  it("does not wait for ever for a connection that never opens", async () => {
    proxy.hold();
    const began = Date.now();
    expect(isPassing(await failure()), "the next look may succeed").to.equal(true);
    expect(Date.now() - began).to.be.lessThan(3 * TIMEOUT_MS + 3_000);
    proxy.mend();
    expect(await ask()).to.equal(31_337);
  });

  it("fails while the endpoint is away and answers once it is back, however long that took", async () => {
    await ask();
    proxy.refuse();
    proxy.cut();
    for (let i = 0; i < 3; i++)
      expect(isPassing(await failure()), "the next look may succeed").to.equal(true);
    proxy.mend();
    expect(await ask()).to.equal(31_337);
  });

  it("shows no more of the URL than its host when the endpoint is away", async () => {
    const secret = "0123456789abcdef0123456789abcdef";
    client = createPublicClient({ transport: lastingSocket(`${url}/${secret}`, TIMEOUT_MS) });
    proxy.refuse();
    const text = brief(await failure());
    expect(text).to.not.include(secret);
    expect(text.length).to.be.greaterThan(10);
    closeSocket(`${url}/${secret}`);
  });
});
