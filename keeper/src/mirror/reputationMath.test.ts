import { expect } from "chai";

import { WAD } from "./fixedPoint.ts";
import {
  ABSENT,
  apply,
  LATE,
  MAX,
  MIN,
  power,
  replay,
  SUCCESS,
  tilt,
  WRONG,
  type Rule,
} from "./reputationMath.ts";

const thousandths = (n: bigint) => (n * WAD) / 1_000n;

const DEFAULT: Rule = {
  pull: thousandths(55n),
  success: thousandths(1_050n),
  wrong: thousandths(940n),
  late: thousandths(970n),
  absent: thousandths(940n),
  catchUp: 0n,
};
const PUBLISHED: Rule = {
  pull: 0n,
  success: thousandths(1_010n),
  wrong: WAD,
  late: thousandths(800n),
  absent: thousandths(640n),
  catchUp: thousandths(20n),
};

describe("reputationMath.apply", () => {
  it("pulls quality outcomes towards 1 before multiplying", () => {
    expect(apply(WAD, SUCCESS, DEFAULT)).to.equal(thousandths(1_050n));
    expect(apply(WAD, WRONG, DEFAULT)).to.equal(thousandths(940n));
    // 2 − 0.055 = 1.945; · 1.05
    expect(apply(2n * WAD, SUCCESS, DEFAULT)).to.equal(2_042250000000000000n);
    // 0.5 + 0.055 · 0.5 = 0.5275; · 0.94
    expect(apply(WAD / 2n, WRONG, DEFAULT)).to.equal(495850000000000000n);
  });

  it("only multiplies at service outcomes", () => {
    expect(apply(2n * WAD, LATE, DEFAULT)).to.equal(thousandths(1_940n));
    expect(apply(2n * WAD, ABSENT, DEFAULT)).to.equal(thousandths(1_880n));
  });

  it("rounds a pull from above away from zero", () => {
    // 0.055 wei becomes a whole one: exactly 1 is left.
    expect(apply(WAD + 1n, SUCCESS, DEFAULT)).to.equal(thousandths(1_050n));
  });

  it("stays in [0.1, 10]", () => {
    expect(apply(MAX, SUCCESS, PUBLISHED)).to.equal(MAX);
    expect(apply(MIN, ABSENT, PUBLISHED)).to.equal(MIN);
  });

  it("catches up after a SUCCESS below 1", () => {
    // 0.5 · 1.01 = 0.505; + 0.02 · 0.495
    expect(apply(WAD / 2n, SUCCESS, PUBLISHED)).to.equal(514900000000000000n);
    expect(apply(WAD, SUCCESS, PUBLISHED)).to.equal(thousandths(1_010n));
    expect(apply(WAD / 2n, WRONG, PUBLISHED)).to.equal(WAD / 2n);
  });
});

describe("reputationMath.replay", () => {
  it("applies the lowest two bits first", () => {
    const tape = SUCCESS | (LATE << 2n) | (WRONG << 4n);
    const step = apply(apply(apply(WAD, SUCCESS, DEFAULT), LATE, DEFAULT), WRONG, DEFAULT);
    expect(replay(WAD, tape, 3n, DEFAULT)).to.equal(step);
    // 1.05 · 0.97 = 1.0185; − 0.055 · 0.0185 = 1.0174825; · 0.94
    expect(step).to.equal(956433550000000000n);
  });

  it("ends at its length, whatever the tape still holds", () => {
    expect(replay(WAD, 0b1111n, 0n, DEFAULT)).to.equal(WAD);
    expect(replay(WAD, 0b1111n, 1n, DEFAULT)).to.equal(thousandths(940n));
  });
});

describe("reputationMath.power", () => {
  it("is the weight of R in points", () => {
    expect(power(WAD, WAD / 2n)).to.equal(WAD);
    expect(power(MAX, 0n)).to.equal(WAD);
  });
});

describe("reputationMath.tilt", () => {
  it("pays the root of scarcity, between 1 and λ", () => {
    expect(tilt(16n, 4n, 1n, 32n), "√(16 / 4)").to.equal(2n * WAD);
    expect(tilt(16n, 4n, 1n, 24n), "λ = 1.5").to.equal(thousandths(1_500n));
    expect(tilt(16n, 4n, 16n, 32n), "a common family").to.equal(WAD);
    expect(tilt(2n, 1n, 1n, 32n), "√2 rounded down").to.equal(1_414213562373095048n);
    expect(tilt(16n, 4n, 1n, 0n), "a cap below 1 is 1").to.equal(WAD);
  });

  it("is 1 without families", () => {
    expect(tilt(0n, 0n, 0n, 32n)).to.equal(WAD);
    expect(tilt(5n, 1n, 0n, 32n)).to.equal(WAD);
  });
});
