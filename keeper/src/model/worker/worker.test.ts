import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { renderError } from "../../lib/errors.ts";
import { createLogger, type Logger } from "../../lib/logger.ts";
import type { Claim } from "../../payload/schema.ts";
import {
  crashingModel,
  greedyModel,
  hugeModel,
  loopingModel,
  modelOf,
  nanModel,
  LEAKY,
  P,
  SIGMOID,
  VALUES,
  X,
} from "../../testing/models.ts";
import { onnxFile } from "../../testing/onnx.ts";
import { judgeClaims } from "../judge.ts";
import { ModelFileError } from "../errors.ts";
import { readModel, type ModelFile } from "../manifest.ts";
import { sigmoid } from "../numbers.ts";
import { loadModel, type EmbeddedModel, type InferenceOptions } from "../session.ts";
import { memoryOf, startModelProcess } from "./process.ts";

const values = (...numbers: number[]): Claim[] => numbers.map((x) => ({ values: [x], answer: "a" }));
const SLOW = 1e15;
const MODELS = join(import.meta.dirname, "../../../../models");

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}/stat`);
const until = async (holds: () => boolean, ms = 15_000): Promise<void> => {
  for (const end = Date.now() + ms; !holds(); await sleep(20))
    if (Date.now() > end) throw new Error("it did not come to pass");
};

describe("the process of a model", function () {
  this.timeout(60_000);
  let lines: string[];
  let log: Logger;
  let model: EmbeddedModel | undefined;

  beforeEach(() => {
    lines = [];
    log = createLogger({ level: "debug", write: (line) => lines.push(line) });
  });
  afterEach(async () => {
    await model?.close();
    model = undefined;
  });

  const open = async (file: ModelFile, options: Partial<InferenceOptions> = {}): Promise<EmbeddedModel> => {
    model = await loadModel(file, options, log);
    return model;
  };
  const said = (words: string): number => lines.filter((line) => line.includes(words)).length;
  /** After the fault: the next claims are judged again, by another process. */
  const recovers = async (): Promise<void> => {
    await until(() => said("model loaded") === 2);
    expect(await model!.judge(values(0))).to.deep.equal([0.5]);
    expect(said("the process of the model ended"), "log lines").to.equal(1);
  };

  it("killed in the middle of a batch costs this batch the base rate, one log line, nothing else [KEEP-17]", async () => {
    await open(modelOf(loopingModel(), {}), { deadlineMs: 30_000 });
    const judging = judgeClaims(model!, values(SLOW, 0), 77, log);
    await sleep(300);
    expect(process.kill(model!.pid()!, "SIGKILL")).to.equal(true);
    expect([...(await judging).votes]).to.deep.equal([77, 77]);
    expect(said("the process of the model ended")).to.equal(1);
    expect(lines.join("")).to.match(/"reason":"crashed".*SIGKILL/);
    await recovers();
    expect(model!.stats().ends).to.deep.equal({ crashed: 1 });
  });

  it("that ends costs the batch it was at, not those behind it", async () => {
    await open(modelOf(loopingModel(), {}), { deadlineMs: 500, batch: 2 });
    const judged = await model!.judge(values(0, 0, SLOW, 0, 0, 0, 0, 0));
    expect(judged).to.deep.equal([0.5, 0.5, NaN, NaN, 0.5, 0.5, 0.5, 0.5]);
    expect(model!.stats()).to.deep.include({ loads: 2, batches: 3, abstained: 2 });
  });

  it("is asked about claims of like length together, and each gets its own answer", async () => {
    // Every claim is told the largest number of its batch.
    const largest = onnxFile({
      inputs: [X],
      outputs: [P],
      nodes: [
        ["ReduceMax", ["x"], ["most"], { keepdims: 0n }],
        ["Min", ["x", "most"], ["least"]],
        ["Max", ["least", "most"], ["p"]],
      ],
    });
    await open(modelOf(largest, {}), { batch: 2 });
    const claims = [7, 1, 8, 3, 2, 6, 5, 4].map((length) => ({
      values: [Math.ceil(length / 2) / 4],
      answer: "a".repeat(length),
    }));
    expect(await model!.judge(claims)).to.deep.equal(claims.map(({ values: [own] }) => own));
    expect(model!.stats()).to.deep.include({ batches: 4, abstained: 0 });
  });

  it("has judged the shortest claims when time is up", async () => {
    await open(modelOf(loopingModel(), {}), { batch: 2, deadlineMs: 20_000, requestMs: 1_000 });
    const claims = [9, 1, 9, 1].map((length) => ({
      values: [length === 9 ? SLOW : 0],
      answer: "a".repeat(length),
    }));
    expect(await model!.judge(claims)).to.deep.equal([NaN, 0.5, NaN, 0.5]);
  });

  describe("that a claim can crash", () => {
    before(function () {
      if (process.arch !== "x64") this.skip();
    });

    it("loses the batch of that claim and nothing else, and judges again [KEEP-17]", async () => {
      await open(modelOf(crashingModel(7), {}), { batch: 2 });
      const judged = await model!.judge(values(0, 0, 7, 0, 0, 0, 0, 0));
      expect(judged).to.deep.equal([0.5, 0.5, NaN, NaN, 0.5, 0.5, 0.5, 0.5]);
      expect(lines.join("")).to.match(/"reason":"crashed","detail":"SIGFPE"/);
      await recovers();
      expect(model!.stats()).to.deep.include({ loads: 2, abstained: 2, ends: { crashed: 1 } });
      expect(model!.stats().abstentions).to.deep.include({ processEnded: 2, notRunning: 0 });
    });

    it("loses no more where several batches crossed together [KEEP-17]", async () => {
      await open(modelOf(crashingModel(7), {}), { batch: 2 });
      for (let i = 0; i < 10; i++) await model!.judge(values(...new Array<number>(32).fill(0)));
      const judged = await model!.judge(values(...Array.from({ length: 32 }, (_, i) => (i === 21 ? 7 : 0))));
      expect(judged).to.deep.equal(judged.map((_, i) => (i === 20 || i === 21 ? NaN : 0.5)));
      // Once for all of them, then at its own batch.
      expect(model!.stats()).to.deep.include({ abstained: 2, ends: { crashed: 2 } });
    });

    it("is refused if it is the claim it is tried with, or none is needed [KEEP-18]", async () => {
      for (const at of [0, undefined]) {
        const error: unknown = await open(modelOf(crashingModel(at), {})).catch((reason: unknown) => reason);
        expect(error).to.be.instanceOf(ModelFileError);
        expect((error as ModelFileError).refusal).to.deep.equal({
          code: "MODEL_CRASHED",
          given: "a process that crashed while it loaded the model (SIGFPE)",
          allowed: "a graph onnxruntime 1.30 can run",
          advice: "The file is damaged or made to do harm: export the model again.",
        });
        expect(renderError(error)).to.match(
          /^The model at test cannot be used: a process that crashed .* \[MODEL_CRASHED\]\. The file is damaged/,
        );
      }
    });
  });

  describe("that is quick is asked several batches at once", () => {
    const BATCH = 2;
    /** So that it is known to be quick. */
    const openQuick = async (options: Partial<InferenceOptions>): Promise<void> => {
      await open(modelOf(loopingModel(), {}), { batch: BATCH, ...options });
      for (let i = 0; i < 10; i++) await model!.judge(values(...new Array<number>(32).fill(0)));
      expect(model!.stats()).to.deep.include({ batches: 160, claims: 320 });
    };
    const withSlow = (count: number, ...slow: number[]): Claim[] =>
      values(...Array.from({ length: count }, (_, i) => (slow.includes(i) ? SLOW : 0)));

    it("and if it hangs, that costs the claims of its batch alone [KEEP-17]", async () => {
      await openQuick({ deadlineMs: 2_000 });
      const judged = await model!.judge(withSlow(32, 21));
      expect(judged).to.deep.equal(judged.map((_, i) => (i === 20 || i === 21 ? NaN : 0.5)));
      // A second for all of them, then its own deadline.
      expect(lines.join("")).to.match(/more than 1000 ms[^]*more than 2000 ms/);
      expect(model!.stats()).to.deep.include({ loads: 3, abstained: 2, ends: { "took too long": 2 } });
      await model!.judge(withSlow(32, 21));
      expect(model!.stats().ends, "from now on batch by batch").to.deep.equal({ "took too long": 3 });
    });

    it("but about claims far longer than it has judged one batch at a time, each with a deadline of its own", async () => {
      await openQuick({ deadlineMs: 30_000 });
      const rounds = await roundsFor(2_500);
      const long = Array.from({ length: 4 }, () => ({ values: [rounds], answer: "a".repeat(100) }));
      expect(await model!.judge([...long, ...values(0, 0)])).to.not.include(NaN);
      expect(model!.stats()).to.deep.include({ loads: 1, abstained: 0, ends: {} });
    });

    it("and if its time is over meanwhile, what was judged counts [KEEP-17]", async () => {
      await openQuick({ deadlineMs: 20_000, requestMs: 5_000 });
      const judged = await model!.judge(withSlow(32, 21));
      expect(judged.slice(0, 20)).to.deep.equal(new Array(20).fill(0.5));
      expect(judged.slice(20, 22)).to.deep.equal([NaN, NaN]);
    });

    it("and hanging at two of them does not silence the others [KEEP-17]", async () => {
      await openQuick({ deadlineMs: 1_500 });
      const judged = await Promise.all([model!.judge(withSlow(256, 0)), model!.judge(withSlow(256, 3))]);
      expect(judged.map((of) => of.filter(Number.isNaN).length)).to.deep.equal([BATCH, BATCH]);
      expect(model!.stats().abstentions).to.deep.include({ processEnded: 2 * BATCH, notRunning: 0 });
    });

    /** Rounds that take so long, ms. */
    const roundsFor = async (wanted: number): Promise<number> => {
      const rounds = 200_000;
      const start = Date.now();
      await model!.judge(values(rounds));
      return Math.round((rounds * wanted) / (Date.now() - start));
    };

    it("and being slow for once ends nothing", async () => {
      await openQuick({ deadlineMs: 20_000 });
      // A batch takes 100 ms then: together three times what several may take.
      const claims = values(...new Array<number>(64).fill(await roundsFor(100)));
      expect(await model!.judge(claims)).to.not.include(NaN);
      expect(model!.stats()).to.deep.include({ loads: 1, abstained: 0, ends: {} });
    });

    it("and a keeper that is busy for longer than that finds its answer", async () => {
      await openQuick({ deadlineMs: 20_000 });
      // One of them takes some 100 ms, so that the answer comes while nobody reads.
      const judging = model!.judge(values(...Array.from({ length: 32 }, (_, i) => (i === 0 ? 100_000 : 0))));
      await sleep(20);
      // After this, timers come before what was read.
      await new Promise((resolve) => setImmediate(resolve));
      for (const end = Date.now() + 1_300; Date.now() < end;);
      expect(await judging).to.not.include(NaN);
      // An end would be known a little later.
      await sleep(500);
      expect(model!.stats()).to.deep.include({ loads: 1, ends: {} });
    });
  });

  it("that hangs on every batch costs a request its time, not the sum of their deadlines [KEEP-17]", async () => {
    const limits = { deadlineMs: 500, requestMs: 1_200, batch: 16 };
    await open(modelOf(loopingModel(), {}), limits);
    const start = Date.now();
    const judged = await model!.judge(values(...Array.from({ length: 320 }, (_, i) => (i < 16 ? 0 : SLOW))));
    // Nineteen deadlines are more than nine seconds.
    expect(Date.now() - start).to.be.within(1_150, 6_000);
    expect(judged.slice(0, 16), "what was judged in time").to.deep.equal(new Array(16).fill(0.5));
    expect(judged.slice(16)).to.deep.equal(new Array(304).fill(NaN));
    expect(lines.join("")).to.match(/no more time.*claims not judged/);
    const { abstentions, abstained } = model!.stats();
    // The first of the batches that hang was ended in time, and counted as that.
    expect(abstentions).to.deep.include({ processEnded: 16, outOfTime: 288 });
    expect(abstained).to.equal(304);
    while (Number.isNaN((await model!.judge(values(0)))[0]));
    const ends = model!.stats().ends["took too long"];
    expect(ends, "the last one, which nobody waits for any more, does not begin").to.be.at.most(2);
  });

  it("killed while nobody asks is started again", async () => {
    await open(modelOf(onnxFile(SIGMOID), {}));
    process.kill(model!.pid()!, "SIGKILL");
    await recovers();
  });

  it("that hangs is ended at the deadline [KEEP-17]", async () => {
    await open(modelOf(loopingModel(), {}), { deadlineMs: 400 });
    const start = Date.now();
    expect(await model!.judge(values(SLOW))).to.deep.equal([NaN]);
    expect(Date.now() - start).to.be.within(400, 5_000);
    expect(lines.join("")).to.match(/took too long.*more than 400 ms/);
    await recovers();
  });

  it("that takes too much memory is ended, and leaves the keeper's own alone [KEEP-17]", async () => {
    await open(modelOf(greedyModel(), {}), { memoryMb: 400 });
    const before = memoryOf(process.pid);
    expect(await model!.judge(values(3_000))).to.deep.equal([NaN]);
    expect(lines.join("")).to.match(/took too much memory.*MiB, allowed are 400/);
    expect(memoryOf(process.pid) - before, "MiB").to.be.below(100);
    await recovers();
  });

  it("that leaks is replaced, no claim is lost, and batches stay as large as they were [KEEP-17]", async () => {
    await open(modelOf(greedyModel(), {}), { memoryMb: 450, batch: 2 });
    for (let life = 0; life < 3; life++) {
      // Each fits alone; what one leaves behind is too small for the next, and stays.
      for (const megabytes of [40, 80, 160, 250])
        expect(await model!.judge(values(megabytes, 0)), `${megabytes} MiB`).to.not.include(Number.NaN);
      process.kill(model!.pid()!, "SIGKILL");
      await until(() => model!.isRunning() && said('"reason":"crashed"') === life + 1);
    }
    expect(model!.stats().ends["took too much memory"]).to.be.greaterThan(1);
    const { batches } = model!.stats();
    expect(await model!.judge(values(1, 2))).to.have.length(2);
    expect(model!.stats().batches - batches, "batches").to.equal(1);
    expect(model!.stats().abstained).to.equal(0);
  });

  it("that takes too much memory for a batch judges it in parts, and knows it the next time", async function () {
    this.timeout(180_000);
    const file = readModel(join(MODELS, "relevance/char-trees/manifest.json"));
    // It compares every character of a text with every one of an answer: 25 MiB a claim at these lengths.
    const letters = (count: number, seed: number): string =>
      Array.from({ length: count }, (_, i) => "abcdefgh ijklm"[(i * 7 + seed * 3 + (i >> 4)) % 14]).join("");
    const claims = Array.from({ length: 64 }, (_, i) => {
      const [text, answer] = i % 16 === 0 ? [60, 30] : [1_600, 400];
      return { text: letters(text, i), answer: letters(answer, 5 * i) };
    });
    await open(file, { batch: 64, deadlineMs: 120_000, requestMs: 170_000 });
    const judged = await model!.judge(claims);
    const { ends, abstained } = model!.stats();
    expect(ends["took too much memory"]).to.be.greaterThan(1);
    expect(Object.keys(ends)).to.deep.equal(["took too much memory"]);
    expect(abstained).to.equal(0);
    expect(said("judging it with less")).to.equal(1);
    expect(said("judging it in parts")).to.equal(ends["took too much memory"]! - 1);

    expect(await model!.judge(claims.slice(0, 32))).to.satisfy((some: number[]) =>
      some.every((p, i) => Math.abs(p - judged[i]!) < 1e-5),
    );
    expect(model!.stats().ends).to.deep.equal(ends);
    await model!.close();

    await open(file, { batch: 1, deadlineMs: 120_000, requestMs: 170_000 });
    const few = [0, 1, 31, 48, 63];
    const alone = await model!.judge(few.map((i) => claims[i]!));
    few.forEach((i, at) => expect(judged[i], `claim ${i}`).to.be.closeTo(alone[at]!, 1e-5));
  });

  it("that gives NaN costs nothing but those claims, with one log line and the same process", async () => {
    await open(modelOf(nanModel(), {}));
    const pid = model!.pid();
    const { votes } = await judgeClaims(model!, values(1, -1, 1), 128, log);
    expect([...votes]).to.deep.equal([128, 128, 128]);
    expect(await model!.judge(values(3, -1))).to.satisfy(([p, q]: number[]) => p! > 0.7 && Number.isNaN(q));
    expect(said("claims voted at the base rate")).to.equal(1);
    expect(model!.pid()).to.equal(pid);
    expect(model!.stats()).to.deep.include({ loads: 1, batches: 2, claims: 5, abstained: 2, ends: {} });
  });

  it("waits longer each time it ends, and claims do not wait for it then", async () => {
    await open(modelOf(loopingModel(), {}), { deadlineMs: 100 });
    const pauses = (): number[] =>
      lines.flatMap((line) => /"pauseMs":(\d+)/.exec(line)?.[1] ?? []).map(Number);
    for (let i = 1; i <= 4; i++) {
      await until(() => said("model loaded") === i);
      expect(await model!.judge(values(SLOW))).to.deep.equal([NaN]);
      await until(() => pauses().length === i);
    }
    expect(pauses()).to.deep.equal([250, 500, 1_000, 2_000]);
    expect(await model!.judge(values(0))).to.deep.equal([NaN]);
    expect(said("model loaded"), "before it runs again").to.equal(4);
    expect(said("the model is not running")).to.equal(1);
    await until(() => said("model loaded") === 5);
    await model!.judge(values(0));
    await model!.judge(values(SLOW));
    await until(() => pauses().length === 5);
    expect(pauses()[4], "judging in between makes it short again").to.equal(250);
  });

  it("that cannot load or try its model is refused with reason and cure [KEEP-18]", async () => {
    for (const [file, options, code] of [
      [modelOf(hugeModel(), {}), {}, "MODEL_TOO_BIG"],
      [modelOf(Buffer.from("no graph"), {}), {}, "MODEL_NOT_ONNX"],
      // The trial run is made with zeros: here they become many.
      [
        modelOf(loopingModel(), { inputs: [{ ...VALUES, mean: -1e15 }] }),
        { loadMs: 1_000 },
        "MODEL_TOO_SLOW",
      ],
      [modelOf(greedyModel(), { inputs: [{ ...VALUES, mean: -3_000 }] }), { memoryMb: 400 }, "MODEL_TOO_BIG"],
    ] as const) {
      const error = await open(file, options).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).to.be.instanceOf(ModelFileError);
      expect((error as ModelFileError).code).to.equal(code);
      expect((error as ModelFileError).advice).to.match(/again|smaller/);
    }
  });

  it("gets nothing of the keeper's environment but what it needs, and no path of the model", async () => {
    process.env["ASSAY_HOT_KEY"] = "0x11";
    try {
      await open(modelOf(onnxFile(SIGMOID), {}));
      const environment = readFileSync(`/proc/${model!.pid()}/environ`, "utf8");
      expect(environment).to.include("PATH=").and.not.include("HOT_KEY");
    } finally {
      delete process.env["ASSAY_HOT_KEY"];
    }
    expect(await model!.judge(values(0)), "the folder `test` does not exist").to.deep.equal([0.5]);
  });

  it("shares batches between requests that wait together", async () => {
    await open(modelOf(onnxFile(SIGMOID), {}), { batch: 64 });
    const asked = Array.from({ length: 32 }, (_, i) => [i / 16, -i / 16]);
    const answers = await Promise.all(asked.map((numbers) => model!.judge(values(...numbers))));
    for (const [i, numbers] of asked.entries())
      numbers.forEach((x, j) => expect(answers[i]![j]).to.be.closeTo(sigmoid(x), 1e-6));
    expect(model!.stats()).to.deep.include({ batches: 1, claims: 64 });
  });

  it("measures loading apart from inference", async () => {
    await open(modelOf(loopingModel(), {}));
    const { loadMs, inferenceMs } = model!.stats();
    expect(loadMs).to.be.greaterThan(0);
    expect(inferenceMs).to.equal(0);
    await model!.judge(values(300_000));
    expect(model!.stats()).to.deep.include({ loads: 1, loadMs });
    expect(model!.stats().inferenceMs).to.be.greaterThan(1);
    expect(said('"loadMs"')).to.equal(1);
  });

  it("ends with the keeper, even while its graph hangs", async () => {
    const script = `
      import { loadModel } from ${JSON.stringify(join(import.meta.dirname, "../session.ts"))};
      import { modelOf, loopingModel } from ${JSON.stringify(join(import.meta.dirname, "../../testing/models.ts"))};
      const model = await loadModel(modelOf(loopingModel(), {}), { deadlineMs: 600000 });
      console.log(model.pid());
      await model.judge([{ values: [1e15], answer: "a" }]);`;
    const keeper = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const pid = await new Promise<number>((resolve) =>
      keeper.stdout.once("data", (text) => resolve(Number(String(text)))),
    );
    await sleep(300);
    expect(isAlive(pid)).to.equal(true);
    keeper.kill("SIGKILL");
    await until(() => !isAlive(pid));
  });

  for (const [what, good] of [
    ["of an operator", onnxFile(SIGMOID)],
    ["of weights, an attribute and a graph within", onnxFile(LEAKY)],
  ] as const)
    it(`survives any flipped bit ${what}: the model is refused or judges, and the next one loads`, async function () {
      this.timeout(300_000);
      const limits = { memoryMb: 600, loadMs: 5_000, deadlineMs: 5_000 };
      let worker = startModelProcess(limits);
      const codes: Record<string, number> = {};
      for (let bit = 0; bit < good.length * 8; bit++) {
        const flipped = Uint8Array.from(good);
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        let code = "loaded";
        try {
          await worker.load(modelOf(flipped, {}), "flipped");
        } catch (error) {
          expect(error, `bit ${bit}`).to.be.instanceOf(ModelFileError);
          code = (error as ModelFileError).code;
        }
        if (["MODEL_CRASHED", "MODEL_TOO_SLOW", "MODEL_TOO_BIG"].includes(code)) {
          worker.stop();
          worker = startModelProcess(limits);
        }
        codes[code] = (codes[code] ?? 0) + 1;
      }
      await worker.load(modelOf(good, {}), "good");
      worker.stop();
      expect(codes["MODEL_NOT_ONNX"], JSON.stringify(codes)).to.be.greaterThan(100);
    });
});
