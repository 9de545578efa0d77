import { expect } from "chai";
import { parseEther } from "viem";

import { noticesOf, type ToldEvent } from "./notices.ts";

const [OPERATOR, POSTER, CHALLENGER, INSPECTOR, COLLECTOR, STRANGER] = [1, 2, 3, 4, 5, 6].map(
  (i) => `0x${String(i).repeat(40)}` as const,
) as [`0x${string}`, `0x${string}`, `0x${string}`, `0x${string}`, `0x${string}`, `0x${string}`];
const ID = `0x${"ab".repeat(32)}`;
const WAD = 10n ** 18n;

/** Events of flows that take days on a chain; those of clones and of appeals are read from one in their own tests. */
const told = (
  [
    ["ChargedOut", { owner: OPERATOR, left: parseEther("99"), floor: parseEther("100") }],
    [
      "MetricsPosted",
      { operator: OPERATOR, poster: POSTER, count: 40n, metrics: { reputation: 2n * WAD }, openUntil: 0n },
    ],
    ["MetricsAccepted", { operator: OPERATOR, poster: POSTER, reputation: 2n * WAD }],
    ["MetricsRefuted", { operator: OPERATOR, poster: POSTER, challenger: CHALLENGER, reward: 5n * WAD }],
    ["ChallengeLost", { operator: OPERATOR, poster: POSTER, challenger: CHALLENGER, reward: 7n * WAD }],
    ["BatchRegistered", { batch: 1n, inspector: INSPECTOR, count: 3n, bond: 30n * WAD }],
    ["CanaryOpened", { batch: 1n, requestId: ID, inspector: INSPECTOR, finalAt: 5n }],
    ["CanaryConcluded", { batch: 1n, requestId: ID, overturned: false }],
    ["CanaryConcluded", { batch: 1n, requestId: ID, overturned: true }],
    ["BondForfeited", { batch: 1n, collector: COLLECTOR, bounty: WAD, burned: 9n * WAD }],
    ["BatchClosed", { batch: 1n, state: 2, bond: 20n * WAD }],
    ["BatchClosed", { batch: 1n, state: 3, bond: 20n * WAD }],
    ["BondForfeited", { batch: 2n, collector: COLLECTOR, bounty: WAD, burned: 9n * WAD }],
  ] as const
).map(([eventName, args]) => ({ eventName, args }) as unknown as ToldEvent);

describe("notices beside a request", () => {
  const of = (party: `0x${string}`): string => noticesOf(told, party).join("\n");

  it("tell an operator of charges and metrics", () => {
    const lines = of(OPERATOR).split("\n");
    expect(lines.length).to.equal(5);
    expect(lines[0]).to.include("left").and.include("99 WORK of its own stake, below 100 WORK");
    expect(lines[1]).to.include("R_r 2 if nobody refutes them until 1970-01-01T00:00:00.000Z");
    expect(lines[2]).to.include("stand: R_r is 2, and their bond went back");
  });

  it("tell whoever posted or challenged what became of the bond", () => {
    expect(of(POSTER).split("\n").length).to.equal(4);
    const lines = of(CHALLENGER).split("\n");
    expect(lines.length).to.equal(2);
    expect(lines[0]).to.include(`5 WORK of it to ${CHALLENGER}`);
    expect(lines[1]).to.include(`7 WORK of it to ${POSTER}`);
  });

  it("tell inspectors of their batches to the end, and collectors of theirs alone in this domain", () => {
    const lines = of(INSPECTOR).split("\n");
    expect(lines.length).to.equal(6);
    expect(lines[1]).to.include("judge the quality of its seats");
    expect(lines[2]).to.include("its part of the bond of batch 1 is lost");
    expect(lines[4]).to.include("20 WORK, went back to the inspector");
    expect(lines[5]).to.include("20 WORK, is lost");
    expect(of(COLLECTOR)).to.equal(`Of the bond of batch 1 1 WORK went to ${COLLECTOR}, 9 WORK were burned.`);
    expect(of(STRANGER)).to.equal("");
  });
});
