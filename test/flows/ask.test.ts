import { spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import {
  AskError,
  askOperator,
  createReads,
  encodePayload,
  performanceMath,
  questionAbout,
  questionOf,
  rank,
  SEAT_REVEALED,
  type ChainReads,
  type Contracts,
  type PreparedQuestion,
  type RequestedEvent,
} from "@assay/keeper";
import {
  bringUpNetwork,
  createProcessGroup,
  freePort,
  keeperEnvironment,
  OPERATORS,
  readSamples,
  ROOT,
  writeKeeperConfig,
  type LocalNetwork,
} from "@assay/cli/local-network";
import { performanceLedgerAbi, stakeVaultAbi } from "@assay/published";
import { expect } from "chai";
import { bytesToHex, hexToBytes, toHex, type Address, type Hex } from "viem";
import { mnemonicToAccount } from "viem/accounts";

const MNEMONIC = "test test test test test test test test test test test junk";
const REQUESTER = 19;
const DOMAIN = "grounded";
/** Five operators of five families: with seven expected seats all of them sit. */
const PLANS = OPERATORS.slice(0, 5);
/** These answer; of the others one is gone, one forges and one never ends. */
const [ADA, BEN, GONE, FORGER, SLOW] = [0, 1, 2, 3, 4] as const;

describe("asking operators directly (ASK, PERF)", function () {
  this.timeout(420_000);

  it("secures a request, asks those who voted, falls back down the rank, records and posts what was measured [ASK-6]", async () => {
    const folder = mkdtempSync(join(tmpdir(), "assay-ask-"));
    const group = createProcessGroup(() => {});
    const servers: Server[] = [];
    try {
      const network = await bringUpNetwork(
        group,
        join(folder, "net"),
        slowParameters(folder),
        () => {},
        PLANS,
      );
      const { AccessManager: _unused, ...contracts } = network.deployment.addresses;
      const reads = createReads(network.reader, contracts as Contracts);
      const world = { network, reads, folder };

      const ports = [await freePort(), await freePort()];
      const answering = [
        { port: ports[ADA]!, anyClaims: false },
        { port: ports[BEN]!, anyClaims: true },
      ];
      for (const [i, { name }] of PLANS.entries()) {
        const ask = answering[i];
        group.start({
          name: `keeper ${name}`,
          command: process.execPath,
          args: [
            join(ROOT, "cli/src/main.ts"),
            "keeper",
            "run",
            "--config",
            writeKeeperConfig(network, i, { spread: 3, ...(ask && { ask }) }),
          ],
          cwd: ROOT,
          env: keeperEnvironment(i),
          logFile: join(folder, `${name}.log`),
        });
      }
      const urls = ports.map((port) => `http://127.0.0.1:${port}`);
      urls[GONE] = `http://127.0.0.1:${await freePort()}`;
      urls[FORGER] = await forger(urls[ADA]!, ownerOf(network, FORGER), servers);
      urls[SLOW] = await endless(servers);
      const endpoints = join(folder, "endpoints.json");
      writeFileSync(
        endpoints,
        JSON.stringify(Object.fromEntries(urls.map((url, i) => [ownerOf(network, i), url]))),
      );
      for (const url of [urls[ADA], urls[BEN]])
        await until(async () => (await fetch(`${url}/health`)).ok, 60);

      // Stakes count from the next epoch on: this test's chain may jump there, the keepers live by its clock.
      const { genesis, epochLength } = network.deployment;
      await rpc(
        network,
        "evm_setNextBlockTimestamp",
        genesis + epochLength * (1 + (await reads.currentEpoch())),
      );
      await sleep(1_500);

      const claims = readSamples(join(ROOT, "samples/grounded-claims.jsonl")).slice(0, 4);
      const file = join(folder, "claims.jsonl");
      writeFileSync(file, claims.map((claim) => `${JSON.stringify(claim)}\n`).join(""));
      const receipts = join(folder, "receipts.jsonl");
      const measuring = ["--receipts", receipts, "--endpoints", endpoints, "--allow-private"];
      const requesting = assay(
        world,
        [
          "request",
          "--domain",
          DOMAIN,
          "--file",
          file,
          "--max-capture",
          "0.05@0.1",
          "--wait",
          ...measuring,
          "--json",
        ],
        REQUESTER,
      );
      const request = await opened(world);

      await expectSilence(world, request, urls);

      const ran = await requesting;
      expect(ran.code, ran.stderr).to.equal(0);
      const { quote, verdicts, measured } = JSON.parse(ran.stdout);
      expect(quote.seats, "the quote it was secured by").to.equal(7);
      expect(verdicts[0].isFinal, "final").to.equal(true);
      const answered = measured[0].answers as { operator: Address; asVoted: boolean }[];
      const honest = [ownerOf(network, ADA), ownerOf(network, BEN)].sort();
      expect(answered.map(({ operator }) => operator).sort(), "who answered").to.deep.equal(honest);
      expect(
        answered.every(({ asVoted }) => asVoted),
        "they say what they voted",
      ).to.equal(true);
      const problems = (measured[0].problems as string[]).join("\n");
      expect(problems).to.match(
        new RegExp(`${ownerOf(network, GONE)} gave no answer: .*OPERATOR_UNREACHABLE`),
      );
      expect(problems).to.match(new RegExp(`${ownerOf(network, FORGER)} gave no answer: .*ANSWER_FORGED`));
      expect(problems).to.match(new RegExp(`${ownerOf(network, SLOW)} gave no answer: .*ANSWER_TOO_BIG`));

      await expectFallbacks(world, request, endpoints);
      await expectRecorded(world, request, receipts);
    } finally {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
      await group.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

interface World {
  readonly network: LocalNetwork;
  readonly reads: ChainReads;
  readonly folder: string;
}

/** Until the own vote of a keeper is revealed it says nothing about the request, and nothing about its claims. */
async function expectSilence(
  { network, reads }: World,
  request: RequestedEvent,
  urls: string[],
): Promise<void> {
  const bytes = hexToBytes(request.payload);
  const about = () => questionAbout(request, bytes, nonce());
  const { domain, baseRate, claims } = request.terms;
  const same = () => questionOf({ domain, baseRate, claims }, bytes, nonce());
  const others = encodePayload({
    version: 1,
    domain: DOMAIN,
    claims: [{ text: "Snow is cold.", answer: "Snow is warm." }],
  });
  const ben = ownerOf(network, BEN);
  const isRevealed = async (): Promise<boolean> =>
    ((await reads.seatOf(request.requestId, ben)).flags & SEAT_REVEALED) !== 0;

  let silences = 0;
  for (let isOver = false; !isOver;) {
    const before = await isRevealed();
    const given = await askOne(network, BEN, urls[BEN]!, about());
    const after = await isRevealed();
    if (given === "answered") expect(after, "it speaks only once its vote is public").to.equal(true);
    else {
      expect(given).to.include("VOTE_NOT_REVEALED");
      expect(before, "it speaks as soon as its vote is public").to.equal(false);
      silences += 1;
    }
    isOver = given === "answered";
    if (!isOver && silences === 1) {
      expect(await askOne(network, BEN, urls[BEN]!, same()), "the claims without the request").to.include(
        "CLAIM_OPEN",
      );
      const foreign = questionOf({ domain, baseRate, claims: 1 }, others, nonce());
      expect(await askOne(network, BEN, urls[BEN]!, foreign), "other claims").to.equal("answered");
      const unwanted = questionOf({ domain, baseRate, claims: 1 }, others, nonce());
      expect(await askOne(network, ADA, urls[ADA]!, unwanted), "who did not offer it").to.include(
        "REQUESTS_ONLY",
      );
    }
    // The keepers' own limit is twenty at once and one a second.
    await sleep(1_100);
  }
  expect(silences, "it was asked before its vote was revealed").to.be.greaterThan(2);
}

async function askOne(
  { deployment, operators }: LocalNetwork,
  i: number,
  url: string,
  question: PreparedQuestion,
): Promise<string> {
  const { owner } = operators[i]!;
  const { chainId, addresses } = deployment;
  const hotKey = mnemonicToAccount(MNEMONIC, { addressIndex: 10 + i }).address;
  const modelHash = modelHashOf(i);
  try {
    await askOperator({ url, operator: owner, hotKey, modelHash }, question, {
      deployment: { chainId, assay: addresses.Assay },
      policy: { allowPrivate: true },
    });
    return "answered";
  } catch (error) {
    if (error instanceof AskError) return `${error.code} ${error.data.given}`;
    throw error;
  }
}

/** Two answers are wanted of five operators: the order is that of rank, and whoever fails is replaced by the next. */
async function expectFallbacks(world: World, request: RequestedEvent, endpoints: string): Promise<void> {
  const { network, reads } = world;
  const at = network.deployment.addresses;
  const { requestId, terms } = request;
  const { round } = await reads.roundState(requestId, network.requesterAddress);
  const candidates = [];
  for (const { owner: operator } of network.operators) {
    const args = [terms.domain, operator] as const;
    const [{ active }, reputation] = await Promise.all([
      network.reader.readContract({
        address: at.StakeVault,
        abi: stakeVaultAbi,
        functionName: "poolOf",
        args,
      }),
      network.reader.readContract({
        address: at.PerformanceLedger,
        abi: performanceLedgerAbi,
        functionName: "routingReputationOf",
        args,
      }),
    ]);
    candidates.push({ operator, stake: active, reputation });
  }
  const order = rank(toHex(round.seed, { size: 32 }), candidates).map(({ operator }) => operator);
  const honest = [ownerOf(network, ADA), ownerOf(network, BEN)];

  const ask = ["ask", "--request", requestId, "--endpoints", endpoints, "--allow-private", "--json"];
  for (const wanted of [1, 2]) {
    const ran = await assay(world, [...ask, "--answers", String(wanted), "--deadline", "5000"]);
    expect(ran.code, ran.stderr).to.equal(0);
    const result = JSON.parse(ran.stdout);
    expect(result.order, "the order of the rank").to.deep.equal(order);
    const expected = tiersOf(order, wanted, (operator) => honest.includes(operator));
    const told = (list: { operator: Address; tier: number }[]) =>
      list.map(({ operator, tier }) => `${operator} ${tier}`);
    expect(told(result.answers), `${wanted} wanted: answers`).to.deep.equal(expected.answers);
    expect(told(result.failures), `${wanted} wanted: failures`).to.deep.equal(expected.failures);
  }
  const greedy = await assay(world, [...ask, "--answers", "3", "--deadline", "5000"]);
  expect(greedy.code, "fewer answers than wanted").to.equal(75);
}

/** The rule of PERF-18, read aloud. */
function tiersOf(order: readonly Address[], wanted: number, answers: (operator: Address) => boolean) {
  const found = { answers: [] as string[], failures: [] as string[] };
  let next = 0;
  for (let tier = 1; found.answers.length < wanted && next < order.length; tier++) {
    const until = next + wanted - found.answers.length;
    for (; next < until && next < order.length; next++) {
      const operator = order[next]!;
      (answers(operator) ? found.answers : found.failures).push(`${operator} ${tier}`);
    }
  }
  return found;
}

/** Receipts go on the chain once, a changed one never; R_r of the post is the mirror's. */
async function expectRecorded(world: World, request: RequestedEvent, receipts: string): Promise<void> {
  const { network } = world;
  const { PerformanceLedger: address } = network.deployment.addresses;
  const ledger = { address, abi: performanceLedgerAbi } as const;
  const domain = request.terms.domain;
  const [line] = readFileSync(receipts, "utf8").split("\n");
  const { operator, modelHash } = (JSON.parse(line!) as { receipt: performanceMath.Receipt }).receipt;
  const faster = line!.replace(/"roundTripMs":(\d+)/, (_, ms: string) => `"roundTripMs":${Number(ms) + 1}`);
  const forged = join(world.folder, "forged.jsonl");
  writeFileSync(forged, faster);
  const refused = await assay(world, ["receipts", "record", "--file", forged], 0);
  expect(refused.stdout, refused.stderr).to.include("it is not signed by the requester");

  appendFileSync(receipts, `${line}\n`);
  const recorded = await assay(world, ["receipts", "record", "--file", receipts], 0);
  expect(recorded.code, recorded.stderr).to.equal(0);
  expect(recorded.stdout.match(/recorded 1 receipts of model/g), "one a model").to.have.length(2);
  expect(recorded.stdout).to.include("there is an earlier one in the file");
  const again = await assay(world, ["receipts", "record", "--file", receipts], 0);
  expect(again.stdout.match(/it is recorded already/g)).to.have.length(3);

  const events = await network.reader.getContractEvents({
    ...ledger,
    eventName: "ReceiptRecorded",
    args: { domain, modelHash },
    fromBlock: 0n,
    strict: true,
  });
  const entries = events.map(({ args: { receipt, late } }) => ({ receipt, late }));
  const { requestId, inputSize, outputSize, roundTripMs, inferMs } = entries[0]!.receipt;
  expect([requestId, inputSize, outputSize]).to.deep.equal([
    request.requestId,
    hexToBytes(request.payload).length,
    request.terms.claims,
  ]);
  expect(inferMs <= roundTripMs, "inference is a part of the round trip").to.equal(true);
  const measure = performanceMath.measure(entries, operator, 0);
  const reputation = performanceMath.reputation(10n ** 18n, measure, performanceMath.DEFAULT_RULE);

  const post = ["metrics", "post", operator, "--domain", DOMAIN];
  const posted = await assay(world, [...post, "--json"], 0);
  expect(posted.code, posted.stderr).to.equal(0);
  const { metrics } = await network.reader.readContract({
    ...ledger,
    functionName: "postOf",
    args: [domain, operator],
  });
  const { speed, forward, backward, response } = measure;
  expect(metrics, "the mirror's numbers").to.deep.equal({ speed, forward, backward, response, reputation });
  expect((await assay(world, post, 0)).code, "while the first one is open").to.equal(75);

  const challengeWindow = await network.reader.readContract({ ...ledger, functionName: "CHALLENGE_WINDOW" });
  await rpc(network, "evm_increaseTime", Number(challengeWindow));
  await rpc(network, "evm_mine");
  const withdrawn = await assay(world, ["metrics", "withdraw", operator, "--domain", DOMAIN], 0);
  expect(withdrawn.code, withdrawn.stderr).to.equal(0);
  const counted = await network.reader.readContract({
    ...ledger,
    functionName: "routingReputationOf",
    args: [domain, operator],
  });
  expect(counted, "R_r").to.equal(reputation);
  expect((await assay(world, post, 0)).stderr, "nothing new").to.include("NOTHING_NEW");
}

/** Asks another operator and passes its answer off as its own. */
async function forger(victim: string, owner: Address, servers: Server[]): Promise<string> {
  const server = createServer((request, response) => {
    const pass = async (): Promise<void> => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const answered = await fetch(`${victim}/ask`, { method: "POST", body: Buffer.concat(chunks) });
      const { answer, ...rest } = (await answered.json()) as { answer?: object };
      const modelHash = modelHashOf(FORGER);
      response
        .writeHead(answered.status)
        .end(JSON.stringify({ ...rest, answer: { ...answer, operator: owner, modelHash } }));
    };
    pass().catch(() => response.destroy());
  });
  return listen(server, servers);
}

/** Sends and sends. */
async function endless(servers: Server[]): Promise<string> {
  const server = createServer((_, response) => {
    const more = (): void => {
      if (!response.destroyed) response.write("x".repeat(1_000), () => setTimeout(more, 1));
    };
    more();
  });
  return listen(server, servers);
}

async function listen(server: Server, servers: Server[]): Promise<string> {
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function modelHashOf(i: number): Hex {
  const path = join(ROOT, "models", PLANS[i]!.model, "manifest.json");
  const { files } = JSON.parse(readFileSync(path, "utf8")) as { files: Record<string, string> };
  return `0x${files["model.onnx"]}`;
}

const ownerOf = ({ operators }: LocalNetwork, i: number): Address => operators[i]!.owner;
const nonce = (): Hex => bytesToHex(crypto.getRandomValues(new Uint8Array(32)));

async function rpc({ reader }: LocalNetwork, method: string, ...params: unknown[]): Promise<void> {
  await reader.request({ method: method as never, params: params as never });
}

/** The first request, as soon as it is there. */
async function opened({ network, reads }: World): Promise<RequestedEvent> {
  const domain = network.deployment.domains[DOMAIN]!.id;
  for (;;) {
    const { number } = await reads.head();
    const [request] = await reads.requestsBetween(domain, BigInt(network.deployment.block), number);
    if (request !== undefined) return request;
    await sleep(100);
  }
}

/** Runs the command as a person would, with the key of account `payer` if it needs one. */
function assay(
  { network }: World,
  args: readonly string[],
  payer?: number,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const where = ["--rpc", network.rpcUrl, "--deployment", join(network.folder, "deployment.json")];
  const key =
    payer === undefined
      ? {}
      : {
          ASSAY_KEY: bytesToHex(
            mnemonicToAccount(MNEMONIC, { addressIndex: payer }).getHdKey().privateKey ?? new Uint8Array(),
          ),
        };
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, "cli/src/main.ts"), ...args, ...where], {
      cwd: join(ROOT, "cli"),
      env: { ...process.env, ...key },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** The local parameters with windows long enough for a busy machine. */
function slowParameters(folder: string): string {
  const parameters = JSON.parse(readFileSync(join(ROOT, "deploy/params/local.json"), "utf8")) as {
    protocol: object;
    domains: { committee: Record<string, unknown> }[];
  };
  Object.assign(parameters.protocol, { epochLength: 200, unbonding: 1_000, parameterDelay: 200 });
  Object.assign(parameters.domains[0]!.committee, { expectedBase: 12, revealWindow: 20, sealWindow: 20 });
  const path = join(folder, "slow.json");
  writeFileSync(path, JSON.stringify(parameters));
  return path;
}

async function until(isTrue: () => Promise<boolean>, seconds: number): Promise<void> {
  for (const end = Date.now() + seconds * 1_000; Date.now() < end; await sleep(300)) {
    if (await isTrue().catch(() => false)) return;
  }
  throw new Error(`not within ${seconds} seconds`);
}
