import { expect } from "chai";
import fc from "fast-check";
import { pad, type Address, type Hex } from "viem";

import { turnDelay } from "./turn.ts";

const word = (n: number): Hex => pad(`0x${n.toString(16)}`, { size: 32 });
const address = (n: number): Address => pad(`0x${n.toString(16)}`, { size: 20 });

describe("turnDelay", () => {
  it("lies in the spread and is the same every time [KEEP-11]", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.integer({ min: 0, max: 3_600 }), (request, owner, spread) => {
        const delay = turnDelay(word(request), address(owner), spread);
        expect(delay).to.be.within(0, spread);
        expect(turnDelay(word(request), address(owner), spread)).to.equal(delay);
      }),
    );
  });

  it("gives everybody the first turn of some request [KEEP-11]", () => {
    const first = new Set<number>();
    for (let request = 0; request < 200; request++) {
      const delays = Array.from({ length: 9 }, (_, i) => turnDelay(word(request), address(i + 1), 30));
      first.add(delays.indexOf(Math.min(...delays)));
    }
    expect(first.size).to.equal(9);
  });
});
