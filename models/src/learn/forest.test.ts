import { expect } from "chai";

import { seededRandom } from "../rng.ts";
import { fitForest, forestShares } from "./forest.ts";

const OPTIONS = { trees: 30, depth: 6, tries: 4, minRows: 2 };

describe("fitForest", () => {
  const random = seededRandom(1);
  /** Class 0 … 3 by quadrant: no single feature tells it. */
  const rows = Array.from({ length: 400 }, () => {
    const x = Float32Array.of(random(), random());
    return { x, label: ((x[0] ?? 0) > 0.5 ? 1 : 0) + ((x[1] ?? 0) > 0.5 ? 2 : 0) };
  });

  it("learns what takes two features", () => {
    const forest = fitForest(rows.slice(0, 300), 4, OPTIONS, seededRandom(2));
    const right = rows.slice(300).filter(({ x, label }) => {
      const shares = forestShares(forest, x);
      return shares.indexOf(Math.max(...shares)) === label;
    });
    expect(right.length).to.be.greaterThan(85);
  });

  it("gives shares that add up to one", () => {
    const forest = fitForest(rows, 4, OPTIONS, seededRandom(2));
    const sum = forestShares(forest, Float32Array.of(0.4, 0.6)).reduce((total, share) => total + share, 0);
    expect(sum).to.be.closeTo(1, 1e-9);
  });

  it("gives the same forest for the same seed and another for another", () => {
    const grow = (seed: number): string => JSON.stringify(fitForest(rows, 4, OPTIONS, seededRandom(seed)));
    expect(grow(3)).to.equal(grow(3));
    expect(grow(3)).to.not.equal(grow(4));
  });
});
