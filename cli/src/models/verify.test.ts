import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { loadModel, readModel, sha256 } from "@assay/keeper";
import { expect } from "chai";

import { assay } from "../testing/assay.ts";
import { ROOT } from "../testing/chain.ts";
import { onnxModel, wordsModel, writeModel, type GraphPlan } from "../testing/onnx.ts";
import { verifyModel, type Verification } from "./verify.ts";

/** A tokenizer.json of whole words. */
const WORD_LEVEL = {
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: ["[PAD]", "[UNK]"].map((content, id) => ({ id, content, special: true })),
  normalizer: { type: "Lowercase" },
  pre_tokenizer: { type: "Whitespace" },
  post_processor: null,
  decoder: null,
  model: {
    type: "WordLevel",
    unk_token: "[UNK]",
    vocab: { "[PAD]": 0, "[UNK]": 1, the: 2, bridge: 3, river: 4, opened: 5 },
  },
};

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
    expect(found.checks[1]?.detail).to.match(/of 68 made-up claims, for example \{/);
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

  it("finds a model that answers otherwise after a restart", async () => {
    const manifest = made();
    const first = readModel(manifest);
    const other = writeModel(
      join(folder, "other"),
      onnxModel({
        ...wordsModel(),
        floats: { slope: { shape: [], data: [0.4] }, offset: { shape: [], data: [-3] } },
      }),
    );
    let loads = 0;
    const found = await verifyModel(manifest, {
      runs: 5,
      load: (_, options) => loadModel(loads++ === 0 ? first : readModel(other), options),
    });
    expect(failed(found)).to.deep.equal(["repeatable"]);
    expect(found.checks[3]?.detail).to.match(/^5 runs and one after a restart lie up to/);
  });

  it("tries the shortest and the longest a model is asked", async () => {
    // The square root of what 3,000 words leave has no answer to more.
    const manifest = made([
      ["Sub", ["most", "words"], "left"],
      ["Sqrt", ["left"], "root"],
      ["Sigmoid", ["root"], "probability"],
    ]);
    const found = await verify(manifest);
    expect(failed(found)).to.deep.equal(["finite"]);
    expect(found.checks[1]?.detail).to.match(
      /no probability for 1 of 68 made-up claims, for example .*"answer":"o o o/,
    );
  });

  it("passes the built-in models", async () => {
    for (const family of ["overlap-logistic", "align-conv"])
      expect(
        failed(await verify(join(ROOT, "models/grounded", family, "manifest.json"))),
        family,
      ).to.deep.equal([]);
  });

  it("makes up images of the size a model takes, and of others where it resizes", async () => {
    for (const family of ["stroke-conv", "pixel-forest"])
      expect(
        failed(await verify(join(ROOT, "models/digits", family, "manifest.json"))),
        family,
      ).to.deep.equal([]);
    // Bright images are none: the made-up white one is found.
    const bright = writeModel(
      folder,
      onnxModel({
        inputs: [{ name: "image", type: "FLOAT", shape: ["N", 8, 8] }],
        outputs: [{ name: "probability", type: "FLOAT", shape: ["N"] }],
        nodes: [
          ["ReduceMean", ["image", "sides"], "mean", { keepdims: 0n }],
          ["Sub", ["most", "mean"], "left"],
          ["Sqrt", ["left"], "root"],
          ["Sigmoid", ["root"], "probability"],
        ],
        floats: { most: { shape: [], data: [0.9] } },
        integers: { sides: [1, 2] },
      }),
      {
        inputs: [
          {
            kind: "image",
            name: "image",
            width: 8,
            height: 8,
            resize: "bilinear",
            channels: "gray",
            layout: "nhw",
            scale: 1 / 255,
            mean: [0],
            std: [1],
            type: "float32",
          },
        ],
        limits: { image: { min: 4, max: 64 } },
      },
    );
    const found = await verify(bright);
    expect(failed(found)).to.deep.equal(["finite"]);
    expect(found.checks[1]?.detail).to.match(/of 64 made-up claims, for example \{"image"/);
  });

  it("finds a token model that reads its padding, and passes one that masks it", async () => {
    const port = (name: string) => ({ name, type: "INT64", shape: ["N", "T"] }) as const;
    const part = {
      kind: "tokens",
      fields: ["answer"],
      maxTokens: 32,
      pad: "longest",
      type: "int64",
    } as const;
    const tokenizer = JSON.stringify(WORD_LEVEL);
    const model = (isMasked: boolean): string => {
      writeFileSync(join(folder, "tokenizer.json"), tokenizer);
      const bytes = onnxModel({
        inputs: [port("ids"), port("mask")],
        outputs: [{ name: "probability", type: "FLOAT", shape: ["N"] }],
        nodes: [
          ["Cast", ["ids"], "all", { to: 1n }],
          ["Cast", [isMasked ? "mask" : "ids"], "kept", { to: 1n }],
          ["Mul", ["all", isMasked ? "kept" : "one"], "own"],
          [isMasked ? "ReduceSum" : "ReduceMean", ["own", "tokens"], "score", { keepdims: 0n }],
          ["Mul", ["score", "slope"], "logit"],
          ["Sigmoid", ["logit"], "probability"],
        ],
        floats: { slope: { shape: [], data: [0.1] }, one: { shape: [], data: [1] } },
        integers: { tokens: [1] },
      });
      return writeModel(folder, bytes, {
        inputs: [
          { ...part, name: "ids", part: "ids", fields: ["answer"] },
          { ...part, name: "mask", part: "attentionMask", fields: ["answer"] },
        ],
        files: { "model.onnx": sha256(bytes), "tokenizer.json": sha256(Buffer.from(tokenizer)) },
      });
    };
    expect(failed(await verify(model(true)))).to.deep.equal([]);
    const found = await verify(model(false));
    expect(failed(found)).to.deep.equal(["batches"]);
    expect(found.votesDiffer).to.be.greaterThan(0);
  });

  it("is a command whose exit code tells", async () => {
    const honest = await assay(["models", "verify", made()]);
    expect(honest.code, honest.stderr).to.equal(0);
    expect(honest.stdout)
      .to.include("100 runs and one after a restart, the same to the bit")
      .and.include("no vote byte ever differs");
    const dice = made([["RandomUniformLike", ["words"], "probability"]]);
    const ran = await assay(["models", "verify", dice, "--json"]);
    expect(ran.code).to.equal(1);
    expect((JSON.parse(ran.stdout) as { passed: boolean }).passed).to.equal(false);
  });
});
