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
    expect(bench.bytesBefore).to.be.greaterThan(2 ** 24);
    expect(bench.peakBytes).to.be.at.least(bench.bytesBefore);
  });

  it("counts the memory of the model", async () => {
    // 2²² floats, made when the model runs: 16 MiB that the file does not hold.
    const manifest = writeModel(
      folder,
      onnxModel({
        ...wordsModel([
          ["ConstantOfShape", ["size"], "large"],
          ["ReduceSum", ["large", "axis"], "sum", { keepdims: 0n }],
          ["Mul", ["words", "sum"], "product"],
          ["Sigmoid", ["product"], "probability"],
        ]),
        integers: { size: [2 ** 22], axis: [0] },
      }),
    );
    const { peakBytes, bytesBefore } = await benchModel(manifest, undefined);
    expect(peakBytes - bytesBefore).to.be.greaterThan(2 ** 24);
  });

  it("says in one line why it could not", async () => {
    const manifest = writeModel(folder, onnxModel(wordsModel()), { files: { "model.onnx": "0".repeat(64) } });
    const { code, stderr } = await assay(["models", "bench", manifest]);
    expect(code).to.equal(1);
    expect(stderr).to.match(
      /^The model could not be measured .*\[BENCH_FAILED\]\. .*MODEL_HASH_MISMATCH.*\n$/,
    );
    const data = join(folder, "claims.jsonl");
    writeFileSync(data, "{}\n");
    expect((await assay(["models", "bench", manifest, "--data", data])).stderr).to.include(
      "CLAIMS_NOT_VALID",
    );
  });
});
