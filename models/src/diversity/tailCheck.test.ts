import { expect } from "chai";

import { type Random, seededRandom } from "../rng.ts";
import { deviation, fisher } from "./statistics.ts";
import { bootstrap, checkTail, type Estimate, paretoQuantile, type TailCheck } from "./tailCheck.ts";

const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

describe("paretoQuantile", () => {
  const random = seededRandom(1);
  const sorted = (draw: () => number): Float64Array => Float64Array.from({ length: 400_000 }, draw).sort();

  it("finds one in a million of an exponential tail", () => {
    const draws = sorted(() => -Math.log(1 - random()));
    expect(paretoQuantile(draws, 0.002, 1e-6)).to.be.closeTo(Math.log(1e6), 1.2);
  });

  it("finds the end of a tail that has one", () => {
    expect(paretoQuantile(sorted(random), 0.002, 1e-6)).to.be.closeTo(1, 1e-4);
  });

  it("finds a heavy tail where the normal shape would not", () => {
    // P(x > t) = t^-4: one in a million at 10^1.5.
    const draws = sorted(() => (1 - random()) ** -0.25);
    expect(paretoQuantile(draws, 0.002, 1e-6)).to.be.within(22, 45);
  });

  it("is the sample quantile where nothing is extrapolated", () => {
    const draws = sorted(() => normal(random));
    expect(paretoQuantile(draws, 0.01, 0.01)).to.equal(draws[draws.length - 4001]);
  });
});

describe("bootstrap", () => {
  const random = seededRandom(2);
  const left = Array.from({ length: 400 }, () => Math.round(128 + 30 * normal(random)));
  const right = left.map((value) => Math.round(64 + 0.5 * value + 20 * normal(random)));

  it("spreads like 1/√m around what was seen, sorted", () => {
    const draws = bootstrap({ left, right }, 256, 2, 4000, random);
    expect([...draws]).to.deep.equal([...draws].sort((a, b) => a - b));
    expect(draws[2000]).to.be.closeTo(fisher(0.6), 0.1);
    expect(deviation([...draws]) * 16).to.be.within(0.8, 1.25);
  });

  it("draws neighbours together: where each claim is there twice, blocks of one hide half of the noise", () => {
    const twice = (values: readonly number[]): number[] =>
      values.slice(0, 200).flatMap((value) => [value, value]);
    const pair = { left: twice(left), right: twice(right) };
    const [single, blocks] = [1, 2].map((length) =>
      deviation([...bootstrap(pair, 256, length, 4000, random)]),
    );
    expect((blocks ?? 0) / (single ?? 1)).to.be.within(1.3, 1.53);
  });

  it("gives the same draws twice", () => {
    const draw = (): number[] => [...bootstrap({ left, right }, 64, 2, 50, seededRandom(3))];
    expect(draw()).to.deep.equal(draw());
  });
});

describe("checkTail", () => {
  const random = seededRandom(5);
  const pairOf = (r: number) => {
    const left = Array.from({ length: 400 }, () => normal(random));
    return { left, right: left.map((value) => r * value + Math.sqrt(1 - r * r) * normal(random)) };
  };
  let check: TailCheck;

  before(() => {
    check = checkTail([pairOf(0.2), pairOf(0.8), pairOf(0.5)], 256, 1e-5);
  });

  it("looks at the strictest pair and finds the tail of normal votes, by counting and by its shape", () => {
    expect(check.seen).to.be.closeTo(0.8, 0.04);
    // 4.265 standard deviations are one in a hundred thousand.
    const wanted = Math.tanh(fisher(check.seen) + 4.265 / 16);
    expect(check.counted.value).to.be.closeTo(wanted, 0.02);
    expect(check.pareto.value).to.be.closeTo(wanted, 0.03);
    expect(check.longBlocks).to.be.closeTo(wanted, 0.05);
  });

  it("has intervals around its estimates, the wider where other claims might have been asked", () => {
    const width = ({ low, high }: Estimate): number => high - low;
    expect(check.counted.value).to.be.within(check.counted.low, check.counted.high);
    expect(check.pareto.value).to.be.within(check.pareto.low, check.pareto.high);
    expect(width(check.pareto)).to.be.greaterThan(width(check.counted));
    expect(check.highest).to.be.at.least(check.counted.high);
    expect(check.draws).to.equal(1_030_000);
  });
});
