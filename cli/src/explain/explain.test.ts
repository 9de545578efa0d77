import { rewardMinterAbi, stakeVaultAbi, workTokenAbi } from "@assay/published";
import { expect } from "chai";
import { parseEther } from "viem";

import { readEvents, type ChainEvent } from "../history/events.ts";
import { replayEvents } from "../history/replay.ts";
import { assay } from "../testing/assay.ts";
import { startTestChain, type Player, type TestChain } from "../testing/chain.ts";
import {
  distribute,
  fundRequester,
  joinOperators,
  nextEpoch,
  openRound,
  playRound,
  postReputations,
  settleRound,
  type Conduct,
  type OpenRound,
} from "../testing/rounds.ts";
import { explain, explainSeat, type Explanation } from "./explain.ts";

const CLAIMS = 12;
const HONEST = Array.from({ length: CLAIMS }, (_, i) => (i % 3 === 0 ? 228 : 26));
const LYING = HONEST.map((vote) => 255 - vote);
const DOMAIN = { id: 1, name: "grounded" };
/** deploy/params/local.json */
const EMISSION = { initial: parseEther("1000"), halving: 365n };

describe("assay explain", function () {
  this.timeout(120_000);
  let chain: TestChain;
  let players: Player[];
  let first: OpenRound;
  let second: OpenRound;
  let late: Player;
  let liar: Player;
  let unrevealed: Player;
  let absent: Player;
  let honest: Player;

  before(async () => {
    chain = await startTestChain();
    players = await joinOperators(chain, 10);
    await fundRequester(chain, parseEther("100"));

    first = await openRound(chain, players, CLAIMS, 8);
    [late, liar, unrevealed, absent, honest] = first.drawn as [Player, Player, Player, Player, Player];
    const conducts = first.drawn.map((player): Conduct => {
      if (player === late) return { player, votes: HONEST, does: "vote late" };
      if (player === unrevealed) return { player, votes: HONEST, does: "commit only" };
      if (player === absent) return { player, votes: HONEST, does: "stay silent" };
      return { player, votes: player === liar ? LYING : HONEST, does: "vote" };
    });
    await playRound(chain, first, conducts);
    await settleRound(chain, first, conducts);
    await moveStakes();

    // Twelve scored claims are below the maturity of sixteen: the accounts move on into the next epoch.
    await nextEpoch(chain);
    await postReputations(chain, players);
    second = await openRound(chain, players, CLAIMS, 6, [liar, honest]);
    const again = second.drawn.map((player): Conduct => {
      return { player, votes: player === liar ? LYING : HONEST, does: "vote" };
    });
    await playRound(chain, second, again);
    await settleRound(chain, second, again);
    await distribute(chain, await nextEpoch(chain), players);
  });

  after(() => chain.stop());

  /** What else moves pools and bonds: bonds freed early, an unstaking, a delegator. */
  async function moveStakes(): Promise<void> {
    const { at } = chain.connection;
    const { domain } = chain;
    const delegator = chain.player(0);
    const amount = parseEther("10");
    await chain.send(honest, at.RewardMinter, rewardMinterAbi, "unlock", [domain, honest.address]);
    const unstake = [domain, honest.address, 10n ** 21n];
    await chain.send(honest, at.StakeVault, stakeVaultAbi, "requestUnstake", unstake);
    await chain.send(delegator, at.WorkToken, workTokenAbi, "approve", [at.StakeVault, amount]);
    await chain.send(delegator, at.StakeVault, stakeVaultAbi, "stake", [domain, liar.address, amount]);
  }

  const explained = (request: OpenRound, player: Player): Promise<Explanation> =>
    explainSeat(chain.connection, request.requestId, player.address);

  it("matches the chain in every number of every seat [REP-14]", async () => {
    let numbers = 0;
    for (const request of [first, second]) {
      for (const player of players) {
        const { checks, differences } = await explained(request, player);
        expect(differences, `${request.requestId} ${player.address}`).to.deep.equal([]);
        numbers += checks.length;
      }
    }
    expect(numbers, "numbers compared").to.be.greaterThan(250);
  });

  it("tells an honest seat: claims, account carried over, points and mint", async () => {
    const { claims, seat, distribution } = await explained(second, honest);
    if (seat.kind !== "scored") throw new Error(`the seat is ${seat.kind}`);
    expect(claims.map(({ verdict }) => verdict)).to.deep.equal(
      HONEST.map((vote) => (vote > 128 ? "TRUE" : "FALSE")),
    );
    expect(claims.at(-1)?.cumulated).to.equal(seat.score.sums.numerator);
    const earlier = await explained(first, honest);
    if (earlier.seat.kind !== "scored") throw new Error(`the seat is ${earlier.seat.kind}`);
    expect(seat.before, "the immature account was carried over").to.equal(earlier.seat.after);
    expect(seat.before > 0n && seat.score.value > 0n).to.equal(true);
    expect(seat.outcomes, "24 claims close one window of 16").to.deep.equal([0]);
    expect(distribution?.minted ?? 0n, "minted").to.not.equal(0n);
    expect(earlier.distribution, "both seats are in one account").to.deep.equal(distribution);
  });

  it("tells a lying seat: worse the more others err too, and the debt that was charged", async () => {
    const { claims, seat, distribution } = await explained(second, liar);
    if (seat.kind !== "scored") throw new Error(`the seat is ${seat.kind}`);
    expect(claims.every(({ term }) => term < 0n)).to.equal(true);
    expect(seat.score.lossMean > 0n && seat.score.value < 0n).to.equal(true);
    expect(seat.outcomes).to.deep.equal([1]);
    expect(distribution?.debt, "ρ = 2").to.equal(-2n * seat.after);
    expect(distribution?.charged).to.equal(distribution?.debt);
    expect(distribution?.minted).to.equal(0n);
  });

  it("tells late, unrevealed, absent and undrawn seats apart", async () => {
    const slow = (await explained(first, late)).seat;
    expect(slow.kind === "scored" && slow.late && slow.outcomes).to.deep.equal([2]);
    const { seat: mute, request } = await explained(first, unrevealed);
    if (mute.kind !== "unrevealed") throw new Error(`the seat is ${mute.kind}`);
    expect(mute.charge.charged, "the whole bond").to.equal(request.bond * 10n ** 9n);
    expect(mute.charge.bounty).to.equal(mute.charge.charged / 20n);
    const gone = (await explained(first, absent)).seat;
    if (gone.kind !== "absent") throw new Error(`the seat is ${gone.kind}`);
    expect(gone.charge.charged, "price · claims at R = 1").to.equal(first.terms.price * 12n);
    const undrawn = players.find((player) => !first.drawn.includes(player));
    if (undrawn !== undefined) expect((await explained(first, undrawn)).seat.kind).to.equal("not drawn");
  });

  it("finds every number that is not what the events make it", async () => {
    const log = await readEvents(chain.connection, chain.domain);
    const change = (name: ChainEvent["eventName"], owner: Player, args: object): ChainEvent[] =>
      log.events.map((event) => {
        const isIt =
          event.eventName === name &&
          "owner" in event.args &&
          event.args.owner === owner.address &&
          (!("requestId" in event.args) || event.args.requestId === second.requestId);
        return (isIt ? { ...event, args: { ...event.args, ...args } } : event) as ChainEvent;
      });
    const wrong = (events: ChainEvent[], player = honest): string[] => {
      const replay = replayEvents({ ...log, events }, { emission: EMISSION });
      const found = explain(replay, DOMAIN, second.requestId, player.address, []);
      return found.differences.map(({ what }) => what);
    };
    const settled = log.events.find(
      (event) =>
        event.eventName === "SeatSettled" &&
        event.args.owner === honest.address &&
        event.args.requestId === second.requestId,
    );
    if (settled?.eventName !== "SeatSettled") throw new Error("the honest seat was not settled");
    const honestSeat = settled.args;
    expect(wrong([...log.events])).to.deep.equal([]);
    expect(wrong(change("SeatSettled", honest, { value: 1n }))).to.deep.equal(["value"]);
    expect(wrong(change("SeatSettled", honest, { score: honestSeat.score ^ (1n << 80n) }))).to.deep.equal([
      "x̄",
    ]);
    expect(
      wrong(change("SeatSettled", honest, { account: honestSeat.account ^ (1n << 200n) })),
    ).to.deep.equal(["factor of the account"]);
    expect(wrong(change("Distributed", honest, { minted: 1n }))).to.deep.equal(["minted"]);
    expect(wrong(change("Distributed", liar, { charged: 1n }), liar)).to.deep.equal(["charged for the debt"]);
    expect(wrong(change("AccountOpened", honest, { carriedFrom: 0n }))).to.include(
      "epoch the account was carried over from",
    );
    expect(wrong(change("ReputationChanged", honest, { reputation: 1n })), "R is our own").to.deep.equal([]);
    const votes = `0x${"80".repeat(CLAIMS)}`;
    expect(wrong(change("Revealed", honest, { votes }))).to.include.members([
      "mean vote",
      "Σ of terms",
      "value",
    ]);
  });

  it("prints text for people and JSON for programs", async () => {
    const text = await assay(["explain", first.requestId, liar.address, ...chain.options]);
    expect(text.stderr).to.equal("");
    expect(text.code).to.equal(0);
    expect(text.stdout).to.match(/all \d+ recomputed numbers match the chain/);
    expect(text.stdout).to.include("debt = ρ · |account|");

    const mute = await assay(["explain", first.requestId, unrevealed.address, "--json", ...chain.options]);
    const json = JSON.parse(mute.stdout) as { matches: boolean; seat: { kind: string; owed: string } };
    expect(json.matches).to.equal(true);
    expect(json.seat.kind).to.equal("unrevealed");
    expect(BigInt(json.seat.owed) > 0n).to.equal(true);

    const stranger = chain.player(18).address;
    const refused = await assay(["explain", first.requestId, stranger, ...chain.options]);
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.match(/^The address is no operator .*\[UNKNOWN_OPERATOR\]\. .*\n$/);
  });
});
