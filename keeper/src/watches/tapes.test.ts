import { reputationLedgerAbi } from "@assay/published";
import { expect } from "chai";

import { ownerOf, startLocalChain, type LocalChain } from "../testing/localChain.ts";
import { callBy, play, settle } from "../testing/rounds.ts";
import { DEAR, ends, lookOnce, lookTooLate } from "../testing/watches.ts";
import { createTapes } from "./tapes.ts";

/** Eight claims fill a quality window. */
const VOTES = Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? 240 : 15));
const BALLOTS = [VOTES, VOTES, VOTES, VOTES, VOTES];

describe("watch tapes", function () {
  this.timeout(120_000);
  let chain: LocalChain;

  before(async () => {
    chain = await startLocalChain();
  });
  after(() => chain.stop());

  const lengths = async (): Promise<number[]> =>
    Promise.all(BALLOTS.map(async (_, i) => (await chain.reads.recordOf(1, ownerOf(i))).length));
  const recorded = async (): Promise<void> => settle(chain, await play(chain, BALLOTS, "finalized"), BALLOTS);

  it("posts every tape that is due, but not its own operator's, and is paid for each", async () => {
    await recorded();
    expect(await lengths()).to.deep.equal([1, 1, 1, 1, 1]);
    const short = await lookOnce(chain, "tapes", { more: { minOutcomes: 2 } });
    expect(short.outcomes, "too short").to.deep.equal([]);
    const dear = await lookOnce(chain, "tapes", { settings: DEAR });
    expect(ends(dear.outcomes)).to.deep.equal(["pays_too_little"]);
    const own = { owner: ownerOf(2) };
    const { outcomes } = await lookOnce(chain, "tapes", { database: "own.sqlite", more: own });
    expect(ends(outcomes)).to.deep.equal(["done"]);
    expect(outcomes[0]!.gain, "four bounties").to.equal(4n * 10n ** 14n);
    expect(await lengths()).to.deep.equal([0, 0, 1, 0, 0]);
    expect(await chain.reads.reputationOf(1, ownerOf(0))).to.be.greaterThan(10n ** 18n);
    expect(ends((await lookOnce(chain, "tapes")).outcomes)).to.deep.equal(["done"]);
    expect((await lookOnce(chain, "tapes", { database: "other.sqlite" })).outcomes).to.deep.equal([]);
  });

  it("stops at the budget", async () => {
    await recorded();
    const { outcomes } = await lookOnce(chain, "tapes", { own: { gasPerDay: "0.000000001" } });
    expect(ends(outcomes)).to.deep.equal(["budget"]);
    expect(ends((await lookOnce(chain, "tapes")).outcomes)).to.deep.equal(["done"]);
  });

  it("takes it for no error that somebody else was first", async () => {
    await recorded();
    const { outcomes, watcher } = await lookTooLate(
      chain,
      (deps) => createTapes(deps, { minOutcomes: 1 }),
      async () => {
        const entries = await Promise.all(
          BALLOTS.map(async (_, i) => ({
            owner: ownerOf(i),
            reputation: await chain.reader.readContract({
              address: chain.deployment.addresses.ReputationLedger,
              abi: reputationLedgerAbi,
              functionName: "pendingReputationOf",
              args: [1, ownerOf(i)],
            }),
          })),
        );
        await callBy(chain, chain.senderOf(16), "ReputationLedger", reputationLedgerAbi, "post", 1, entries);
      },
    );
    expect(ends(outcomes)).to.deep.equal(["first"]);
    expect(watcher.stats()).to.deep.include({ acts: 0, gas: 0n });
  });
});
