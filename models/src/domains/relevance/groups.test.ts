import { expect } from "chai";

import { splitClaims } from "./data.ts";
import { type FoolClaim, groupsOf, namesOf } from "./groups.ts";

const claim = (text: string, ...evidence: string[]): FoolClaim => ({
  category: "Sports",
  claim: text,
  evidence,
});

describe("groupsOf", () => {
  it("joins claims that share a sentence, and claims that share a name, also through a third", () => {
    const claims = [
      claim("it rained", "a sentence"),
      claim("it snowed", "another", "a sentence"),
      claim("then Marta Ilves came", "another"),
      claim("so said Marta Ilves", "a fourth"),
      claim("nothing of it", "a fifth"),
    ];
    const [a, b, c, d, e] = groupsOf(claims, 20);
    expect([b, c, d]).to.deep.equal([a, a, a]);
    expect(e).to.not.equal(a);
  });

  it("does not join by a name that too many claims share", () => {
    const claims = Array.from({ length: 4 }, (_, index) =>
      claim(`in New York ${index}`, `sentence ${index}`),
    );
    expect(new Set(groupsOf(claims, 3)).size).to.equal(4);
    expect(new Set(groupsOf(claims, 4)).size).to.equal(1);
  });
});

describe("splitClaims", () => {
  const people = Array.from(
    { length: 200 },
    (_, index) => `Person${String.fromCharCode(65 + (index % 26))} Name${String(index).padStart(3, "0")}`,
  );
  /** Every other person plays where everybody plays: too common a name to make a group. */
  const place = (index: number): string => (index % 2 === 0 ? " at the Grand Arena" : "");
  const claims = people.flatMap((name, index) => [
    claim(`${name} won prize ${index}${place(index)}`, `${name} got prize ${index}${place(index)}.`),
    claim(`${name} lost prize ${index}`, `${name} did not get it, ${index}${place(index)}.`),
  ]);
  const { training, heldOut } = splitClaims(claims);

  it("has no entity on both sides", () => {
    const named = (rows: typeof training): Set<string> =>
      new Set(rows.flatMap(({ answer }) => [...namesOf(claim(answer))].slice(0, 1)));
    const left = named(training);
    expect([...named(heldOut)].filter((name) => left.has(name))).to.deep.equal([]);
    expect(heldOut.length).to.be.greaterThan(100);
  });

  it("pairs every claim with its own evidence and with that of a stranger", () => {
    for (const { text, answer, truth } of [...training, ...heldOut]) {
      const [name = ""] = namesOf(claim(answer));
      expect(text.includes(name), `${answer} / ${text}`).to.equal(truth);
    }
  });

  it("takes no stranger that shares any name, however common", () => {
    for (const { text, answer, truth } of [...training, ...heldOut]) {
      const both = text.includes("Grand Arena") && answer.includes("Grand Arena");
      if (!truth) expect(both, `${answer} / ${text}`).to.equal(false);
    }
  });
});
