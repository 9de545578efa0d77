import { expect } from "chai";
import fc from "fast-check";

import { calibrate, manifestSchema, type Calibration } from "@assay/keeper";

import { compare, fit, METHODS } from "./choose.ts";
import { measure } from "../metrics.ts";
import { judgedRow, targets, type Judged } from "./judged.ts";
import { fitPlatt, fitTemperature } from "./logistic.ts";

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

/** Claims at logits −4 … 4 of which as many are true as `chance` of the logit says: no luck involved. */
function world(chance: (logit: number) => number, each = 500): Judged[] {
  return Array.from({ length: 33 }, (_, i) => (i - 16) / 4).flatMap((logit) => {
    const trues = Math.round(each * chance(logit));
    return Array.from({ length: each }, (_, i) => judgedRow(sigmoid(logit), i < trues));
  });
}

const rowsArbitrary = fc.array(
  fc
    .tuple(fc.integer({ min: 0, max: 1_000 }), fc.boolean())
    .map(([thousandths, truth]) => judgedRow(thousandths / 1_000, truth)),
  { minLength: 2, maxLength: 60 },
);

describe("calibration fits", () => {
  it("find the temperature a world was made with", () => {
    for (const temperature of [0.5, 1, 2.5])
      expect(fitTemperature(world((z) => sigmoid(z / temperature))).temperature).to.be.closeTo(
        temperature,
        0.01,
      );
  });

  it("find slope and offset a world was made with", () => {
    const { slope, offset } = fitPlatt(world((z) => sigmoid(0.7 * z - 0.9)));
    expect(slope).to.be.closeTo(0.7, 0.01);
    expect(offset).to.be.closeTo(-0.9, 0.01);
  });

  it("pool what does not rise: a worked example", () => {
    // Targets of 4 true and 3 false claims are 5/6 and 1/5; 0.3 to 0.5 falls and is pooled with its neighbour.
    const rows = (
      [
        [0.1, false],
        [0.2, false],
        [0.3, true],
        [0.5, false],
        [0.6, true],
        [0.8, true],
        [0.9, true],
      ] as const
    ).map(([p, truth]) => judgedRow(p, truth));
    const half = Math.round(((5 / 6 + 1 / 5) / 2) * 1e6) / 1e6;
    const [low, high] = [0.2, Math.round((5 / 6) * 1e6) / 1e6];
    expect(fit("isotonic", rows)).to.deep.equal({
      method: "isotonic",
      from: [0.1, 0.2, 0.3, 0.5, 0.6, 0.9],
      to: [low, low, half, half, high, high],
    });
  });

  it("keep the sum of what they aim at, whatever the claims", () => {
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
    fc.assert(
      fc.property(rowsArbitrary, (rows) => {
        const table = fit("isotonic", rows);
        const given = rows.map(({ probability }) => calibrate(probability, table));
        expect(sum(given)).to.be.closeTo(sum(targets(rows)), 1e-4 * rows.length);
      }),
    );
  });

  it("are calibrations a manifest may hold, whatever the claims", () => {
    const schema = manifestSchema.shape.calibration;
    fc.assert(
      fc.property(rowsArbitrary, fc.constantFrom(...METHODS), (rows, method) => {
        const fitted: Calibration = fit(method, rows);
        expect(schema.safeParse(fitted).error?.message).to.equal(undefined);
        for (const { probability } of rows) expect(calibrate(probability, fitted)).to.be.within(0, 1);
      }),
    );
  });

  it("stay finite where the model separates the claims, and where all its answers are one", () => {
    const apart = [0, 0, 1, 1].map((p, i) => judgedRow(p, i > 1));
    const alike = [0.5, 0.5, 0.5].map((p, i) => judgedRow(p, i === 0));
    for (const rows of [apart, alike]) {
      const { slope, offset } = fitPlatt(rows);
      expect([slope, offset].every(Number.isFinite), `${slope} ${offset}`).to.equal(true);
      expect(fitTemperature(rows).temperature).to.be.within(0.05, 20);
    }
    expect(calibrate(0.5, fitPlatt(alike))).to.be.closeTo((2 / 3 + 2 * 0.25) / 3, 1e-4);
  });
});

describe("the choice of a calibration", () => {
  const chosen = (rows: readonly Judged[]): string | undefined => compare(METHODS, rows)[0]?.method;

  it("leaves alone what is calibrated", () => {
    // 33 answers of 400: the free table is the one that could chase chance.
    expect(chosen(world(sigmoid, 400))).to.equal("none");
  });

  it("takes the simplest that fits", () => {
    expect(chosen(world((z) => sigmoid(z / 3)))).to.equal("temperature");
    expect(chosen(world((z) => sigmoid(z / 2 + 1)))).to.equal("platt");
    expect(chosen(world((z) => (z < 1 ? 0.1 : 0.7)))).to.equal("isotonic");
  });

  it("measures methods on claims they were not fitted on", () => {
    // Pure chance: a table fitted to it looks good on what it has seen, and only there.
    const rows = Array.from({ length: 200 }, (_, i) =>
      judgedRow((i + 0.5) / 200, (Math.sin(i) * 1e4) % 1 > 0),
    );
    const fitted = fit("isotonic", rows);
    const own = measure(
      rows.map(({ probability }) => calibrate(probability, fitted)),
      rows.map(({ truth }) => truth),
    ).logLoss;
    const [, isotonic] = compare(["platt", "isotonic"], rows);
    expect(isotonic?.method).to.equal("isotonic");
    expect(isotonic?.quality.logLoss).to.be.greaterThan(own + 0.003);
  });
});
