import { stakeVaultAbi } from "@assay/published";
import { expect } from "chai";
import { encodeFunctionData, parseEther, type Hex } from "viem";

import { explainSeat } from "../explain/explain.ts";
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
import { readVerdict } from "../verdict/verdict.ts";

const VOTES = [250, 245, 8, 5];

describe("the replay after a clone was reclassified", function () {
  this.timeout(120_000);
  let chain: TestChain;
  let players: Player[];

  before(async () => {
    chain = await startTestChain();
    players = await joinOperators(chain, 10);
    await fundRequester(chain, parseEther("100"));
  });
  after(() => chain.stop());

  /** As the registry of clones does it; families are the round robin of joinOperators. */
  const reclassify = async (owner: Player, family: number): Promise<void> => {
    const { client, at } = chain.connection;
    const ask = client.request as (call: { method: string; params: unknown[] }) => Promise<unknown>;
    const vault = { address: at.StakeVault, abi: stakeVaultAbi } as const;
    const registry = await client.readContract({ ...vault, functionName: "CLONES" });
    await ask({ method: "hardhat_impersonateAccount", params: [registry] });
    await ask({ method: "hardhat_setBalance", params: [registry, "0xde0b6b3a7640000"] });
    // Without a bounty; see ../explain/reclassified.test.ts.
    const bounty = { reporter: players[9]!.address, from: 0, until: 0, left: 0 };
    const args = [chain.domain, owner.address, family, bounty] as const;
    const data = encodeFunctionData({ ...vault, functionName: "reclassify", args });
    const hash = await ask({
      method: "eth_sendTransaction",
      params: [{ from: registry, to: at.StakeVault, data }],
    });
    const { status } = await client.waitForTransactionReceipt({ hash: hash as Hex });
    expect(status).to.equal("success");
  };

  const play = async (): Promise<OpenRound> => {
    const round = await openRound(chain, players, VOTES.length, 7, [players[0]!]);
    const conducts = round.drawn.map((player): Conduct => ({ player, votes: VOTES, does: "vote" }));
    await playRound(chain, round, conducts);
    await settleRound(chain, round, conducts);
    return round;
  };
  const familyIn = async ({ requestId }: OpenRound): Promise<string | undefined> => {
    const { committee, differences } = await readVerdict(chain.connection, requestId);
    expect(differences).to.deep.equal([]);
    return committee.find(({ owner }) => owner === players[0]!.address)?.family;
  };

  it("knows each family in its epochs: draws, sums and tilt match the chain", async () => {
    const clone = players[0]!;
    const first = await play();
    const labels = await Promise.all(
      [0, 1].map(async (i) => {
        const { family } = await explainSeat(chain.connection, first.requestId, players[i]!.address);
        return family;
      }),
    );
    await reclassify(clone, 1);
    const before = await play();
    expect(await familyIn(before), "until the epoch ends").to.equal(labels[0]);
    const epoch = await nextEpoch(chain);
    const after = await play();
    expect(await familyIn(after), "from the next epoch on").to.equal(labels[1]);
    expect(await familyIn(before), "the past stays").to.equal(labels[0]);
    await nextEpoch(chain);
    await distribute(chain, epoch, players);
    await distribute(chain, epoch + 1, players);
    for (const round of [before, after]) {
      for (const { address } of round.drawn) {
        const { differences } = await explainSeat(chain.connection, round.requestId, address);
        expect(differences, address).to.deep.equal([]);
      }
    }
  });
});
