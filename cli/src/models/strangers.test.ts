import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { assay, type Ran } from "../testing/assay.ts";
import { ROOT } from "../testing/chain.ts";
import type { Verification } from "./verify.ts";

const GENERATOR = join(ROOT, "keeper/src/testing/writeStrangers.ts");
/** The command itself gets this little: whatever a file does must happen in the process of the model. */
const LITTLE = { NODE_OPTIONS: "--max-old-space-size=128" };

/** What the operator is told: the code, the reason and the cure. Undefined: nothing is wrong as far as can be seen. */
const INSPECTED: Readonly<Record<string, readonly [code: string, said: RegExp] | undefined>> = {
  good: undefined,
  "nan-maker": undefined,
  "cut-off": ["MODEL_NOT_ONNX", /52 bytes that are no ONNX model.*copy it again/],
  "flipped-bit": ["MODEL_NOT_ONNX", /no ONNX model.*copy it again/],
  "unknown-operator": ["OPERATOR_MISSING", /Frobnicate.*Export without custom operators/],
  "new-opset": ["OPSET_TOO_NEW", /opset 99 of ai\.onnx\b.*Export with a lower opset/],
  "external-absolute": ["EXTERNAL_DATA", /"\/etc\/hostname".*Save it in one file/],
  "external-above": ["EXTERNAL_DATA", /"\.\.\/\.\.\/secret\.bin".*Save it in one file/],
  hang: ["MODEL_TOO_SLOW", /more than 1500 ms.*loop without end/],
  "huge-allocation": ["MODEL_TOO_BIG", /4398046511104 bytes.*smaller model/],
  greedy: ["MODEL_TOO_BIG", /MiB, allowed are 400.*smaller model/],
  "crash-opened": ["MODEL_CRASHED", /crashed while it loaded the model \(SIGFPE\).*export the model again/],
  "crash-tried": ["MODEL_CRASHED", /crashed while it loaded the model \(SIGFPE\).*export the model again/],
  // Only a claim will tell.
  "crash-asked": undefined,
  swelling: ["MODEL_TOO_BIG", /(MiB, allowed are 400|more than 400 MiB).*smaller model/],
  nested: ["MODEL_NOT_ONNX", /copy it again/],
  // Its name would clear the screen.
  rude: ["OPERATOR_MISSING", /\\u001b\[2J\\u001b\[31mOWNED/],
  "map-output": ["PORTS_MISMATCH", /output_probability: no tensor.*'zipmap': False.*models init/],
  "wrong-locale": ["LOCALE_MISSING", /xx_XX\.UTF-8.*locale-gen.*locale="C"/],
  "wrong-shape": ["SHAPES_MISMATCH", /Got: 2 Expected: 1.*Compare shape/],
};

/** Elsewhere the division that ends the process does no harm. */
const isHarmless = (name: string): boolean => name.startsWith("crash") && process.arch !== "x64";

describe("strangers' models at the command", function () {
  this.timeout(60_000);
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-strangers-"));
    const { status, stderr } = spawnSync(process.execPath, [GENERATOR, folder], { encoding: "utf8" });
    expect(status, stderr).to.equal(0);
    for (const [file, loadMs] of [
      ["patient.json", 30_000],
      ["impatient.json", 1_500],
    ] as const)
      writeFileSync(join(folder, file), JSON.stringify({ inference: { loadMs, memoryMb: 400 } }));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const models = (command: string, name: string, ...args: string[]): Promise<Ran> =>
    assay(
      [
        "models",
        command,
        join(folder, name, "model.onnx"),
        "--config",
        join(folder, name === "hang" ? "impatient.json" : "patient.json"),
        ...args,
      ],
      LITTLE,
    );

  for (const [name, refused] of Object.entries(INSPECTED)) {
    it(`inspect: ${name} is ${refused === undefined ? "taken" : `refused with ${refused[0]}`}`, async function () {
      if (isHarmless(name)) this.skip();
      const { code, stdout, stderr } = await models("inspect", name);
      const said = `${stdout}${stderr}`;
      expect(said, "control characters").not.to.match(/[\u0000-\u0009\u000b-\u001f]/);
      if (refused === undefined) {
        expect(code, said).to.equal(0);
        return;
      }
      expect(code, said).to.equal(1);
      // Either the report says so, or there is nothing to report but that.
      const line = said.split("\n").find((one) => one.includes(`[${refused[0]}]`));
      expect(line, said).to.match(refused[1]);
      if (stdout === "") expect(stderr.trim().split("\n")).to.have.length(1);
    });
  }

  for (const name of ["greedy", "crash-opened", "crash-tried"]) {
    it(`verify: ${name} is refused in one line`, async function () {
      if (isHarmless(name)) this.skip();
      const { code, stdout, stderr } = await models("verify", name);
      expect(code, stderr).to.equal(1);
      expect(stdout).to.equal("");
      expect(stderr).to.match(refusedWith(name)).and.match(INSPECTED[name]![1]);
      expect(stderr.trim().split("\n")).to.have.length(1);
    });
  }

  for (const name of [
    "hang",
    "huge-allocation",
    "swelling",
    "external-absolute",
    "crash-opened",
    "crash-tried",
  ]) {
    it(`init: ${name} is refused and nothing is written`, async function () {
      if (isHarmless(name)) this.skip();
      const manifest = join(folder, name, "manifest.json");
      unlinkSync(manifest);
      const about = ["--name", "M", "--domain", "d", "--family", "f", "--source", "s", "--licence", "MIT"];
      const { code, stderr } = await models("init", name, ...about, "--yes");
      expect(code, stderr).to.equal(1);
      expect(stderr).to.match(refusedWith(name));
      expect(existsSync(manifest)).to.equal(false);
    });
  }

  it("eval: says what to do where there is no manifest yet, the file is too large, or the plot has no place", async () => {
    const data = join(folder, "one.jsonl");
    writeFileSync(
      data,
      '{"values":[1],"answer":"a","truth":true}\n{"values":[2],"answer":"a","truth":false}',
    );
    mkdirSync(join(folder, "bare"));
    writeFileSync(join(folder, "bare/model.onnx"), Buffer.alloc(64 * 2 ** 20 + 1));
    const bare = await models("eval", "bare", "--data", data);
    expect(bare.code).to.equal(1);
    expect(bare.stderr).to.match(/ENOENT.*\[MANIFEST_INVALID\]\. .*assay models init/);
    const large = await models("inspect", "bare");
    expect(large.code).to.equal(1);
    expect(large.stderr).to.match(/67108865 bytes.*\[MODEL_UNUSABLE\]\. .*Models on a server/);
    const plot = await models("eval", "good", "--data", data, "--plot", join(folder, "no/where.svg"));
    expect(plot.code).to.equal(1);
    expect(plot.stdout, "the figures").to.include("accuracy");
    expect(plot.stderr).to.match(/\[FILE_NOT_WRITTEN\]\. Name a folder/);
  });

  it("verify: a maker of NaN is told by one of the claims it has no answer to", async () => {
    const { code, stdout } = await models("verify", "nan-maker", "--runs", "3", "--json");
    expect(code).to.equal(1);
    const { checks } = JSON.parse(stdout) as Verification;
    const finite = checks.find((check) => check.name === "finite");
    expect(finite?.passed).to.equal(false);
    expect(finite?.detail).to.match(/no probability for \d+ of 64 made-up claims, for example \{"values"/);
  });

  it("eval: what was not judged is counted, and a model that judged nothing is no measurement", async () => {
    const data = join(folder, "claims.jsonl");
    const lines = (numbers: readonly number[]): string =>
      numbers.map((x, i) => JSON.stringify({ values: [x], answer: "a", truth: i % 2 === 0 })).join("\n");
    writeFileSync(data, lines([3, -1, 2, -2]));
    const some = await models("eval", "nan-maker", "--data", data);
    expect(some.code, some.stderr).to.equal(0);
    expect(some.stdout).to.include("2 claims could not be judged and count as the base rate");
    writeFileSync(data, lines([-1, -2, -3, -4]));
    for (const command of ["eval", "calibrate"]) {
      const none = await models(command, "nan-maker", "--data", data);
      expect(none.code).to.equal(1);
      expect(none.stderr).to.include("[NOTHING_JUDGED]");
    }
    writeFileSync(data, '{"text":"t","answer":"a","truth":true}\n');
    const other = await models("eval", "good", "--data", data);
    expect(other.stderr).to.match(/\[NOTHING_JUDGED\]\. Check that the claims have what the model takes/);
  });

  it("eval: a claim that crashes the model costs its batch, and the operator is told how it ended", async function () {
    if (isHarmless("crash-asked")) this.skip();
    const data = join(folder, "deadly.jsonl");
    const claims = Array.from({ length: 20 }, (_, i) => ({
      values: [i === 19 ? 7 : i % 2 === 0 ? 3 : -3],
      answer: "a",
      truth: i % 2 === 0,
    }));
    writeFileSync(data, claims.map((claim) => JSON.stringify(claim)).join("\n"));
    const { code, stdout, stderr } = await models("eval", "crash-asked", "--data", data);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/^4 claims could not be judged and count as the base rate$/m);
    expect(stdout).to.match(/^WARNING: the process of the model ended, starting it again: crashed: SIGFPE$/m);
  });

  function refusedWith(name: string): RegExp {
    return new RegExp(`\\[${INSPECTED[name]?.[0]}\\]`);
  }
});
