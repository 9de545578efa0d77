import { expect } from "chai";
import { bytesToHex, parseEther, type Hex } from "viem";

import { explainSeat } from "../explain/explain.ts";
import { renderExplanation } from "../explain/render.ts";
import { assay } from "../testing/assay.ts";
import { startTestChain, type Player, type TestChain } from "../testing/chain.ts";
import {
  extendRound,
  fundRequester,
  joinOperators,
  openRound,
  playRound,
  settleRound,
  type Conduct,
  type OpenRound,
} from "../testing/rounds.ts";
import { readVerdict } from "./verdict.ts";

const VOTES = [250, 245, 8, 5];
/** Between the bounds: nobody is sure of the last claim. */
const DOUBT = [250, 245, 8, 127];

describe("assay verdict", function () {
  this.timeout(60_000);
  let chain: TestChain;
  let players: Player[];

  before(async () => {
    chain = await startTestChain();
    players = await joinOperators(chain, 10);
    await fundRequester(chain, parseEther("100"));
  });

  after(() => chain.stop());

  const conductsOf = (
    drawn: readonly Player[],
    does: (i: number) => Conduct["does"],
    votes = VOTES,
  ): Conduct[] => drawn.map((player, i) => ({ player, votes, does: does(i) }));
  const states = async (requestId: Hex): Promise<Record<string, number>> => {
    const counts: Record<string, number> = {};
    for (const { state } of (await readVerdict(chain.connection, requestId)).committee) {
      counts[state] = (counts[state] ?? 0) + 1;
    }
    return counts;
  };
  const kindsOf = async (round: OpenRound, who: readonly Player[]): Promise<string[]> => {
    const kinds = [];
    for (const { address } of who) {
      const { seat, differences } = await explainSeat(chain.connection, round.requestId, address);
      expect(differences, address).to.deep.equal([]);
      kinds.push(seat.kind);
    }
    return kinds;
  };

  it("says when a verdict is not final, and what became of every seat", async () => {
    const round = await openRound(chain, players, 4, 7);
    const size = round.drawn.length;
    const before = await readVerdict(chain.connection, round.requestId);
    expect([before.phase, before.isFinal, before.claims]).to.deep.equal(["COMMIT", false, []]);
    expect(before.committee.map(({ owner }) => owner)).to.have.members(round.drawn.map((p) => p.address));

    const does = (i: number) => (["vote late", "commit only", "stay silent"] as const)[i] ?? "vote";
    const conducts = conductsOf(round.drawn, does, DOUBT);
    await playRound(chain, round, conducts);
    const text = await assay(["verdict", round.requestId, ...chain.options]);
    expect(text.code).to.equal(0);
    expect(text.stdout).to.match(/phase FINALIZED: NOT FINAL before .*: do not act on the verdicts yet/);
    const expected = { "on time": size - 3, late: 1, "never revealed": 1, silent: 1 };
    expect(await states(round.requestId)).to.deep.equal(expected);

    await settleRound(chain, round, conducts);
    const json = await assay(["verdict", round.requestId, "--json", ...chain.options]);
    const found = JSON.parse(json.stdout) as Awaited<ReturnType<typeof readVerdict>>;
    expect([found.phase, found.isFinal, found.differences]).to.deep.equal(["FINAL", true, []]);
    expect(found.claims.map(({ verdict, mean }) => [verdict, mean])).to.deep.equal([
      ["TRUE", "0.980"],
      ["TRUE", "0.961"],
      ["FALSE", "0.031"],
      ["UNDECIDED", "0.498"],
    ]);
  });

  it("follows an extension: everybody sits, whoever sat before is late", async () => {
    const round = await openRound(chain, players, 4, 1);
    await extendRound(chain, round.requestId);
    const conducts = conductsOf(players, () => "vote");
    await playRound(chain, round, conducts);
    await settleRound(chain, round, conducts);
    const late = round.drawn.length;
    expect(await states(round.requestId)).to.deep.equal(
      late === players.length ? { late } : { late, "on time": players.length - late },
    );
    expect(new Set(await kindsOf(round, players))).to.deep.equal(new Set(["scored"]));
  });

  it("tells a void request: bonds come back where nobody could reveal", async () => {
    const round = await openRound(chain, players, 4, 4);
    const conducts = conductsOf(round.drawn.slice(0, 3), () => "commit only");
    await playRound(chain, round, conducts);
    const told = async (i: number): Promise<string> =>
      renderExplanation(await explainSeat(chain.connection, round.requestId, round.drawn[i]!.address));
    expect(await told(0)).to.include("the round is void, so there is no verdict and will be none");
    expect(await told(3)).to.include("Too few committed to prove its absence");
    const ASSAY_KEY = bytesToHex(chain.player(18).account.getHdKey().privateKey ?? new Uint8Array());
    const appeal = await assay(["appeal", round.requestId, ...chain.options], { ASSAY_KEY });
    expect(appeal.stderr).to.include("NOT_APPEALABLE").and.to.include("no verdicts and will have none");
    await settleRound(chain, round, conducts);
    const { phase, isFinal, claims } = await readVerdict(chain.connection, round.requestId);
    expect([phase, isFinal, claims]).to.deep.equal(["VOID", false, []]);
    expect(await kindsOf(round, round.drawn.slice(0, 4))).to.deep.equal([
      "released",
      "released",
      "released",
      "silent",
    ]);
    const text = await assay(["verdict", round.requestId, ...chain.options]);
    expect(text.stdout).to.include("there is no verdict and there will be none");
  });

  it("tells a void request after an extension: who could have revealed pays", async () => {
    const round = await openRound(chain, players, 4, 1);
    await extendRound(chain, round.requestId);
    // A quorum of commits, without which silence proves nothing.
    const does = (i: number) => (i === 0 ? "vote" : i < 4 ? "commit only" : "stay silent");
    const conducts = conductsOf(players.slice(0, 6), does);
    await playRound(chain, round, conducts);
    await settleRound(chain, round, conducts);
    expect(await kindsOf(round, players.slice(0, 6))).to.deep.equal([
      "released",
      "unrevealed",
      "unrevealed",
      "unrevealed",
      "absent",
      "absent",
    ]);
  });

  it("refuses what is no request", async () => {
    const unknown = await assay(["verdict", `0x${"ab".repeat(32)}`, ...chain.options]);
    expect(unknown.code).to.equal(1);
    expect(unknown.stderr).to.match(/^There is no request with this id .*\[UNKNOWN_REQUEST\]\. .*\n$/);
    const garbled = await assay(["verdict", "0x12", ...chain.options]);
    expect(garbled.code).to.equal(1);
    expect(garbled.stderr).to.include("0x and 64 hexadecimal digits");
  });

  it("leaves with 75 while the endpoint does not answer", async () => {
    const { code, stderr } = await assay(["verdict", `0x${"ab".repeat(32)}`, "--rpc", "http://127.0.0.1:9"]);
    expect(code).to.equal(75);
    expect(stderr).to.match(/^The chain's endpoint did not answer .*\[CHAIN_UNREACHABLE\]\. .*\n$/);
  });
});
