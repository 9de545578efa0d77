import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { assay } from "../testing/assay.ts";
import { onnxModel, wordsModel, writeModel } from "../testing/onnx.ts";
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
