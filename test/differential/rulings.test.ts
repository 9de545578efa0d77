import { laneTally, rulings, skillScore, verdictMath } from "@assay/keeper";
import { expect } from "chai";

import { networkHelpers } from "../fixtures/world.ts";
import { call, harnessFixture, itMirrors, word, type Harness } from "./compare.ts";
import { committee, type Committee } from "./committeeVectors.ts";
import { Random } from "./random.ts";
import { drawn, range } from "./vectors.ts";

const COMMITTEES = 2_000;
const COMMITTEES_A_CALL = 100;
const SEAT_BOND = 123_456_789_013n;

/** Verdict words: 0, 1 or 2 in every pair of bits. */
function verdictWord(random: Random, claims = 128): bigint {
  let result = 0n;
  for (let i = 0; i < claims; i++) result |= BigInt(random.below(3)) << BigInt(2 * i);
  return result;
}

const words = drawn((random) => verdictWord(random), [0n, (1n << 256n) / 3n, ((1n << 256n) / 3n) * 2n]);
const lane = range(0n, 65_025n, 39_015n, 26_010n);

describe("mirror of Rulings", () => {
  itMirrors({
    name: "appealBounds",
    domains: [lane, lane, range(0n, 255n)],
    mirror: (high, low, weight) => {
      const limits = rulings.appealBounds({ high: high!, low: low! }, weight!);
      return [limits.high, limits.low];
    },
  });
  itMirrors({ name: "decided", domains: [words], mirror: rulings.decided });
  itMirrors({ name: "opposed", domains: [words, words], mirror: rulings.opposed });
  itMirrors({ name: "same", domains: [words, words], mirror: rulings.same });
  itMirrors({ name: "amended", domains: [words, words], mirror: rulings.amended });
});

describe("mirror of SkillScore.sidesBy and overturnCharge", () => {
  it("agrees on whole committees whose claims other rounds decided", async () => {
    const harness = await networkHelpers.loadFixture(harnessFixture);
    const random = new Random("appealed committees");
    const met = { foreign: 0, overturned: 0, charged: 0, spared: 0, carried: 0, voters: 0 };
    const mismatches: string[] = [];
    for (let done = 0; done < COMMITTEES; done += COMMITTEES_A_CALL) {
      const all = Array.from({ length: COMMITTEES_A_CALL }, () => appealed(random));
      const { sums, charges } = await ask(harness, all);
      let voter = 0;
      for (const { committee: c, ruling } of all) {
        const { frame, lanes } = tallyOf(c);
        const sides = skillScore.sidesBy(frame, lanes, ruling.verdicts, ruling.foreign);
        met.foreign += sides.filter(({ isForeign }) => isForeign).length;
        const isOverturned = ruling.overturned.some((mask) => mask !== 0n);
        for (const [v, votes] of c.votes.entries()) {
          const s = skillScore.sumSides(frame, sides, votes, c.weights[v]!);
          const { verdicts, overturned } = ruling;
          const charge = skillScore.overturnCharge(frame, verdicts, overturned, votes, SEAT_BOND);
          const mirrored = [s.numerator, s.scoredTrue, s.scoredFalse, s.losing, s.lossError];
          if (sums[voter] !== mirrored.map(word).join("")) mismatches.push(`sums of voter ${voter}`);
          if (charges[voter] !== word(charge)) mismatches.push(`charge of voter ${voter}`);
          expect(charge <= SEAT_BOND, "a charge exceeds the bond").to.equal(true);
          const decided = sides.filter(({ verdict }) => verdict !== verdictMath.UNDECIDED).length;
          met.carried += decided - Number(s.scoredTrue + s.scoredFalse);
          if (isOverturned) met.overturned++;
          if (charge > 0n) met.charged++;
          else if (isOverturned) met.spared++;
          voter++;
        }
      }
      met.voters += voter;
    }
    expect(mismatches.slice(0, 5)).to.deep.equal([]);
    for (const [name, times] of Object.entries(met)) expect(times, `met ${name}`).to.be.greaterThan(50);
  });
});

interface Appealed {
  readonly committee: Committee;
  readonly ruling: rulings.Ruling;
}

/** A committee as one of up to three rounds, the others with verdicts of their own. */
function appealed(random: Random): Appealed {
  const c = committee(random);
  const { frame, lanes } = tallyOf(c);
  const { words: own } = verdictMath.read(lanes, frame.claims, frame.weight, frame.threshold, frame.bounds);
  const rounds: rulings.Words[] = Array.from({ length: 1 + random.below(3) }, () => [
    verdictWord(random, Math.min(c.claims, 128)),
    verdictWord(random, Math.max(0, c.claims - 128)),
  ]);
  const index = random.below(rounds.length);
  rounds[index] = own;
  return { committee: c, ruling: rulings.rulingOf(rounds, index) };
}

function tallyOf({ claims, baseRate, threshold, margin, weights, votes }: Committee) {
  const weight = weights.reduce((a, b) => a + b, 0n);
  const bounds = verdictMath.bounds(threshold, margin, weight);
  const lanes = votes.reduce((sums, row, v) => laneTally.add(sums, row, weights[v]!), laneTally.empty());
  const frame: skillScore.Frame = { claims: BigInt(claims), baseRate, weight, threshold, bounds };
  return { frame, lanes };
}

/** Words of the sums and of the charge of every voter, one after the other. */
async function ask(
  harness: Harness,
  all: readonly Appealed[],
): Promise<{ sums: string[]; charges: string[] }> {
  const given = all.map(({ committee: { claims, baseRate, threshold, margin, weights, votes } }) => ({
    claims,
    baseRate,
    threshold,
    margin,
    weights: Uint8Array.from(weights, Number),
    votes: Buffer.concat(votes),
  }));
  const ruled = all.map(({ ruling: { verdicts, foreign, overturned } }) => [verdicts, foreign, overturned]);
  const data = harness.interface.encodeFunctionData("judged", [given, ruled, SEAT_BOND]);
  const answer = (await call(await harness.getAddress(), data)).slice(2);
  const wordAt = (at: number): string => answer.slice(64 * at, 64 * (at + 1));
  const start = (i: number): number => Number(`0x${wordAt(i)}`) / 32;
  const count = Number(`0x${wordAt(start(0))}`);
  const rowsAt = (at: number, width: number): string[] =>
    Array.from({ length: count }, (_, i) => answer.slice(64 * (at + width * i), 64 * (at + width * (i + 1))));
  return { sums: rowsAt(start(0) + 1, 5), charges: rowsAt(start(1) + 1, 1) };
}
