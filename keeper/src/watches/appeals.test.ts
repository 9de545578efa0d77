import { assayAbi } from "@assay/published";
import { expect } from "chai";
import { parseEther, type Address } from "viem";

import { createAppealReads } from "../chain/appealReads.ts";
import type { RequestedEvent } from "../chain/reads.ts";
import { roundIdOf } from "../mirror/commitment.ts";
import { MODELS, startLocalChain, type LocalChain } from "../testing/localChain.ts";
import { callBy, fund, play, settle, vote, workOf, type Ballot } from "../testing/rounds.ts";
import { ends, firstClaim, lookOnce, lookTooLate, WATCHER } from "../testing/watches.ts";
import { createAppeals, type AppealPolicy } from "./appeals.ts";

const all = (votes: Ballot): Ballot[] => MODELS.map(() => votes);
const TRUE = [230];
const FALSE = [20];
const POLICY: AppealPolicy = { confidence: 3_500n, trust: 7_500n, bondAtMost: parseEther("1") };

describe("watch appeals", function () {
  this.timeout(240_000);
  let chain: LocalChain;
  let at: Address;
  let files = 0;

  before(async () => {
    // Of five operators no committee of fifteen seats could have the quorum of four in seven.
    chain = await startLocalChain({ committee: { appealWindow: 450, minSeats: 2 } });
    at = chain.deployment.addresses.Appeals;
  });
  after(() => chain.stop());

  const look = (
    opinion: number,
    policy: Partial<AppealPolicy> = {},
    limits: Parameters<typeof lookTooLate>[3] = {},
    before?: () => Promise<unknown>,
  ) =>
    lookTooLate(
      chain,
      (deps) => {
        const reads = createAppealReads(chain.reader, at, 2_000n);
        const opinionOf = async () => Uint8Array.from([opinion]);
        return createAppeals(deps, reads, opinionOf, { ...POLICY, ...policy }, at);
      },
      before,
      limits,
    );
  const phaseOf = async ({ requestId, terms }: RequestedEvent) =>
    (await chain.reads.roundState(requestId, terms.requester)).phase;
  /** Nobody can appeal a request any more. */
  const end = () => chain.jump(1_000);

  it("appeals what its model is confident against, once, and takes back bond and reward when it was right", async () => {
    const request = await play(chain, all(TRUE), "finalized");
    expect(ends((await look(5)).outcomes), "no WORK").to.deep.equal(["too_little_work"]);
    await fund(chain, WATCHER, parseEther("10"));
    const database = `appeals-${++files}.sqlite`;
    const { outcomes } = await look(5, {}, { database });
    expect(ends(outcomes)).to.deep.equal(["done"]);
    expect(await phaseOf(request)).to.equal("APPEALED");
    const bond = outcomes[0]!.data["bond"] as bigint;
    expect((await workOf(chain, WATCHER)) + bond).to.equal(parseEther("10"));
    // 0.75 · 250 / 255 of overturning, the reward is capped at the bond.
    const expected = (bond * (2n * 7_500n * 250n - 10_000n * 255n)) / (10_000n * 255n);
    expect(outcomes[0]!.gain! - expected + 1n <= 2n && outcomes[0]!.gain! - expected >= -1n).to.equal(true);
    expect((await look(5, {}, { database })).outcomes).to.deep.equal([]);

    // The larger committee agrees with the model.
    const roundId = roundIdOf(request.requestId, 1);
    await chain.rpc("hardhat_mine", "0x3");
    await chain.seal(roundId);
    await vote(chain, roundId, all(FALSE));
    await callBy(chain, chain.requester, "Assay", assayAbi, "finalize", request.terms);
    expect((await look(5, {}, { database })).outcomes, "a committee spoke").to.deep.equal([]);
    expect(await chain.reads.isBondLocked(roundId)).to.equal(true);
    await end();
    // Nobody resolved it: no keeper is on duty.
    const resolved = await look(5, {}, { database });
    expect(ends(resolved.outcomes)).to.deep.equal(["done"]);
    expect(resolved.outcomes[0]!.data).to.deep.equal({ requestId: request.requestId, round: 1 });
    expect(await chain.reads.isBondLocked(roundId)).to.equal(false);
    await settle(chain, request, all(TRUE));
    const claimed = await look(5, {}, { database });
    expect(ends(claimed.outcomes)).to.deep.equal(["done"]);
    expect(await workOf(chain, WATCHER), "bond and as much again").to.equal(parseEther("10") + bond);
    expect((await look(5, {}, { database })).outcomes).to.deep.equal([]);
  });

  it("does not appeal where the model agrees, doubts, knows nothing, or the value is not positive", async () => {
    const request = await play(chain, all(TRUE), "finalized");
    const { draw } = await chain.reads.roundState(request.requestId, request.terms.requester);
    expect((await look(250)).outcomes, "agrees").to.deep.equal([]);
    expect((await look(60)).outcomes, "not confident").to.deep.equal([]);
    expect((await look(draw.baseRate, { confidence: 0n })).outcomes, "the base rate").to.deep.equal([]);
    const low = await look(5, { trust: 5_000n });
    expect(ends(low.outcomes), "one chance in two").to.deep.equal(["pays_too_little"]);
    expect(low.outcomes[0]!.gain! < 0n).to.equal(true);
    expect((await look(5, { bondAtMost: 1n })).outcomes, "above the cap").to.deep.equal([]);
    expect(await phaseOf(request)).to.equal("FINALIZED");
    await end();
    expect((await look(5)).outcomes, "too late").to.deep.equal([]);
  });

  it("keeps to the day's WORK and number of appeals, across restarts (KEEP-20)", async () => {
    const database = `appeals-${++files}.sqlite`;
    const one = await play(chain, all(TRUE), "finalized");
    const { whole } = await createAppealReads(chain.reader, at, 2_000n).bondOf(
      one.terms,
      roundIdOf(one.requestId, 1),
    );
    const short = await look(5, {}, { database, workPerDay: whole - 1n });
    expect(ends(short.outcomes)).to.deep.equal(["budget"]);
    const enough = await look(5, {}, { database, workPerDay: whole });
    expect(ends(enough.outcomes)).to.deep.equal(["done"]);
    const two = await play(chain, all(TRUE), "finalized");
    expect(ends((await look(5, {}, { database, workPerDay: whole })).outcomes)).to.deep.equal(["budget"]);
    expect(ends((await look(5, {}, { database, bondsPerDay: 1 })).outcomes)).to.deep.equal(["budget"]);
    expect(await phaseOf(two)).to.equal("FINALIZED");
    await end();
  });

  it("takes it for no error that somebody else was first", async () => {
    const request = await play(chain, all(TRUE), "finalized");
    await fund(chain, 16, parseEther("10"), "Appeals");
    const before = await workOf(chain, WATCHER);
    // Its approval is made before the appeal is tried.
    const { outcomes, watcher } = await look(5, {}, {}, () =>
      callBy(chain, chain.senderOf(16), "Assay", assayAbi, "appeal", request.terms),
    );
    expect(ends(outcomes)).to.deep.equal(["first"]);
    expect(watcher.stats()).to.deep.include({ acts: 0, work: 0n });
    expect(await workOf(chain, WATCHER)).to.equal(before);
    await end();
  });

  it("asks a real model, in a process without a keeper", async () => {
    const request = await play(chain, all(FALSE), "finalized", firstClaim());
    const { outcomes } = await lookOnce(chain, "appeals", {
      own: { confidence: 0.1, trust: 1 },
      more: { model: chain.manifestOf(0) },
    });
    expect(ends(outcomes)).to.deep.equal(["done"]);
    expect(await phaseOf(request)).to.equal("APPEALED");
  });
});
