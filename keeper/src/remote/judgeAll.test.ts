import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { RemoteError } from "./errors.ts";
import { judgeAll } from "./judgeAll.ts";
import { createSlots } from "./slots.ts";

const items = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const failure = (code: "REMOTE_REFUSED" | "REMOTE_UNREACHABLE", status?: number): RemoteError =>
  new RemoteError(code, { path: "/", given: "", allowed: "", status });
const nans = (values: readonly number[]): number[] => values.flatMap((p, i) => (Number.isNaN(p) ? [i] : []));

describe("judgeAll", () => {
  const options = { size: 4, timeoutMs: 1_000 };

  it("keeps the order, whatever comes first", async () => {
    const sizes: number[] = [];
    const { values, failures } = await judgeAll(
      items(10),
      async (batch) => {
        sizes.push(batch.length);
        await sleep(20 - (batch[0] ?? 0));
        return batch.map((n) => n / 10);
      },
      options,
    );
    expect(values).to.deep.equal(items(10).map((n) => n / 10));
    expect({ sizes, failures }).to.deep.equal({ sizes: [4, 4, 2], failures: [] });
  });

  it("takes what is no probability, and what is missing, for an abstention", async () => {
    const judge = async (): Promise<number[]> => [7, -1, Infinity, "0.5" as never, 0.5];
    const { values } = await judgeAll(items(6), judge, { ...options, size: 6 });
    expect(values).to.deep.equal([NaN, NaN, NaN, NaN, 0.5, NaN]);
  });

  it("asks every item of a batch alone if one of them may have spoiled it", async () => {
    const { values, failures } = await judgeAll(
      items(10),
      async (batch) => {
        if (batch.includes(5)) throw failure("REMOTE_REFUSED", 400);
        return batch.map(() => 0.5);
      },
      options,
    );
    expect(nans(values)).to.deep.equal([5]);
    expect(failures).to.have.length(2);
  });

  it("does not ask a server that is away once more for every item", async () => {
    let asked = 0;
    const judge = async (): Promise<number[]> => {
      asked += 1;
      throw failure("REMOTE_UNREACHABLE");
    };
    expect(nans((await judgeAll(items(8), judge, options)).values)).to.have.length(8);
    expect(asked).to.equal(2);
  });

  it("ends on time with what it has, even if a question ignores its signal", async () => {
    const started = performance.now();
    const { values, failures } = await judgeAll(
      items(8),
      (batch) =>
        batch.includes(0) ? new Promise<number[]>(() => {}) : Promise.resolve([0.1, 0.2, 0.3, 0.4]),
      { ...options, timeoutMs: 60 },
    );
    expect(performance.now() - started).to.be.lessThan(5_000);
    expect(nans(values)).to.deep.equal([0, 1, 2, 3]);
    expect(failures).to.have.length(1);
  });

  it("is no abstention when the keeper stops", async () => {
    const stop = new AbortController();
    const reason = new Error("the keeper stops");
    setTimeout(() => stop.abort(reason), 20);
    const judging = judgeAll(items(2), () => new Promise<number[]>(() => {}), {
      ...options,
      signal: stop.signal,
    });
    expect(await judging.catch((error: unknown) => error)).to.equal(reason);
  });
});

describe("slots", () => {
  it("let so many run at once, in order, and let go of those that leave", async () => {
    const slots = createSlots(2);
    const order: number[] = [];
    let running = 0;
    let most = 0;
    const stay = new AbortController().signal;
    const leave = new AbortController();
    const task = (n: number) => async (): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      order.push(n);
      await sleep(10);
      running -= 1;
      if (n === 1) throw new Error("one fails");
    };
    const all = items(6).map((n) => slots.run(n === 3 ? leave.signal : stay, task(n)).catch(String));
    leave.abort(new Error("left"));
    expect(await Promise.all(all)).to.deep.equal([
      undefined,
      "Error: one fails",
      undefined,
      "Error: left",
      undefined,
      undefined,
    ]);
    expect({ order, most }).to.deep.equal({ order: [0, 1, 2, 4, 5], most: 2 });
  });
});
