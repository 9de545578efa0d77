import { expect } from "chai";
import fc from "fast-check";
import { AssayError } from "./errors.ts";
import { DeadlineError, retry, withDeadline } from "./retry.ts";

const failure = (retryable: boolean) =>
  new AssayError({ code: "F", message: "failed", data: {}, advice: "none", retryable });

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail("expected a rejection"),
    (error: unknown) => error,
  );
}

describe("retry", () => {
  it("comes back after passing trouble", async () => {
    const waits: number[] = [];
    const result = await retry(
      async ({ attempt }) => (attempt < 4 ? Promise.reject(failure(true)) : attempt),
      {
        task: "t",
        random: () => 0.999_999,
        sleep: async (ms) => void waits.push(ms),
        firstDelayMs: 100,
      },
    );
    expect(result).to.equal(4);
    expect(waits).to.deep.equal([100, 200, 400]);
  });

  it("stops at once when a person is needed", async () => {
    let calls = 0;
    const error = failure(false);
    const run = async () => {
      calls++;
      throw error;
    };
    expect(await errorOf(retry(run, { task: "t" }))).to.equal(error);
    expect(calls).to.equal(1);
  });

  it("waits between half and the whole of a doubling, capped delay, as often as allowed", async () => {
    const plan = fc.record({
      attempts: fc.integer({ min: 1, max: 12 }),
      firstDelayMs: fc.integer({ min: 1, max: 1_000 }),
      maxDelayMs: fc.integer({ min: 1, max: 5_000 }),
      luck: fc.double({ min: 0, max: 0.999, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(plan, async ({ luck, ...limits }) => {
        const waits: number[] = [];
        const sleep = async (ms: number) => void waits.push(ms);
        await errorOf(
          retry(() => Promise.reject(failure(true)), { task: "t", ...limits, random: () => luck, sleep }),
        );
        expect(waits).to.have.length(limits.attempts - 1);
        waits.forEach((ms, i) => {
          const ceiling = Math.min(limits.maxDelayMs, limits.firstDelayMs * 2 ** i);
          expect(ms).to.be.within(Math.floor(ceiling / 2), ceiling);
        });
      }),
    );
  });

  it("waits as long as the other side asked, and its own time on top", async () => {
    const waits: number[] = [];
    const run = async ({ attempt }: { attempt: number }) =>
      attempt < 3 ? Promise.reject(failure(true)) : attempt;
    await retry(run, {
      task: "t",
      random: () => 0,
      firstDelayMs: 100,
      askedDelayMs: () => 3_000,
      sleep: async (ms) => void waits.push(ms),
    });
    expect(waits).to.deep.equal([3_050, 3_100]);
  });

  it("ends at its deadline with the last error as cause", async () => {
    const error = failure(true);
    const ended = await errorOf(
      retry(() => Promise.reject(error), { task: "t", attempts: 99, firstDelayMs: 20, deadlineMs: 50 }),
    );
    expect(ended).to.be.instanceOf(DeadlineError);
    expect((ended as DeadlineError).cause).to.equal(error);
  });

  it("leaves a wait when its signal fires, with the signal's reason", async () => {
    const controller = new AbortController();
    const reason = new Error("stopping");
    const running = retry(() => Promise.reject(failure(true)), {
      task: "t",
      firstDelayMs: 60_000,
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(reason), 10);
    expect(await errorOf(running)).to.equal(reason);
  });
});

describe("withDeadline", () => {
  it("ends on time even if the task ignores its signal", async () => {
    const ended = await errorOf(withDeadline({ task: "deaf", ms: 20 }, () => new Promise(() => {})));
    expect(ended).to.be.instanceOf(DeadlineError);
    expect((ended as DeadlineError).data).to.deep.equal({ task: "deaf", allowedMs: 20 });
  });

  it("does not begin when the signal has fired before", async () => {
    let began = false;
    const reason = new Error("stopping");
    const run = async () => void (began = true);
    expect(
      await errorOf(withDeadline({ task: "t", ms: 20, signal: AbortSignal.abort(reason) }, run)),
    ).to.equal(reason);
    expect(began).to.equal(false);
  });

  it("hands on results and errors", async () => {
    expect(await withDeadline({ task: "t", ms: 1_000 }, async () => 7)).to.equal(7);
    const error = new Error("own");
    expect(await errorOf(withDeadline({ task: "t", ms: 1_000 }, () => Promise.reject(error)))).to.equal(
      error,
    );
    const thrower = () => {
      throw error;
    };
    expect(await errorOf(withDeadline({ task: "t", ms: 1_000 }, thrower))).to.equal(error);
  });
});
