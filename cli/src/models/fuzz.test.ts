import { manifestSchema } from "@assay/keeper";
import { expect } from "chai";

import { fuzzClaims } from "./fuzz.ts";

describe("made-up claims of plain values", () => {
  it("lie around what the preprocessing expects of each", () => {
    const [mean, std] = [
      [100, -100],
      [1, 20],
    ];
    const manifest = manifestSchema.parse({
      schemaVersion: 2,
      name: "M",
      domain: "d",
      family: "f",
      inputs: [{ kind: "values", name: "x", shape: [2], scale: 0.5, mean, std, type: "float32" }],
      output: { name: "p", values: "probabilities", select: { by: "only" } },
      calibration: { method: "none" },
      baseRate: 0.5,
      limits: {},
      files: { "model.onnx": "0".repeat(64) },
      provenance: { source: "s", licence: "MIT" },
    });
    const claims = fuzzClaims(manifest, 200, { odd: false });
    for (const [at, centre] of mean.entries()) {
      // number · scale lies in mean ± 2 std, and fills most of it.
      const reached = claims.map(({ values }) => (values![at]! * 0.5 - centre) / std[at]!);
      expect(Math.min(...reached), `least of ${at}`).to.be.within(-2, -1.5);
      expect(Math.max(...reached), `most of ${at}`).to.be.within(1.5, 2);
    }
  });
});
