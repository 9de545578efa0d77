import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Manifest } from "@assay/keeper";
import { expect } from "chai";

import { assay } from "../testing/assay.ts";
import { onnxModel, wordsModel, writeModel } from "../testing/onnx.ts";
import { rowsOf } from "../testing/table.ts";
import { benchModel, type Bench } from "./bench.ts";

describe("benchModel", function () {
  this.timeout(60_000);
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-bench-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("measures in another process, at three sizes", async () => {
    const manifest = writeModel(folder, onnxModel(wordsModel()));
    const { code, stdout, stderr } = await assay(["models", "bench", manifest, "--json"]);
    expect(code, stderr).to.equal(0);
    const bench = JSON.parse(stdout) as Bench;
    expect(bench.batches.map(({ size }) => size)).to.deep.equal([1, 8, 64]);
    for (const { msPerClaim, runs } of bench.batches) {
      expect(msPerClaim).to.be.greaterThan(0);
      expect(runs).to.be.at.least(5);
    }
    expect(bench.loadMs).to.be.greaterThan(0);
    expect(bench.abstained).to.equal(0);
  });

  it("prints the time to load, a row for each size, and memory", async () => {
    const manifest = writeModel(folder, onnxModel(wordsModel()));
    const { code, stdout, stderr } = await assay(["models", "bench", manifest]);
    expect(code, stderr).to.equal(0);
    const { name } = JSON.parse(readFileSync(manifest, "utf8")) as Manifest;
    const [first = "", last = ""] = [stdout.split("\n")[0], stdout.trim().split("\n").at(-1)];
    expect(first)
      .to.match(/^.+: loaded and tried in [1-9]\d* ms$/)
      .and.include(`${name}:`);
    const rows = rowsOf(stdout).map((row) => row.map(Number));
    expect(rows.map(([size]) => size)).to.deep.equal([1, 8, 64]);
    for (const [size, ms = 0, aSecond = 0, runs] of rows) {
      expect(ms, `ms a claim of ${size}`).to.be.greaterThan(0);
      // Both are rounded.
      expect(aSecond).to.be.within(1000 / (ms + 0.0005) - 0.5, 1000 / (ms - 0.0005) + 0.5);
      expect(runs).to.be.at.least(5);
    }
    if (process.platform !== "linux") {
      expect(last).to.equal("peak memory: not told by this system");
      return;
    }
    const memory =
      /^peak memory of the model's process (\d+) MiB, of which (\d+) before it read the model; inference\.memoryMb must be above$/;
    expect(last).to.match(memory);
    const [peak = 0, bare = 0] = memory.exec(last)!.slice(1).map(Number);
    expect(bare).to.be.greaterThan(10);
    expect(peak).to.be.greaterThan(bare);
  });

  it("counts the memory of the model's process", async function () {
    if (process.platform !== "linux") this.skip();
    const small = await benchModel(writeModel(folder, onnxModel(wordsModel())), undefined);
    // 2²⁴ floats, made when the model runs: 64 MiB that the file does not hold.
    const large = onnxModel({
      ...wordsModel([
        ["ConstantOfShape", ["size"], "large"],
        ["ReduceSum", ["large", "axis"], "sum", { keepdims: 0n }],
        ["Mul", ["words", "sum"], "product"],
        ["Sigmoid", ["product"], "probability"],
      ]),
      integers: { size: [2 ** 24], axis: [0] },
    });
    const { peakMb, bareMb } = await benchModel(writeModel(folder, large), undefined);
    expect(small.peakMb).to.be.greaterThan(small.bareMb);
    expect(bareMb).to.be.greaterThan(10);
    expect(peakMb - small.peakMb).to.be.greaterThan(32);
  });

  it("tells when claims get no answer", async () => {
    const manifest = writeModel(
      folder,
      onnxModel(
        wordsModel([
          ["Log", ["offset"], "nan"],
          ["Add", ["words", "nan"], "probability"],
        ]),
      ),
    );
    const { code, stdout } = await assay(["models", "bench", manifest]);
    expect(code).to.equal(0);
    expect(stdout).to.match(/^WARNING: (\d+) of \1 claims got no probability$/m);
  });

  it("says in one line why it could not", async () => {
    const manifest = writeModel(folder, onnxModel(wordsModel()), { files: { "model.onnx": "0".repeat(64) } });
    const { code, stderr } = await assay(["models", "bench", manifest]);
    expect(code).to.equal(1);
    expect(stderr).to.match(/^The model at .*\[MODEL_HASH_MISMATCH\]\. .*\n$/);
    const data = join(folder, "claims.jsonl");
    writeFileSync(data, "{}\n");
    expect((await assay(["models", "bench", manifest, "--data", data])).stderr).to.include(
      "CLAIMS_NOT_VALID",
    );
  });
});
