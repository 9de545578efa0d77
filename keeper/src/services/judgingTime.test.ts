import { expect } from "chai";

import { stateOf } from "../testing/deps.ts";
import { judgingTime } from "./judgingTime.ts";

/** Of a commit window of so many seconds that began so many seconds ago. */
const at = (commitWindow: number, gone: number): number => {
  const { draw, round } = stateOf("COMMIT");
  return judgingTime({ draw: { ...draw, commitWindow }, round }, round.clock + gone);
};

describe("judgingTime [KEEP-21]", () => {
  it("ends before commits are late, with a third of what is left for the commit", () => {
    expect(at(6, 0)).to.equal(3_000);
    expect(at(40, 0)).to.equal(20_000);
    expect(at(40, 15)).to.be.closeTo(10_000, 1e-6);
  });

  it("keeps no more for the commit than two blocks take", () => {
    expect(at(182, 0)).to.equal((136.5 - 24) * 1_000);
  });

  it("ends before the window does where it would be late anyway, and is nothing once it is over", () => {
    expect(at(40, 28)).to.be.closeTo(8_000, 1e-6);
    expect(at(40, 40)).to.equal(0);
    expect(at(40, 99)).to.equal(0);
  });

  it("leaves the commit time before the end at every moment", () => {
    for (const commitWindow of [1, 6, 42, 64, 1_000]) {
      for (let gone = 0; gone < commitWindow; gone += commitWindow / 64) {
        const judged = gone + at(commitWindow, gone) / 1_000;
        const end = gone > commitWindow / 2 ? commitWindow : 0.75 * commitWindow;
        const kept = Math.min((end - gone) / 3, 24);
        expect(end - judged, `${gone} of ${commitWindow} s`).to.be.closeTo(kept, 1e-6);
      }
    }
  });

  it("counts a window that has not begun, which another commit may begin at once, from now", () => {
    for (const ahead of [0, 3, 600]) expect(at(40, -ahead), `${ahead} s`).to.equal(20_000);
  });
});
