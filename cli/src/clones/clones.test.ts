import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { AssayError } from "@assay/keeper";
import { cloneRegistryAbi, workTokenAbi } from "@assay/published";
import { expect } from "chai";
import { bytesToHex, keccak256, maxUint256, parseEther, stringToHex, type Address, type Hex } from "viem";

import { actorFromEnvironment } from "../request/signer.ts";
import { explainParty } from "../explain/explain.ts";
import { assay, type Ran } from "../testing/assay.ts";
import { startTestChain, type Player, type TestChain } from "../testing/chain.ts";
import {
  fundRequester,
  joinOperators,
  nextEpoch,
  openRound,
  playRound,
  type Conduct,
  type OpenRound,
} from "../testing/rounds.ts";
import { findCase, readCases, type CloneCase } from "./cases.ts";
import { reverseCase } from "./decide.ts";
import { inCalls, reply } from "./defence.ts";

/** Every one uncertain: eight requests hold the 512 of the default rule. */
const CLAIMS = 64;
const ALIKE = 8;
const OTHERS = 4;
const REPORTER = 17;
const STRANGER = 18;
const THREE_DAYS = 3 * 86_400;
const DOMAIN = { id: 1, name: "grounded" };

/** Numbers in [0, 1) that are the same in every run. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * Votes near ½. 1 is like 0 in the first requests only, 3 and 4 are copies of 2 in all of them; the others vote on their own.
 */
function rowsOf(request: number, players: number): number[][] {
  const next = generator(request + 1);
  const rows = Array.from({ length: players }, () =>
    Array.from({ length: CLAIMS }, () => 80 + Math.floor(96 * next())),
  );
  if (request < ALIKE) rows[1] = rows[0]!;
  rows[3] = rows[4] = rows[2]!;
  return rows;
}

describe("assay clones", function () {
  this.timeout(180_000);
  let chain: TestChain;
  let players: Player[];
  let played: { round: OpenRound; rows: number[][] }[];
  let reporter: Player;
  let registry: Address;

  const keyOf = (index: number): Hex =>
    bytesToHex(chain.player(index).account.getHdKey().privateKey ?? new Uint8Array());
  const run = (by: number, ...args: string[]): Promise<Ran> =>
    assay(["clones", ...args, "--domain", "grounded", ...chain.options], { ASSAY_KEY: keyOf(by) });
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  const done = async (by: number, ...args: string[]): Promise<any> => {
    const { code, stdout, stderr } = await run(by, ...args, "--json");
    expect(code, stderr).to.equal(0);
    return JSON.parse(stdout);
  };
  /** Code of the error a command would end with, without a process of its own. */
  const codeOf = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => "done",
      (error: AssayError) => error.code,
    );
  const actor = (index: number) => {
    process.env["ASSAY_TEST_KEY"] = keyOf(index);
    return actorFromEnvironment(chain.connection, "ASSAY_TEST_KEY");
  };
  const find = (accused: Player, state: "OPEN" | "RECLASSIFIED", of?: Player) =>
    findCase(chain.connection, DOMAIN, accused.address, state, of?.address);
  const replyFor = async (accused: Player, of?: Player) =>
    reply(chain.connection, actor(STRANGER), DOMAIN, await find(accused, "OPEN", of), 30, () => {});
  const reverseBy = async (by: number, reason: string, change: Partial<CloneCase> = {}) => {
    const decided = { ...(await find(players[3]!, "RECLASSIFIED")), ...change };
    return reverseCase(chain.connection, actor(by), DOMAIN, decided, reason);
  };
  const familyOf = async ({ address }: Player): Promise<number> => {
    const { reads } = chain.connection;
    return (await reads.seatWeights(chain.domain, address, (await reads.currentEpoch()) + 1)).family;
  };
  const workOf = ({ address }: Player) =>
    chain.connection.client.readContract({
      address: chain.connection.at.WorkToken,
      abi: workTokenAbi,
      functionName: "balanceOf",
      args: [address],
    });

  /** Reports a pair by the first requests, as whoever wants to see it moved would. */
  async function report(earlier: number, later: number): Promise<void> {
    const votes = (rows: number[][], i: number): Hex => bytesToHex(Uint8Array.from(rows[i]!));
    const evidence = played.slice(0, ALIKE).map(({ round, rows }) => ({
      terms: round.terms,
      first: votes(rows, earlier),
      second: votes(rows, later),
    }));
    const args = [chain.domain, players[earlier]!.address, players[later]!.address, evidence];
    await chain.send(reporter, registry, cloneRegistryAbi, "report", args);
  }

  before(async () => {
    chain = await startTestChain();
    players = await joinOperators(chain, 6);
    await fundRequester(chain, parseEther("500"));
    reporter = chain.player(REPORTER);
    const { at } = chain.connection;
    registry = at.CloneRegistry!;
    const endowment = [reporter.address, parseEther("2000")];
    await chain.send(chain.player(0), at.WorkToken, workTokenAbi, "transfer", endowment);
    await chain.send(reporter, at.WorkToken, workTokenAbi, "approve", [registry, maxUint256]);
    played = [];
    for (let i = 0; i < ALIKE + OTHERS; i++) {
      const round = await openRound(chain, players, CLAIMS, 6, players.slice(0, 4));
      const rows = rowsOf(i, players.length);
      const conducts = players.map((player, n): Conduct => ({ player, votes: rows[n]!, does: "vote" }));
      await playRound(chain, round, conducts);
      played.push({ round, rows });
    }
    await nextEpoch(chain);
    await report(0, 1);
    await report(2, 3);
    await report(2, 4);
    await report(3, 4);
  });

  after(() => chain.stop());

  it("tells the accused of the report, what it stands on and what a reply would change", async () => {
    const [, accused] = players as [Player, Player];
    const text = await run(STRANGER, "status", accused.address);
    expect(text.code, text.stderr).to.equal(0);
    expect(text.stdout).to.include(`reported as a clone of ${players[0]!.address}`);
    expect(text.stdout).to.match(
      /with all 4 that could be added r is 0\.6\d+; .* adds 4, .* no longer alike/,
    );
    const [one, ...more] = await done(STRANGER, "status", accused.address);
    expect(more).to.deep.equal([]);
    expect(one).to.include({ state: "OPEN", requests: ALIKE, reporter: reporter.address, isAlike: true });
    expect([one.claims, one.correlation > 0.9999]).to.deep.equal([String(ALIKE * CLAIMS), true]);
    expect(one.reply).to.include({ spare: OTHERS, chosen: OTHERS, isAlike: false });
    const nobody = await run(STRANGER, "status", players[5]!.address);
    expect(nobody.stdout).to.include("was never reported");
  });

  it("adds what the report left out, and the accused is cleared and has the bond", async () => {
    const [, accused] = players as [Player, Player];
    expect(await codeOf(find(players[0]!, "OPEN")), "nobody is the clone of a later one").to.equal(
      "NO_SUCH_CASE",
    );
    const early = await run(STRANGER, "close", accused.address);
    expect(early.stderr).to.include("[WINDOW_OPEN]");
    expect(early.code, "can be tried again").to.equal(75);
    const replied = await done(STRANGER, "reply", accused.address);
    expect(replied.sent.length).to.equal(1);
    expect([replied.isAlike, replied.correlation < 0.7]).to.deep.equal([false, true]);
    expect(await codeOf(replyFor(accused))).to.equal("NOTHING_TO_ADD");
    expect(await codeOf(replyFor(players[3]!)), "a copy everywhere").to.equal("NOTHING_HELPS");
    const { timestamp } = await chain.connection.client.getBlock();
    await chain.travelTo(Number(timestamp) + THREE_DAYS);
    expect(await codeOf(replyFor(players[3]!))).to.equal("WINDOW_OVER");
    const [before, family] = [await workOf(accused), await familyOf(accused)];
    const closed = await run(STRANGER, "close", accused.address);
    expect(closed.stdout).to.equal(
      `dismissed: ${accused.address} stays where it is; the bond went to ${accused.address}\n`,
    );
    expect((await workOf(accused)) - before).to.equal(parseEther("500"));
    expect(await familyOf(accused)).to.equal(family);
  });

  it("moves a copy, and back again by the domain's owner alone, with a reason", async () => {
    const [, , model, copy] = players as [Player, Player, Player, Player];
    const family = await familyOf(copy);
    expect(await codeOf(find(copy, "RECLASSIFIED"))).to.equal("NO_SUCH_CASE");
    expect(await codeOf(find(players[4]!, "OPEN"))).to.equal("AMBIGUOUS_CASE");
    expect((await find(players[4]!, "OPEN", model)).earlier).to.equal(model.address);
    const decision = await done(STRANGER, "close", copy.address, "--of", model.address);
    expect(decision).to.include({ outcome: "RECLASSIFIED", recipient: reporter.address });
    expect([await familyOf(copy), decision.family]).to.deep.equal(Array(2).fill(await familyOf(model)));
    const why = "retrained on its own rows";
    expect(await codeOf(reverseBy(0, why))).to.equal("MOVED_LATELY");
    for (let i = 0; i < 2; i++) await nextEpoch(chain);
    expect(await codeOf(reverseBy(STRANGER, why))).to.equal("NOT_DOMAIN_OWNER");
    expect(await codeOf(reverseBy(0, " "))).to.equal("REASON_MISSING");
    const lineage = keccak256(stringToHex("of nobody"));
    expect(await codeOf(reverseBy(0, why, { lineage }))).to.equal("FAMILY_GONE");
    const reversed = await done(0, "reverse", copy.address, "--reason", why);
    expect([reversed.family, await familyOf(copy)]).to.deep.equal([family, family]);
    const states = [];
    for (const { address } of [copy, players[1]!])
      for (const { later, state } of await readCases(chain.connection, DOMAIN, address))
        if (later === address) states.push(state);
    expect(states).to.deep.equal(["REVERSED", "DISMISSED"]);
    // Whoever reported is no operator, and no event after the report names it.
    const { requestId } = played[0]!.round;
    const told = await explainParty(chain.connection, requestId, reporter.address);
    const { address: accused } = players[1]!;
    expect("party" in told).to.equal(true);
    for (const sentence of [
      `${chain.player(STRANGER).address} added ${OTHERS} requests to the report that ${accused}`,
      `its bond of 500 WORK went to ${accused}`,
      `${copy.address} was found to be a clone of ${model.address}`,
      `moved ${copy.address} back to its own family: ${why}`,
    ])
      expect(told.notices.join("\n")).to.include(sentence);
  });

  it("says so where a deployment has no registry, and sends no more in a call than it takes", async () => {
    const file = join(chain.folder, "without.json");
    const whole = JSON.parse(readFileSync(chain.options.at(-1)!, "utf8")) as { addresses: object };
    writeFileSync(
      file,
      JSON.stringify({ ...whole, addresses: { ...whole.addresses, CloneRegistry: undefined } }),
    );
    const elsewhere = [...chain.options.slice(0, -1), file];
    const without = await assay([
      ...["clones", "status", players[0]!.address, "--domain", "1"],
      ...elsewhere,
    ]);
    expect(without.stderr).to.include("[NO_CLONE_REGISTRY]");
    const sizes = (count: number, claims: number): number[] =>
      inCalls(Array.from({ length: count }, () => ({ request: { terms: { claims } } }))).map(
        ({ length }) => length,
      );
    expect(sizes(129, 1)).to.deep.equal([128, 1]);
    expect(sizes(33, 256)).to.deep.equal([16, 16, 1]);
  });
});
