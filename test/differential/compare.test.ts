import { fixedPoint } from "@assay/keeper";
import { expect } from "chai";

import { networkHelpers } from "../fixtures/world.ts";
import { compareRows, harnessFixture } from "./compare.ts";
import { Random } from "./random.ts";

describe("comparison of mirror and EVM", () => {
  const random = new Random("comparison");
  const vectors = Array.from({ length: 1_200 }, () => [random.bits(200)]);

  it("counts what it compared, over whole and broken batches", async () => {
    const harness = await networkHelpers.loadFixture(harnessFixture);
    const mirror = ([x]: readonly bigint[]) => fixedPoint.sqrt(x!);
    expect(await compareRows(harness, "sqrt", [], vectors, mirror)).to.deep.equal({
      compared: 1_200,
      mismatches: [],
    });
  });

  it("sees one wrong unit in one vector", async () => {
    const harness = await networkHelpers.loadFixture(harnessFixture);
    const odd = vectors[777]![0]!;
    expect(vectors.filter(([x]) => x === odd)).to.have.length(1);
    const mirror = ([x]: readonly bigint[]) => fixedPoint.sqrt(x!) + (x === odd ? 1n : 0n);
    const { compared, mismatches } = await compareRows(harness, "sqrt", [], vectors, mirror);
    expect(compared).to.equal(1_200);
    expect(mismatches).to.have.length(1);
    expect(mismatches[0]).to.match(new RegExp(`^sqrt\\(${odd}\\): EVM `));
  });
});
