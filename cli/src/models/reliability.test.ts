import { expect } from "chai";

import { reliabilityDiagram } from "./reliability.ts";

/** Elements that are opened and not closed, in order. */
function unclosed(svg: string): string[] {
  const open: string[] = [];
  for (const [, slash, name, self] of svg.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)) {
    if (slash === "/") expect(open.pop()).to.equal(name);
    else if (self !== "/") open.push(name ?? "");
  }
  return open;
}

describe("reliabilityDiagram", () => {
  const bins = [
    { claims: 10, said: 0.1, found: 0 },
    { claims: 40, said: 0.5, found: 0.5 },
    { claims: 20, said: 1, found: 0.75 },
  ];

  it("puts every bin where it belongs", () => {
    const svg = reliabilityDiagram("A model", bins);
    const circles = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map((m) =>
      m.slice(1).map(Number),
    );
    expect(circles).to.have.length(3);
    const [first, middle, last] = circles as [number[], number[], number[]];
    // The diagonal goes from the lower left to the upper right corner of the frame.
    const [x1, y1, x2, y2] = /<line x1="([\d.]+)" y1="([\d.]+)" x2="([\d.]+)" y2="([\d.]+)"/
      .exec(svg)!
      .slice(1)
      .map(Number) as [number, number, number, number];
    const side = x2 - x1;
    expect(y1 - y2).to.equal(side);
    expect(first[0]).to.be.closeTo(x1 + 0.1 * side, 0.1);
    expect(first[1]).to.equal(y1);
    expect(middle).to.deep.equal([x1 + side / 2, y1 - side / 2]);
    expect(last[0]).to.equal(x2);
    expect(last[1]).to.be.closeTo(y1 - 0.75 * side, 0.1);
  });

  it("is well formed, whatever the model is called", () => {
    const svg = reliabilityDiagram('<script>"&', bins);
    expect(svg).to.include("&lt;script&gt;&quot;&amp;").and.not.include("<script");
    expect(unclosed(svg)).to.deep.equal([]);
    expect(unclosed(reliabilityDiagram("empty", []))).to.deep.equal([]);
  });
});
