import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { domainRegistryAbi, stakeVaultAbi, workTokenAbi } from "@assay/published";
import { expect } from "chai";
import { toFunctionSignature, type Abi } from "viem";

import { ROOT } from "../testing/chain.ts";
import type { Ran } from "../testing/assay.ts";

const PAGE = readFileSync(join(ROOT, "docs/operators.md"), "utf8");
const GENERATOR = join(ROOT, "keeper/src/testing/writeSklearn.ts");

/** The commands of docs/operators.md, "Bring your own model", as they are printed there. */
function commandsOfPage(): { walk: string[]; init: string } {
  const section = PAGE.slice(
    PAGE.indexOf("## Bring your own model"),
    PAGE.indexOf("## Duties and deadlines"),
  );
  const blocks = [...section.matchAll(/^```(\w*)\n(.*?)^```/gms)];
  const [walk = "", init = ""] = blocks.flatMap(([, language, text = ""]) => (language === "" ? [text] : []));
  return { walk: walk.trim().split("\n"), init: init.trim() };
}

/** Somebody who has a scikit-learn pipeline and this page, in an empty folder. */
describe("docs/operators.md, word by word", function () {
  this.timeout(120_000);
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-page-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const write = (...flags: string[]): void => {
    const { status, stderr } = spawnSync(process.execPath, [GENERATOR, folder, ...flags], {
      encoding: "utf8",
    });
    expect(status, stderr).to.equal(0);
  };
  const sh = (command: string): Promise<Ran> =>
    new Promise((resolve, reject) => {
      const PATH = [join(ROOT, "cli/bin"), join(process.execPath, ".."), process.env["PATH"]].join(delimiter);
      const child = spawn("sh", ["-ec", command], {
        cwd: folder,
        env: { ...process.env, PATH },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let [stdout, stderr] = ["", ""];
      child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
      child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
      child.once("error", reject);
      child.once("close", (code) => resolve({ code, stdout, stderr }));
    });

  it("leads from an export to a calibrated model", async () => {
    write("locale=C");
    const { walk, init } = commandsOfPage();
    const said: Record<string, string> = {};
    for (const line of walk) {
      // Nobody is there to be asked: the line that is given everything.
      const command = /models init/.test(line) ? init : line;
      const { code, stdout, stderr } = await sh(command);
      expect(code, `${command}\n${stdout}${stderr}`).to.equal(0);
      said[/models (\w+)/.exec(line)?.[1] ?? "shell"] = stdout;
    }
    expect(Object.keys(said)).to.deep.equal([
      "shell",
      "inspect",
      "init",
      "verify",
      "eval",
      "calibrate",
      "bench",
    ]);
    expect(said["inspect"]).to.match(/^SHA-256 0x[0-9a-f]{64} \(the modelHash/m);
    expect(said["verify"])
      .to.match(/^ok {3}repeatable: 100 runs/m)
      .and.not.include("FAIL");
    expect(said["eval"]).not.to.include("WARNING");
    expect(Number(/accuracy\s+│ (0\.\d+)/.exec(said["eval"] ?? "")?.[1])).to.be.greaterThan(0.7);
    expect(readFileSync(join(folder, "reliability.svg"), "utf8")).to.match(/^<svg /);
    expect(said["calibrate"]).to.include("written into the manifest");
    const manifest = JSON.parse(readFileSync(join(folder, "mine/manifest.json"), "utf8")) as {
      inputs: unknown;
      output: unknown;
    };
    expect(manifest.inputs).to.deep.equal([{ kind: "strings", name: "message", fields: ["text"] }]);
    expect(manifest.output).to.deep.equal({
      name: "probabilities",
      values: "probabilities",
      select: { by: "answer", labels: ["negative", "positive"] },
    });
  });

  it("says what is lost with maps of probabilities, and judges by the label", async () => {
    for (const [labels, answer] of [
      ["string", "positive"],
      ["int64", "1"],
    ] as const) {
      write("locale=C", "zipmap", labels);
      await sh("rm -rf mine && mkdir mine && cp export.onnx mine/model.onnx");
      const about = "--name M --domain d --family f --source s --licence MIT --yes";
      const { code, stdout, stderr } = await sh(
        `assay models init mine/model.onnx ${about} --true ${answer}`,
      );
      expect(code, stderr).to.equal(0);
      expect(stdout).to.match(/^NOTE: .*a map \(output_probability\).*all or nothing.*zipmap/m);
      // "This text is positive": the label knows, the answer is not looked at.
      const claims = readFileSync(join(folder, "claims.jsonl"), "utf8").trim().split("\n");
      const positive = claims.filter((line) => line.includes('"answer":"positive"'));
      writeFileSync(join(folder, "positive.jsonl"), positive.join("\n"));
      const evaluated = await sh("assay models eval mine/model.onnx --data positive.jsonl --json");
      expect(evaluated.code, evaluated.stderr).to.equal(0);
      expect((JSON.parse(evaluated.stdout) as { accuracy: number }).accuracy).to.be.greaterThan(0.7);
    }
  });

  it("registers, stakes and proposes families by functions the contracts have", () => {
    const contracts: Readonly<Record<string, Abi>> = {
      DOMAIN_REGISTRY: domainRegistryAbi,
      STAKE_VAULT: stakeVaultAbi,
      WORK_TOKEN: workTokenAbi,
    };
    const calls = [...PAGE.matchAll(/^cast (?:send|call) \$(\w+) "(\w+\([^)]*\))/gm)];
    const named = calls.map(([, contract = "", signature = ""]) => {
      const functions = (contracts[contract] ?? []).filter((item) => item.type === "function");
      expect(functions.map(toFunctionSignature), contract).to.include(signature);
      return signature.replace(/\(.*/, "");
    });
    expect(named).to.deep.equal([
      "familyOf",
      "register",
      "approve",
      "stake",
      "FAMILY_BOND",
      "approve",
      "proposeFamily",
      "listFamily",
      "withdrawFamily",
    ]);
  });

  it("refuses an export that wants a locale this machine has not, and says how to get on", async () => {
    write("locale=xx_XX");
    await sh("mkdir mine && cp export.onnx mine/model.onnx");
    const { code, stdout } = await sh("assay models inspect mine/model.onnx");
    expect(code).to.equal(1);
    expect(stdout).to.match(
      /^REFUSED \[LOCALE_MISSING\]: .*xx_XX.*a line "xx_XX UTF-8" in \/etc\/locale\.gen.*options=\{TfidfVectorizer: \{"locale": "C"\}\}/m,
    );
    expect(existsSync(join(folder, "mine/manifest.json"))).to.equal(false);
  });
});
