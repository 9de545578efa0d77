import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { hashPayload, parsePayload } from "@assay/keeper";
import { assayAbi, feeMarketAbi } from "@assay/published";
import { expect } from "chai";
import { bytesToHex, hexToBytes, parseEventLogs, type Hex } from "viem";

import { assay, MAIN } from "../testing/assay.ts";
import { startTestChain, type Player, type TestChain } from "../testing/chain.ts";
import {
  extendRound,
  fundRequester,
  joinOperators,
  playRound,
  sealRequest,
  settleRound,
  REQUESTER,
} from "../testing/rounds.ts";

const CLAIMS = [
  { id: "a", text: "The bridge was opened in 1932.", answer: "It opened in 1932.", truth: true },
  { id: "b", text: "The bridge was opened in 1932.", answer: "It opened in 1953.", truth: false },
  { text: "Bread rises with yeast.", answer: "Yeast makes bread rise.", truth: true },
  { text: "Bread rises with yeast.", answer: "Bread rises with sand.", truth: false },
  { text: "Snow is cold.", answer: "Snow is not warm." },
];

interface Opened {
  readonly bought: string;
  readonly requests: readonly {
    requestId: Hex;
    claims: number;
    fee: string;
    uri: string;
    payloadHash: Hex;
  }[];
}

describe("assay request", function () {
  this.timeout(60_000);
  let chain: TestChain;
  let players: Player[];
  let file: string;
  let key: Hex;

  before(async () => {
    chain = await startTestChain();
    players = await joinOperators(chain, 10);
    await fundRequester(chain, 0n);
    file = join(chain.folder, "claims.jsonl");
    writeFileSync(file, CLAIMS.map((claim) => `${JSON.stringify(claim)}\n`).join("\n"));
    key = bytesToHex(chain.player(REQUESTER).account.getHdKey().privateKey ?? new Uint8Array());
  });

  after(() => chain.stop());

  const request = (...args: string[]) =>
    assay(["request", "--domain", "grounded", "--file", file, ...args, ...chain.options], { ASSAY_KEY: key });
  const eventOf = async (requestId: Hex) => {
    const { client, at, startBlock } = chain.connection;
    const logs = await client.getLogs({ address: at.Assay, fromBlock: startBlock });
    const opened = parseEventLogs({ abi: assayAbi, eventName: "Requested", logs, strict: true });
    const found = opened.find(({ args }) => args.requestId === requestId);
    if (found === undefined) throw new Error(`no request ${requestId}`);
    return found.args;
  };
  const requestCount = async (): Promise<number> => {
    const { client, at, startBlock } = chain.connection;
    const logs = await client.getLogs({ address: at.Assay, fromBlock: startBlock });
    return parseEventLogs({ abi: assayAbi, eventName: "Requested", logs }).length;
  };

  it("refuses without credits, key or affordable price, and opens nothing", async () => {
    const poor = await request();
    expect(poor.code).to.equal(1);
    expect(poor.stderr).to.match(/\[CREDITS_MISSING\]\. Add --buy to burn WORK for credits\.\n$/);
    const dear = await request("--buy", "--max-fee", "0.01");
    expect(dear.code).to.equal(1);
    expect(dear.stderr).to.match(
      /^A request costs more .*allowed: 0\.01 WORK, claims: 5\) \[FEE_ABOVE_MAX\]/,
    );
    const keyless = await request("--key-env", "NO_SUCH_KEY");
    expect(keyless.stderr).to.match(/variable: NO_SUCH_KEY, given: not set.*\[KEY_MISSING\]/);
    const { client, at } = chain.connection;
    const credits = await client.readContract({
      address: at.FeeMarket,
      abi: feeMarketAbi,
      functionName: "credits",
      args: [chain.player(REQUESTER).address],
    });
    expect([credits, await requestCount()]).to.deep.equal([0n, 0]);
  });

  it("never prints a key, not even a mistaken one", async () => {
    const secret = `0x${"c0ffee".repeat(10)}abcd`;
    const mistaken = ["request", "--domain", secret, "--file", file, ...chain.options];
    const { code, stderr, stdout } = await assay(mistaken, { ASSAY_KEY: secret });
    expect(code).to.equal(1);
    expect(stderr).to.include("given: <secret>");
    expect(stdout + stderr).to.not.include("c0ffee");
  });

  it("buys credits, puts payloads into a store, opens a request per batch", async () => {
    const folder = join(chain.folder, "store");
    mkdirSync(folder);
    const store = spawn(process.execPath, [
      MAIN,
      "store",
      "serve",
      "--folder",
      folder,
      "--port",
      "0",
      "--json",
    ]);
    try {
      const url = await urlOf(store);
      const { code, stdout, stderr } = await request("--batch", "3", "--store", url, "--buy", "--json");
      expect(stderr).to.equal("");
      expect(code).to.equal(0);
      const { bought, requests } = JSON.parse(stdout) as Opened;
      expect(requests.map(({ claims }) => claims)).to.deep.equal([3, 2]);
      const spent = requests.reduce((sum, { fee }) => sum + BigInt(fee), 0n);
      expect(BigInt(bought) >= spent && BigInt(bought) < spent + spent / 20n, "credits bought").to.equal(
        true,
      );
      for (const [i, { requestId, uri, payloadHash }] of requests.entries()) {
        const event = await eventOf(requestId);
        expect([event.uri, event.payload, event.terms.payloadHash]).to.deep.equal([uri, "0x", payloadHash]);
        const bytes = new Uint8Array(await (await fetch(uri)).arrayBuffer());
        expect(hashPayload(bytes)).to.equal(payloadHash);
        const asked = CLAIMS.slice(3 * i, 3 * i + 3).map(({ truth: _, ...claim }) => claim);
        expect(parsePayload(bytes)).to.deep.equal({ version: 1, domain: "grounded", claims: asked });
      }
      const [one, two] = await Promise.all(requests.map(({ requestId }) => eventOf(requestId)));
      expect(one?.terms.sealedNote).to.not.equal(two?.terms.sealedNote);
      expect(one?.terms.nonce).to.not.equal(two?.terms.nonce);
    } finally {
      store.kill("SIGTERM");
      const [code] = (await once(store, "exit")) as [number | null];
      expect(code, "the store stops cleanly").to.equal(0);
    }
  });

  it("carries a small payload inline, without its truths, and waits for the verdicts", async () => {
    const running = request("--buy", "--wait", "--timeout", "50");
    const args = await newestRequest(2);
    const payload = parsePayload(hexToBytes(args.payload));
    expect(payload.claims).to.deep.equal(CLAIMS.map(({ truth: _, ...claim }) => claim));
    expect(args.uri).to.equal("");

    const round = { requestId: args.requestId, terms: args.terms, drawn: players };
    await sealRequest(chain, args.requestId);
    await extendRound(chain, args.requestId);
    const votes = [240, 10, 240, 10, 240];
    const conducts = players.map((player) => ({ player, votes, does: "vote" }) as const);
    await playRound(chain, round, conducts);
    await settleRound(chain, round, conducts);
    const { code, stdout } = await running;
    expect(code).to.equal(0);
    expect(stdout).to.match(new RegExp(`^${args.requestId}  5 claims, .* WORK reserved$`, "m"));
    expect(stdout).to.match(new RegExp(`^${args.requestId}  FINAL$`, "m"));
    expect(stdout).to.include("the verdicts are final");
    expect(stdout.match(/│ (TRUE|FALSE) /g)?.length).to.equal(5);
  });

  it("gives up waiting with 75", async () => {
    const { code, stderr } = await request("--buy", "--wait", "--timeout", "1");
    expect(code).to.equal(75);
    expect(stderr).to.match(/REQUESTED, waited: 1 s\) \[STILL_OPEN\]/);
  });

  /** The request after the first `known`, as soon as it is there. */
  async function newestRequest(known: number): Promise<Awaited<ReturnType<typeof eventOf>>> {
    const { client, at, startBlock } = chain.connection;
    for (;;) {
      const logs = await client.getLogs({ address: at.Assay, fromBlock: startBlock });
      const opened = parseEventLogs({ abi: assayAbi, eventName: "Requested", logs, strict: true });
      const found = opened[known];
      if (found !== undefined) return found.args;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
});

/** The URL a store tells when it has started. */
async function urlOf(store: ChildProcess): Promise<string> {
  let told = "";
  for await (const chunk of store.stdout as AsyncIterable<Buffer>) {
    told += chunk.toString();
    const url = /"url":"([^"]+)"/.exec(told)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error(`the store did not start: ${told}`);
}
