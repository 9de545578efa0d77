import { expect } from "chai";

import { termsOf } from "../testing/deps.ts";
import { decodeTerms, encodeTerms } from "./terms.ts";

describe("terms as text", () => {
  it("come back as they were, at the edges of their types", () => {
    const terms = termsOf({ nonce: 2n ** 256n - 1n, price: 2n ** 88n - 1n, epoch: 2 ** 24 - 1, claims: 256 });
    expect(decodeTerms(encodeTerms(terms))).to.deep.equal(terms);
  });

  it("are refused when a field is missing, unknown or of another type", () => {
    const good = JSON.parse(encodeTerms(termsOf())) as Record<string, unknown>;
    const { nonce: _nonce, ...less } = good;
    for (const bad of [less, { ...good, more: 1 }, { ...good, claims: "2" }, { ...good, price: "1.5" }])
      expect(() => decodeTerms(JSON.stringify(bad)), JSON.stringify(bad)).to.throw();
  });
});
