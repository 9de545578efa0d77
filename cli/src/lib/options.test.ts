import { expect } from "chai";
import { parseEther } from "viem";

import { securityBound, share } from "./options.ts";
import { probability } from "./output.ts";

describe("securityBound", () => {
  it("reads a probability and a share", () => {
    expect(securityBound("0.01@0.2")).to.deep.equal({
      maxCapture: parseEther("0.01"),
      attackerShare: parseEther("0.2"),
    });
    expect(securityBound("1@1.0")).to.deep.equal({
      maxCapture: parseEther("1"),
      attackerShare: parseEther("1"),
    });
  });

  it("refuses what is none, with an example", () => {
    const bounds = ["0.01", "0.01@", "@0.2", "0@0.2", "0.01@0", "0.01@0.0", "1.1@0.2", "-1@0.2", "a@b"];
    for (const bound of [...bounds, "0.1@0.2@0.3", "1e-2@0.2", "0.1 @0.2", `0.${"1".repeat(19)}@0.2`])
      expect(() => securityBound(bound), bound).to.throw("PROBABILITY@SHARE such as 0.01@0.2");
    for (const text of ["0", "1.5", "20%", ""])
      expect(() => share(text), text).to.throw("above 0, at most 1");
  });
});

describe("probability", () => {
  it("is rounded up, so that it never looks smaller than it is", () => {
    const shown = [0n, 1n, 10n ** 12n, 10n ** 12n + 1n, 10n ** 18n].map(probability);
    expect(shown).to.deep.equal(["0", "0.000001", "0.000001", "0.000002", "1"]);
  });
});
