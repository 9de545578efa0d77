import { expect } from "chai";

import { alwaysWrong, choices, halves, judgeTogether, voterOf } from "./committee.ts";
import { skillShare, standingOf } from "./record.ts";

const TRUTHS = Array.from({ length: 200 }, (_, index) => index % 3 === 0);
const B = 85;
const votesOf = (p: (truth: boolean, index: number) => number): Uint8Array =>
  Uint8Array.from(TRUTHS, (truth, index) => p(truth, index));
const sure = votesOf((truth) => (truth ? 255 : 0));
const silent = votesOf(() => B);

describe("skillShare", () => {
  it("is one for certainty in the truth, zero for the base rate, negative for certainty in the opposite", () => {
    expect(skillShare(sure, TRUTHS, B)).to.equal(1);
    expect(skillShare(silent, TRUTHS, B)).to.equal(0);
    expect(
      skillShare(
        votesOf((truth) => (truth ? 0 : 255)),
        TRUTHS,
        B,
      ),
    ).to.be.lessThan(-1);
  });
});

describe("standingOf", () => {
  const history = halves(TRUTHS.length)[0];

  it("lifts the good to the highest tier and drops the silent to the lowest", () => {
    expect(standingOf(sure, TRUTHS, history, B).tier).to.equal(4);
    expect(standingOf(silent, TRUTHS, history, B)).to.include({ tier: 1, record: 0 });
  });
});

describe("judgeTogether", () => {
  const good = voterOf(sure, TRUTHS, B);
  const liar = alwaysWrong(TRUTHS, B);

  it("is right with equal votes as long as most are", () => {
    expect(judgeTogether([good, good, liar], TRUTHS, "equal")).to.include({ accuracy: 1, decided: 1 });
    expect(judgeTogether([good, liar, liar], TRUTHS, "equal").accuracy).to.equal(0);
  });

  it("is right with weighted votes where the record tells the liars", () => {
    expect(judgeTogether([good, liar, liar], TRUTHS, "tier").accuracy).to.equal(1);
    expect(judgeTogether([good, liar, liar], TRUTHS, "record").accuracy).to.equal(1);
  });

  it("weighs by the half that is not judged", () => {
    const [, second] = halves(TRUTHS.length);
    const turned = voterOf(
      votesOf((truth, index) => (truth === second.includes(index) ? 0 : 255)),
      TRUTHS,
      B,
    );
    const weak = voterOf(
      votesOf((truth) => (truth ? 140 : 80)),
      TRUTHS,
      B,
    );
    expect(judgeTogether([turned, weak], TRUTHS, "record").accuracy).to.equal(0.5);
  });

  it("leaves undecided what lies inside the margin", () => {
    const torn = voterOf(
      votesOf(() => 140),
      TRUTHS,
      B,
    );
    expect(judgeTogether([torn], TRUTHS, "equal").decided).to.equal(0);
  });

  it("counts every committee once", () => {
    expect(choices(5, 3)).to.have.length(10);
    expect(new Set(choices(5, 3).map(String)).size).to.equal(10);
  });
});
