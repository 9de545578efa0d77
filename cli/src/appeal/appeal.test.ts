import { workTokenAbi } from "@assay/published";
import { expect } from "chai";
import { bytesToHex, parseEther, type Hex } from "viem";

import { assay, type Ran } from "../testing/assay.ts";
import { startTestChain, type Player, type TestChain } from "../testing/chain.ts";
import {
  fundRequester,
  joinOperators,
  openRound,
  playRound,
  settleRound,
  type Conduct,
  type OpenRound,
} from "../testing/rounds.ts";

const VOTES = [250, 5];

describe("assay appeal", function () {
  this.timeout(60_000);
  let chain: TestChain;
  let appellant: Player;
  let pauper: Player;
  let request: OpenRound;
  let conducts: Conduct[];
  let bond: bigint;

  before(async () => {
    chain = await startTestChain();
    const players = await joinOperators(chain, 10);
    await fundRequester(chain, parseEther("100"));
    [appellant, pauper] = [chain.player(18), chain.player(17)];
    const endowment = [appellant.address, parseEther("10")];
    await chain.send(chain.player(0), chain.connection.at.WorkToken, workTokenAbi, "transfer", endowment);
    request = await openRound(chain, players, VOTES.length, 6);
    conducts = request.drawn.map((player) => ({ player, votes: VOTES, does: "vote" }));
    bond = request.terms.price * BigInt(VOTES.length) * 15n;
  });

  after(() => chain.stop());

  const keyOf = ({ account }: Player): Hex => bytesToHex(account.getHdKey().privateKey ?? new Uint8Array());
  const appeal = (by: Player, ...args: string[]): Promise<Ran> =>
    assay(["appeal", request.requestId, ...args, ...chain.options], { ASSAY_KEY: keyOf(by) });
  const balance = (): Promise<bigint> =>
    chain.connection.client.readContract({
      address: chain.connection.at.WorkToken,
      abi: workTokenAbi,
      functionName: "balanceOf",
      args: [appellant.address],
    });

  it("refuses before there are verdicts, and shows the bond without a key", async () => {
    const refused = await appeal(appellant);
    expect([refused.code !== 0, refused.stderr.includes("NOT_APPEALABLE")]).to.deep.equal([true, true]);
    const shown = await assay(["appeal", request.requestId, "--show", "--json", ...chain.options]);
    expect(shown.code, shown.stderr).to.equal(0);
    const { next } = JSON.parse(shown.stdout);
    expect([next.seats, next.bond, next.secondsLeft]).to.deep.equal([15, bond.toString(), 0]);
  });

  it("refuses who cannot pay, names what is allowed, and needs a key", async () => {
    await playRound(chain, request, conducts);
    const poor = await appeal(pauper);
    expect(poor.stderr).to.include("WORK_MISSING");
    const keyless = await assay(["appeal", request.requestId, ...chain.options], { ASSAY_KEY: "" });
    expect(keyless.stderr).to.include("KEY_MISSING");
    expect((await appeal(appellant, "--fund", "0")).stderr).to.include("more than zero");
    expect((await appeal(appellant, "--fund", "1", "--claim")).stderr).to.include("cannot be used with");
    expect((await appeal(appellant, "--claim")).stderr).to.include("NOTHING_TO_CLAIM");
  });

  it("puts in at most what is missing, and gives back what no appeal was opened with", async () => {
    const before = await balance();
    const funded = await appeal(appellant, "--fund", "0.001", "--json");
    expect(funded.code, funded.stderr).to.equal(0);
    expect(await balance()).to.equal(before - parseEther("0.001"));
    const rest = await appeal(appellant, "--fund", "9");
    expect(rest.code, rest.stderr).to.equal(0);
    expect(await balance(), "the bond and no more").to.equal(before - bond);
    expect((await appeal(appellant, "--fund", "1")).stderr).to.include("NOTHING_TO_FUND");

    await settleRound(chain, request, conducts);
    expect((await appeal(appellant)).stderr).to.include("NOT_APPEALABLE");
    const taken = await appeal(appellant, "--claim");
    expect(taken.stdout, taken.stderr).to.include("took back");
    expect(await balance()).to.equal(before);
  });
});
