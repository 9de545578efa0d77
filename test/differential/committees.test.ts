import { laneTally, skillScore, verdictMath } from "@assay/keeper";
import { expect } from "chai";

import { networkHelpers } from "../fixtures/world.ts";
import { call, harnessFixture, VECTORS, word, type Harness } from "./compare.ts";
import { committee, type Committee } from "./committeeVectors.ts";
import { Random } from "./random.ts";

const COMMITTEES_A_CALL = 125;
const NO_MATCHES = { lanes: 0, readings: 0, sums: 0 };

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

interface Score {
  compared: typeof NO_MATCHES;
  mismatches: string[];
  met: Met;
}

describe("mirror of LaneTally, VerdictMath.read and SkillScore.sum", () => {
  it("agrees on whole committees, vote by vote", async () => {
    const harness = await networkHelpers.loadFixture(harnessFixture);
    const random = new Random("committees");
    const score: Score = {
      compared: { ...NO_MATCHES },
      mismatches: [],
      met: { verdicts: [0, 0, 0], onBound: 0, carried: 0, ties: 0, losing: 0, fullHouses: 0 },
    };
    for (let done = 0; done < VECTORS; done += COMMITTEES_A_CALL) {
      const all = Array.from({ length: COMMITTEES_A_CALL }, () => committee(random));
      compareBatch(all, await ask(harness, all), score);
    }
    expect(score.mismatches).to.deep.equal([]);
    const { lanes, readings, sums } = score.compared;
    expect({ lanes, readings }).to.deep.equal({ lanes: VECTORS, readings: VECTORS });
    expect(sums, "voters").to.be.greaterThan(4 * VECTORS);

    const { verdicts, ...met } = score.met;
    for (const [name, times] of [...verdicts.entries(), ...Object.entries(met)])
      expect(times, `met ${name}`).to.be.greaterThan(50);
  });
});

/** The answer as words, in the order of {@link compareBatch}. */
async function ask(harness: Harness, all: readonly Committee[]): Promise<string[]> {
  const given = all.map(({ claims, baseRate, threshold, margin, weights, votes }) => ({
    claims,
    baseRate,
    threshold,
    margin,
    weights: Uint8Array.from(weights, Number),
    votes: Buffer.concat(votes),
  }));
  const data = harness.interface.encodeFunctionData("committees", [given]);
  const answer = await call(await harness.getAddress(), data);
  return answer.slice(2).match(/.{64}/g) ?? [];
}

function compareBatch(all: readonly Committee[], words: readonly string[], score: Score): void {
  // Three dynamic arrays of static rows: their offsets, then a length and the rows each.
  const [lanesAt, readingsAt, sumsAt] = words.slice(0, 3).map((offset) => Number(`0x${offset}`) / 32 + 1);
  const slice = (at: number, width: number, i: number) =>
    words.slice(at + width * i, at + width * (i + 1)).join("");
  let voter = 0;
  all.forEach((c, i) => {
    const lanes = c.votes.reduce(
      (sums, votes, v) => laneTally.add(sums, votes, c.weights[v]!),
      laneTally.empty(),
    );
    check("lanes", slice(lanesAt!, 16, i), lanes, c);
    const frame = frameOf(c);
    const {
      words: verdicts,
      mean,
      share,
    } = verdictMath.read(lanes, frame.claims, frame.weight, frame.threshold, frame.bounds);
    check("readings", slice(readingsAt!, 4, i), [...verdicts, mean, share], c);
    meet(score.met, c, lanes, frame);
    for (const [v, votes] of c.votes.entries()) {
      const sums = skillScore.sum(frame, lanes, votes, c.weights[v]!);
      const { numerator, scoredTrue, scoredFalse, losing, lossError } = sums;
      check("sums", slice(sumsAt!, 5, voter++), [numerator, scoredTrue, scoredFalse, losing, lossError], c);
      score.met.losing += Number(losing);
    }
  });

  function check(
    kind: keyof Score["compared"],
    given: string,
    mirrored: readonly bigint[],
    c: Committee,
  ): void {
    score.compared[kind]++;
    if (given === mirrored.map(word).join("") || score.mismatches.length >= 5) return;
    const { votes, ...rest } = c;
    score.mismatches.push(
      `${kind}: EVM ${given}, mirror ${mirrored.join(", ")}, ${describeVotes(votes, rest)}`,
    );
  }
}

function frameOf({ claims, baseRate, threshold, margin, weights }: Committee): skillScore.Frame {
  const weight = weights.reduce((a, b) => a + b, 0n);
  const bounds = verdictMath.bounds(threshold, margin, weight);
  return { claims: BigInt(claims), baseRate, weight, threshold, bounds };
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

function describeVotes(votes: readonly Uint8Array[], rest: object): string {
  const fields = Object.entries(rest).map(([name, value]) => `${name} ${String(value)}`);
  return [...fields, `votes ${votes.map((v) => Buffer.from(v).toString("hex")).join(" ")}`].join(", ");
}
