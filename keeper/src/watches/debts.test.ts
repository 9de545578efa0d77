import { rewardMinterAbi } from "@assay/published";
import { expect } from "chai";

import { ownerOf, startLocalChain, type LocalChain } from "../testing/localChain.ts";
import { callBy, play, settle } from "../testing/rounds.ts";
import { DEAR, ends, lookOnce, lookTooLate } from "../testing/watches.ts";
import { createDebts } from "./debts.ts";

/** Sixteen claims, enough to mature at once; operator 4 is sure of the opposite. */
const RIGHT = Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? 240 : 15));
const WRONG = RIGHT.map((vote) => 255 - vote);
const BALLOTS = [RIGHT, RIGHT, RIGHT, RIGHT, WRONG];

describe("watch debts", function () {
  this.timeout(120_000);
  let chain: LocalChain;
  let epochLength: number;

  before(async () => {
    chain = await startLocalChain();
    ({ epochLength } = await chain.reads.clock());
  });
  after(() => chain.stop());

  /** Leaves operator 4 in debt in an epoch that is over. */
  const indebted = async (): Promise<number> => {
    await settle(chain, await play(chain, BALLOTS, "finalized"), BALLOTS);
    const epoch = await chain.reads.currentEpoch();
    await chain.jump(epochLength);
    return epoch;
  };

  it("collects the debts of an epoch that is over, once, and leaves the winners to others", async () => {
    const epoch = await indebted();
    const dear = await lookOnce(chain, "debts", { settings: DEAR });
    expect(ends(dear.outcomes)).to.deep.equal(["pays_too_little"]);
    const { outcomes } = await lookOnce(chain, "debts");
    expect(ends(outcomes)).to.deep.equal(["done"]);
    expect(outcomes[0]!.data).to.deep.equal({ epoch, owners: [ownerOf(4)] });
    const [closed] = await chain.reader.getContractEvents({
      address: chain.deployment.addresses.RewardMinter,
      abi: rewardMinterAbi,
      eventName: "Distributed",
      args: { domain: 1, epoch: BigInt(epoch) },
      fromBlock: 0n,
      strict: true,
    });
    const { owner, debt, charged } = closed!.args;
    expect({ owner, debt, charged }).to.deep.equal({ owner: ownerOf(4), debt: charged, charged });
    expect(outcomes[0]!.gain, "what it said it would get").to.equal(charged / 20n);
    expect((await chain.reads.accountOf(1, epoch, ownerOf(0))).factor, "a winner").to.not.equal(0);
    expect((await lookOnce(chain, "debts")).outcomes).to.deep.equal([]);
    expect((await lookOnce(chain, "debts", { database: "other.sqlite" })).outcomes).to.deep.equal([]);
  });

  it("stops at the budget", async () => {
    await indebted();
    const { outcomes } = await lookOnce(chain, "debts", { own: { gasPerDay: "0.000000001" } });
    expect(ends(outcomes)).to.deep.equal(["budget"]);
    expect(ends((await lookOnce(chain, "debts")).outcomes)).to.deep.equal(["done"]);
  });

  it("does nothing about accounts that somebody else distributed, nor before its patience is over", async () => {
    const epoch = await indebted();
    const patient = await lookTooLate(
      chain,
      (deps) => createDebts(deps, { patience: epochLength }),
      async () => {},
    );
    expect(patient.outcomes).to.deep.equal([]);
    const owners = [ownerOf(4)];
    const args = [1, BigInt(epoch), owners];
    await callBy(chain, chain.senderOf(16), "RewardMinter", rewardMinterAbi, "distribute", ...args);
    expect((await lookOnce(chain, "debts")).outcomes).to.deep.equal([]);
  });
});
