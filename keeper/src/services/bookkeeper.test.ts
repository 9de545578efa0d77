import { expect } from "chai";
import { pad, type Address } from "viem";

import { RefusedError } from "../chain/sender.ts";
import type { ChainReads } from "../chain/reads.ts";
import { OWNER, world, type World } from "../testing/deps.ts";
import { createBookkeeper, type Bookkeeper } from "./bookkeeper.ts";

const clock = { genesis: 1_000, epochLength: 100 };
const owners: Address[] = Array.from({ length: 70 }, (_, i) =>
  pad(`0x${(i + 1).toString(16)}`, { size: 20 }),
);
const WAD = 10n ** 18n;

describe("bookkeeper", () => {
  let deps: World;
  let books: Bookkeeper;
  let asked: number[];
  let ranges: [bigint, bigint][];
  let isClosed: boolean;
  let releasable: bigint;
  let tape: number;
  let lastEpoch: number;

  const make = (refuse: (call: string) => void = () => {}): void => {
    deps?.close();
    asked = [];
    ranges = [];
    const reads = {
      recordOf: async () => ({ length: tape, tape: 0n }),
      reputationOf: async () => WAD,
      reputationRule: async () => ({
        pull: 0n,
        success: (105n * WAD) / 100n,
        wrong: (94n * WAD) / 100n,
        late: (97n * WAD) / 100n,
        absent: (94n * WAD) / 100n,
        catchUp: 0n,
      }),
      epochTermsOf: async (_: number, epoch: number) => ({ open: epoch !== 6, maturity: 64 }),
      // One block a second from the genesis on.
      blockAt: async (timestamp: number) => BigInt(timestamp - clock.genesis),
      accountsOpened: async (_: number, epoch: number, from: bigint, to: bigint) => {
        asked.push(epoch);
        ranges.push([from, to]);
        return owners;
      },
      accountOf: async (_: number, __: number, owner: Address) => ({
        factor: isClosed ? 0 : 1,
        scored: owner === owners[0] ? 63 : 64,
        releasable: owner === OWNER ? releasable : 0n,
      }),
      lastEpochOf: async () => lastEpoch,
      freeStake: async () => 1_000n,
    };
    deps = world(reads as unknown as Partial<ChainReads>, { refuse });
    books = createBookkeeper(deps, { minOutcomes: 2, clock, startBlock: 0n });
  };
  const calls = (): string[] => deps.sent.map(({ call }) => call);

  beforeEach(() => {
    isClosed = false;
    releasable = 0n;
    tape = 0;
    lastEpoch = 6;
    make();
  });
  after(() => deps.close());

  it("closes the mature accounts of the last epochs, 64 at a time, asking only for the blocks of each", async () => {
    await books.keepBooks(1_750);
    // Epoch 7 now; 6 was never opened; an immature account is left alone.
    expect(asked).to.deep.equal([3, 4, 5]);
    expect(ranges[0]).to.deep.equal([300n, 399n]);
    expect(deps.sent.map(({ args }) => (args[2] as Address[]).length)).to.deep.equal([64, 5, 64, 5, 64, 5]);
    expect(deps.sent.flatMap(({ args }) => args[2])).to.not.include(owners[0]);
  });

  it("looks at an epoch once more only after it ended", async () => {
    isClosed = true;
    await books.keepBooks(1_750);
    await books.keepBooks(1_760);
    expect(asked).to.deep.equal([3, 4, 5]);
    await books.keepBooks(1_850);
    expect(asked).to.deep.equal([3, 4, 5, 7]);
    expect(calls()).to.deep.equal([]);
  });

  it("finds the own account of long ago after a pause, and works in the first epochs", async () => {
    isClosed = true;
    lastEpoch = 1;
    await books.keepBooks(3_000);
    expect(asked[0]).to.equal(1);
    make();
    lastEpoch = 0;
    await books.keepBooks(1_150);
    expect(asked).to.deep.equal([0]);
  });

  it("posts the replayed reputation once the tape is long enough", async () => {
    isClosed = true;
    tape = 1;
    await books.keepBooks(1_750);
    expect(calls()).to.deep.equal([]);
    tape = 2; // two successes
    await books.keepBooks(1_750);
    const reputation = (11_025n * WAD) / 10_000n;
    expect(deps.sent).to.deep.equal([{ call: "post", args: [1, [{ owner: OWNER, reputation }]] }]);
  });

  it("frees own bonds when they hold more than half of the free stake", async () => {
    isClosed = true;
    releasable = 499n;
    await books.keepBooks(1_750);
    expect(calls()).to.deep.equal([]);
    releasable = 500n;
    await books.keepBooks(1_750);
    expect(deps.sent).to.deep.equal([{ call: "unlock", args: [1, OWNER] }]);
  });

  it("does the rest although the contract refuses one", async () => {
    tape = 2;
    make((call) => {
      if (call === "post") throw new RefusedError("post", "ReputationMismatch", []);
    });
    await books.keepBooks(1_750);
    expect(new Set(calls())).to.deep.equal(new Set(["distribute"]));
  });

  it("warns once of a refusal, but not where somebody else was first", async () => {
    let reason = "ReputationMismatch";
    isClosed = true;
    tape = 2;
    make((call) => {
      if (call === "post") throw new RefusedError("post", reason, []);
    });
    for (const error of ["ReputationMismatch", "ReputationMismatch", "EmptyTape"]) {
      reason = error;
      await books.keepBooks(1_750);
    }
    const levels = deps.lines
      .filter((line) => line.includes("the books could not be kept"))
      .map((line) => (JSON.parse(line) as { level: string }).level);
    expect(levels).to.deep.equal(["warn", "debug", "debug"]);
  });

  it("waits for its turn in the epoch", async () => {
    const patient = createBookkeeper(
      { ...deps, me: { ...deps.me, spread: 10_000 } },
      { minOutcomes: 1, clock, startBlock: 0n },
    );
    await patient.keepBooks(1_700);
    expect(asked).to.deep.equal([]);
    await patient.keepBooks(1_726);
    expect(asked).to.not.deep.equal([]);
  });

  it("has another turn every epoch", async () => {
    isClosed = true;
    const turns = new Set<number>();
    for (let epoch = 7; epoch < 17; epoch++) {
      const me = { ...deps.me, spread: 25 };
      const patient = createBookkeeper({ ...deps, me }, { minOutcomes: 1, clock, startBlock: 0n });
      asked = [];
      let second = 0;
      while (asked.length === 0) await patient.keepBooks(1_000 + epoch * 100 + second++);
      turns.add(second);
    }
    expect(turns.size).to.be.greaterThan(5);
  });
});
