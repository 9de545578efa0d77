import { expect } from "chai";

import { shareRight } from "./classChoice.ts";
import { alwaysWrong, choices, halves, judgeTogether, seatings, voterOf } from "./committee.ts";
import { bestAlone, measureCommittees } from "./committees.ts";
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

describe("seatings", () => {
  const members = ["a", "b", "c"];
  const twins = ["A", "B", "C"];

  it("chooses among the members as long as there are enough", () => {
    expect(seatings(members, twins, 2)).to.deep.equal([
      ["a", "b"],
      ["a", "c"],
      ["b", "c"],
    ]);
  });

  it("adds twins to all members where there are too few, no family more than twice", () => {
    const seated = seatings(members, twins, 5);
    expect(seated).to.have.length(3);
    for (const one of seated) {
      expect(one.slice(0, 3)).to.deep.equal(members);
      expect(new Set(one).size, String(one)).to.equal(5);
    }
  });

  it("finds none where twins are too few as well", () => {
    expect(seatings(members, [], 5)).to.deep.equal([]);
    expect(seatings(members, twins, 7)).to.deep.equal([]);
  });
});

describe("shareRight", () => {
  // Two items of three classes: the first is of class 2, the second of class 0.
  const truths = [2, 0];
  const sees = [0.1, 0.2, 0.9, 0.8, 0.1, 0.1];
  const blind = [0.3, 0.6, 0.2, 0.9, 0.1, 0.3];
  const lost = [0.4, 0.5, 0.1, 0.3, 0.9, 0.2];

  it("counts items whose own class is rated highest, alone and together", () => {
    expect(shareRight([sees], truths, 3)).to.equal(1);
    expect(shareRight([blind], truths, 3)).to.equal(0.5);
    expect(shareRight([lost], truths, 3)).to.equal(0);
    expect(shareRight([sees, blind], truths, 3)).to.equal(1);
    expect(shareRight([sees, blind, lost], truths, 3)).to.equal(0.5);
  });
});

describe("measureCommittees", () => {
  const good = Array.from({ length: 5 }, () => voterOf(sure, TRUTHS, B));
  const twins = Array.from({ length: 5 }, () => voterOf(silent, TRUTHS, B));
  const all = measureCommittees(good, twins, TRUTHS, B);

  it("has 3, 5 and 7 seats, every vote weighting, and up to two liars", () => {
    const seen = all.map(({ size, liars, by }) => `${size} ${liars} ${by}`);
    const wanted = ["3 0", "3 1", "3 2", "5 0", "5 1", "5 2", "7 0", "7 1", "7 2"].flatMap((row) =>
      ["equal", "tier", "record"].map((by) => `${row} ${by}`),
    );
    expect(seen).to.deep.equal(wanted);
  });

  it("replaces the best of each committee by liars", () => {
    const of = (size: number, liars: number, by: string) =>
      all.find((one) => one.size === size && one.liars === liars && one.by === by)?.outcome;
    expect(of(5, 2, "equal")?.accuracy).to.equal(1);
    // Three good ones against two liars leave the silent to decide: 3/7 + 2/7 · ⅓ for what is true, 2/7 + 2/7 · ⅓ for what is false.
    expect(of(7, 2, "equal")?.brier).to.be.closeTo(
      ((2 / 7 + ((2 / 7) * 170) / 255) ** 2 * 67 + (2 / 7 + ((2 / 7) * 85) / 255) ** 2 * 133) / 200,
      1e-9,
    );
    expect(of(7, 2, "record")?.accuracy).to.equal(1);
  });

  it("leaves out what has no committee", () => {
    expect(measureCommittees(good, [], TRUTHS, B).some(({ size }) => size === 7)).to.equal(false);
  });

  it("names the member with the lowest Brier score", () => {
    expect(bestAlone([...twins, ...good], TRUTHS)).to.include({ accuracy: 1, brier: 0 });
  });
});
