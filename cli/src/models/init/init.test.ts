import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";

import {
  lookAtModel,
  MANIFEST_SCHEMA_ID,
  manifestSchema,
  readModel,
  type GraphFacts,
  type Manifest,
} from "@assay/keeper";
import { expect } from "chai";
import { Command } from "commander";

import { initCommand } from "../../commands/models/init.ts";
import { CliError } from "../../lib/errors.ts";
import { assay } from "../../testing/assay.ts";
import { onnxModel, wordsModel, type GraphPlan, type PortPlan } from "../../testing/onnx.ts";
import { createInterview, type Flags, type Interview } from "./interview.ts";
import { interviewFor } from "./manifest.ts";

const ABOUT = { name: "M", domain: "test", family: "f", source: "s", licence: "MIT", baseRate: "0.4" };
const SCORE: PortPlan = { name: "score", type: "FLOAT", shape: ["N"] };

/** A graph with these ports and one operator, which is never run. */
const ports = (
  inputs: readonly PortPlan[],
  outputs: readonly PortPlan[] = [SCORE],
  more: Partial<GraphPlan> = {},
): Uint8Array =>
  onnxModel({
    inputs,
    outputs,
    nodes: outputs.map(({ name }) => ["Sigmoid", [inputs[0]?.name ?? ""], name]),
    ...more,
  });

/** What the file says, whether or not it could be run. */
async function factsOf(model: Uint8Array): Promise<GraphFacts> {
  return (await lookAtModel(model, "model.onnx")).facts;
}

async function manifestFor(model: Uint8Array, flags: Flags, tokenizer?: Uint8Array): Promise<Manifest> {
  return interviewFor(
    await factsOf(model),
    { model, tokenizer },
    createInterview({ ...ABOUT, ...flags }, undefined),
  );
}

async function refusal(promise: Promise<unknown>): Promise<CliError> {
  const error: unknown = await promise.then(
    () => undefined,
    (refused: unknown) => refused,
  );
  expect(error).to.be.instanceOf(CliError);
  return error as CliError;
}

describe("a manifest out of a graph", function () {
  this.timeout(60_000);

  it("describes token ids, and takes the tokenizer beside them", async () => {
    const input = (name: string): PortPlan => ({ name, type: "INT64", shape: ["batch", "sequence"] });
    const model = ports([input("input_ids"), input("attention_mask"), input("token_type_ids")]);
    const tokenizer = Buffer.from("{}");
    const manifest = await manifestFor(model, { fields: ["text,answer"], maxTokens: ["256"] }, tokenizer);
    const part = {
      kind: "tokens",
      fields: ["text", "answer"],
      maxTokens: 256,
      pad: "longest",
      type: "int64",
    };
    expect(manifest.inputs).to.deep.equal([
      { ...part, name: "input_ids", part: "ids" },
      { ...part, name: "attention_mask", part: "attentionMask" },
      { ...part, name: "token_type_ids", part: "typeIds" },
    ]);
    expect(manifest.files)
      .to.have.property("tokenizer.json")
      .that.matches(/^44136fa3/);
    const error = await refusal(manifestFor(model, { yes: true }));
    expect(error.code).to.equal("TOKENIZER_MISSING");
  });

  it("reads a fixed length of tokens off the shape", async () => {
    const model = ports([{ name: "ids", type: "INT64", shape: ["N", 128] }]);
    const { inputs } = await manifestFor(model, { yes: true }, Buffer.from("{}"));
    expect(inputs[0]).to.include({ maxTokens: 128, pad: "maximum" });
  });

  it("reads size, layout and colours of an image off the shape, and asks for the preprocessing", async () => {
    const of = (shape: PortPlan["shape"]) => ports([{ name: "pixels", type: "FLOAT", shape }]);
    const error = await refusal(manifestFor(of(["N", 3, 24, 32]), { kind: ["image"] }));
    for (const flag of ["channels", "resize", "scale", "mean", "std"])
      expect(error.advice).to.include(`--${flag} pixels=…`);
    for (const flag of ["width", "height", "layout"]) expect(error.advice).not.to.include(`--${flag}`);
    const given = { kind: ["image"], resize: ["none"], scale: ["1/255"], mean: ["0.5"], std: ["0.25"] };
    const common = {
      kind: "image",
      name: "pixels",
      resize: "none",
      scale: 1 / 255,
      mean: [0.5],
      std: [0.25],
    };
    const [nchw] = (await manifestFor(of(["N", 3, 24, 32]), { ...given, channels: ["bgr"] })).inputs;
    expect(nchw).to.deep.equal({
      ...common,
      layout: "nchw",
      height: 24,
      width: 32,
      channels: "bgr",
      type: "float32",
    });
    const [nhwc] = (await manifestFor(of(["N", 24, 32, 1]), given)).inputs;
    expect(nhwc).to.include({ layout: "nhwc", height: 24, width: 32, channels: "gray" });
    const { inputs, limits } = await manifestFor(of(["N", 28, 28]), given);
    expect(inputs[0]).to.include({ layout: "nhw", height: 28, width: 28, channels: "gray" });
    expect(limits, "a small file may unfold to millions of pixels").to.deep.equal({
      image: { min: 1, max: 1_024 },
    });
  });

  it("takes plain numbers, and tells inputs apart", async () => {
    const model = ports([
      { name: "a", type: "FLOAT", shape: ["N", 5] },
      { name: "b", type: "FLOAT", shape: ["N", "free"] },
    ]);
    const { inputs } = await manifestFor(model, {
      shape: ["7"],
      scale: ["2", "b=1/4"],
      mean: ["a=-1", "0"],
      std: ["3"],
    });
    expect(inputs).to.deep.equal([
      { kind: "values", name: "a", shape: [5], scale: 2, mean: -1, std: 3, type: "float32" },
      { kind: "values", name: "b", shape: [7], scale: 0.25, mean: 0, std: 3, type: "float32" },
    ]);
  });

  it("takes a mean and a std for each of plain numbers", async () => {
    const model = ports([{ name: "x", type: "FLOAT", shape: ["N", 2, 2, "free"] }]);
    const given = { kind: ["values"], shape: ["2,1,2"], scale: ["1"] };
    const { inputs } = await manifestFor(model, {
      ...given,
      mean: ["5.8, 3.1,-1/4,0"],
      std: ["x=0.5,1,2,1"],
    });
    expect(inputs[0])
      .to.include({ kind: "values" })
      .and.to.deep.include({
        mean: [5.8, 3.1, -0.25, 0],
        std: [0.5, 1, 2, 1],
      });
    for (const [wrong, advice] of [
      [{ mean: ["1,2,3"] }, "It must be one, or 4 with commas between; 3 are given."],
      [{ std: ["1,1,1,1,1"] }, "It must be one, or 4 with commas between; 5 are given."],
      [{ std: ["1,1,0,1"] }, "It must be above 0."],
      [{ std: ["-1"] }, "It must be above 0."],
    ] as const) {
      const error = await refusal(manifestFor(model, { ...given, mean: ["0"], std: ["1"], ...wrong }));
      expect(error.code).to.equal("ANSWER_REFUSED");
      expect(error.advice).to.equal(advice);
    }
    const open = await refusal(
      manifestFor(model, { kind: ["values"], scale: ["1"], mean: ["1,2,3"], std: ["1"] }),
    );
    expect(open.advice, "no shape, nothing to count against").to.include("--shape x=…");
  });

  it("takes whole numbers that are no tokens, and asks where the name does not tell", async () => {
    const of = (type: PortPlan["type"], name: string, ...shape: PortPlan["shape"]) =>
      ports([{ name, type, shape }]);
    const plain = { kind: "values", scale: 1, mean: 0, std: 1 };
    const features = of("INT64", "float_input", "N", 4);
    expect((await refusal(manifestFor(features, {}))).advice).to.match(
      /--kind float_input=… \(what its whole numbers \[N, 4\] are, tokens of a text or plain values; proposed: values\)/,
    );
    const wanted = { ...plain, name: "float_input", shape: [4], type: "int64" };
    expect((await manifestFor(features, { yes: true })).inputs).to.deep.equal([wanted]);
    const tokenizer = Buffer.from("{}");
    expect((await manifestFor(features, { yes: true }, tokenizer)).inputs[0]).to.include({ kind: "tokens" });
    expect(
      await manifestFor(features, { yes: true, kind: ["values"] }, tokenizer).catch((e: CliError) => e.code),
      "a tokenizer that nothing asks for stays out of the manifest",
    ).to.deep.include({ inputs: [wanted] });
    expect(
      (await manifestFor(of("INT32", "user_ids", "N", 2), { yes: true, kind: ["values"] })).inputs,
    ).to.deep.equal([{ ...plain, name: "user_ids", shape: [2], type: "int32" }]);
    const ids = await refusal(manifestFor(of("INT64", "input_ids", "N", 4), { yes: true }));
    expect(ids.code).to.equal("TOKENIZER_MISSING");
    expect(ids.advice).to.include("--kind INPUT=values");
    for (const [type, named] of [
      ["UINT8", "uint8"],
      ["BOOL", "bool"],
      ["DOUBLE", "float64"],
    ] as const)
      expect((await manifestFor(of(type, "x", "N", 784), { yes: true })).inputs).to.deep.equal([
        { ...plain, name: "x", shape: [784], type: named },
      ]);
    const pixels = of("UINT8", "x", "N", 28, 28, 1);
    expect((await manifestFor(pixels, { yes: true })).inputs[0]).to.include({ kind: "image", type: "uint8" });
    expect((await manifestFor(pixels, { yes: true, kind: ["values"] })).inputs[0]).to.include({
      kind: "values",
    });
  });

  it("takes columns of text as scikit-learn exports declare them", async () => {
    const of = (name: string, shape: PortPlan["shape"]) => ports([{ name, type: "STRING", shape }]);
    const inputs = async (model: Uint8Array, flags: Flags) => (await manifestFor(model, flags)).inputs;
    const strings = (name: string, ...fields: string[]) => [{ kind: "strings", name, fields }];
    expect(await inputs(of("answer", ["N", 1]), {})).to.deep.equal(strings("answer", "answer"));
    expect(await inputs(of("message", ["N", 1]), { yes: true })).to.deep.equal(strings("message", "text"));
    expect(await inputs(of("both", ["N", 2]), { fields: ["answer,text"] })).to.deep.equal(
      strings("both", "answer", "text"),
    );
    expect((await manifestFor(of("both", ["N", 2]), { yes: true })).limits).to.have.keys("text", "answer");
    const error = await refusal(inputs(of("both", ["N", 2]), { fields: ["text"] }));
    expect(error.advice).to.include("as many as the input has columns, 2");
  });

  const text: PortPlan = { name: "text", type: "STRING", shape: ["N"] };
  const ten: PortPlan = { name: "out", type: "FLOAT", shape: ["N", 3] };

  it("knows probabilities by the operator they come from, and asks about everything else", async () => {
    const model = ports([text], [SCORE]);
    expect((await manifestFor(model, {})).output.values).to.equal("probabilities");
    const raw = ports([text], [SCORE], { nodes: [["Gemm", ["text"], "score"]] });
    expect((await refusal(manifestFor(raw, {}))).advice).to.match(/--values \(.*Gemm.*proposed: logits/);
    expect((await manifestFor(raw, { values: "logits" })).output.values).to.equal("logits");
    const made = (op: string) => ports([text], [SCORE], { nodes: [[`ai.onnx.ml:${op}`, ["text"], "score"]] });
    expect((await manifestFor(made("Normalizer"), {})).output.values).to.equal("probabilities");
    expect((await refusal(manifestFor(made("LinearRegressor"), {}))).advice).to.include("--values (");
  });

  it("finds the number that says true: one, an index, a label, or the class the answer names", async () => {
    const select = async (flags: Flags, more: Partial<GraphPlan> = {}, out = ten) =>
      (await manifestFor(ports([text], [out], more), flags)).output.select;
    const labels = { metadata: { labels: '["red","green","blue"]' } };
    expect(await select({}, {}, SCORE)).to.deep.equal({ by: "only" });
    expect(await select({ true: "2" })).to.deep.equal({ by: "index", index: 2, classes: 3 });
    expect(await select({ true: "green" }, labels)).to.deep.equal({ by: "index", index: 1, classes: 3 });
    expect(await select({ true: "answer" }, labels).catch((error: CliError) => error.code)).to.equal(
      "ANSWERS_MISSING",
    );
    expect(await select({ true: "answer", labels: "a,b,c" })).to.deep.equal({
      by: "answer",
      labels: ["a", "b", "c"],
    });
    expect(await select({ yes: true }, labels)).to.deep.equal({
      by: "answer",
      labels: ["red", "green", "blue"],
    });
    for (const wrong of [{ true: "3" }, { true: "pink" }, { true: "answer", labels: "a,b" }])
      expect((await refusal(select(wrong))).code).to.equal("ANSWER_REFUSED");
  });

  it("takes the tensor of an export whose other output is a map, and a label where there is no better", async () => {
    const label: PortPlan = { name: "label", type: "INT64", shape: ["N"] };
    const both = ports([text], [label, { ...ten, name: "probabilities" }]);
    const flags = { yes: true, true: "1" };
    expect((await manifestFor(both, flags)).output.name).to.equal("probabilities");
    expect((await manifestFor(ports([text], [label]), { true: "7" })).output).to.deep.equal({
      name: "label",
      values: "labels",
      select: { by: "label", label: "7" },
    });
  });

  it("begins with limits that keep out what is too short, and takes others", async () => {
    const model = ports([text]);
    expect((await manifestFor(model, {})).limits).to.deep.equal({ text: { min: 3, max: 32_768 } });
    expect((await manifestFor(model, { textLimits: "20-500" })).limits.text).to.deep.equal({
      min: 20,
      max: 500,
    });
  });

  it("has an option for every question, and none that nothing asks for", async () => {
    const asked = new Set<string>();
    const recording = (answers: Readonly<Record<string, string>>): Interview => ({
      ask({ flag, proposal, parse }) {
        asked.add(flag);
        return Promise.resolve(parse(answers[flag] ?? proposal ?? "2"));
      },
      given({ flag }) {
        asked.add(flag);
        return undefined;
      },
      check: () => {},
      close: () => {},
    });
    const raw = (
      input: PortPlan,
      outputs: readonly PortPlan[],
      answers: Readonly<Record<string, string>>,
    ) => {
      const nodes = outputs.map(({ name }) => ["Identity", [input.name], name] as const);
      return [ports([input], outputs, { nodes }), answers] as const;
    };
    const of = (type: PortPlan["type"], ...shape: PortPlan["shape"]): PortPlan => ({
      name: "x",
      type,
      shape,
    });
    const open: PortPlan = { name: "out", type: "FLOAT", shape: ["N", "K"] };
    for (const [model, answers] of [
      raw(of("STRING", "N"), [open, { ...open, name: "other" }], {
        output: "out",
        true: "answer",
        labels: "a,b",
      }),
      raw(of("STRING", "N", 2), [SCORE], {}),
      raw(of("INT64", "N", "T"), [SCORE], {}),
      raw(of("FLOAT", "N", "a", "b", "c"), [SCORE], { kind: "image" }),
      raw(of("FLOAT", "N", "free"), [SCORE], {}),
    ]) {
      const own = { name: "M", domain: "d", family: "f", ...answers };
      await interviewFor(await factsOf(model), { model, tokenizer: Buffer.from("{}") }, recording(own));
    }
    const models = new Command();
    initCommand(models);
    const options = models.commands[0]!.options.map(({ long }) => long?.slice(2) ?? "");
    const others = ["yes", "force", "json", "config"];
    expect([...asked, ...others].sort()).to.deep.equal(options.sort());
  });

  it("refuses an input that nothing in a claim can fill", async () => {
    const odd = await factsOf(ports([{ name: "x", type: "INT64", shape: ["N"] }]));
    const inputs = [{ name: "x", type: "complex64", shape: ["N"] }];
    const bytes = { model: new Uint8Array(1), tokenizer: undefined };
    const error = await refusal(interviewFor({ ...odd, inputs }, bytes, createInterview(ABOUT, undefined)));
    expect(error.code).to.equal("INPUT_UNKNOWN");
  });
});

describe("the interview at a terminal", function () {
  this.timeout(30_000);

  it("asks what is open, takes proposals for an empty line, and asks again after a wrong answer", async () => {
    const model = ports([{ name: "sentence", type: "STRING", shape: ["N"] }]);
    const input = new PassThrough();
    const output = new PassThrough();
    input.end("neither\nanswer\nA model\nBad Domain\ngood-domain\nfam\n\nmy data\nMIT\n");
    const manifest = await interviewFor(
      await factsOf(model),
      { model, tokenizer: undefined },
      createInterview({}, { input, output }),
    );
    expect(manifest).to.deep.include({
      name: "A model",
      domain: "good-domain",
      family: "fam",
      baseRate: 0.5,
      inputs: [{ kind: "string", name: "sentence", field: "answer" }],
      provenance: { source: "my data", licence: "MIT" },
    });
    const shown = String(output.read());
    expect(shown).to.include("sentence: field of the claim it takes, text or answer [text]: ");
    expect(shown).to.include("It must be one of text, answer\n");
    expect(shown.match(/domain it judges/g)).to.have.length(2);
  });

  it("lists what is open when the other side hangs up", async () => {
    const input = new PassThrough();
    input.end("A model\n");
    const model = ports([{ name: "text", type: "STRING", shape: ["N"] }]);
    const interview = createInterview({}, { input, output: new PassThrough() });
    const error = await refusal(
      interviewFor(await factsOf(model), { model, tokenizer: undefined }, interview),
    );
    expect(error.code).to.equal("ANSWERS_MISSING");
    expect(error.advice).to.include("--domain").and.not.include("--name ");
  });
});

describe("assay models init of a graph of whole numbers", function () {
  this.timeout(60_000);

  it("writes a manifest that loads and judges", async () => {
    const folder = mkdtempSync(join(tmpdir(), "assay-init-"));
    const file = join(folder, "model.onnx");
    const about = ["--name", "M", "--domain", "d", "--family", "f", "--source", "s", "--licence", "MIT"];
    for (const type of ["INT64", "INT32", "UINT8", "BOOL", "DOUBLE"] as const) {
      writeFileSync(
        file,
        onnxModel({
          inputs: [{ name: "features", type, shape: ["N", 4] }],
          outputs: [SCORE],
          nodes: [
            ["Cast", ["features"], "numbers", { to: 1n }],
            ["ReduceMean", ["numbers", "columns"], "mean", { keepdims: 0n }],
            ["Sigmoid", ["mean"], "score"],
          ],
          integers: { columns: [1] },
        }),
      );
      const { code, stdout, stderr } = await assay([
        "models",
        "init",
        file,
        ...about,
        "--yes",
        "--force",
        "--json",
      ]);
      expect(code, `${type} ${stderr}`).to.equal(0);
      expect((JSON.parse(stdout) as { trial: number }).trial, type).to.be.within(0, 1);
    }
    rmSync(folder, { recursive: true, force: true });
  });
});

describe("assay models init", function () {
  this.timeout(60_000);
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-init-"));
    file = join(folder, "model.onnx");
    writeFileSync(file, onnxModel(wordsModel()));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const answers = [
    "--name",
    "Words",
    "--domain",
    "test",
    "--family",
    "words",
    "--source",
    "s",
    "--licence",
    "MIT",
  ];
  const init = (...args: string[]) => assay(["models", "init", file, ...args]);

  it("writes a manifest that loads, says what the model answers, and keeps what is there", async () => {
    const { code, stdout, stderr } = await init(...answers, "--yes", "--json");
    expect(code, stderr).to.equal(0);
    const { manifest } = readModel(join(folder, "manifest.json"));
    const told = JSON.parse(stdout) as { manifest: unknown; trial: number };
    expect(manifestSchema.parse(told.manifest)).to.deep.equal(manifest);
    expect(manifest.$schema, "for editors").to.equal(MANIFEST_SCHEMA_ID);
    expect(told.trial).to.be.within(0, 1);
    const again = await init(...answers, "--yes", "--base-rate", "0.25");
    expect(again.code).to.equal(1);
    expect(again.stderr).to.match(/\[MANIFEST_EXISTS\]\. Give --force/);
    expect((await init(...answers, "--yes", "--base-rate", "0.25", "--force")).code).to.equal(0);
    expect(readModel(join(folder, "manifest.json")).manifest.baseRate).to.equal(0.25);
  });

  it("without a terminal names in one line every option it needs, and writes nothing", async () => {
    const { code, stderr } = await init("--name", "Words");
    expect(code).to.equal(1);
    expect(stderr.trim().split("\n")).to.have.length(1);
    expect(stderr).to.include("[ANSWERS_MISSING]");
    for (const flag of ["domain", "family", "source", "licence", "base-rate"])
      expect(stderr).to.include(`--${flag} (`);
    expect(existsSync(join(folder, "manifest.json"))).to.equal(false);
  });

  it("writes nothing for a model that cannot be loaded", async () => {
    for (const [plan, code] of [
      [wordsModel([["NoSuchOperator", ["words"], "probability"]]), "OPERATOR_MISSING"],
      [{ ...wordsModel(), external: ["far", "/etc/passwd"] as const }, "EXTERNAL_DATA"],
    ] as const) {
      writeFileSync(file, onnxModel(plan));
      const ran = await init(...answers, "--yes");
      expect(ran.code).to.equal(1);
      expect(ran.stderr).to.include(`[${code}]`);
      expect(existsSync(join(folder, "manifest.json"))).to.equal(false);
    }
  });

  it("wants the file named as keepers look for it", async () => {
    const other = join(folder, "export.onnx");
    writeFileSync(other, readFileSync(file));
    const { code, stderr } = await assay(["models", "init", other, ...answers, "--yes"]);
    expect(code).to.equal(1);
    expect(stderr).to.include("[MODEL_MISNAMED]").and.include("mv export.onnx FOLDER/model.onnx");
  });
});
