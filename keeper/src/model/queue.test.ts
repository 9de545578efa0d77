import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { createQueue } from "./queue.ts";

describe("createQueue", () => {
  const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);

  it("keeps the order and the size of batches", async () => {
    const sizes: number[] = [];
    const ask = createQueue<number>(
      () => 16,
      async (batch) => {
        sizes.push(batch.length);
        return batch.map((n) => n / 100);
      },
    );
    expect(await ask(numbers(37))).to.deep.equal(numbers(37).map((n) => n / 100));
    expect(sizes).to.deep.equal([16, 16, 5]);
    expect(await ask([])).to.deep.equal([]);
  });

  it("fills batches from everybody who waits, and gives each their own answers", async () => {
    const batches: number[][] = [];
    const ask = createQueue<number>(
      () => 16,
      async (batch) => {
        batches.push([...batch]);
        await sleep(1);
        return batch.map((n) => n / 1_000);
      },
    );
    const asked = numbers(10).map((i) => numbers(5, i * 10));
    const answers = await Promise.all(asked.map((items) => ask(items)));
    expect(answers).to.deep.equal(asked.map((items) => items.map((n) => n / 1_000)));
    expect(batches.map(({ length }) => length)).to.deep.equal([16, 16, 16, 2]);
    expect(batches.flat(), "first come, first judged").to.deep.equal(asked.flat());
  });

  for (const lanes of [1, 3]) {
    it(`has no more than ${lanes} batches under way, and that many where there is enough to do`, async () => {
      let [running, most] = [0, 0];
      const ask = createQueue<number>(
        () => 2,
        async (batch) => {
          running += 1;
          most = Math.max(most, running);
          await sleep(1);
          running -= 1;
          return batch.map((n) => n);
        },
        { lanes },
      );
      const first = ask(numbers(9));
      await sleep(1);
      const [one, two] = await Promise.all([first, ask(numbers(7))]);
      expect([one, two]).to.deep.equal([numbers(9), numbers(7)]);
      expect(most).to.equal(lanes);
    });
  }

  it("lets nobody's few items go early: who comes while a batch is under way fills theirs", async () => {
    const sizes: number[] = [];
    const ask = createQueue<number>(
      () => 8,
      async (batch) => {
        sizes.push(batch.length);
        await sleep(5);
        return batch.map(() => 0);
      },
      { lanes: 4 },
    );
    const first = ask(numbers(11));
    await sleep(1);
    await Promise.all([first, ask(numbers(3)), ask(numbers(4)), ask(numbers(2))]);
    expect(sizes).to.deep.equal([8, 8, 4]);
  });

  it("stops waiting when it is told to, and does not judge what has not begun", async () => {
    const batches: number[][] = [];
    const ask = createQueue<number>(
      () => 2,
      async (batch) => {
        batches.push([...batch]);
        await sleep(5);
        return batch.map(() => 0.5);
      },
    );
    const stop = new AbortController();
    const stopped = ask(numbers(6), stop.signal).catch((reason: unknown) => reason);
    const other = ask([99]);
    await sleep(1);
    const reason = new Error("stop");
    stop.abort(reason);
    expect(await stopped).to.equal(reason);
    expect(await other).to.deep.equal([0.5]);
    expect(batches).to.deep.equal([[0, 1], [99]]);
    const late = await ask([1], stop.signal).catch((error: unknown) => error);
    expect(late, "told before").to.equal(reason);
  });

  it("keeps what was judged in time, gives NaN for the rest, and does not begin it any more", async () => {
    const batches: number[][] = [];
    const late: number[] = [];
    let wanted: (() => boolean) | undefined;
    const ask = createQueue<number>(
      () => 2,
      async (batch, isWanted) => {
        batches.push([...batch]);
        wanted ??= batch[0] === 2 ? isWanted : undefined;
        await sleep(batch[0] === 2 ? 1_000 : 1);
        return batch.map((n) => n / 10);
      },
      { mostMs: 250, onLate: (items) => late.push(items) },
    );
    const first = ask(numbers(6));
    expect(await first).to.deep.equal([0, 0.1, NaN, NaN, NaN, NaN]);
    expect(wanted!(), "nobody waits for the batch under way").to.equal(false);
    const second = await ask([7]);
    expect(second, "its time ran out behind the batch that was under way").to.deep.equal([NaN]);
    await sleep(750);
    expect(await ask([8, 9, 6]), "in time").to.deep.equal([0.8, 0.9, 0.6]);
    expect(batches).to.deep.equal([[0, 1], [2, 3], [8, 9], [6]]);
    expect(late).to.deep.equal([4, 1]);
    expect(await first, "an answer that came too late changes nothing").to.deep.equal([
      0,
      0.1,
      NaN,
      NaN,
      NaN,
      NaN,
    ]);
  });

  it("gives a call no more than its own time, and no more than every call has", async () => {
    const never = () => new Promise<number[]>(() => {});
    const [patient, quick] = [60_000, 20].map((mostMs) => createQueue<number>(() => 1, never, { mostMs }));
    expect(await patient!([1], undefined, 20)).to.deep.equal([NaN]);
    expect(await quick!([1], undefined, 60_000)).to.deep.equal([NaN]);
  });

  it("wants a batch as long as one of those in it waits", async () => {
    const stop = new AbortController();
    const wanted: boolean[] = [];
    const ask = createQueue<number>(
      () => 4,
      async (batch, isWanted) => {
        await sleep(5);
        wanted.push(isWanted());
        return batch.map(() => 0.5);
      },
    );
    const stopped = ask([1], stop.signal).catch(() => "stopped");
    const other = ask([2]);
    await sleep(1);
    stop.abort(new Error("stop"));
    expect(await stopped).to.equal("stopped");
    expect(await other).to.deep.equal([0.5]);
    expect(wanted).to.deep.equal([true]);
  });

  it("gives NaN for what was not judged, and goes on", async () => {
    let batch = 0;
    const ask = createQueue<number>(
      () => 2,
      async () => {
        batch += 1;
        if (batch === 1) throw new Error("broken");
        return [0.5];
      },
    );
    expect(await ask(numbers(4))).to.deep.equal([NaN, NaN, 0.5, 0.5]);
    expect(await ask([1])).to.deep.equal([0.5]);
  });

  it("asks what was left of a batch again, first and in batches of the size of then", async () => {
    const batches: number[][] = [];
    let size = 6;
    const ask = createQueue<number>(
      () => size,
      async (batch) => {
        batches.push([...batch]);
        await sleep(1);
        if (batch.length === 6) size = 2;
        return batch.slice(0, batch.length === 6 ? 1 : 2).map((n) => n / 10);
      },
    );
    const answers = await Promise.all([ask(numbers(4)), ask(numbers(4, 4))]);
    expect(answers.flat()).to.deep.equal(numbers(8).map((n) => n / 10));
    expect(batches).to.deep.equal([[0, 1, 2, 3, 4, 5], [1, 2], [3, 4], [5, 6], [7]]);
  });

  it("ends with NaN where nothing is judged at all", async () => {
    const ask = createQueue<number>(
      () => 2,
      async () => [],
    );
    expect(await ask(numbers(3))).to.deep.equal([NaN, NaN, NaN]);
  });
});
