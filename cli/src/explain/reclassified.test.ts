import { stakeVaultAbi, workTokenAbi } from "@assay/published";
import { expect } from "chai";
import { encodeFunctionData, numberToHex, parseEther } from "viem";

import { assay } from "../testing/assay.ts";
import { startTestChain, type Player, type TestChain } from "../testing/chain.ts";
import {
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
import { explainSeat } from "./explain.ts";

const CLAIMS = 20;
const GWEI = 10n ** 9n;
const VOTES = Array.from({ length: CLAIMS }, (_, i) => (i % 3 === 0 ? 228 : 26));

/** The rounds, accounts and rewards of an operator that was moved to another family, recomputed from events. */
describe("assay explain of a reclassified operator", function () {
  this.timeout(120_000);
  let chain: TestChain;
  let players: Player[];
  let copy: Player;
  let reporter: Player;
  let before_: OpenRound;
  let after_: OpenRound;

  before(async () => {
    chain = await startTestChain();
    players = await joinOperators(chain, 10);
    await fundRequester(chain, parseEther("100"));
    [copy, reporter] = [players[1]!, chain.player(18)];
    before_ = await play();
    await reclassify();
    const epoch = await nextEpoch(chain);
    after_ = await play();
    await nextEpoch(chain);
    await distribute(chain, epoch, players);
    await distribute(chain, epoch + 1, players);
  });

  after(() => chain.stop());

  async function play(): Promise<OpenRound> {
    const round = await openRound(chain, players, CLAIMS, 6, [copy]);
    const conducts = round.drawn.map((player): Conduct => ({ player, votes: VOTES, does: "vote" }));
    await playRound(chain, round, conducts);
    await settleRound(chain, round, conducts);
    return round;
  }

  /** Moves the copy out of family 1, as the registry of clones does after a report. */
  async function reclassify(): Promise<void> {
    const { client, reads, at } = chain.connection;
    const vault = { address: at.StakeVault, abi: stakeVaultAbi } as const;
    const clones = await client.readContract({ ...vault, functionName: "CLONES" });
    const epoch = await reads.currentEpoch();
    const bounty = { reporter: reporter.address, from: epoch + 1, until: epoch + 31, left: 10 ** 11 };
    const rpc = client.request as (call: { method: string; params: unknown[] }) => Promise<unknown>;
    await rpc({ method: "hardhat_impersonateAccount", params: [clones] });
    await rpc({ method: "hardhat_setBalance", params: [clones, numberToHex(parseEther("1"))] });
    const data = encodeFunctionData({
      abi: stakeVaultAbi,
      functionName: "reclassify",
      args: [chain.domain, copy.address, 0, bounty],
    });
    const call = { from: clones, to: at.StakeVault, data, gas: numberToHex(1_000_000n) };
    const hash = (await rpc({ method: "eth_sendTransaction", params: [call] })) as `0x${string}`;
    const { status } = await client.waitForTransactionReceipt({ hash });
    expect(status).to.equal("success");
  }

  it("matches the chain in every number of every seat, before and after", async () => {
    for (const round of [before_, after_]) {
      for (const player of players) {
        const { differences } = await explainSeat(chain.connection, round.requestId, player.address);
        expect(differences, `${round.requestId} ${player.address}`).to.deep.equal([]);
      }
    }
  });

  it("tells what of a reward went to the reporter, and of which rewards nothing did", async () => {
    const { client, at } = chain.connection;
    const earlier = await explainSeat(chain.connection, before_.requestId, copy.address);
    expect(earlier.distribution?.minted ?? 0n, "minted before").to.not.equal(0n);
    expect(earlier.distribution?.toReporter).to.equal(0n);
    const { distribution } = await explainSeat(chain.connection, after_.requestId, copy.address);
    const part = ((distribution?.minted ?? 0n) / 20n / GWEI) * GWEI;
    expect(part, "a twentieth").to.not.equal(0n);
    expect(distribution?.toReporter).to.equal(part);
    const token = { address: at.WorkToken, abi: workTokenAbi } as const;
    const balance = await client.readContract({
      ...token,
      functionName: "balanceOf",
      args: [reporter.address],
    });
    expect(balance).to.equal(part);
    const { stdout } = await assay(["explain", after_.requestId, copy.address, ...chain.options]);
    expect(stdout).to.include(`of it ${part} wei went to whoever reported the operator as a clone`);
  });
});
