import { readFileSync } from "node:fs";

import { expect } from "chai";

import { samplesFile } from "../../paths.ts";
import { seededRandom } from "../../rng.ts";
import { SIDE } from "./data.ts";
import { drawDigit } from "./draw.ts";
import { digitSamples } from "./samples.ts";

describe("digitSamples", () => {
  it("makes the committed file again, byte for byte", () => {
    expect(digitSamples()).to.equal(readFileSync(samplesFile("digits"), "utf8"));
  });
});

describe("drawDigit", () => {
  it("draws every digit inside the image and unlike the others", () => {
    const drawn = Array.from({ length: 10 }, (_, digit) => drawDigit(digit, seededRandom(1)));
    for (const [digit, pixels] of drawn.entries()) {
      const border = pixels.filter((value, index) => {
        const [x, y] = [index % SIDE, Math.floor(index / SIDE)];
        return value > 0 && (x === 0 || y === 0 || x === SIDE - 1 || y === SIDE - 1);
      });
      expect(border.length, `ink on the border of ${digit}`).to.equal(0);
      expect(pixels.filter((value) => value > 127).length, `ink of ${digit}`).to.be.within(30, 250);
    }
    expect(new Set(drawn.map((pixels) => pixels.join())).size).to.equal(10);
  });
});
