import { cloneRegistryAbi } from "@assay/published";
import { expect } from "chai";
import { bytesToHex, parseEther, type Address } from "viem";

import { createCloneReads } from "../chain/cloneReads.ts";
import type { RequestedEvent } from "../chain/reads.ts";
import { createLogger } from "../lib/logger.ts";
import { add, alike, NO_SUMS } from "../mirror/cloneMath.ts";
import { accusedOf, runKeeperUntil } from "../testing/accused.ts";
import { ownerOf, startLocalChain, type LocalChain } from "../testing/localChain.ts";
import { callBy, fund, play, workOf } from "../testing/rounds.ts";
import { ends, lookOnce, lookTooLate, WATCHER } from "../testing/watches.ts";
import { createClones } from "./clones.ts";

/** Every one uncertain: eight requests hold the 512 of the default rule. */
const CLAIMS = 64;
const REQUESTS = 8;
const BOND = parseEther("500");
const THREE_DAYS = 3 * 86_400;

/** Numbers in [0, 1) that are the same in every run. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Votes near ½, on which every committee is uncertain: 1 is a copy of 0, 2 resembles it, 3 and 4 vote on their own. */
function rowsOf(seed: number): number[][] {
  const next = generator(seed);
  const independent = () => Array.from({ length: CLAIMS }, () => 80 + Math.floor(96 * next()));
  const noisy = (votes: number[], noise: number) =>
    votes.map((vote) => vote + Math.round(noise * (2 * next() - 1)));
  const model = independent();
  return [model, noisy(model, 4), noisy(model, 40), independent(), independent()];
}

describe("watch clones", function () {
  this.timeout(240_000);
  let chain: LocalChain;
  let registry: Address;
  const [earlier, later] = [ownerOf(0), ownerOf(1)];
  const played: { request: RequestedEvent; rows: number[][] }[] = [];
  let pair: { earlier: Address; later: Address };
  let accused: ReturnType<typeof accusedOf>;
  /** What the accused's keeper logs. */
  const told: { level: string; msg: string; earlier?: Address; reporter?: Address; openUntil?: string }[] =
    [];
  const log = createLogger({ write: (line) => told.push(JSON.parse(line)) });

  before(async () => {
    chain = await startLocalChain();
    registry = chain.deployment.addresses.CloneRegistry;
    const reads = cloneReads();
    const serials = [await reads.serialOf(1, earlier), await reads.serialOf(1, later)];
    // Operators join side by side, so the order is not that of their numbers.
    pair = serials[0]! < serials[1]! ? { earlier, later } : { earlier: later, later: earlier };
    accused = accusedOf(chain, numberOf(pair.later), reads, log);
    for (let seed = 1; seed < REQUESTS; seed++) await share(seed);
  });
  after(() => chain.stop());

  const numberOf = (owner: Address): number => (owner === later ? 1 : 0);
  const isWarning = ({ msg }: { msg: string }): boolean => msg.includes("was reported as a clone");
  const cloneReads = () =>
    createCloneReads(chain.reader, { ...chain.deployment.addresses, CloneRegistry: registry }, 2_000n);
  const share = async (seed: number): Promise<void> => {
    const rows = rowsOf(seed);
    played.push({ request: await play(chain, rows, "finalized"), rows });
  };
  const familyOf = async (owner: Address): Promise<number> =>
    (await chain.reads.seatWeights(1, owner, (await chain.reads.currentEpoch()) + 1)).family;
  const look = (own: object = {}, database?: string) =>
    lookOnce(chain, "clones", { own, ...(database !== undefined && { database }) });

  it("waits for enough evidence", async () => {
    expect((await look()).outcomes).to.deep.equal([]);
    await share(REQUESTS);
    expect((await look()).outcomes, "requests of this epoch are no evidence yet").to.deep.equal([]);
    await chain.jump(chain.deployment.epochLength);
    expect(ends((await look()).outcomes), "no WORK for the bond").to.deep.equal(["too_little_work"]);
  });

  it("stops at the day's WORK and gas", async () => {
    await fund(chain, WATCHER, 2n * BOND);
    expect(ends((await look({ workPerDay: "499.9" })).outcomes)).to.deep.equal(["budget"]);
    expect(ends((await look({ gasPerDay: "0.000000001" })).outcomes)).to.deep.equal(["budget"]);
    expect(await workOf(chain, WATCHER)).to.equal(2n * BOND);
  });

  it("takes it for no error that somebody else was first", async () => {
    const snapshot = await chain.rpc("evm_snapshot");
    await fund(chain, 16, BOND, "CloneRegistry");
    const evidence = played
      .toSorted((a, b) => (BigInt(a.request.requestId) < BigInt(b.request.requestId) ? -1 : 1))
      .map(({ request, rows }) => {
        const [first, second] = [rows[0]!, rows[1]!].map((row) => bytesToHex(Uint8Array.from(row)));
        const isInOrder = pair.earlier === earlier;
        return {
          terms: request.terms,
          first: isInOrder ? first : second,
          second: isInOrder ? second : first,
        };
      });
    const { outcomes, watcher } = await lookTooLate(
      chain,
      (deps) => createClones(deps, cloneReads(), { registry, days: 7 }),
      () => {
        const args = [1, pair.earlier, pair.later, evidence];
        return callBy(chain, chain.senderOf(16), "CloneRegistry", cloneRegistryAbi, "report", ...args);
      },
    );
    expect(ends(outcomes)).to.deep.equal(["first"]);
    expect(watcher.stats()).to.deep.include({ acts: 0, work: 0n });
    expect((await look({}, "first.sqlite")).outcomes, "their case").to.deep.equal([]);
    expect(await workOf(chain, WATCHER), "no bond was taken").to.equal(2n * BOND);
    await chain.rpc("evm_revert", snapshot);
  });

  it("reports a copy under a bond, once, with the registry's own sums, and nobody who only resembles", async () => {
    const { outcomes } = await look();
    expect(ends(outcomes)).to.deep.equal(["done"]);
    expect(outcomes[0]!.data).to.deep.equal({ ...pair, requests: REQUESTS });
    expect(await workOf(chain, WATCHER)).to.equal(BOND);
    const { sums, status } = await cloneReads().caseOf(1, pair);
    expect(status).to.equal(1);
    let mirrored = NO_SUMS;
    for (const { request, rows } of played) {
      const { round, draw } = await chain.reads.roundState(request.requestId, earlier);
      const lanes = await cloneReads().lanesOf(request.requestId);
      const committee = { lanes, weight: BigInt(round.weight), threshold: BigInt(draw.threshold) };
      const [x, y] = pair.earlier === earlier ? [rows[0]!, rows[1]!] : [rows[1]!, rows[0]!];
      mirrored = add(mirrored, committee, 2_500n, Uint8Array.from(x), Uint8Array.from(y));
    }
    const exact = Object.fromEntries(Object.entries(sums).map(([name, value]) => [name, BigInt(value)]));
    expect(mirrored).to.deep.equal(exact);
    expect(alike(mirrored, 9_500n)).to.equal(true);
    expect((await look()).outcomes).to.deep.equal([]);
    expect((await look({}, "other.sqlite")).outcomes).to.deep.equal([]);
  });

  it("is told of by the accused's keeper, once, while there is time to reply", async () => {
    await accused.look();
    await accused.look();
    const [warning, ...more] = told;
    expect(more).to.deep.equal([]);
    expect(warning).to.include({
      level: "warn",
      earlier: pair.earlier,
      reporter: chain.senderOf(WATCHER).address,
    });
    expect(warning!.msg).to.include("was reported as a clone");
    const { openUntil } = await cloneReads().caseOf(1, pair);
    expect(Date.parse(warning!.openUntil!) / 1_000).to.equal(openUntil);
    // A keeper as it runs, started after the report.
    await runKeeperUntil(chain, numberOf(pair.later), log, () => told.slice(1).some(isWarning));
    expect(told.slice(1).filter(isWarning).length).to.equal(1);
  });

  it("closes its case when the time for replies is over, and has its bond back", async () => {
    expect(await familyOf(pair.later)).to.not.equal(await familyOf(pair.earlier));
    await chain.jump(THREE_DAYS);
    const { outcomes } = await look();
    expect(ends(outcomes)).to.deep.equal(["done"]);
    expect(await familyOf(pair.later)).to.equal(await familyOf(pair.earlier));
    expect(await workOf(chain, WATCHER)).to.equal(2n * BOND);
    told.length = 0;
    await accused.look();
    expect(told.map(({ level, msg }) => [level, msg.includes("counts as a clone")])).to.deep.equal([
      ["warn", true],
    ]);
    // One family now: no offence.
    expect((await look({}, "later.sqlite")).outcomes).to.deep.equal([]);
  });
});
