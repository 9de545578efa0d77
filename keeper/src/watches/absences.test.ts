import { assayAbi } from "@assay/published";
import { expect } from "chai";
import { parseEther } from "viem";

import { SEAT_ABSENT } from "../chain/types.ts";
import { ownerOf, startLocalChain, type LocalChain } from "../testing/localChain.ts";
import { callBy, play } from "../testing/rounds.ts";
import { DEAR, ends, lookOnce, lookTooLate } from "../testing/watches.ts";
import { createAbsences } from "./absences.ts";

const VOTES = [250, 10];
/** Operator 4 stays silent. */
const ONE_SILENT = [VOTES, VOTES, VOTES, VOTES, undefined];

describe("watch absences", function () {
  this.timeout(120_000);
  let chain: LocalChain;
  let databases = 0;
  /** A purse nobody spent from. */
  const fresh = (): string => `absences-${++databases}.sqlite`;

  before(async () => {
    chain = await startLocalChain();
  });
  after(() => chain.stop());

  const isReported = async (id: `0x${string}`, i: number): Promise<boolean> =>
    ((await chain.reads.seatOf(id, ownerOf(i))).flags & SEAT_ABSENT) !== 0;

  it("reports who was drawn and stayed silent, once, and gets a twentieth of the charge", async () => {
    const { requestId } = await play(chain, ONE_SILENT);
    const database = fresh();
    const { outcomes } = await lookOnce(chain, "absences", { database });
    expect(ends(outcomes)).to.deep.equal(["done"]);
    expect(outcomes[0]!.data).to.deep.include({ requestId, owners: [ownerOf(4)] });
    expect(await isReported(requestId, 4), "reported").to.equal(true);
    const [reported] = await chain.reader.getContractEvents({
      address: chain.deployment.addresses.Assay,
      abi: assayAbi,
      eventName: "AbsenceReported",
      args: { requestId },
      fromBlock: 0n,
      strict: true,
    });
    expect(outcomes[0]!.gain, "what it said it would get").to.equal(reported!.args.charge / 20n);
    // After a restart nothing is due.
    expect((await lookOnce(chain, "absences", { database })).outcomes).to.deep.equal([]);
    expect((await lookOnce(chain, "absences", { database: fresh() })).outcomes).to.deep.equal([]);
  });

  it("does not report what does not pay: by price, and without one by the floor", async () => {
    const { requestId } = await play(chain, ONE_SILENT);
    const database = fresh();
    const dear = await lookOnce(chain, "absences", { database, settings: DEAR });
    expect(ends(dear.outcomes)).to.deep.equal(["pays_too_little"]);
    const floor = { workPrice: undefined, leastReward: "1" };
    const little = await lookOnce(chain, "absences", { database, settings: floor });
    expect(ends(little.outcomes)).to.deep.equal(["pays_too_little"]);
    expect(await isReported(requestId, 4), "reported").to.equal(false);
    const reached = { workPrice: undefined, leastReward: "0.00001" };
    expect(ends((await lookOnce(chain, "absences", { database, settings: reached })).outcomes)).to.deep.equal(
      ["done"],
    );
  });

  it("stops when the day's budget is spent, across restarts, and goes on the next day [KEEP-19]", async () => {
    const database = fresh();
    await play(chain, ONE_SILENT);
    const first = await lookOnce(chain, "absences", { database });
    expect(ends(first.outcomes)).to.deep.equal(["done"]);
    const spent = first.outcomes[0]!.gas!;
    await play(chain, ONE_SILENT);
    // Enough for the first one and half of another.
    const own = { gasPerDay: coin((spent * 3n) / 2n) };
    for (let starts = 0; starts < 2; starts++) {
      const { outcomes } = await lookOnce(chain, "absences", { database, own });
      expect(ends(outcomes)).to.deep.equal(["budget"]);
    }
    const roomy = { gasPerDay: coin(spent * 4n) };
    expect(ends((await lookOnce(chain, "absences", { database, own: roomy })).outcomes)).to.deep.equal([
      "done",
    ]);
    await chain.jump(86_400);
    await play(chain, ONE_SILENT);
    const nextDay = await lookOnce(chain, "absences", { database, own: { gasPerDay: coin(spent * 2n) } });
    expect(ends(nextDay.outcomes)).to.deep.equal(["done"]);
  });

  it("takes it for no error that somebody else was first", async () => {
    const { requestId, terms } = await play(chain, ONE_SILENT);
    const { outcomes, watcher, lines } = await lookTooLate(chain, createAbsences, () =>
      callBy(chain, chain.senderOf(16), "Assay", assayAbi, "reportAbsent", terms, 0n, [ownerOf(4)]),
    );
    expect(ends(outcomes)).to.deep.equal(["first"]);
    expect(watcher.stats()).to.deep.include({ looks: 1, acts: 0, gas: 0n });
    expect(watcher.stats().refusals.first).to.equal(1);
    expect(await isReported(requestId, 4)).to.equal(true);
    expect(lines.join(""))
      .to.include("AlreadyReported")
      .and.not.match(/"level":"(warn|error)"/);
  });

  it("reports nobody where too few committed, before the tally, nor who committed", async () => {
    const few = await play(chain, [VOTES, VOTES, VOTES, undefined, undefined]);
    await play(chain, [VOTES, VOTES, VOTES, VOTES, VOTES]);
    const early = await chain.request({ claims: 2, payloadHash: `0x${"12".repeat(32)}`, uri: "https://x" });
    await chain.rpc("hardhat_mine", "0x3");
    await chain.seal(early);
    expect((await lookOnce(chain, "absences", { database: fresh() })).outcomes).to.deep.equal([]);
    expect((await chain.reads.roundState(few.requestId, ownerOf(0))).round.commits).to.equal(3);
  });

  it("does not report its own operator", async () => {
    const { requestId } = await play(chain, ONE_SILENT);
    const more = { owner: ownerOf(4) };
    expect((await lookOnce(chain, "absences", { database: fresh(), more })).outcomes).to.deep.equal([]);
    expect(await isReported(requestId, 4)).to.equal(false);
    await lookOnce(chain, "absences", { database: fresh() });
  });
});

/** Wei as the configuration writes it. */
function coin(wei: bigint): string {
  const whole = wei / parseEther("1");
  return `${whole}.${(wei % parseEther("1")).toString().padStart(18, "0")}`;
}
