import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { assay } from "../testing/assay.ts";
import { ROOT } from "../testing/chain.ts";
import { onnxModel, wordsModel, writeModel, type GraphPlan } from "../testing/onnx.ts";
import { verifyModel, type Verification } from "./verify.ts";

/** Few runs: what differs from run to run differs at once. */
const verify = (manifest: string): Promise<Verification> => verifyModel(manifest, { runs: 5 });

const failed = ({ checks }: Verification): string[] =>
  checks.filter(({ passed }) => !passed).map(({ name }) => name);

describe("verifyModel", function () {
  this.timeout(60_000);
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-verify-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const made = (tail?: GraphPlan["nodes"]): string => writeModel(folder, onnxModel(wordsModel(tail)));

  it("finds nothing wrong with an honest model", async () => {
    const found = await verify(made());
    expect(failed(found)).to.deep.equal([]);
    expect(found.checks.map(({ name }) => name)).to.deep.equal(["hashes", "finite", "batches", "repeatable"]);
    expect(found.votesDiffer).to.equal(0);
    expect(found.votes).to.be.greaterThan(10_000);
  });

  it("finds a flipped bit, and looks no further", async () => {
    const manifest = made();
    const bytes = readFileSync(join(folder, "model.onnx"));
    bytes[40]! ^= 4;
    writeFileSync(join(folder, "model.onnx"), bytes);
    const found = await verify(manifest);
    expect(failed(found)).to.deep.equal(["hashes"]);
    expect(found.checks).to.have.length(1);
  });

  it("finds a model that has no answer to some claims, and shows one", async () => {
    const found = await verify(
      made([
        ["Add", ["words", "offset"], "above_three"],
        ["Sqrt", ["above_three"], "root"],
        ["Sigmoid", ["root"], "probability"],
      ]),
    );
    expect(failed(found)).to.deep.equal(["finite"]);
    expect(found.checks[1]?.detail).to.match(/of 64 made-up claims, for example \{/);
  });

  it("finds answers outside of 0 and 1", async () => {
    const found = await verify(made([["Identity", ["words"], "probability"]]));
    expect(failed(found)).to.deep.equal(["finite"]);
  });

  it("finds a model that looks at the other claims of a batch, and the votes that change with it", async () => {
    const found = await verify(
      made([
        ["ReduceMean", ["words"], "mean", { keepdims: 0n }],
        ["Sub", ["words", "mean"], "logit"],
        ["Sigmoid", ["logit"], "probability"],
      ]),
    );
    expect(failed(found)).to.deep.equal(["batches"]);
    expect(found.votesDiffer).to.be.greaterThan(0);
  });

  it("finds a model that throws dice", async () => {
    const found = await verify(
      made([
        ["RandomUniformLike", ["words"], "noise"],
        ["Mul", ["noise", "slope"], "probability"],
      ]),
    );
    expect(failed(found)).to.deep.equal(["batches", "repeatable"]);
    expect(found.votesDiffer).to.be.greaterThan(0);
  });

  it("passes the built-in models", async () => {
    for (const family of ["overlap-logistic", "align-conv"])
      expect(
        failed(await verify(join(ROOT, "models/grounded", family, "manifest.json"))),
        family,
      ).to.deep.equal([]);
  });

  it("is a command whose exit code tells", async () => {
    const honest = await assay(["models", "verify", made()]);
    expect(honest.code, honest.stderr).to.equal(0);
    expect(honest.stdout)
      .to.include("100 runs, the same to the bit")
      .and.include("no vote byte ever differs");
    const dice = made([["RandomUniformLike", ["words"], "probability"]]);
    const ran = await assay(["models", "verify", dice, "--json"]);
    expect(ran.code).to.equal(1);
    expect((JSON.parse(ran.stdout) as { passed: boolean }).passed).to.equal(false);
  });
});
