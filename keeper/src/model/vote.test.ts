import { expect } from "chai";
import fc from "fast-check";

import { createLogger, silentLogger } from "../lib/logger.ts";
import { Secret } from "../lib/secret.ts";
import { judgeClaims } from "./judge.ts";
import { deriveSalt, type SaltContext } from "./salt.ts";
import type { Model } from "./session.ts";
import { moveToBaseRate, voteByte } from "./vote.ts";

const CLAIM = { text: "The bridge was opened in 1932.", answer: "It opened in 1932." };
const B = 77;

describe("voteByte", () => {
  // By hand: odds p/(1 − p) · (b/(1 − b)) / (t/(1 − t)), back to a probability, times 255, rounded.
  for (const [p, trained, baseRate, vote] of [
    [0.5, 0.5, 128, 128],
    [0.9, 0.5, 128, 230],
    [0.1, 0.5, 128, 26],
    [0.5, 0.5, 51, 51],
    [0.8, 0.5, 51, 128],
    [0.3, 0.3, 128, 128],
    [1, 0.5, 128, 254],
    [0, 0.5, 128, 1],
    [1, 0.5, 242, 255],
    [0, 0.5, 13, 0],
  ] as const) {
    it(`gives ${vote} for ${p}, trained at ${trained}, pinned at ${baseRate}`, () => {
      expect(voteByte(p, trained, baseRate)).to.equal(vote);
    });
  }

  for (const p of [NaN, Infinity, -Infinity, -0.001, 1.001]) {
    it(`gives the base rate for ${p}`, () => expect(voteByte(p, 0.5, B)).to.equal(B));
  }

  it("gives a byte for every probability, and more for more", () => {
    const p = fc.double({ min: 0, max: 1, noNaN: true });
    const prior = fc.double({ min: 0.01, max: 0.99, noNaN: true });
    fc.assert(
      fc.property(p, p, prior, fc.integer({ min: 13, max: 242 }), (a, b, trained, baseRate) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)].map((q) => voteByte(q, trained, baseRate));
        expect(low).to.satisfy(Number.isInteger).and.to.be.within(0, 255);
        expect(high).to.be.within(low!, 255);
      }),
    );
  });

  it("turns the training prior into the pinned base rate", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        fc.integer({ min: 13, max: 242 }),
        (t, b) => {
          expect(moveToBaseRate(t, t, b / 255) * 255).to.be.closeTo(b, 1e-9);
        },
      ),
    );
  });
});

describe("judgeClaims", () => {
  const modelOf = (judge: Model["judge"]): Model => ({
    name: "test",
    family: "test",
    hash: "0x00",
    baseRate: 0.5,
    judge,
    close: async () => {},
  });

  for (const [what, judge] of [
    ["throws", async () => Promise.reject(new Error("broken"))],
    ["gives NaN", async () => [NaN, NaN]],
    ["gives infinity", async () => [Infinity, -Infinity]],
    ["gives too few answers", async () => []],
    ["gives numbers that are no probabilities", async () => [7, -7]],
  ] as const) {
    it(`votes the base rate when the model ${what}`, async () => {
      const votes = await judgeClaims(modelOf(judge as Model["judge"]), [CLAIM, CLAIM], B, silentLogger);
      expect([...votes]).to.deep.equal([B, B]);
    });
  }

  it("votes the base rate on what was not judged, and only there", async () => {
    const votes = await judgeClaims(
      modelOf(async () => [0.9, NaN, 0.9]),
      [CLAIM, CLAIM, CLAIM],
      128,
      silentLogger,
    );
    expect([...votes]).to.deep.equal([230, 128, 230]);
  });

  it("says how many claims got no answer", async () => {
    const lines: string[] = [];
    const log = createLogger({ write: (line) => lines.push(line) });
    await judgeClaims(
      modelOf(async () => [NaN, 0.5]),
      [CLAIM, CLAIM],
      128,
      log,
    );
    expect(lines.join("")).to.include("claims voted at the base rate").and.to.include('"unusable":1');
  });
});

describe("deriveSalt", () => {
  const key = new Secret<`0x${string}`>(`0x${"11".repeat(32)}`);
  const context: SaltContext = {
    chainId: 1,
    contract: "0x5FbDB2315678afecb367f032d93F642f64180aa3",
    owner: "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    requestId: `0x${"22".repeat(32)}`,
    round: 0,
  };

  it("is 32 bytes, the same every time, and hidden", () => {
    const salt = deriveSalt(key, context);
    expect(salt.reveal()).to.match(/^0x[0-9a-f]{64}$/);
    expect(deriveSalt(key, context).reveal()).to.equal(salt.reveal());
    expect(
      deriveSalt(key, { ...context, owner: context.owner.toLowerCase() as `0x${string}` }).reveal(),
    ).to.equal(salt.reveal());
    expect(String(salt)).to.equal("<secret>");
  });

  it("differs with every field and with the key", () => {
    const others = [
      { ...context, chainId: 2 },
      { ...context, contract: context.owner },
      { ...context, owner: context.contract },
      { ...context, requestId: `0x${"23".repeat(32)}` as const },
      { ...context, round: 1 },
    ].map((other) => deriveSalt(key, other).reveal());
    const otherKey = deriveSalt(new Secret<`0x${string}`>(`0x${"12".repeat(32)}`), context).reveal();
    expect(new Set([deriveSalt(key, context).reveal(), otherKey, ...others]).size).to.equal(7);
  });
});
