import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";

import { REPOSITORY } from "../paths.ts";
import { CLONE_RULE } from "./rule.ts";

describe("the clone rule that the study is about", () => {
  const read = (file: string): string => readFileSync(join(REPOSITORY, file), "utf8");

  it("is what the contract begins with", () => {
    const source = read("contracts/CloneRegistry.sol");
    const rule = /Rule\(\d+, (?<claims>[\d_]+), (?<uncertain>[\d_]+), (?<correlation>[\d_]+), /.exec(source);
    const { claims = "", uncertain = "", correlation = "" } = rule?.groups ?? {};
    const number = (digits: string): number => Number(digits.replaceAll("_", ""));
    expect({
      claims: number(claims),
      uncertain: number(uncertain) / 10_000,
      correlation: number(correlation) / 10_000,
    }).to.deep.equal(CLONE_RULE);
  });

  it("is what the page says", () => {
    const page = read("docs/diversity.md");
    expect(page).to.match(new RegExp(`shared uncertain claims, at least \\| ${CLONE_RULE.claims} `));
    expect(page).to.match(new RegExp(`accused from +\\| r ≥ ${CLONE_RULE.correlation} `));
    expect(page).to.include(`: ${CLONE_RULE.uncertain} at θ = ½`);
  });
});
