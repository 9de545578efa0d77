import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { captureMath, hashPayload, parsePayload } from "@assay/keeper";
import { assayAbi, domainRegistryAbi, feeMarketAbi, stakeVaultAbi } from "@assay/published";
import { expect } from "chai";
import {
  bytesToHex,
  formatEther,
  getAbiItem,
  hexToBytes,
  parseEther,
  parseEventLogs,
  toFunctionSelector,
  type Hex,
} from "viem";

import { readPrice } from "../request/credits.ts";
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

  it("tells programs what was opened although a later batch is refused", async () => {
    const price = await readPrice(chain.connection, chain.domain);
    const before = await requestCount();
    // Enough for the first one, which raises the price.
    const most = formatEther(price * 7n);
    const { code, stdout, stderr } = await request("--batch", "1", "--max-fee", most, "--buy", "--json");
    expect([code, stderr.includes("FEE_ABOVE_MAX")], stderr).to.deep.equal([1, true]);
    const { requests } = JSON.parse(stdout) as Opened;
    expect(requests).to.have.length((await requestCount()) - before);
    expect(requests.length).to.be.within(1, CLAIMS.length - 1);
  });

  it("shows the security of a request, and demands it of the contract", async () => {
    const before = await requestCount();
    const { code, stdout, stderr } = await request("--max-capture", "0.05@0.1", "--buy", "--json");
    expect(code, stderr).to.equal(0);
    const { quote, requests } = JSON.parse(stdout) as {
      quote: Record<string, string | number>;
      requests: { transaction: Hex }[];
    };
    expect(quote).to.deep.equal({ ...quote, seats: 7, maxCapture: "50000000000000000" });
    expect(BigInt(quote["capture"]!)).to.equal(await captureOf(parseEther("0.1")));
    const { input } = await chain.connection.client.getTransaction({ hash: requests[0]!.transaction });
    expect(input.slice(0, 10)).to.equal(
      toFunctionSelector(getAbiItem({ abi: assayAbi, name: "requestSecured" })),
    );
    expect(await requestCount()).to.equal(before + 1);
    const told = await request("--max-capture", "0.05@0.1", "--buy");
    expect(told.stdout).to.match(
      /^7 seats, .* WORK for 5 claims; a ring with 0\.1 of the stake captures a claim with probability 0\.0\d+ \(allowed 0\.05\)$/m,
    );
  });

  it("says in one line what is available where the security is not, and opens nothing", async () => {
    const before = await requestCount();
    const { code, stderr } = await request("--max-capture", "0.01@0.2", "--buy");
    expect(code).to.equal(1);
    expect(stderr.trim().split("\n")).to.have.length(1);
    const allow =
      /available: (0\.\d+), attackerShare: 0\.2, seats: 7\) \[INSUFFICIENT_SECURITY\]\. Allow --max-capture (0\.\d+@0\.2)/;
    const [, available, cure] = allow.exec(stderr) ?? [];
    expect(cure, stderr).to.equal(`${available}@0.2`);
    expect(await requestCount()).to.equal(before);
    const cured = await request("--max-capture", cure!, "--buy");
    expect(cured.code, cured.stderr).to.equal(0);
  });

  it("quotes before anything is asked, and says whether a bound is met", async () => {
    const quote = (...args: string[]) =>
      assay(["quote", "--domain", "grounded", "--claims", "5", ...args, ...chain.options]);
    const [all, one, met, unmet, many] = await Promise.all([
      quote("--json"),
      quote("--attacker-share", "0.25", "--json"),
      quote("--max-capture", "0.05@0.1"),
      quote("--max-capture", "0.000001@0.2"),
      quote("--claims", "65"),
    ]);
    const shares = ["0.1", "0.2", "0.33"];
    const { quotes, seats, fee } = JSON.parse(all.stdout) as {
      quotes: { attackerShare: string; capture: string; captureAppealed: string }[];
      seats: number;
      fee: string;
    };
    expect(seats).to.equal(7);
    expect(BigInt(fee) >= 35n * 10n ** 15n, "5 claims, 7 seats, the least price").to.equal(true);
    expect(quotes.map(({ attackerShare }) => attackerShare)).to.deep.equal(
      shares.map((part) => parseEther(part).toString()),
    );
    for (const [i, part] of shares.entries())
      expect(BigInt(quotes[i]!.capture), part).to.equal(await captureOf(parseEther(part)));
    expect(JSON.parse(one.stdout).quotes).to.have.length(1);
    expect(met.stdout).to.include("0.05@0.1 is met");
    expect(unmet.stdout).to.match(/0\.000001@0\.2 is not met\. Allow --max-capture .*not even an appeal/);
    expect(many.stderr).to.match(/given: 65, allowed: 64\) \[TOO_MANY_CLAIMS\]/);
  });

  /** What the domain's committee gives by the keeper's arithmetic. */
  async function captureOf(share: bigint): Promise<bigint> {
    const { client, at } = chain.connection;
    const registry = { address: at.DomainRegistry, abi: domainRegistryAbi } as const;
    const { minSeats, seats, boostCap, decisiveMargin } = await client.readContract({
      ...registry,
      functionName: "committeeOf",
      args: [chain.domain, 1],
    });
    const [, threshold] = await client.readContract({
      address: at.Assay,
      abi: assayAbi,
      functionName: "meansOf",
      args: [chain.domain],
    });
    const vault = { address: at.StakeVault, abi: stakeVaultAbi } as const;
    const epoch = await client.readContract({ ...vault, functionName: "currentEpoch" });
    const sums = await client.readContract({
      ...vault,
      functionName: "domainSums",
      args: [chain.domain],
    });
    const weights: bigint[] = [];
    for (let family = 0; family < 16; family++) {
      const args = [chain.domain, family, epoch] as const;
      weights.push(await client.readContract({ ...vault, functionName: "familyWeight", args }));
    }
    const [, floor] = await client.readContract({
      ...registry,
      functionName: "stakeFloor",
      args: [chain.domain],
    });
    const families = {
      weights: weights.filter((weight) => weight >= floor),
      weight: sums.weight,
      roots: sums.roots,
      boostCap: BigInt(boostCap),
    };
    return captureMath.capture({
      seats: BigInt(seats),
      quorum: BigInt(minSeats),
      ...captureMath.shares(families, share),
      threshold: (threshold * 65_536n) / 10n ** 18n,
      margin: BigInt(decisiveMargin),
      isAppeal: false,
    });
  }

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
