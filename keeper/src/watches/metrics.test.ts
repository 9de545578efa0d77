import { performanceLedgerAbi, workTokenAbi } from "@assay/published";
import { expect } from "chai";
import { parseEther, type Hex } from "viem";

import { createPerformanceReads } from "../chain/performanceReads.ts";
import { DEFAULT_RULE, measure, reputation, type Entry } from "../mirror/performanceMath.ts";
import { ownerOf, startLocalChain, type LocalChain } from "../testing/localChain.ts";
import { recordReceipt } from "../testing/receipts.ts";
import { callBy, fund, workOf } from "../testing/rounds.ts";
import { DEAR, ends, lookOnce, lookTooLate, WATCHER } from "../testing/watches.ts";
import { createMetricsWatch } from "./metrics.ts";

const WAD = 10n ** 18n;
const POSTER = 16;
const BOND = parseEther("10");

describe("watch metrics", function () {
  this.timeout(120_000);
  let chain: LocalChain;
  let ledger: Hex;
  let model: Hex;
  const operator = ownerOf(0);
  const entries: Entry[] = [];

  before(async () => {
    chain = await startLocalChain({ protocol: { challengeWindow: 50_000 } });
    ledger = chain.deployment.addresses.PerformanceLedger;
    model = await chain.reads.modelHashOf(1, operator);
    await fund(chain, POSTER, parseEther("1000"), "PerformanceLedger");
    for (let i = 0; i < 3; i++) await record(100 + 40 * i);
  });
  after(() => chain.stop());

  const record = async (inferMs: number): Promise<void> => {
    entries.push(await recordReceipt(chain, inferMs));
  };
  const call = (sender: Parameters<typeof callBy>[1], name: string, ...args: unknown[]) =>
    callBy(chain, sender, "PerformanceLedger", performanceLedgerAbi, name, ...args);

  /** Posts what the receipts say, or something else. */
  const post = async (change: object = {}): Promise<void> => {
    const at = { address: ledger, abi: performanceLedgerAbi } as const;
    const [before, counted, version] = await chain.reader.readContract({
      ...at,
      functionName: "basisOf",
      args: [1, operator],
    });
    const found = measure(entries, operator, Number(counted));
    const { speed, forward, backward, response } = found;
    const truth = { speed, forward, backward, response, reputation: reputation(before, found, DEFAULT_RULE) };
    const metrics = { ...truth, ...change };
    const head = await chain.reader.readContract({
      ...at,
      functionName: "headAt",
      args: [1, model, BigInt(entries.length)],
    });
    const posted = [{ operator, before, counted, metrics }];
    await call(
      chain.senderOf(POSTER),
      "postMetrics",
      1,
      model,
      version,
      BigInt(entries.length),
      head,
      posted,
    );
  };
  const poster = async (): Promise<bigint> =>
    BigInt(
      (
        await chain.reader.readContract({
          address: ledger,
          abi: performanceLedgerAbi,
          functionName: "postOf",
          args: [1, operator],
        })
      ).poster,
    );

  it("challenges a false post, once, and gets half of its bond", async () => {
    await post({ reputation: 10n * WAD });
    const dear = await lookOnce(chain, "metrics", { settings: DEAR });
    expect(ends(dear.outcomes)).to.deep.equal(["pays_too_little"]);
    const tight = await lookOnce(chain, "metrics", { own: { gasPerDay: "0.000000001" } });
    expect(ends(tight.outcomes)).to.deep.equal(["budget"]);
    expect(await poster()).to.not.equal(0n);
    const before = await workOf(chain, WATCHER);
    const { outcomes } = await lookOnce(chain, "metrics");
    expect(ends(outcomes)).to.deep.equal(["done"]);
    expect(await poster(), "refuted").to.equal(0n);
    expect((await workOf(chain, WATCHER)) - before).to.equal(BOND / 2n);
    expect(outcomes[0]!.gain).to.equal(BOND / 2n);
    expect((await lookOnce(chain, "metrics")).outcomes).to.deep.equal([]);
    expect((await lookOnce(chain, "metrics", { database: "other.sqlite" })).outcomes).to.deep.equal([]);
  });

  it("finds every single number that is false, by one in the last place", async () => {
    for (const name of ["speed", "forward", "backward", "response"] as const) {
      const truth = measure(entries, operator, 0);
      await post({ [name]: truth[name] === 0n ? 1n : truth[name] - 1n });
      expect(ends((await lookOnce(chain, "metrics")).outcomes), name).to.deep.equal(["done"]);
    }
  });

  it("takes it for no error that somebody else was first", async () => {
    await post({ reputation: 10n * WAD });
    const { outcomes, watcher } = await lookTooLate(
      chain,
      (deps) => {
        const reads = createPerformanceReads(chain.reader, ledger, chain.reads, deps.startBlock);
        return createMetricsWatch(deps, reads, ledger);
      },
      async () => {
        const { id } = await chain.reader.readContract({
          address: ledger,
          abi: performanceLedgerAbi,
          functionName: "postOf",
          args: [1, operator],
        });
        const args = [1, operator, BigInt(id), `0x${"0".repeat(64)}`, entries];
        await call(chain.requester, "challengeMetrics", ...args);
      },
    );
    expect(ends(outcomes)).to.deep.equal(["first"]);
    expect(watcher.stats()).to.deep.include({ acts: 0, gas: 0n });
  });

  it("challenges nothing while the ledger may take WORK of its key", async () => {
    await post({ reputation: 10n * WAD });
    const allow = (wei: bigint) =>
      callBy(chain, chain.senderOf(WATCHER), "WorkToken", workTokenAbi, "approve", ledger, wei);
    await allow(1n);
    const { outcomes, lines } = await lookOnce(chain, "metrics");
    expect(outcomes).to.deep.equal([]);
    expect(lines.filter((line) => line.includes("may take WORK of the watch's key"))).to.have.length(1);
    await allow(0n);
    expect(ends((await lookOnce(chain, "metrics")).outcomes)).to.deep.equal(["done"]);
  });

  it("leaves a true post alone, and could not lose by a challenge: it allows the ledger nothing", async () => {
    await post();
    expect((await lookOnce(chain, "metrics")).outcomes).to.deep.equal([]);
    expect(await poster(), "stands").to.not.equal(0n);
    const { id } = await chain.reader.readContract({
      address: ledger,
      abi: performanceLedgerAbi,
      functionName: "postOf",
      args: [1, operator],
    });
    const args = [1, operator, BigInt(id), `0x${"0".repeat(64)}`, entries];
    const lost = await call(chain.senderOf(WATCHER), "challengeMetrics", ...args).catch((e: Error) => e);
    expect(String(lost)).to.include("ERC20InsufficientAllowance");
    // What was accepted is what the next post builds on.
    await chain.jump(50_001);
    await record(170);
    await post();
    expect((await lookOnce(chain, "metrics")).outcomes).to.deep.equal([]);
  });
});
