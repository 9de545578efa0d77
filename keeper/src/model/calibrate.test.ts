import { expect } from "chai";
import fc from "fast-check";

import { calibrate } from "./calibrate.ts";
import type { Calibration } from "./manifest.ts";

const ISOTONIC: Calibration = { method: "isotonic", from: [0.2, 0.4, 0.8], to: [0.1, 0.1, 0.9] };

describe("calibrate", () => {
  for (const [calibration, p, wanted] of [
    [{ method: "none" }, 0.3, 0.3],
    // logit 0.9 = 2.1972; half of it is 1.0986, odds of 3 to 1.
    [{ method: "temperature", temperature: 2 }, 0.9, 0.75],
    [{ method: "temperature", temperature: 1 }, 1, 1 - 1e-6],
    [{ method: "temperature", temperature: 1 }, 0, 1e-6],
    [{ method: "platt", slope: 1, offset: 0 }, NaN, NaN],
    [ISOTONIC, NaN, NaN],
    [{ method: "platt", slope: 2, offset: 0 }, 0.75, 0.9],
    [{ method: "platt", slope: 1, offset: Math.log(3) }, 0.5, 0.75],
    [ISOTONIC, 0, 0.1],
    [ISOTONIC, 0.2, 0.1],
    [ISOTONIC, 0.3, 0.1],
    [ISOTONIC, 0.6, 0.5],
    [ISOTONIC, 0.8, 0.9],
    [ISOTONIC, 1, 0.9],
  ] as const satisfies readonly (readonly [Calibration, number, number])[]) {
    it(`turns ${p} into ${wanted} (${JSON.stringify(calibration)})`, () => {
      const given = calibrate(p, calibration);
      if (Number.isNaN(wanted)) expect(given).to.be.NaN;
      else expect(given).to.be.closeTo(wanted, 1e-12);
    });
  }

  it("keeps probabilities probabilities, and their order", () => {
    const p = fc.double({ min: 0, max: 1, noNaN: true });
    const calibrations = fc.oneof(
      fc
        .double({ min: 0.1, max: 10, noNaN: true })
        .map((temperature) => ({ method: "temperature" as const, temperature })),
      fc.constant(ISOTONIC),
    );
    fc.assert(
      fc.property(p, p, calibrations, (a, b, calibration) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)].map((one) => calibrate(one, calibration));
        expect(low).to.be.within(0, 1);
        expect(high).to.be.within(low! - 1e-12, 1);
      }),
    );
  });
});
