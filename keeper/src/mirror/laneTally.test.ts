import { expect } from "chai";

import { add, empty, lane, lanesOf } from "./laneTally.ts";

describe("laneTally", () => {
  it("puts claim 0 into the highest lane of word 0", () => {
    const words = add(empty(), Uint8Array.of(7, 9), 3n);
    expect(words[0]).to.equal((21n << 240n) | (27n << 224n));
    expect(words.slice(1)).to.deep.equal(empty().slice(1));
  });

  it("goes to the next word at claim 16 and ends at claim 255", () => {
    const votes = new Uint8Array(256);
    votes[15] = 1;
    votes[16] = 2;
    votes[255] = 3;
    const words = add(empty(), votes, 4n);
    expect(words[0]).to.equal(4n);
    expect(words[1]).to.equal(8n << 240n);
    expect(words[15]).to.equal(12n);
    expect([15, 16, 17, 255].map((claim) => lane(words, claim))).to.deep.equal([4n, 8n, 0n, 12n]);
  });

  it("holds the fullest committee without a carry", () => {
    const votes = new Uint8Array(17).fill(255);
    let words = empty();
    for (let i = 0; i < 85; i++) words = add(words, votes, 3n);
    expect(lanesOf(words, 17n)).to.deep.equal(Array.from({ length: 17 }, () => 255n * 255n));
    expect(lane(words, 17)).to.equal(0n);
  });

  it("leaves what it was given alone", () => {
    const before = add(empty(), Uint8Array.of(1), 1n);
    add(before, Uint8Array.of(1), 1n);
    expect(lane(before, 0)).to.equal(1n);
  });
});
