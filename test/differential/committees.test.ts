import { laneTally, skillScore, verdictMath } from "@assay/keeper";
import { expect } from "chai";

import { callMany, compareCalls, quickHarness, VECTORS, word } from "./compare.ts";
import {
  committee,
  describeCommittee,
  encoded,
  sumsWords,
  tallyOf,
  type Committee,
} from "./committeeVectors.ts";
import { Random } from "./random.ts";

const COMMITTEES_A_CALL = 125;

/** What the vectors met, to be sure that they go where errors would hide. */
interface Met {
  verdicts: [number, number, number];
  /** lanes on a bound */
  onBound: number;
  /** decided claims not scored for a voter, and those where the others tie exactly */
  carried: number;
  ties: number;
  losing: number;
  fullHouses: number;
}

describe("mirror of LaneTally, VerdictMath.read and SkillScore.sum", () => {
  it("agrees on whole committees, vote by vote", async () => {
    const harness = await quickHarness("MirrorHarness");
    const random = new Random("committees");
    const met: Met = { verdicts: [0, 0, 0], onBound: 0, carried: 0, ties: 0, losing: 0, fullHouses: 0 };
    let [compared, voters] = [0, 0];
    while (compared < VECTORS) {
      const all = Array.from({ length: COMMITTEES_A_CALL }, () => committee(random));
      const result = await compareCalls(
        all,
        (batch) =>
          callMany(
            harness,
            "committee",
            batch.map((c) => word(32n) + encoded(c)),
          ),
        (c) => {
          voters += c.votes.length;
          return mirrored(c, met);
        },
        describeCommittee,
      );
      expect(result.mismatches).to.deep.equal([]);
      compared += result.compared;
    }
    expect(compared, "lanes and readings").to.equal(VECTORS);
    expect(voters, "sums of voters").to.be.greaterThan(4 * VECTORS);

    const { verdicts, ...others } = met;
    for (const [name, times] of [...verdicts.entries(), ...Object.entries(others)])
      expect(times, `met ${name}`).to.be.greaterThan(50);
  });
});

/** Lanes, reading and the sums of every voter, as the harness answers them. */
function mirrored(c: Committee, met: Met): string {
  const { frame, lanes } = tallyOf(c);
  meet(met, c, lanes, frame);
  const { words, mean, share } = verdictMath.read(
    lanes,
    frame.claims,
    frame.weight,
    frame.threshold,
    frame.bounds,
  );
  const sums = c.votes.map((votes, v) => skillScore.sum(frame, lanes, votes, c.weights[v]!));
  for (const { losing } of sums) met.losing += Number(losing);
  // The sums lie behind 16 lanes, 4 words of the reading and the word that points to them.
  const fixed = [...lanes, ...words, mean, share, 32n * 21n, BigInt(sums.length)];
  return fixed.map(word).join("") + sums.map(sumsWords).join("");
}

function meet(met: Met, c: Committee, words: readonly bigint[], frame: skillScore.Frame): void {
  const { high, low } = frame.bounds;
  if (frame.weight === laneTally.MAX_WEIGHT) met.fullHouses++;
  laneTally.lanesOf(words, frame.claims).forEach((lane, claim) => {
    const side = verdictMath.verdict(lane, frame.bounds);
    met.verdicts[Number(side)]!++;
    if (lane === high || lane === low) met.onBound++;
    if (side === verdictMath.UNDECIDED) return;
    c.votes.forEach((votes, v) => {
      const weight = c.weights[v]!;
      const others = (lane - weight * BigInt(votes[claim]!)) * verdictMath.ONE;
      const pivot = frame.threshold * 255n * (frame.weight - weight);
      if (others === pivot) met.ties++;
      if (side === verdictMath.TRUE ? others <= pivot : others >= pivot) met.carried++;
    });
  });
}
