import { voteByte } from "@assay/keeper";
import { expect } from "chai";
import fc from "fast-check";

import { networkSkill } from "./network.ts";

const claims = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean()), {
  minLength: 1,
  maxLength: 40,
});
const rate = fc.double({ min: 0.05, max: 0.95, noNaN: true });

describe("networkSkill", () => {
  it("is the mean of SCORE-3 over the bytes a keeper would vote", () => {
    fc.assert(
      fc.property(claims, rate, (rows, trained) => {
        const share = rows.filter(([, truth]) => truth).length / rows.length;
        fc.pre(share >= 0.05 && share <= 0.95);
        const found = networkSkill(
          rows.map(([p]) => p),
          rows.map(([, truth]) => truth),
          trained,
          share,
        );
        const b = found.pinned;
        expect(b).to.be.closeTo(share * 255, 0.5 + 1e-6);
        const scores = rows.map(([p, truth]) => {
          const y = truth ? 255 : 0;
          return ((b - y) ** 2 - (voteByte(p, trained, b) - y) ** 2) / (4 * b * (255 - b));
        });
        expect(found.skill).to.be.closeTo(scores.reduce((sum, s) => sum + s, 0) / rows.length, 1e-12);
      }),
    );
  });

  it("is zero for answering the base rate and for not answering, in every domain", () => {
    fc.assert(
      fc.property(claims, rate, rate, (rows, trained, domain) => {
        const truths = rows.map(([, truth]) => truth);
        for (const p of [trained, Number.NaN])
          expect(
            networkSkill(
              truths.map(() => p),
              truths,
              trained,
              domain,
            ).skill,
          ).to.be.closeTo(0, 1e-12);
      }),
    );
  });

  it("is at most the ceiling, and next to it for knowing everything", () => {
    const truths = Array.from({ length: 300 }, (_, i) => i % 3 === 0);
    const { skill, ceiling, onTrue, onFalse } = networkSkill(
      truths.map((truth) => (truth ? 1 : 0)),
      truths,
      0.5,
      0.2,
    );
    // b = 51: a true claim is worth 204² / (4 · 51 · 204) = 1, a false one 51² / (4 · 51 · 204) = 1/16.
    expect(ceiling).to.be.closeTo(0.2 * 1 + 0.8 * (1 / 16), 1e-12);
    expect(skill).to.be.within(0.99 * ceiling, ceiling);
    expect(onTrue).to.be.within(0.99, 1);
    expect(onFalse).to.be.within(0.06, 1 / 16);
  });

  it("counts true claims as often as the domain has them", () => {
    const truths = [true, true, true, false];
    const at = (share: number) => networkSkill([0.9, 0.9, 0.9, 0.9], truths, 0.5, share);
    for (const share of [0.2, 0.5, 0.75]) {
      const { skill, onTrue, onFalse } = at(share);
      expect(skill).to.be.closeTo(share * onTrue + (1 - share) * onFalse, 1e-12);
      expect(onTrue).to.be.greaterThan(0);
      expect(onFalse).to.be.lessThan(0);
    }
  });

  it("pins no rate outside of what domains keep", () => {
    expect(networkSkill([0.5], [true], 0.5, 0.001).pinned).to.equal(13);
    expect(networkSkill([0.5], [true], 0.5, 0.999).pinned).to.equal(242);
  });
});
