import { appealsAbi, workTokenAbi } from "@assay/published";
import { expect } from "chai";
import { maxUint256, parseEther } from "viem";

import { explainSeat } from "../explain/explain.ts";
import { renderExplanation } from "../explain/render.ts";
import { verifyReputation } from "../reputation/verify.ts";
import { assay } from "../testing/assay.ts";
import { startTestChain, type Player, type TestChain } from "../testing/chain.ts";
import {
  appealRound,
  distribute,
  fundRequester,
  joinOperators,
  nextEpoch,
  openRound,
  playRound,
  settleRound,
  type Conduct,
  type OpenRound,
} from "../testing/rounds.ts";
import { readVerdict, renderVerdict } from "./verdict.ts";

/** Both rounds agree on all claims but the first. */
const RIGHT = [12, 170, 85, 170];
const WRONG = [237, 170, 85, 170];
const BOTH = [0, 1] as const;

describe("assay verdict and explain of an appealed request", function () {
  this.timeout(120_000);
  let chain: TestChain;
  let players: Player[];
  let appellant: Player;
  let request: OpenRound;
  let round: OpenRound;
  let first: Conduct[];
  let again: Conduct[];

  before(async () => {
    chain = await startTestChain();
    players = await joinOperators(chain, 10);
    await fundRequester(chain, parseEther("100"));
    appellant = chain.player(18);
    const { at } = chain.connection;
    const endowment = [appellant.address, parseEther("100")];
    await chain.send(chain.player(0), at.WorkToken, workTokenAbi, "transfer", endowment);
    await chain.send(appellant, at.WorkToken, workTokenAbi, "approve", [at.Appeals, maxUint256]);
    request = await openRound(chain, players, 4, 6);
    first = request.drawn.map((player, i) => ({ player, votes: i === 0 ? RIGHT : WRONG, does: "vote" }));
    await playRound(chain, request, first);
  });

  after(() => chain.stop());

  it("says that an appeal votes, and what the round before found", async () => {
    const before = await readVerdict(chain.connection, request.requestId);
    expect(before.claims.map(({ verdict }) => verdict)).to.deep.equal(["TRUE", "TRUE", "FALSE", "TRUE"]);
    const moment = await chain.connection.client.getBlockNumber();
    round = await appealRound(chain, appellant, request, players);
    // Whoever began to read before the appeal is told what was then.
    const client = { ...chain.connection.client, getBlockNumber: async () => moment };
    const then = await readVerdict({ ...chain.connection, client }, request.requestId);
    expect(then).to.deep.equal(before);
    const found = await readVerdict(chain.connection, request.requestId);
    expect(found.differences).to.deep.equal([]);
    expect([found.phase, found.isFinal, found.finalAt]).to.deep.equal(["APPEALED", false, undefined]);
    expect(found.rounds.map(({ claims }) => claims.length)).to.deep.equal([4, 0]);
    const { terms } = request;
    const bond = terms.price * BigInt(terms.claims) * 15n;
    expect(found.rounds[1]?.bond).to.deep.equal({
      appellant: appellant.address,
      amount: bond,
      state: "LOCKED",
      reward: 0n,
    });
    expect(renderVerdict(found)).to.include("an appeal votes");
    const { seat, differences } = await explainSeat(
      chain.connection,
      request.requestId,
      request.drawn[1]!.address,
    );
    expect([seat.kind, differences]).to.deep.equal(["waiting", []]);
  });

  it("counts the later verdict where it decided, and tells whose it is", async () => {
    again = round.drawn.map((player) => ({ player, votes: RIGHT, does: "vote" }));
    await playRound(chain, round, again);
    const found = await readVerdict(chain.connection, request.requestId);
    expect(found.differences).to.deep.equal([]);
    expect(found.claims.map(({ verdict, round: from }) => [verdict, from])).to.deep.equal([
      ["FALSE", 2],
      ["TRUE", 2],
      ["FALSE", 2],
      ["TRUE", 2],
    ]);
    expect(found.rounds[0]?.claims[0]?.verdict).to.equal("TRUE");
    expect(found.finalAt).to.be.a("number");
  });

  it("recomputes what overturned seats lose, wei by wei, and what becomes of it", async () => {
    await settleRound(chain, round, again, 1n);
    await settleRound(chain, request, first);
    const { at } = chain.connection;
    await chain.send(appellant, at.Appeals, appealsAbi, "resolve", [request.terms, 1n]);
    await chain.send(appellant, at.Appeals, appealsAbi, "claim", [round.requestId, appellant.address]);
    await distribute(chain, await nextEpoch(chain), players);

    for (const [i, { address }] of request.drawn.entries()) {
      const explanation = await explainSeat(chain.connection, request.requestId, address);
      expect(explanation.differences, address).to.deep.equal([]);
      const { seat, appeals } = explanation;
      if (seat.kind !== "scored") throw new Error(`the seat is ${seat.kind}`);
      const isLoser = i !== 0;
      // ⌈bond · 237² / (255² · 4)⌉ gwei
      const taken = (explanation.request.bond * 237n ** 2n + 260_099n) / 260_100n;
      expect(seat.score.overturned).to.equal(isLoser ? taken : 0n);
      expect(seat.overturned?.charge.charged).to.equal(isLoser ? taken * 10n ** 9n : undefined);
      expect(seat.score.fullValue < 0n).to.equal(isLoser);
      expect(seat.score.value > seat.score.fullValue).to.equal(isLoser);
      expect(appeals.map((appeal) => appeal.seat.kind)).to.deep.equal(["scored"]);
      const text = renderExplanation(explanation);
      const sentence = "claim 1, TRUE in round 1, was overturned to FALSE in round 2; your vote was 0.929";
      expect(text.includes(sentence), text).to.equal(isLoser);
      expect(text).to.match(/all \d+ recomputed numbers match the chain/);
    }
    const found = await readVerdict(chain.connection, request.requestId);
    expect(found.differences).to.deep.equal([]);
    expect(found.rounds[1]?.bond?.state).to.equal("RETURNED");
    expect((found.rounds[1]?.bond?.reward ?? 0n) > 0n).to.equal(true);
    const { mismatches } = await verifyReputation(chain.connection, { id: chain.domain, name: "grounded" });
    expect(mismatches).to.deep.equal([]);
  });

  it("prints both rounds", async () => {
    const { options } = chain;
    const [said, why, funder] = await Promise.all([
      assay(["verdict", request.requestId, ...options]),
      assay(["explain", request.requestId, request.drawn[1]!.address, ...options, "--json"]),
      assay(["explain", request.requestId, appellant.address.toLowerCase(), ...options]),
    ]);
    expect([said.code, why.code], said.stderr + why.stderr).to.deep.equal([0, 0]);
    expect(funder.code, funder.stderr).to.equal(0);
    expect(funder.stdout).to.include(`${appellant.address} is no operator`);
    expect(funder.stdout).to.match(
      /of the appeal that opened round 2 is its own: RETURNED\n {2}reward 0\.\d+ WORK .* taken back, 0 WORK to claim/,
    );
    expect(funder.stdout).to.match(/all \d+ recomputed numbers match the chain/);
    for (const index of BOTH) expect(said.stdout).to.include(`round ${index + 1}, 0x`);
    expect(said.stdout).to.match(/bond .* WORK: RETURNED, and .* for its funders/);
    const { matches, seat, appeals } = JSON.parse(why.stdout);
    expect(matches).to.equal(true);
    expect(BigInt(seat.overturned.charge.charged) > 0n).to.equal(true);
    expect(appeals.length).to.equal(1);
  });

  it("burns the bond of an appeal that changes nothing, and keeps the verdicts it left undecided", async () => {
    const kept = await openRound(chain, players, 4, 6);
    const votes = kept.drawn.map((player): Conduct => ({ player, votes: RIGHT, does: "vote" }));
    await playRound(chain, kept, votes);
    const vain = await appealRound(chain, appellant, kept, players);
    const doubt = [127, 245, 8, 250];
    const conducts = vain.drawn.map((player): Conduct => ({ player, votes: doubt, does: "vote" }));
    await playRound(chain, vain, conducts);
    await settleRound(chain, vain, conducts, 1n);
    await settleRound(chain, kept, votes);
    await chain.send(appellant, chain.connection.at.Appeals, appealsAbi, "resolve", [kept.terms, 1n]);
    const found = await readVerdict(chain.connection, kept.requestId);
    expect(found.differences).to.deep.equal([]);
    expect(found.claims.map(({ round: from }) => from)).to.deep.equal([1, 2, 2, 2]);
    expect(found.rounds[1]?.bond?.state).to.equal("BURNED");
    const { differences } = await explainSeat(chain.connection, kept.requestId, kept.drawn[1]!.address);
    expect(differences).to.deep.equal([]);
  });
});
