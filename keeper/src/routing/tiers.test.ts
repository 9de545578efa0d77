import { expect } from "chai";
import fc from "fast-check";

import { AssayError } from "../lib/errors.ts";
import { askInTiers } from "./tiers.ts";

class TestError extends AssayError {
  constructor(retryable: boolean) {
    super({ code: "TEST", message: "no answer", data: {}, advice: "none", retryable });
  }
}

/** How a candidate conducts itself: it fails so often, in passing or for good, and then answers. */
interface Conduct {
  readonly failures: number;
  readonly passing: boolean;
  readonly slow: number;
}

const conduct = fc.record({
  failures: fc.integer({ min: 0, max: 4 }),
  passing: fc.boolean(),
  slow: fc.integer({ min: 0, max: 3 }),
});

/** Who answers and who fails, in which tier, after how many attempts: the rule read aloud, one candidate at a time. */
function reference(conducts: readonly Conduct[], wanted: number, attempts: number) {
  const answers: [number, number][] = [];
  const failures: [number, number][] = [];
  const asked = conducts.map(() => 0);
  let next = 0;
  for (let tier = 1; answers.length < wanted && next < conducts.length; tier += 1) {
    const until = Math.min(conducts.length, next + wanted - answers.length);
    for (; next < until; next += 1) {
      const { failures: times, passing } = conducts[next]!;
      const answersAtAll = times === 0 || (passing && times < attempts);
      asked[next] = times === 0 ? 1 : passing ? Math.min(times + 1, attempts) : 1;
      (answersAtAll ? answers : failures).push([next, tier]);
    }
  }
  return { answers, failures, asked };
}

describe("askInTiers (PERF-18)", () => {
  it("asks whom the exact rule asks, as often, and in the tier it says", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(conduct, { maxLength: 12 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 3 }),
        async (conducts, wanted, attempts) => {
          const asked = conducts.map(() => 0);
          const result = await askInTiers({
            order: conducts.map((_, i) => i),
            wanted,
            attempts,
            async ask(i) {
              const { failures, passing, slow } = conducts[i]!;
              asked[i]! += 1;
              for (let turn = 0; turn < slow; turn++) await new Promise(setImmediate);
              if (asked[i]! <= failures) throw new TestError(passing);
              return `answer of ${i}`;
            },
          });
          const exact = reference(conducts, wanted, attempts);
          expect(
            result.answers.map(({ candidate, tier }) => [candidate, tier]),
            "answers",
          ).to.deep.equal(exact.answers);
          expect(
            result.failures.map(({ candidate, tier }) => [candidate, tier]),
            "failures",
          ).to.deep.equal(exact.failures);
          expect(asked, "attempts").to.deep.equal(exact.asked);
          for (const { candidate, answer } of result.answers)
            expect(answer).to.equal(`answer of ${candidate}`);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("asks a tier at once, and nobody of the next before all of it is done", async () => {
    const events: string[] = [];
    const release: (() => void)[] = [];
    const running = askInTiers({
      order: ["a", "b", "c"],
      wanted: 2,
      attempts: 1,
      async ask(name) {
        events.push(`asked ${name}`);
        if (name === "a") throw new TestError(false);
        if (name === "b") await new Promise<void>((resolve) => release.push(resolve));
        return name;
      },
    });
    await new Promise(setImmediate);
    expect(events).to.deep.equal(["asked a", "asked b"]);
    release[0]!();
    const { answers, failures } = await running;
    expect(events).to.deep.equal(["asked a", "asked b", "asked c"]);
    expect(answers.map(({ candidate, tier }) => `${candidate}${tier}`)).to.deep.equal(["b1", "c2"]);
    expect(failures.map(({ candidate }) => candidate)).to.deep.equal(["a"]);
  });

  it("stops when it is told to", async () => {
    const stop = new AbortController();
    let asked = 0;
    const running = askInTiers({
      order: [1, 2, 3],
      wanted: 1,
      signal: stop.signal,
      async ask() {
        asked += 1;
        stop.abort(new Error("enough"));
        throw new TestError(false);
      },
    });
    expect(await running.catch((error: Error) => error.message)).to.equal("enough");
    expect(asked).to.equal(1);
  });
});
