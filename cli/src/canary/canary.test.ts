import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { assayAbi, assayLensAbi, workTokenAbi } from "@assay/published";
import { expect } from "chai";
import { bytesToHex, maxUint256, parseEther, parseEventLogs, type Hex } from "viem";

import { explainSeat } from "../explain/explain.ts";
import { renderExplanation } from "../explain/render.ts";
import { verifyReputation } from "../reputation/verify.ts";
import { assay } from "../testing/assay.ts";
import { startTestChain, type Player, type TestChain } from "../testing/chain.ts";
import {
  appealRound,
  fundRequester,
  joinOperators,
  nextEpoch,
  playRound,
  postReputations,
  REQUESTER,
  sealRequest,
  settleRound,
  type Conduct,
  type OpenRound,
} from "../testing/rounds.ts";
import { readVerdict, renderVerdict } from "../verdict/verdict.ts";
import { readBatch } from "./batch.ts";
import { readCanaries } from "./file.ts";

const CLAIMS = 16;
const COUNT = 3;
const INSPECTOR = 17;
const LIFETIME = 20;
const QUORUM = 4;
/** Every second claim is false, and every operator takes it for true. */
const LINES = Array.from({ length: COUNT * CLAIMS }, (_, i) => ({
  text: `Stone ${i} was laid in 1932.`,
  answer: `Stone ${i} is ${i % 2 === 0 ? "old" : "new"}.`,
  truth: i % 2 === 0,
}));
const VOTES = new Array<number>(CLAIMS).fill(250);

describe("assay canary", function () {
  this.timeout(180_000);
  let chain: TestChain;
  let players: Player[];
  let keys: { inspector: Hex; requester: Hex; owner: Hex };
  let secrets: string;
  let rounds: OpenRound[];

  const keyOf = (index: number): Hex =>
    bytesToHex(chain.player(index).account.getHdKey().privateKey ?? new Uint8Array());
  const run = async (key: Hex, ...args: string[]) =>
    assay(["canary", ...args, ...chain.options, "--json"], { ASSAY_KEY: key });
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  const done = async (key: Hex, ...args: string[]): Promise<any> => {
    const { code, stdout, stderr } = await run(key, ...args);
    expect(code, stderr).to.equal(0);
    return JSON.parse(stdout);
  };
  const prepare = (file: string, out: string) =>
    run(
      keys.inspector,
      ...["prepare", "--domain", "grounded", "--file", file, "--batch", String(CLAIMS), "--out", out],
      ...["--inspector", chain.player(INSPECTOR).address, "--requester", chain.player(REQUESTER).address],
    );
  const file = (name: string, lines: readonly object[]): string => {
    const path = join(chain.folder, name);
    writeFileSync(path, lines.map((line) => JSON.stringify(line)).join("\n"));
    return path;
  };

  before(async () => {
    chain = await startTestChain();
    players = await joinOperators(chain, 10);
    await fundRequester(chain, parseEther("10"));
    keys = { inspector: keyOf(INSPECTOR), requester: keyOf(REQUESTER), owner: keyOf(0) };
    const { at } = chain.connection;
    for (const who of [INSPECTOR, 18]) {
      const endowment = [chain.player(who).address, parseEther("100")];
      await chain.send(chain.player(0), at.WorkToken, workTokenAbi, "transfer", endowment);
    }
    await chain.send(chain.player(18), at.WorkToken, workTokenAbi, "approve", [at.Appeals, maxUint256]);
    secrets = join(chain.folder, "canaries.json");
  });

  after(() => chain.stop());

  it("prepares canaries in a file of their own that nobody else can read", async () => {
    const [{ truth: _truth, ...open }] = LINES as [(typeof LINES)[number]];
    const refused = await prepare(file("open.jsonl", [open]), secrets);
    expect(refused.stderr).to.include("[TRUTH_MISSING]");
    const known = file("known.jsonl", LINES);
    expect((await prepare(known, secrets)).code).to.equal(0);
    expect(statSync(secrets).mode & 0o777).to.equal(0o600);
    const before = readFileSync(secrets, "utf8");
    expect((await prepare(known, secrets)).stderr).to.include("[FILE_NOT_WRITTEN]");
    expect(readFileSync(secrets, "utf8"), "never written twice").to.equal(before);
    const { canaries } = readCanaries(secrets);
    expect(new Set(canaries.map(({ note }) => note)).size).to.equal(COUNT);
  });

  it("registers the batch of an appointed inspector, once", async () => {
    const stranger = await run(keys.inspector, "register", secrets);
    expect(stranger.stderr).to.include("NotInspector");
    await done(keys.owner, "inspector", "grounded", chain.player(INSPECTOR).address);
    const other = await run(keys.requester, "register", secrets);
    expect(other.stderr).to.include("[OTHER_KEY]");
    const { batch, bond } = await done(keys.inspector, "register", secrets);
    expect([batch, bond]).to.deep.equal(["1", parseEther("30").toString()]);
    expect((await run(keys.inspector, "register", secrets)).stderr).to.include("[REGISTERED_ALREADY]");
  });

  it("asks from the next epoch on, each canary once, and opens it when it has verdicts", async () => {
    const early = await run(keys.requester, "ask", secrets);
    expect([early.code, early.stderr.includes("[TOO_EARLY]")]).to.deep.equal([75, true]);
    await nextEpoch(chain);
    const other = await run(keys.inspector, "ask", secrets);
    expect(other.stderr).to.include("[OTHER_KEY]");
    rounds = [];
    for (let position = 0; position < COUNT; position++) {
      const { requests } = await done(keys.requester, "ask", secrets, "--buy");
      expect(requests.length).to.equal(1);
      const { requestId, terms } = (await readBatch(chain.connection, readCanaries(secrets))).canaries[
        position
      ]!;
      if (requestId === undefined || terms === undefined) throw new Error("the canary was not asked");
      expect(requestId).to.equal(requests[0].requestId);
      await sealRequest(chain, requestId);
      const round = { requestId, terms, drawn: await drawnFor(requestId) };
      await playRound(chain, round, conducts(round), { report: false });
      const { opened } = await done(keys.inspector, "open", secrets, "--wait", "--timeout", "60");
      expect(opened).to.deep.equal([requestId]);
      rounds.push(round);
    }
    expect((await done(keys.requester, "ask", secrets)).requests).to.deep.equal([]);
    const batch = await readBatch(chain.connection, readCanaries(secrets));
    expect(batch.canaries.map(({ asked, counts }) => [asked, counts])).to.deep.equal(
      rounds.map(({ drawn }) => [1, drawn.length >= QUORUM]),
    );
  });

  it("says to everybody what was a canary", async () => {
    const round = counting();
    const verdict = await readVerdict(chain.connection, round.requestId);
    expect(verdict.differences).to.deep.equal([]);
    expect(verdict.canary).to.deep.include({
      inspector: chain.player(INSPECTOR).address,
      batch: 1n,
      counts: true,
    });
    expect(verdict.canary?.answers.slice(0, 2)).to.deep.equal(["TRUE", "FALSE"]);
    expect(verdict.claims.every(({ verdict: name }) => name === "TRUE")).to.equal(true);
    expect(renderVerdict(verdict)).to.include("CANARY of batch 1");
    expect(verdict.finalAt).to.equal(await clockOf(round.requestId));
    const said = await assay(["verdict", round.requestId, ...chain.options]);
    expect(said.stdout, said.stderr).to.include("opened by inspector");
  });

  it("judges reputation by the answers, and explains it to the wei", async () => {
    const round = counting();
    await settleRound(chain, round, conducts(round));
    for (const { address } of round.drawn) {
      const explanation = await explainSeat(chain.connection, round.requestId, address);
      expect(explanation.differences, address).to.deep.equal([]);
      const { seat } = explanation;
      if (seat.kind !== "scored") throw new Error(`the seat is ${seat.kind}`);
      expect([seat.score.isInspected, seat.score.weighed]).to.deep.equal([true, BigInt(CLAIMS)]);
      expect(seat.score.value > 0n, "the verdicts still pay").to.equal(true);
      expect(seat.outcomes, "the answers do not").to.deep.equal([1]);
      expect(renderExplanation(explanation)).to.include("This request was a canary");
    }
    await postReputations(chain, players);
    const { mismatches } = await verifyReputation(chain.connection, { id: chain.domain, name: "grounded" });
    expect(mismatches).to.deep.equal([]);
  });

  it("lets an appeal overturn answers, which costs the inspector its part", async () => {
    // Time went on, so the others are final; this one is asked anew in a batch of its own.
    const single = join(chain.folder, "single.json");
    const known = file("single.jsonl", LINES.slice(0, CLAIMS));
    expect((await prepare(known, single)).code).to.equal(0);
    await done(keys.inspector, "register", single);
    await nextEpoch(chain);
    const round = await askUntilSeated(single);
    const votes = conducts(round);
    await playRound(chain, round, votes);
    await done(keys.inspector, "open", single);
    const next = await appealRound(chain, chain.player(18), round, players);
    const again = conducts(next);
    await playRound(chain, next, again);
    await settleRound(chain, next, again, 1n);
    await settleRound(chain, round, votes);
    const verdict = await readVerdict(chain.connection, round.requestId);
    expect(verdict.differences).to.deep.equal([]);
    const { seat, appeals, differences } = await explainSeat(
      chain.connection,
      round.requestId,
      round.drawn[0]!.address,
    );
    expect(differences).to.deep.equal([]);
    if (seat.kind !== "scored") throw new Error(`the seat is ${seat.kind}`);
    expect(seat.outcomes.includes(1), "the appeal says what they said").to.equal(false);
    expect(appeals.length).to.equal(1);
    // Whoever appealed has no file of the inspector's.
    const { batch, bounty, burned, overturned } = await done(keyOf(18), "conclude", round.requestId);
    expect([batch, overturned]).to.deep.equal(["2", true]);
    expect([bounty, burned]).to.deep.equal([parseEther("0.5"), parseEther("9.5")].map(String));
    const status = await readBatch(chain.connection, readCanaries(single));
    expect(status.canaries[0]?.overturned).to.equal(true);
    const refused = await run(keyOf(18), "conclude", round.requestId);
    expect(refused.stderr).to.include("[CONCLUDED_ALREADY]");
  });

  it("lets anybody prove that a canary was asked twice, which costs the whole bond", async () => {
    const twice = join(chain.folder, "twice.json");
    expect((await prepare(file("twice.jsonl", LINES.slice(0, CLAIMS)), twice)).code).to.equal(0);
    await done(keys.inspector, "register", twice);
    await nextEpoch(chain);
    const round = await askUntilSeated(twice);
    const early = await run(keyOf(18), "conclude", round.requestId);
    expect(early.stderr).to.include("[NO_CANARY]");
    await playRound(chain, round, conducts(round), { report: false });
    await done(keys.inspector, "open", twice);
    const running = await run(keyOf(18), "conclude", round.requestId);
    expect([running.code, running.stderr.includes("[NOT_FINAL]")]).to.deep.equal([75, true]);
    const none = await run(keyOf(18), "denounce", round.requestId, rounds[0]!.requestId);
    expect(none.stderr).to.include("[NOT_ASKED_TWICE]");
    const { requestId: second } = await askWith(twice, 1_000n);
    const swapped = await run(keyOf(18), "denounce", second, round.requestId);
    expect(swapped.stderr).to.include("[WRONG_ORDER]");
    const { bounty, burned } = await done(keyOf(18), "denounce", round.requestId, second);
    expect([bounty, burned]).to.deep.equal([parseEther("0.5"), parseEther("9.5")].map(String));
    expect((await readBatch(chain.connection, readCanaries(twice))).state).to.equal("BURNED");
    const over = await run(keyOf(18), "denounce", round.requestId, second);
    expect(over.stderr).to.include("[BATCH_OVER]");
  });

  it("returns the bond when the time of the batch is over", async () => {
    const { at, reads } = chain.connection;
    const { genesis, epochLength } = await reads.clock();
    const { lastEpoch } = await readBatch(chain.connection, readCanaries(secrets));
    expect(Number(lastEpoch)).to.be.greaterThan(LIFETIME - 1);
    await chain.travelTo(genesis + (Number(lastEpoch) + 1) * epochLength);
    const balance = () =>
      chain.connection.client.readContract({
        address: at.WorkToken,
        abi: workTokenAbi,
        functionName: "balanceOf",
        args: [chain.player(INSPECTOR).address],
      });
    const before = await balance();
    const { concluded, state } = await done(keys.inspector, "close", secrets);
    expect([concluded, state]).to.deep.equal([COUNT, "RETURNED"]);
    expect((await balance()) - before).to.equal(parseEther("30"));
    const text = await assay(["canary", "status", secrets, ...chain.options]);
    expect(text.stdout).to.include("batch 1, RETURNED");
  });

  const conducts = ({ drawn }: OpenRound): Conduct[] =>
    drawn.map((player) => ({ player, votes: VOTES, does: drawn.length < QUORUM ? "stay silent" : "vote" }));

  /** A canary whose committee reached its quorum. */
  const counting = (): OpenRound => {
    const found = rounds.find(({ drawn }) => drawn.length >= QUORUM);
    if (found === undefined) throw new Error("none of the canaries had a quorum");
    return found;
  };

  async function drawnFor(requestId: Hex): Promise<Player[]> {
    const { client, at } = chain.connection;
    const drawn: Player[] = [];
    for (const player of players) {
      const [sits] = await client.readContract({
        address: at.AssayLens,
        abi: assayLensAbi,
        functionName: "isDrawn",
        args: [requestId, player.address],
      });
      if (sits) drawn.push(player);
    }
    return drawn;
  }

  async function clockOf(requestId: Hex): Promise<number> {
    const { client, at } = chain.connection;
    const lens = { address: at.AssayLens, abi: assayLensAbi, args: [requestId] } as const;
    return (await client.readContract({ ...lens, functionName: "roundOf" })).clock;
  }

  /** The canary of a batch of one; its note is used again where a committee is too small, as no inspector may. */
  async function askUntilSeated(path: string): Promise<OpenRound> {
    for (let tries = 0; tries < 40; tries++) {
      const request = await askWith(path, BigInt(tries));
      await sealRequest(chain, request.requestId);
      const drawn = await drawnFor(request.requestId);
      if (drawn.length >= 5) return { ...request, drawn };
    }
    throw new Error("no committee of 5 in 40 requests");
  }

  /** Asks the first canary of a file, as often as one likes. */
  async function askWith(path: string, nonce: bigint): Promise<Omit<OpenRound, "drawn">> {
    const [canary] = readCanaries(path).canaries;
    const ask = {
      domain: chain.domain,
      claims: CLAIMS,
      nonce,
      payloadHash: canary!.payloadHash,
      sealedNote: canary!.note,
      maxFee: maxUint256,
      uri: "https://store.example/payload",
      payload: "0x",
    };
    const { at } = chain.connection;
    const receipt = await chain.send(chain.player(REQUESTER), at.Assay, assayAbi, "request", [ask]);
    const [opened] = parseEventLogs({
      abi: assayAbi,
      eventName: "Requested",
      logs: receipt.logs,
      strict: true,
    });
    return opened!.args;
  }
});
