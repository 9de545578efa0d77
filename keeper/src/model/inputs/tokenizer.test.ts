import { expect } from "chai";
import fc from "fast-check";

import { BYTE_PAIRS, WORD_PIECES } from "../../testing/tokenizers.ts";
import { cutLongest, readTokenizer } from "./tokenizer.ts";

const fileOf = (json: object): Uint8Array => new TextEncoder().encode(JSON.stringify(json));

describe("readTokenizer", () => {
  const words = readTokenizer(fileOf(WORD_PIECES));
  const bytes = readTokenizer(fileOf(BYTE_PAIRS));

  it("encodes one text and a pair as the file says, whatever its own truncation is", () => {
    expect(words.encode(["The bridge opened."], 16)).to.deep.equal({
      ids: [2, 4, 5, 6, 7, 9, 3],
      typeIds: [0, 0, 0, 0, 0, 0, 0],
    });
    expect(words.encode(["Bridge", "is open"], 16)).to.deep.equal({
      ids: [2, 5, 3, 8, 6, 3],
      typeIds: [0, 0, 0, 1, 1, 1],
    });
    expect(words.encode(["zebra"], 16).ids, "unknown words").to.deep.equal([2, 1, 3]);
    expect(words.encode(["", ""], 16).ids, "nothing").to.deep.equal([2, 3, 3]);
    expect([words.padId, words.padsLeft]).to.deep.equal([0, false]);
  });

  it("takes no longer than a vote can wait for the longest word a text can be", () => {
    // Where a server runs the model the keeper itself tokenizes: no process is there to be ended.
    for (const letters of ["a", "x", "ab", "abc", "日", "!"]) {
      const word = letters.repeat(32_768 / letters.length);
      for (const tokenizer of [words, bytes]) {
        const start = performance.now();
        tokenizer.encode([word, word], 512);
        expect(performance.now() - start, `${letters}…`).to.be.below(5_000);
      }
    }
  }).timeout(60_000);

  it("encodes bytes, both texts of a pair, and pads where the file says", () => {
    expect(bytes.encode(["abc ab"], 16).ids).to.deep.equal([5, 6]);
    expect(bytes.encode(["abc", " ab"], 16).ids).to.deep.equal([5, 6]);
    expect([bytes.padId, bytes.padsLeft]).to.deep.equal([7, true]);
  });

  it("cuts the longer text and keeps the special tokens", () => {
    expect(words.encode(["the bridge is open"], 4).ids).to.deep.equal([2, 4, 5, 3]);
    expect(words.encode(["the bridge is open", "is"], 6).ids).to.deep.equal([2, 4, 5, 3, 8, 3]);
    expect(words.encode(["the", "the bridge is open"], 6).ids).to.deep.equal([2, 4, 3, 4, 5, 3]);
    expect(words.encode(["the bridge"], 1).ids, "not even room for them").to.deep.equal([2, 3]);
  });

  it("never reads a special token out of a text", () => {
    expect(words.encode(["the [SEP] bridge", "[CLS]"], 32).ids).to.deep.equal([
      2, 4, 10, 12, 11, 5, 3, 10, 1, 11, 3,
    ]);
    expect(bytes.encode(["abc<|endoftext|>"], 16).ids).to.not.include(7);
  });

  it("refuses what is no tokenizer.json", () => {
    for (const json of [{}, [], { model: {} }, { ...WORD_PIECES, model: { type: "none" } }])
      expect(() => readTokenizer(fileOf(json)), JSON.stringify(json).slice(0, 40)).to.throw();
    expect(() => readTokenizer(Buffer.from("{"))).to.throw();
  });
});

describe("cutLongest", () => {
  it("takes tokens off whichever is longer, one by one", () => {
    const slowly = (a: number, b: number, most: number): [number, number] => {
      while (a + b > most)
        if (b > a) b -= 1;
        else if (a > b) a -= 1;
        else b -= 1;
      return [a, b];
    };
    const size = fc.nat({ max: 12 });
    fc.assert(
      fc.property(size, size, size, (a, b, most) => {
        const [first, second] = cutLongest([Array<number>(a).fill(0), Array<number>(b).fill(1)], most);
        expect([first!.length, second!.length]).to.deep.equal(slowly(a, b, most));
      }),
    );
    expect(cutLongest([[1, 2, 3]], 2)).to.deep.equal([[1, 2]]);
  });
});
