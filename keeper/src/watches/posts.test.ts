import { performanceLedgerAbi } from "@assay/published";
import { expect } from "chai";
import { parseEther } from "viem";

import { createPerformanceReads } from "../chain/performanceReads.ts";
import { DEFAULT_RULE, standing, type Basis, type Entry } from "../mirror/performanceMath.ts";
import { ownerOf, startLocalChain, type LocalChain } from "../testing/localChain.ts";
import { recordReceipt } from "../testing/receipts.ts";
import { callBy, fund, workOf } from "../testing/rounds.ts";
import { ends, lookOnce, lookTooLate, WATCHER } from "../testing/watches.ts";
import { createPosts } from "./posts.ts";
import type { Watch } from "./watch.ts";

const WINDOW = 50_000;
const BOND = parseEther("10");
/** Who challenges. */
const OTHER = 16;

describe("watch posts", function () {
  this.timeout(120_000);
  let chain: LocalChain;
  const operator = ownerOf(0);
  const entries: Entry[] = [];

  before(async () => {
    chain = await startLocalChain({ protocol: { challengeWindow: WINDOW } });
    for (let i = 0; i < 2; i++) entries.push(await recordReceipt(chain, 100 + 40 * i));
  });
  after(() => chain.stop());

  const look = (own: object = {}, more: object = {}, database = "posts.sqlite") =>
    lookOnce(chain, "posts", { own: { receipts: 3, ...own }, more: { owner: operator, ...more }, database });
  const ledger = () => ({
    address: chain.deployment.addresses.PerformanceLedger,
    abi: performanceLedgerAbi,
  });
  const post = () => chain.reader.readContract({ ...ledger(), functionName: "postOf", args: [1, operator] });
  const basis = async (): Promise<Basis> => {
    const [before, counted] = await chain.reader.readContract({
      ...ledger(),
      functionName: "basisOf",
      args: [1, operator],
    });
    return { before, counted };
  };

  it("is off, and needs an operator, the ledger and WORK [KEEP-20]", async () => {
    for (const [more, code] of [
      [{ owner: undefined }, "WATCH_OWNER_MISSING"],
      [
        {
          contracts: {
            ...chain.deployment.addresses,
            AccessManager: undefined,
            PerformanceLedger: undefined,
          },
        },
        "WATCH_CONTRACT_MISSING",
      ],
    ] as const) {
      const error = await look({}, more, `${code}.sqlite`).catch((reason: unknown) => reason);
      expect(error).to.have.property("code", code);
    }
    const off = await look({ on: false }).catch((reason: unknown) => reason);
    expect(off).to.have.property("code", "WATCH_OFF");
    entries.push(await recordReceipt(chain, 180));
    expect(ends((await look()).outcomes)).to.deep.equal(["too_little_work"]);
  });

  it("posts what the receipts say once there are enough, within its budget [PERF-10]", async () => {
    await fund(chain, WATCHER, parseEther("100"));
    expect((await look({ receipts: 4 })).outcomes, "too few").to.deep.equal([]);
    expect(ends((await look({ workPerDay: "9" })).outcomes)).to.deep.equal(["budget"]);
    const { fresh, ...truth } = standing(entries, operator, await basis(), DEFAULT_RULE);
    expect(fresh).to.equal(3);
    const [before, { outcomes }] = [await workOf(chain, WATCHER), await look()];
    expect(ends(outcomes)).to.deep.equal(["done"]);
    expect(before - (await workOf(chain, WATCHER)), "the bond").to.equal(BOND);
    const { poster, metrics, count } = await post();
    expect({ poster, metrics, count: Number(count) }).to.deep.equal({
      poster: chain.senderOf(WATCHER).address,
      metrics: truth,
      count: 3,
    });
  });

  it("waits while the post can be challenged, and who challenges finds nothing [PERF-11]", async () => {
    for (let i = 0; i < 3; i++) entries.push(await recordReceipt(chain, 90 + i));
    expect((await look()).outcomes).to.deep.equal([]);
    expect((await lookOnce(chain, "metrics", { database: "challenger.sqlite" })).outcomes).to.deep.equal([]);
  });

  it("takes the bond back when the window is over, and the next post builds on it [PERF-10]", async () => {
    const { metrics } = await post();
    await chain.jump(WINDOW + 1);
    const before = await workOf(chain, WATCHER);
    expect(ends((await look()).outcomes)).to.deep.equal(["done"]);
    expect((await workOf(chain, WATCHER)) - before).to.equal(BOND);
    expect(await basis()).to.deep.equal({ before: metrics.reputation, counted: 3n });
    const { fresh, ...truth } = standing(entries, operator, await basis(), DEFAULT_RULE);
    expect(fresh).to.equal(3);
    expect(ends((await look()).outcomes)).to.deep.equal(["done"]);
    expect((await post()).metrics).to.deep.equal(truth);
    await chain.jump(WINDOW + 1);
    await look();
    expect((await look()).outcomes, "nothing new").to.deep.equal([]);
  });

  /** Posts for the operator, what the receipts say or something else. */
  const postBy = async (index: number, change: object = {}): Promise<void> => {
    const count = BigInt(entries.length);
    const model = await chain.reads.modelHashOf(1, operator);
    const head = await chain.reader.readContract({
      ...ledger(),
      functionName: "headAt",
      args: [1, model, count],
    });
    const { fresh: _, ...truth } = standing(entries, operator, await basis(), DEFAULT_RULE);
    const entry = { operator, ...(await basis()), metrics: { ...truth, ...change } };
    await call(index, "postMetrics", 1, model, 0, count, head, [entry]);
  };
  const call = (index: number, name: string, ...args: unknown[]) =>
    callBy(chain, chain.senderOf(index), "PerformanceLedger", performanceLedgerAbi, name, ...args);
  const challenge = async (index: number): Promise<void> => {
    const { id } = await post();
    await call(index, "challengeMetrics", 1, operator, BigInt(id), `0x${"0".repeat(64)}`, entries);
  };
  /** One look of a watch that lives on. */
  const living = async (before?: () => Promise<unknown>) => {
    const { address } = ledger();
    let watch: Watch | undefined;
    const { outcomes, lines } = await lookTooLate(
      chain,
      (deps) => {
        const reads = createPerformanceReads(chain.reader, address, chain.reads, deps.startBlock);
        watch = createPosts(deps, operator, reads, address, { receipts: 3 });
        return watch;
      },
      before,
    );
    const again = async () => watch!.look(Number((await chain.reads.head()).timestamp));
    return { outcomes, lines, again };
  };

  it("takes it for no error that somebody else posted first", async () => {
    for (let i = 0; i < 3; i++) entries.push(await recordReceipt(chain, 70 + i));
    await fund(chain, OTHER, parseEther("100"), "PerformanceLedger");
    const { outcomes } = await living(() => postBy(OTHER));
    expect(ends(outcomes)).to.deep.equal(["first"]);
    expect((await post()).poster).to.equal(chain.senderOf(OTHER).address);
    await chain.jump(WINDOW + 1);
    expect((await look()).outcomes, "nothing of one's own to take back").to.deep.equal([]);
  });

  it("tells of a false post of somebody else, once, and posts when it is gone", async () => {
    for (let i = 0; i < 3; i++) entries.push(await recordReceipt(chain, 60 + i));
    await postBy(OTHER, { reputation: 1n * 10n ** 17n });
    const { outcomes, lines, again } = await living();
    expect([outcomes, await again()]).to.deep.equal([[], []]);
    expect(lines.filter((line) => line.includes("somebody posted false metrics"))).to.have.length(1);
    await challenge(WATCHER);
    expect((await again()).map(({ call: { functionName } }) => functionName)).to.deep.equal(["postMetrics"]);
  });

  it("stops if an own post is refuted", async () => {
    await fund(chain, WATCHER, 1n, "PerformanceLedger");
    await postBy(WATCHER, { reputation: 1n * 10n ** 17n });
    const { outcomes, lines, again } = await living();
    expect(outcomes).to.deep.equal([]);
    await challenge(OTHER);
    expect([await again(), await again()]).to.deep.equal([[], []]);
    expect(lines.filter((line) => line.includes("own post was refuted"))).to.have.length(1);
  });
});
