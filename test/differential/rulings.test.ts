import { rulings, skillScore, verdictMath } from "@assay/keeper";
import { expect } from "chai";

import { callMany, compareCalls, quickHarness, itMirrors, VECTORS, word } from "./compare.ts";
import {
  committee,
  describeCommittee,
  encoded,
  sumsWords,
  tallyOf,
  type Committee,
} from "./committeeVectors.ts";
import { Random } from "./random.ts";
import { drawn, range } from "./vectors.ts";

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
    const harness = await quickHarness("MirrorHarness");
    const random = new Random("appealed committees");
    const met = { foreign: 0, overturned: 0, charged: 0, spared: 0, carried: 0 };
    let [compared, voters] = [0, 0];
    while (compared < VECTORS) {
      const all = Array.from({ length: COMMITTEES_A_CALL }, () => appealed(random));
      const result = await compareCalls(
        all,
        (batch) => callMany(harness, "judged", batch.map(judgedArguments)),
        (one) => {
          voters += one.committee.votes.length;
          return mirrored(one, met);
        },
        ({ committee: c }) => describeCommittee(c),
      );
      expect(result.mismatches).to.deep.equal([]);
      compared += result.compared;
    }
    expect(compared, "committees").to.equal(VECTORS);
    expect(voters, "sums and charges of voters").to.be.greaterThan(4 * VECTORS);
    for (const [name, times] of Object.entries(met)) expect(times, `met ${name}`).to.be.greaterThan(500);
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

function judgedArguments({ committee: c, ruling: { verdicts, foreign, overturned } }: Appealed): string {
  // The committee begins behind eight words of arguments.
  return [256n, ...verdicts, ...foreign, ...overturned, SEAT_BOND].map(word).join("") + encoded(c);
}

/** Sums and charges of every voter, as the harness answers them. */
function mirrored({ committee: c, ruling }: Appealed, met: Record<string, number>): string {
  const { frame, lanes } = tallyOf(c);
  const { verdicts, foreign, overturned } = ruling;
  const sides = skillScore.sidesBy(frame, lanes, verdicts, foreign);
  met.foreign! += sides.filter(({ isForeign }) => isForeign).length;
  const decided = sides.filter(({ verdict }) => verdict !== verdictMath.UNDECIDED).length;
  const isOverturned = overturned.some((mask) => mask !== 0n);
  const sums = c.votes.map((votes, v) => skillScore.sumSides(frame, sides, votes, c.weights[v]!));
  const charges = c.votes.map((votes) =>
    skillScore.overturnCharge(frame, verdicts, overturned, votes, SEAT_BOND),
  );
  for (const s of sums) met.carried! += decided - Number(s.scoredTrue + s.scoredFalse);
  for (const charge of charges) {
    expect(charge <= SEAT_BOND, "a charge exceeds the bond").to.equal(true);
    if (isOverturned) met.overturned!++;
    if (charge > 0n) met.charged!++;
    else if (isOverturned) met.spared!++;
  }
  // Two pointers, then both arrays behind their lengths.
  const count = BigInt(charges.length);
  const chargesAt = 32n * (3n + 5n * count);
  return [
    ...[64n, chargesAt, count].map(word),
    ...sums.map(sumsWords),
    ...[count, ...charges].map(word),
  ].join("");
}
