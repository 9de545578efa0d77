import { expect } from "chai";

import { chain, contains, rulingOf, type Words } from "./rulings.ts";

/** Verdicts of up to three claims; 0 undecided, 1 false, 2 true. */
const words = (...verdicts: number[]): Words => [
  verdicts.reduce((word, verdict, i) => word | (BigInt(verdict) << BigInt(2 * i)), 0n),
  0n,
];

describe("rulings", () => {
  it("counts the latest round that decided a claim", () => {
    expect(chain([words(2, 2, 0), words(1, 0, 0), words(0, 0, 2)]).verdicts).to.deep.equal(words(1, 2, 2));
  });

  it("upholds an appeal only where what it overturned stays so", () => {
    // The second appeal turns claim 1 back, so the first one changed nothing for good.
    expect(chain([words(2), words(1), words(2)]).upheld).to.deep.equal([false, false, true]);
    expect(chain([words(2, 2), words(1, 1), words(2, 0)]).upheld).to.deep.equal([false, true, true]);
    // Deciding what was undecided overturns nothing.
    expect(chain([words(0), words(1)]).upheld).to.deep.equal([false, false]);
  });

  it("judges a round by the verdicts of others and pays the first appeal that lasts", () => {
    const own = [words(2, 2), words(1, 0), words(1, 0)];
    const first = rulingOf(own, 0);
    expect([contains(first.foreign, 0), contains(first.foreign, 1)]).to.deep.equal([true, false]);
    expect([contains(first.overturned, 0), contains(first.overturned, 1)]).to.deep.equal([true, false]);
    expect(first.winner).to.equal(1);
    const second = rulingOf(own, 1);
    // Claim 2 is decided by the round before, claim 1 by the one after.
    expect([contains(second.foreign, 0), contains(second.foreign, 1)]).to.deep.equal([true, true]);
    expect([second.overturned, second.winner]).to.deep.equal([words(0), undefined]);
  });

  it("pays the appeal that overturned a claim of the round, not one that overturned others [APP-9]", () => {
    const own = [words(2, 2), words(2, 1), words(1, 0)];
    expect(chain(own).lasting).to.deep.equal([words(0), words(0, 1), words(1)]);
    expect(rulingOf(own, 0).winner, "of both claims, the first that turned one").to.equal(1);
    expect(rulingOf(own, 1).winner).to.equal(2);
    // Of the third claim the first round said nothing; the second appeal turned it.
    expect(rulingOf([words(2, 0, 0), words(0, 0, 2), words(0, 0, 1), words(1, 0, 0)], 0).winner).to.equal(3);
  });
});
