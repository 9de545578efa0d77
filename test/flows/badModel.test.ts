import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { openRequest, startKeepers, type OperatorPlan } from "@assay/cli/local-network";
import { verdictMath, words } from "@assay/keeper";
import { assayAbi } from "@assay/published";
import { expect } from "chai";
import { hexToBytes, type Hex } from "viem";

import { HANGS, NO_NUMBER, writeHanging, writeNumberless } from "../fixtures/badModels.ts";
import { DOMAIN, flowers, judges } from "../fixtures/judges.ts";
import {
  jumpTo,
  jumpToNextEpoch,
  until,
  withNetwork,
  type LocalParameters,
  type NetworkTest,
} from "../fixtures/network.ts";

/** The second number of each claim; 0 does nobody any harm. */
const SECOND = [0, HANGS, 0, NO_NUMBER, HANGS, 0, NO_NUMBER, 0];
const CLAIMS = flowers(SECOND.length, "none").map((claim, i) => {
  return { ...claim, values: [claim.values![0]!, SECOND[i]!] };
});
/** Operators in their order, each of its own family. */
const FAMILIES = ["first", "second", "hanging", "numberless"];
const [HANGING, NUMBERLESS] = [2, 3];
/** Seconds for what waits for processes; none is slept. */
const PATIENCE = 150;
/** seconds */
const REVEAL = 120;

function plans(folder: string): OperatorPlan[] {
  const honest = FAMILIES.slice(0, HANGING).map((family) => ({ name: family, family, trustsHints: false }));
  const bad = { domain: DOMAIN, behaviour: "honest" } as const;
  return [
    ...judges(folder, honest),
    {
      ...bad,
      name: "hanging",
      family: "hanging",
      model: writeHanging(folder),
      // A claim alone, so that none but those that hang are lost.
      inference: { batch: 1, deadlineMs: 3_000, requestMs: 120_000 },
    },
    { ...bad, name: "numberless", family: "numberless", model: writeNumberless(folder) },
  ];
}

describe("keepers whose models fail at some claims (KEEP)", function () {
  this.timeout(600_000);

  it("vote the base rate there, in time, and what they know elsewhere; the verdict is the honest one", async () => {
    await withNetwork({ name: "bad-model", change: roomy, plans }, async (test) => {
      const { network, reads, group } = test;
      const keepers = startKeepers(group, network);
      const folderOf = (i: number): string => join(network.folder, network.operators[i]!.name);
      await jumpToNextEpoch(test);
      // A keeper opens its database once its model runs: the trial claim has told nobody anything.
      await until("the keepers run", PATIENCE, () =>
        FAMILIES.every((_, i) => existsSync(join(folderOf(i), "keeper.sqlite"))),
      );
      const pids = keepers.map(({ pid }) => pid);
      const requestId = await openRequest(network, DOMAIN, CLAIMS, test.storeUrl);
      const state = () => reads.roundState(requestId, network.requesterAddress);
      await until("all commit", PATIENCE, async () => (await state()).round.commits === FAMILIES.length);
      const { draw, round } = await state();
      const end = round.clock + draw.commitWindow;
      await jumpTo(network, end);
      await until("all reveal", PATIENCE, async () => (await state()).round.reveals === FAMILIES.length);
      await jumpTo(network, end + REVEAL);
      await until("the verdict is published", PATIENCE, async () => (await state()).phase === "FINALIZED");
      await jumpTo(network, (await state()).round.clock);
      await until("the verdict is final", PATIENCE, async () => (await state()).phase === "FINAL");

      const { baseRate, lates, votes, verdicts } = await recordOf(test, requestId);
      expect(verdicts).to.deep.equal(CLAIMS.map(({ truth }) => (truth ? 2 : 1)));
      expect(lates, "who committed, and whether late").to.deep.equal(FAMILIES.map(() => false));
      const [known, same] = votes;
      expect(same, "the honest ones agree").to.deep.equal(known);
      expect(known).to.not.include(baseRate);
      const without = (second: number): number[] =>
        known!.map((vote, i) => (SECOND[i] === second ? baseRate : vote));
      expect(votes[HANGING], "hanging").to.deep.equal(without(HANGS));
      expect(votes[NUMBERLESS], "numberless").to.deep.equal(without(NO_NUMBER));

      expect(keepers.map(({ pid, exitCode, signalCode }) => [pid, exitCode, signalCode])).to.deep.equal(
        pids.map((pid) => [pid, null, null]),
      );
      for (const place of [HANGING, NUMBERLESS]) {
        const lines = linesOf(join(folderOf(place), "keeper.log"));
        const said = (sentence: string) => lines.filter(({ msg }) => msg === sentence);
        expect(said("keeper started").length, "started once").to.equal(1);
        expect(said("claims voted at the base rate").map(({ unusable }) => unusable)).to.deep.equal([2]);
        const ends = said("the process of the model ended, starting it again").map(({ reason }) => reason);
        expect(new Set(ends), FAMILIES[place]).to.deep.equal(
          new Set(place === HANGING ? ["took too long"] : []),
        );
      }
    });
  });
});

/** What the chain has of a request: who was late, votes in the order of operators, verdicts. */
async function recordOf({ network }: NetworkTest, requestId: Hex) {
  const events = {
    address: network.deployment.addresses.Assay,
    abi: assayAbi,
    fromBlock: 0n,
    strict: true,
  } as const;
  const args = { requestId };
  const { reader, operators } = network;
  const [[requested], committed, revealed, [finalized]] = await Promise.all([
    reader.getContractEvents({ ...events, eventName: "Requested", args }),
    reader.getContractEvents({ ...events, eventName: "Committed", args }),
    reader.getContractEvents({ ...events, eventName: "Revealed", args }),
    reader.getContractEvents({ ...events, eventName: "Finalized", args }),
  ]);
  const votes = new Map(revealed.map(({ args: { owner, votes } }) => [owner, [...hexToBytes(votes)]]));
  return {
    baseRate: requested!.args.terms.baseRate,
    lates: committed.map(({ args: { seat } }) => words.seat(seat).late),
    votes: operators.map(({ owner }) => votes.get(owner)),
    verdicts: CLAIMS.map((_, i) => Number(verdictMath.verdictOf(finalized!.args.verdicts, i))),
  };
}

interface Line {
  readonly msg: string;
  readonly unusable?: number;
  readonly reason?: string;
}

/** A keeper's log; its process may have said something that is no line of it. */
function linesOf(path: string): Line[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Line);
}

/** Windows for a busy machine: the test jumps to their ends as soon as everybody is done. */
function roomy({ protocol, domains }: LocalParameters): void {
  Object.assign(protocol, { epochLength: 7_200, unbonding: 36_000 });
  const [domain] = domains;
  Object.assign(domain!, { name: DOMAIN, families: FAMILIES });
  Object.assign(domain!.committee, {
    minSeats: FAMILIES.length,
    expectedBase: 300,
    revealWindow: REVEAL,
    appealWindow: 600,
    sealWindow: 120,
  });
}
